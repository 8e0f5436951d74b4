import { describe, expect, test } from 'vitest'
import {
  accept,
  connect,
  disconnect,
  find,
  HASH,
  issue,
  openedLog,
  readModelsOf,
  right,
  START,
} from './log.ts'
import { ANN, addressOf, BEN, moneyLog } from './money-log.ts'

/** Two miners, of whom one has a worker named like the other's, and two blocks of one height. */
function example() {
  const log = openedLog()
  log.add(`account-${ANN}`, 'AccountOpened', 0, { address: addressOf(1) })
  log.add(`account-${BEN}`, 'AccountOpened', 0, { address: addressOf(2) })
  connect(log, 1, ANN, 'rig')
  connect(log, 2, BEN, 'RIG')
  connect(log, 3, ANN, '7')
  issue(log, 0, 100, 0)
  accept(log, 1_000, [
    { connection: 1, difficulty: 10 },
    { connection: 2, difficulty: 10 },
    { connection: 3, difficulty: 10 },
  ])
  find(log, HASH(1), 7, 2_000)
  find(log, HASH(2), 7, 2_000)
  return readModelsOf(log.events)
}

const ann = { account: ANN, address: addressOf(1) }
const ben = { account: BEN, address: addressOf(2) }

describe('what a visitor looks for', () => {
  test.each([
    ['an address', addressOf(1), [{ kind: 'account', ...ann }]],
    ['the beginning of one', addressOf(2).slice(0, 8), [{ kind: 'account', ...ben }]],
    ['an account id, in any case', BEN.toUpperCase(), [{ kind: 'account', ...ben }]],
    [
      'a name, in any case',
      'rig',
      [
        { kind: 'worker', ...ann, name: 'rig' },
        { kind: 'worker', ...ben, name: 'RIG' },
      ],
    ],
    ['a name with its address', `${addressOf(1)}.rig`, [{ kind: 'worker', ...ann, name: 'rig' }]],
    [
      'a number that is a height and a name',
      '7',
      [
        { kind: 'block', hash: HASH(1), height: 7 },
        { kind: 'block', hash: HASH(2), height: 7 },
        { kind: 'worker', ...ann, name: '7' },
      ],
    ],
    ['a hash', HASH(2), [{ kind: 'block', hash: HASH(2), height: 7 }]],
    ['nothing', '', []],
    ['too short a beginning', addressOf(1).slice(0, 4), []],
    ['a pattern', 'ri%', []],
    ['an injection', "' OR '1'='1", []],
    ['more than anything is called', 'x'.repeat(129), []],
  ])('%s', (_, text, found) => {
    expect(right(example().find(text))).toEqual(found)
  })

  test('a transaction: of a coinbase, and of a payout', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected', 'approved', 'matured')
    log.settle(2_000, new Map([[ANN, 1n]]))
    const [number] = log.plan(3_000)
    log.step(number ?? -1, {
      type: 'PayoutSigned',
      data: { v: 1, at: START + 4_000, transaction: HASH(9), bytes: '00' },
    })
    const models = readModelsOf(log.events)
    expect(right(models.find(HASH(0xc001)))).toEqual([{ kind: 'block', hash: HASH(1), height: 101 }])
    expect(right(models.find(HASH(9)))).toEqual([{ kind: 'payment', number }])
    expect(right(models.find(String(number)))).toContainEqual({ kind: 'payment', number })
  })
})

test('one worker is found by its whole name', () => {
  const models = example()
  expect(right(models.worker(addressOf(1), 'rig', START))).toMatchObject({ name: 'rig', connectionCount: 1 })
  expect(right(models.worker(ANN, 'RIG', START))).toBeUndefined()
  expect(right(models.worker(addressOf(5), 'rig', START))).toBeUndefined()
})

test('shares of an account come from its workers on open connections', () => {
  const log = openedLog()
  connect(log, 1, ANN, 'a')
  log.add('connection-0.1', 'WorkerAuthorized', 0, { account: BEN, worker: 'b' })
  log.add('connection-0.1', 'WorkerAuthorized', 0, { account: ANN, worker: 'c' })
  connect(log, 2, ANN, 'a')
  disconnect(log, 2, 1_000)
  accept(log, 600_000, [{ connection: 1, difficulty: 1 }])
  expect(right(readModelsOf(log.events).shareSources(ANN))).toEqual([
    { gateway: 0, connection: 1, ordinal: 0, worker: 'a' },
    { gateway: 0, connection: 1, ordinal: 2, worker: 'c' },
  ])
})
