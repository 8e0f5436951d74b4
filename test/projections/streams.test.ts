import { expect, test } from 'vitest'
import { parseStream } from '../../projections/streams.ts'

const HASH = 'ab'.repeat(32)

test.each([
  ['pool', { kind: 'pool' }],
  ['connection-3.42', { kind: 'connection', gateway: 3, connection: 42 }],
  ['work-3-2026112318', { kind: 'gateway', gateway: 3 }],
  ['shares-12-2026112318', { kind: 'gateway', gateway: 12 }],
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
])('%s', (name, stream) => {
  expect(parseStream(name)).toEqual(stream)
})
