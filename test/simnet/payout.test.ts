import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { accountId } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import type { EventData, EventType } from '../../domain/events.ts'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { readKeyFile } from '../../src/publisher/key-file.ts'
import { at, type Cooked, published } from '../audit/cooked-books.ts'
import { lodebook } from '../cli/child.ts'
import { startPoolProcess } from '../crash/killed-pool.ts'
import { rawLog } from '../support/history.ts'
import { address, type House, newDirectory, openHouse, readLog, stopHouses } from '../support/house.ts'
import { recordsOf } from '../support/money-check.ts'
import type { PoolOverrides } from '../support/running-pool.ts'
import { type Dcrd, killDcrds, startDcrd } from './dcrd.ts'
import { killWallets, type RealWallet, startWallet, WALLET_ADDRESS } from './dcrwallet.ts'
import { allSubmitted, eventually, foundBlocks, mine, nodeAt } from './mining.ts'
import { findDcrd, findDcrwallet, needed } from './programs.ts'

/**
 * Real dcrd, real dcrwallet, a real pool: two miners are paid, the pool and the wallet are killed in between, a block is lost, and in the
 * end the auditor looks at all of it.
 */

const { coinbaseMaturity } = networks.simnet
const OVER: PoolOverrides = {
  wallet: true,
  // On simnet a share is about as hard as a block: the usual window would hold two.
  reward: { windowPpm: 100_000_000 },
  payout: { everyBlocks: 1, minimum: '0.1', confirmations: 2 },
}
/** Two accounts, one of which has three times the hash rate of the other. */
const MINERS = [
  { account: 1, hashesPerSecond: 45 },
  { account: 2, hashesPerSecond: 15 },
] as const

let dcrd: Dcrd
let real: RealWallet
let directory: string

beforeAll(async () => {
  dcrd = await startDcrd(needed(findDcrd()), { miningAddress: WALLET_ADDRESS })
  await dcrd.generate(2)
  real = await startWallet(needed(findDcrwallet()), dcrd)
  directory = newDirectory()
})
afterEach(() => stopHouses())
afterAll(async () => {
  await killWallets()
  await killDcrds()
})

const node = () => {
  const { certificate, port, user, password } = dcrd
  const { address: at, ...access } = real.options
  return { certificate, port, user, password, wallet: { port: Number(at.split(':')[1]), ...access } }
}

/** Shares in the log, by miner. */
function workOf(house: House): readonly [number, number] {
  const accounts = new Map(
    house
      .events('WorkerAuthorized')
      .map(({ data, stream }) => [stream.replace(/^connection-/, ''), data.account]),
  )
  const workers = house
    .events('SharesAccepted')
    .flatMap(({ data, stream }) =>
      data.connection.map((n) => accounts.get(`${stream.split('-')[1] ?? ''}.${n}`)),
    )
  const count = (n: number): number => workers.filter((account) => account === accountId(address(n))).length
  return [count(1), count(2)]
}

/** Lets both miners mine until the pool has found so many blocks more. */
async function mineBlocks(house: House, count: number): Promise<void> {
  const before = foundBlocks(house).length
  const miners = MINERS.map((each) => mine(house.port, each))
  await eventually(
    house,
    () => ({ found: foundBlocks(house).length, work: workOf(house) }),
    ({ found, work: [fast, slow] }) => found >= before + count && slow > 0 && fast > 0,
  )
  await Promise.all(miners.map((miner) => miner.stop()))
  await allSubmitted(house)
}

interface ChainTransaction {
  readonly vout: readonly {
    readonly value: number
    readonly scriptPubKey: { readonly addresses?: readonly string[] }
  }[]
  readonly confirmations?: number
}

/** What dcrd says a transaction pays, by address: all outputs but its change. */
async function paidBy(
  id: string,
  change: string | undefined,
): Promise<readonly (readonly [string, bigint])[]> {
  const found = (await dcrd.call('getrawtransaction', id, 1)) as ChainTransaction
  expect(found.confirmations).toBeGreaterThanOrEqual(2)
  return found.vout
    .map(
      ({ value, scriptPubKey }) =>
        [scriptPubKey.addresses?.[0] ?? '', BigInt(Math.round(value * 1e8))] as const,
    )
    .filter(([to]) => to !== change)
    .sort()
}

/** Every confirmed payout is on the chain as planned, to the atom. */
async function comparePayouts(): Promise<void> {
  const log = readLog(directory)
  for (const { stream } of log.filter(({ type }) => type === 'PayoutConfirmed')) {
    const of = <T extends EventType>(type: T) =>
      log.find((each) => each.stream === stream && each.type === type)?.data as unknown as EventData<T>
    const plan = of('PayoutPlanned')
    const planned = plan.address.map((to, i) => [to, BigInt(plan.atoms[i] ?? '0')] as const).sort()
    expect(await paidBy(of('PayoutSigned').transaction, plan.change?.address)).toEqual(planned)
  }
}

const recorded = () => rawLog(directory).map((each, i) => ({ ...each, position: i + 1 }))
const countOf = (type: EventType): number => readLog(directory).filter((each) => each.type === type).length

/** A life of the pool, ended by `kill -9` once there are more events of a type than before. */
async function killedAfter(moment: EventType, before = countOf(moment)): Promise<void> {
  const pool = startPoolProcess(directory, node(), undefined, OVER)
  await pool.ready
  for (let waited = 0; countOf(moment) === before && waited < 15_000; waited += 2) await sleep(2)
  await pool.kill()
  expect(countOf(moment)).toBeGreaterThan(before)
}

async function untilPaid(house: House): Promise<void> {
  for (let blocks = 0; blocks < 30; blocks++) {
    const money = house.pool.status().money
    if (money?.payouts.length === 0 && countOf('PayoutConfirmed') > 0 && blocks > 3) return
    await dcrd.generate(1)
    await sleep(700)
  }
  throw new Error(`still ${JSON.stringify(house.pool.status().money)}`)
}

test('two miners are paid, in proportion to their work, to the atom', async () => {
  const house = await openHouse([node()], OVER, directory)
  await nodeAt(house, ({ height }) => height >= 2)
  await mineBlocks(house, 6)
  // By now both have shares before the next block.
  await mineBlocks(house, 1)
  await dcrd.generate(coinbaseMaturity + 2)
  await eventually(
    house,
    () => house.events('PayoutPublished').length,
    (published) => published > 0,
  )
  await untilPaid(house)
  await comparePayouts()
  const records = recordsOf(recorded())
  expect(records.openPayouts()).toEqual([])
  const last = house.events('RewardAllocated').at(-1)?.data
  const of = (n: number, column: 'atoms' | 'units'): bigint =>
    BigInt(last?.[column][last.account.indexOf(accountId(address(n)))] ?? '0')
  expect(of(2, 'units')).toBeGreaterThan(0n)
  const off = of(1, 'atoms') * of(2, 'units') - of(2, 'atoms') * of(1, 'units')
  const atom = of(1, 'units') + of(2, 'units')
  expect(off).toBeGreaterThan(-atom)
  expect(off).toBeLessThan(atom)
  for (const n of [1, 2])
    expect(house.events('PayoutPlanned').some(({ data }) => data.address.includes(address(n)))).toBe(true)
  await house.stop()
})

test('the pool is killed before and after each step, the wallet in between: everybody is paid once', async () => {
  const first = await openHouse([node()], OVER, directory)
  await nodeAt(first, ({ height }) => height >= 2)
  await mineBlocks(first, 4)
  await first.stop()
  await dcrd.generate(coinbaseMaturity + 2)
  // Before the plan: all is mature and due, and there is no wallet to plan with.
  const planned = countOf('PayoutPlanned')
  await real.kill()
  await killedAfter('BlockMatured')
  expect(countOf('PayoutPlanned')).toBe(planned)
  await real.restart({ unlocked: true })
  // A machine with other things to do may kill it a step later than it was meant: then the next life has less to wait for.
  const moments = (['PayoutPlanned', 'PayoutSigned', 'PayoutPublished'] as const).map(
    (moment) => [moment, countOf(moment)] as const,
  )
  for (const [moment, before] of moments) {
    await killedAfter(moment, before)
    if (moment === 'PayoutPlanned') {
      await real.kill()
      await real.restart({ unlocked: true })
    }
  }
  const last = await openHouse([node()], OVER, directory)
  await nodeAt(last, ({ height }) => height >= 2)
  await untilPaid(last)
  await comparePayouts()
  expect(recordsOf(recorded()).openPayouts()).toEqual([])
  await last.stop()
})

test('a reorganisation takes a block away: what it brought is taken back, the rest is paid', async () => {
  const house = await openHouse([node()], OVER, directory)
  await nodeAt(house, ({ height }) => height >= 2)
  await mineBlocks(house, 2)
  await dcrd.generate(2)
  // Not every block that is found gets into the chain: both miners may find one of the same height.
  const hash = house.events('BlockConnected').at(-1)?.stream.slice('block-'.length) ?? ''
  await eventually(
    house,
    () => house.events('RewardAllocated').some(({ data }) => data.block === hash),
    (isShared) => isShared,
  )
  await dcrd.call('invalidateblock', hash)
  await dcrd.generate(5)
  await eventually(
    house,
    () => house.events('RewardReversed').map(({ data }) => [data.block, data.why]),
    (reversed) => reversed.some(([block, why]) => block === hash && why === 'disconnected'),
  )
  await dcrd.generate(coinbaseMaturity + 2)
  await untilPaid(house)
  await comparePayouts()
  await house.stop()
})

/** Runs `lodebook audit` beside the pools, on dcrd. */
async function audit(ledger: string, ...words: readonly string[]) {
  writeFileSync(join(directory, 'dcrd.cert'), dcrd.certificate)
  writeFileSync(
    join(directory, 'audit.toml'),
    `[pool]
network = "simnet"
[[nodes]]
name = "main"
address = "127.0.0.1:${dcrd.port}"
certificate_file = "dcrd.cert"
user = "${dcrd.user}"
password = "${dcrd.password}"
`,
  )
  const report = join(directory, 'report.json')
  const { code, stdout, stderr } = await lodebook(
    ['audit', ledger, '--key', verifierKeyText(ledgerKey().verifier), '--json', report, ...words],
    { directory },
  )
  if (code === 2) throw new Error(stderr)
  const { checks, findings, unfinished } = JSON.parse(readFileSync(report, 'utf8'))
  const wrong = findings.filter(({ severity }: { severity: string }) => severity === 'discrepancy')
  const holding = checks
    .filter(({ result }: { result: string }) => result === 'holds')
    .map(({ check }: { check: string }) => check)
  return { code, stdout, wrong, holding, unfinished }
}

function ledgerKey() {
  const key = readKeyFile(join(directory, 'ledger.key'))
  if (E.isLeft(key) || key.right === undefined) throw new Error('the pool has no key')
  return key.right
}

const CHAIN = ['--node', 'audit.toml']
const ALL = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9', 'A10']

test('the audit of the live pool passes with dcrd, and again later from its checkpoint', async () => {
  const house = await openHouse([node()], OVER, directory)
  await nodeAt(house, ({ height }) => height >= 2)
  const live = `${house.pool.httpUrl}/ledger`
  const passed = { code: 0, wrong: [], holding: ALL, unfinished: null }
  expect(await audit(live, ...CHAIN, '--save', 'pool.checkpoint')).toMatchObject(passed)
  const saved = readFileSync(join(directory, 'pool.checkpoint'), 'utf8')
  await mineBlocks(house, 1)
  const again = ['--since', 'pool.checkpoint', '--save', 'pool.checkpoint']
  expect(await audit(live, ...CHAIN, ...again)).toMatchObject(passed)
  expect(Number(readFileSync(join(directory, 'pool.checkpoint'), 'utf8').split('\n')[1])).toBeGreaterThan(
    Number(saved.split('\n')[1]),
  )
  await house.stop()
  expect(await audit('ledger', ...CHAIN, ...again)).toMatchObject(passed)
  // Without the chain it says so.
  const alone = ALL.filter((check) => check !== 'A5' && check !== 'A10')
  expect(await audit('ledger')).toMatchObject({ ...passed, holding: alone })
  expect((await dcrd.tip()).height).toBeLessThan(144)
})

/** The ledger that the pool would have, had it cooked its log, signed by its own key. */
function cooked(change: (log: Cooked[]) => void): Promise<string> {
  const log = rawLog(directory).map(
    ({ stream, revision, type, data }): Cooked => ({ stream, revision, type, data: JSON.parse(data) }),
  )
  change(log)
  return published(log, ledgerKey())
}

test('what only dcrd can tell: a payout that is said to be in another block, a block that is not in the chain', async () => {
  let lie = -1
  const elsewhere = await cooked((log) => {
    lie = log.findIndex(({ type }) => type === 'PayoutConfirmed')
    const other = log.find(({ type }) => type === 'BlockMatured')
    at(log, lie).data.block = other?.stream.slice('block-'.length)
  })
  expect(await audit(elsewhere)).toMatchObject({ code: 0, wrong: [] })
  const caught = await audit(elsewhere, ...CHAIN)
  expect(caught).toMatchObject({
    code: 1,
    wrong: [{ check: 'A8', kind: 'payout-not-on-chain', entry: lie }],
  })
  expect(caught.stdout).toContain(`wrong A8 payout-not-on-chain at entry ${lie}: `)

  // The pool keeps a block that it lost: its log ends before that.
  const invented = await cooked((log) => {
    const lost = log.find(({ type }) => type === 'RewardReversed')?.data.block
    const stream = `block-${lost}`
    log.splice(log.findIndex((each) => each.stream === stream && each.type === 'BlockDisconnected'))
    lie = log.findLastIndex((each) => each.stream === stream)
  })
  expect(await audit(invented)).toMatchObject({ code: 0, wrong: [] })
  expect(await audit(invented, ...CHAIN)).toMatchObject({
    code: 1,
    wrong: expect.arrayContaining([
      expect.objectContaining({ check: 'A5', kind: 'not-on-chain', entry: lie }),
    ]),
  })
})
