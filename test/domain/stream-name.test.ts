import { expect, test } from 'vitest'
import { readStreamName } from '../../domain/stream-name.ts'

const HASH = 'ab'.repeat(32)

test.each([
  ['pool', { kind: 'pool' }],
  ['connection-3.42', { kind: 'connection', gateway: 3, connection: 42 }],
  ['admin', { kind: 'admin' }],
  ['work-3-2026112318', { kind: 'work', gateway: 3, epoch: '2026112318' }],
  ['shares-12-2026112318', { kind: 'shares', gateway: 12, epoch: '2026112318' }],
  [`account-${HASH}`, { kind: 'account', account: HASH }],
  [`block-${HASH}`, { kind: 'block', hash: HASH }],
  ['settlement-1', { kind: 'settlement', number: 1 }],
  ['payout-12', { kind: 'payout', number: 12 }],
  ['payout-', { kind: 'other' }],
  ['settlement-1.2', { kind: 'other' }],
  ['connection-3.', { kind: 'other' }],
  ['connection-3.42.1', { kind: 'other' }],
  ['pool2', { kind: 'other' }],
  [`block-${HASH}0`, { kind: 'other' }],
  [`block-${HASH.toUpperCase()}`, { kind: 'other' }],
  ['shares-x-2026112318', { kind: 'other' }],
  ['shares-03-2026112318', { kind: 'other' }],
  ['shares-3-20261123', { kind: 'other' }],
  ['payout-012', { kind: 'other' }],
])('%s', (name, stream) => {
  expect(readStreamName(name)).toEqual(stream)
})
