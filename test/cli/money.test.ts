import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { formatDcr } from '../../domain/decred/amount.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { issue } from '../adapters/read-models/log.ts'
import { ANN, addressOf, BEN, CLE, matured, moneyLog } from '../adapters/read-models/money-log.ts'
import { fill } from '../store/logs.ts'
import { lodebook, temporaryDirectory } from './child.ts'

const UNITS = new Map([
  [ANN, 3n],
  [BEN, 2n],
  [CLE, 1n],
])

/** One block shared and planned to be paid, another that is immature. */
function someMoney() {
  const log = moneyLog()
  issue(log, 0, 100, 500)
  log.block(1, 1_000, 'connected', 'approved')
  log.settle(2_000, UNITS)
  log.blockEvent(1, matured(3_000))
  log.plan(4_000)
  log.block(2, 5_000, 'connected', 'approved')
  log.settle(6_000, UNITS)
  return log
}

/** The data directory of a pool whose read models are open, as while it runs. */
function running(log = someMoney()) {
  const { path: directory, remove } = temporaryDirectory()
  mkdirSync(join(directory, 'data'))
  const file = join(directory, 'data', 'read-models.db')
  const opened = openReadModels({ file, log: 'sqlite', nowMs: () => 0 })
  if (E.isLeft(opened)) throw new Error(opened.left.message)
  const models = opened.right
  expect(models.apply(log.events)).toEqual(E.right(undefined))
  models.status()
  expect(E.isRight(models.books())).toBe(true)
  onTestFinished(() => {
    models.close()
    remove()
  })
  return {
    directory,
    file,
    log,
    models,
    run: (...words: readonly string[]) => lodebook(words, { directory }),
  }
}

const lineOf = (text: string, beginning: string): readonly string[] =>
  (text.split('\n').find((line) => line.startsWith(beginning)) ?? '').split(/ {2,}/)

test('balances: every miner, the pool, and that the books agree', async () => {
  const { run, log } = running()
  const text = await run('balances')
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(lineOf(text.stdout, addressOf(1))).toEqual([
    ...[addressOf(1), '4.95000000', '0.00000000', '4.95000000', '0.00000000', '0.00000000'],
  ])
  expect(lineOf(text.stdout, '3 miners').slice(0, 4)).toEqual([
    ...['3 miners', '9.90000000', '0.00000000', '9.90000000'],
  ])
  expect(lineOf(text.stdout, "Pool's fees")).toEqual([
    ...["Pool's fees", '0.10000000', '0.00000000', '0.10000000'],
  ])
  expect(text.stdout).toContain(
    `As of ledger entry ${log.events.length - 1}, at 2026-09-21 14:13:26 UTC: the books agree.`,
  )

  const json = JSON.parse((await run('balances', '--json')).stdout)
  expect(json).toMatchObject({
    balances: [{ account: ANN, address: addressOf(1), immature: '495000000', inPayout: '495000000' }, {}, {}],
    books: { agrees: true, coinbases: '2000000000' },
  })
})

test('balances: books that do not agree end with 1', async () => {
  const log = someMoney()
  log.refuse('payout-9', { type: 'PayoutPublished', data: { v: 1, at: 0 } })
  const { run } = running(log)
  expect(await run('balances', '--json')).toMatchObject({
    code: 1,
    stderr:
      'lodebook: the books do not agree: Events of the log that contradict the books. They say 1, and it is 0\n',
  })
})

test('statement: what happened to the money of a miner, oldest first', async () => {
  const { run } = running()
  const text = await run('statement', addressOf(2))
  expect(text).toMatchObject({ code: 0, stderr: '' })
  const kinds = [...text.stdout.matchAll(/UTC {2}(.*?) {2,}.* (\S+) +(\S+)$/gm)].map((match) =>
    match.slice(1),
  )
  expect(kinds).toEqual([
    ['part of a block', '3.30000000', '3.30000000'],
    ['block matured', '0.00000000', '3.30000000'],
    ['payout planned', '0.00000000', '3.30000000'],
    ['part of a block', '3.30000000', '6.60000000'],
  ])
  const json = JSON.parse((await run('statement', BEN, '--json')).stdout)
  expect(json).toMatchObject({
    ...{ account: BEN, address: addressOf(2), balances: { immature: '330000000', inPayout: '330000000' } },
    lines: [{ kind: 'earned' }, { kind: 'matured' }, { kind: 'planned', payout: 0 }, { kind: 'earned' }],
  })
})

test('statement of nobody', async () => {
  const { run } = running()
  expect(await run('statement', addressOf(77))).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `lodebook: ${addressOf(77)} is no miner of this pool: give the address as it was connected with\n`,
  })
})

test('payout status: what is due, and what is under way', async () => {
  const { run } = running()
  const text = await run('payout', 'status')
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout).toContain(
    'The next payout is planned at height 510 (every 10 blocks): nobody has the minimum of 0.01000000 DCR yet.',
  )
  const json = JSON.parse((await run('payout', 'status', '--json')).stdout)
  const [payout] = json.payouts
  expect(json.nextPayout).toEqual({ atHeight: 510, at: null, miners: 0, atoms: '0' })
  expect(payout).toMatchObject({ number: 0, phase: 'approved', outputs: 3, transaction: null })
  expect(lineOf(text.stdout.replaceAll(/^ +/gm, ''), '0 ')).toEqual([
    ...['0', 'approved', '2026-09-21 14:13:24 UTC', '3', formatDcr(BigInt(payout.paid))],
    formatDcr(BigInt(payout.fee)),
  ])
})

describe('where the figures come from', () => {
  test('a whole store says the same', async () => {
    const { run, directory, log } = running()
    const store = await openEventStore(`sqlite:${join(directory, 'log.db')}`)()
    if (E.isLeft(store)) throw new Error(store.left.message)
    await fill(store.right, log.events)
    await store.right.close()
    const ofStore = await run('balances', '--json', '--store', 'sqlite:log.db')
    expect(ofStore).toMatchObject({ code: 0, stderr: '' })
    expect(ofStore.stdout).toBe((await run('balances', '--json')).stdout)
    const missing = await run('balances', '--store', 'sqlite:nothing.db')
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(missing.stderr).toMatch(/^lodebook: .*nothing\.db is not there[^\n]*\n$/)
    expect(await run('balances', '--store', 'mysql:x')).toMatchObject({ code: 2 })
  })

  test('a directory is named like every key of the configuration', async () => {
    const { run, directory } = running()
    expect(await run('balances', '--pool.data_directory', join(directory, 'data'))).toMatchObject({ code: 0 })
    expect(await run('payout', 'status', '--pool.data_directory', '/nowhere')).toMatchObject({
      code: 1,
      stderr:
        'lodebook: /nowhere/read-models.db is not there: name the data directory of a pool that has run.\n',
    })
  })

  test('a pool that has ended, and one of another version', async () => {
    const { run, file, models } = running()
    expect(models.close()).toEqual(E.right(undefined))
    expect(await run('balances')).toMatchObject({ code: 0, stderr: '' })
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 1')
    db.close()
    const other = await run('balances')
    expect(other).toMatchObject({ code: 1, stdout: '' })
    expect(other.stderr).toContain('was not made by this version of Lodebook')
  })
})
