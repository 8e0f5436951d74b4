import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { accept, HARD_BITS, HASH, issue, type Log, readModelsOf, right, START } from './log.ts'
import {
  ANN,
  addressOf,
  approved,
  BEN,
  CLE,
  connected,
  FEE_ADDRESS,
  matured,
  moneyLog,
  REWARD,
  rules,
  work,
} from './money-log.ts'
import { inScratch } from './scratch.ts'

const PAGE = { after: null, limit: 50 }
const NOTHING = { immature: '0', available: '0', inPayout: '0', paid: '0', chainFees: '0' }
const UNITS = new Map([
  [ANN, 3n],
  [BEN, 2n],
  [CLE, 1n],
])
/** 99 % of 10 DCR in six parts: 495,000,000, 330,000,000 and 165,000,000 atoms. */
const NET = { ann: '495000000', ben: '330000000', cle: '165000000', fee: '10000000' }

const balancesOf = (log: Log) => {
  const models = readModelsOf(log.events)
  return (account: string) => right(models.account(account, START))?.balances
}

const signed = (transaction: string): PayoutEvent => ({
  type: 'PayoutSigned',
  data: { v: 1, at: START + 9_000, transaction, bytes: '00' },
})
const published: PayoutEvent = { type: 'PayoutPublished', data: { v: 1, at: START + 9_100 } }
const confirmed: PayoutEvent = {
  type: 'PayoutConfirmed',
  data: { v: 1, at: START + 9_200, block: HASH(0xb10c), confirmations: 2 },
}

/** Books that agree, with these figures. */
function expectBooks(log: Log, figures: object): void {
  const books = right(readModelsOf(log.events).books())
  expect(books.checks.filter(({ holds }) => !holds)).toEqual([])
  expect(books).toMatchObject({ agrees: true, refused: [], ...figures })
}

describe('a shared block', () => {
  test('is owed to its miners once it is approved, and available once it matures', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected', 'approved')
    expect(balancesOf(log)(ANN)).toEqual(NOTHING)
    log.settle(2_000, UNITS)
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, immature: NET.ann })
    expectBooks(log, {
      coinbases: String(REWARD),
      liabilities: { immature: '990000000', available: '0', inPayout: '0' },
      fees: { immature: NET.fee, available: '0', inPayout: '0' },
    })
    log.blockEvent(1, {
      type: 'BlockMatured',
      data: { v: 1, at: START + 3_000, confirmations: 257 },
    })
    expect(balancesOf(log)(BEN)).toEqual({ ...NOTHING, available: NET.ben })
    expectBooks(log, { fees: { immature: '0', available: NET.fee, inPayout: '0' } })
  })

  test('says who gets what and why, the largest first, in pages', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected', 'approved')
    log.settle(2_000, UNITS)
    const models = readModelsOf(log.events)
    const first = right(models.allocation(HASH(1), { after: null, limit: 2 }))
    expect(first).toMatchObject({
      ...{ block: HASH(1), height: 101, settlement: 0, entry: log.events.length - 1, at: START + 2_000 },
      ...{ state: 'immature', policy: 2, reward: '1000000000', fee: NET.fee, reserve: '0' },
      window: { shares: 3, units: '6' },
      ...{ reversal: null, accounts: 3 },
      items: [
        { account: ANN, address: addressOf(1), units: '3', share: 0.5, atoms: NET.ann },
        { account: BEN, address: addressOf(2), units: '2', share: 0.333333, atoms: NET.ben },
      ],
    })
    const second = right(models.allocation(HASH(1), { after: first?.next ?? '', limit: 2 }))
    expect(second).toMatchObject({ items: [{ account: CLE, units: '1', atoms: NET.cle }], next: null })
    expect(right(models.allocation(HASH(2), PAGE))).toBeUndefined()
    expect(right(models.earnings(addressOf(2), PAGE)).items).toEqual([
      {
        ...{ block: HASH(1), height: 101, settlement: 0, entry: log.events.length - 1, at: START + 2_000 },
        ...{ state: 'immature', policy: 2, units: '2', windowUnits: '6', share: 0.333333, atoms: NET.ben },
      },
    ])
  })

  test('in parts counts when all are there', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected', 'approved')
    log.settle(2_000, UNITS, 1)
    const last = log.events.pop()
    expect(balancesOf(log)(ANN)).toEqual(NOTHING)
    expect(right(readModelsOf(log.events).allocation(HASH(1), PAGE))).toBeUndefined()
    if (last !== undefined) log.events.push(last)
    expect(balancesOf(log)(CLE)).toEqual({ ...NOTHING, immature: NET.cle })
    expect(right(readModelsOf(log.events).allocation(HASH(1), PAGE))).toMatchObject({ accounts: 3 })
  })

  test('that is lost is taken back, and shared anew when it comes again', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected', 'approved')
    log.settle(2_000, UNITS)
    log.blockEvent(1, { type: 'BlockDisconnected', data: { v: 1, at: START + 3_000 } })
    log.settle(3_000, UNITS)
    expect(balancesOf(log)(ANN)).toEqual(NOTHING)
    expectBooks(log, { coinbases: '0', reserve: '0' })
    const models = readModelsOf(log.events)
    expect(right(models.allocation(HASH(1), PAGE))).toMatchObject({
      state: 'reversed',
      reversal: { at: START + 3_000, why: 'disconnected', fromReserve: '0' },
    })
    expect(right(models.statement(ANN, PAGE)).items).toMatchObject([
      { kind: 'reversed', block: HASH(1), amount: `-${NET.ann}`, immature: `-${NET.ann}`, balance: '0' },
      { kind: 'earned', block: HASH(1), amount: NET.ann, immature: NET.ann, balance: NET.ann },
    ])
  })
})

/** Block 1 is matured and paid for: answers the number of the one payout. */
function planned(log: ReturnType<typeof moneyLog>): number {
  log.block(1, 1_000, 'connected', 'approved')
  log.settle(2_000, UNITS)
  log.blockEvent(1, matured(3_000))
  const [number] = log.plan(4_000)
  return number ?? -1
}

describe('a payout', () => {
  test('takes available balances into itself, and pays them', () => {
    const log = moneyLog()
    const number = planned(log)
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, inPayout: NET.ann })
    expectBooks(log, {
      liabilities: { immature: '0', available: '0', inPayout: '990000000' },
      fees: { immature: '0', available: '0', inPayout: NET.fee },
    })
    log.step(number, signed(HASH(0x5167)))
    log.step(number, published)
    log.step(number, confirmed)
    const models = readModelsOf(log.events)
    const payment = right(models.payment(number))
    const [output] = payment?.items ?? []
    expect(payment).toMatchObject({
      ...{ number, phase: 'confirmed', mode: 'automatic', policy: 2, height: 500, feeBearer: 'miners' },
      ...{ transaction: HASH(0x5167), block: HASH(0xb10c), confirmations: 2, why: null, conflict: null },
      ...{ plannedAt: START + 4_000, approvedAt: null, signedAt: START + 9_000 },
      ...{ publishedAt: START + 9_100, endedAt: START + 9_200, outputs: 3 },
      poolOutput: { address: FEE_ADDRESS, deducted: NET.fee, atoms: NET.fee },
      funding: [{ transaction: HASH(0xc001), output: 2, atoms: String(REWARD), block: HASH(1) }],
    })
    const fee = BigInt(payment?.fee ?? 0)
    const paid = BigInt(payment?.paid ?? 0)
    expect(fee).toBeGreaterThan(0n)
    expect(paid + fee).toBe(REWARD)
    expect(right(models.payments(PAGE)).items).toMatchObject([
      { number, phase: 'confirmed', paid: String(paid) },
    ])

    // Smallest first, so the first output is Cle's.
    expect(output).toMatchObject({ account: CLE, address: addressOf(3), deducted: NET.cle })
    const mine = right(models.minerPayments(addressOf(3), PAGE)).items
    expect(mine).toMatchObject([{ number, address: addressOf(3), deducted: NET.cle, atoms: output?.atoms }])
    const chainFees = String(BigInt(NET.cle) - BigInt(output?.atoms ?? 0))
    expect(balancesOf(log)(CLE)).toEqual({ ...NOTHING, paid: output?.atoms, chainFees })
    expect(right(models.statement(CLE, PAGE)).items).toMatchObject([
      {
        ...{ kind: 'paid', payout: number, transaction: HASH(0x5167), amount: `-${NET.cle}` },
        ...{ inPayout: `-${NET.cle}`, chainFee: chainFees, balance: '0' },
      },
      { kind: 'planned', payout: number, amount: '0', available: `-${NET.cle}`, inPayout: NET.cle },
      { kind: 'matured', block: HASH(1), amount: '0', available: NET.cle, balance: NET.cle },
      { kind: 'earned', block: HASH(1), amount: NET.cle },
    ])
    expectBooks(log, {
      liabilities: { immature: '0', available: '0', inPayout: '0' },
      ...{ coinbases: String(REWARD), paid: String(paid), chainFees: String(fee), reserve: '0' },
    })
  })

  test('that an operator rejects gives its money and its coins back', () => {
    const log = moneyLog({ kind: 'pplns', windowPpm: 2_000_000 }, 'manual')
    const number = planned(log)
    expect(right(readModelsOf(log.events).payment(number))).toMatchObject({
      phase: 'planned',
      mode: 'manual',
    })
    log.step(number, {
      type: 'PayoutReturned',
      data: { v: 1, at: START + 5_000, why: 'rejected', conflict: null },
    })
    const models = readModelsOf(log.events)
    expect(right(models.payment(number))).toMatchObject({
      phase: 'returned',
      why: 'rejected',
      transaction: null,
    })
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, available: NET.ann })
    const [next] = log.plan(6_000)
    log.step(next ?? -1, { type: 'PayoutApproved', data: { v: 1, at: START + 7_000 } })
    expect(right(readModelsOf(log.events).payment(next ?? -1))).toMatchObject({
      ...{ number: 1, phase: 'approved', approvedAt: START + 7_000 },
      funding: [{ transaction: HASH(0xc001) }],
    })
    expectBooks(log, { liabilities: { immature: '0', available: '0', inPayout: '990000000' } })
  })

  test('whose money was spent by something else tells of it', () => {
    const log = moneyLog()
    const number = planned(log)
    log.step(number, signed(HASH(0x5167)))
    log.step(number, {
      type: 'PayoutReturned',
      data: {
        ...{ v: 1, at: START + 5_000, why: 'conflict' },
        conflict: { transaction: HASH(7), block: HASH(8), confirmations: 2 },
      },
    })
    expect(right(readModelsOf(log.events).payment(number))).toMatchObject({
      ...{ phase: 'returned', why: 'conflict', conflict: { transaction: HASH(7), block: HASH(8) } },
    })
    expectBooks(log, { liabilities: { immature: '0', available: '990000000', inPayout: '0' } })
  })

  test('is on the way from its publication to its end', () => {
    const log = moneyLog()
    const number = planned(log)
    const onTheWay = () => right(readModelsOf(log.events).onTheWay())
    log.step(number, signed(HASH(0x5167)))
    expect(onTheWay()).toBe(0n)
    log.step(number, published)
    expect(onTheWay()).toBe(990_000_000n)
    log.step(number, confirmed)
    expect(onTheWay()).toBe(0n)
  })

  test('is announced: when it is due, and how much waits for it', () => {
    const log = moneyLog()
    const next = () => right(readModelsOf(log.events).pool(START))?.nextPayout
    expect(next()).toEqual({ atHeight: null, at: null, miners: 0, atoms: '0' })
    issue(log, 0, 100, 500)
    log.block(1, 1_000, 'connected', 'approved', 'matured')
    log.settle(2_000, UNITS)
    expect(next()).toEqual({ atHeight: 109, at: null, miners: 3, atoms: '990000000' })
    issue(log, 1, 150, 3_000)
    expect(next()).toMatchObject({ atHeight: 150 })
    log.plan(4_000)
    expect(next()).toEqual({ atHeight: 510, at: null, miners: 0, atoms: '0' })
    const schedule = { kind: 'daily', minute: 14 * 60 + 13 } as const
    log.add('pool', 'PolicyAdopted', 5_000, { ...rules(log), payoutSchedule: schedule })
    // It is 14:13:20 of the day.
    expect(next()).toMatchObject({ atHeight: null, at: START - 20_000 + 86_400_000 })
    log.add('pool', 'PolicyAdopted', 6_000, {
      ...rules(log),
      payoutSchedule: { ...schedule, minute: 14 * 60 + 14 },
    })
    expect(next()).toMatchObject({ at: START + 40_000 })
    log.add('pool', 'PolicyAdopted', 7_000, { ...rules(log), scheme: { kind: 'solo' } })
    expect(next()).toBeNull()
  })
})

describe('a block that is lost after it matured', () => {
  test('takes back what is there; what was planned already is the loss of the reserve', () => {
    const log = moneyLog()
    planned(log)
    log.block(2, 5_000, 'connected', 'approved', 'matured')
    log.settle(6_000, new Map([[ANN, 1n]]))
    log.blockEvent(1, { type: 'BlockDisconnected', data: { v: 1, at: START + 7_000 } })
    log.settle(8_000, new Map())
    // Ann had 990,000,000 of block 2 and gives 495,000,000 of them; the others have theirs in the payout, as the fee is.
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, available: NET.ann, inPayout: NET.ann })
    expect(balancesOf(log)(BEN)).toEqual({ ...NOTHING, inPayout: NET.ben })
    expectBooks(log, { reserve: '-495000000', coinbases: String(REWARD) })
    expect(right(readModelsOf(log.events).allocation(HASH(1), PAGE))).toMatchObject({
      state: 'reversed',
      reversal: { fromReserve: '495000000' },
    })
  })

  test('and comes back: whoever was paid gets nothing more, and the reserve has what it advanced', () => {
    const log = moneyLog()
    planned(log)
    log.blockEvent(1, { type: 'BlockDisconnected', data: { v: 1, at: START + 5_000 } })
    log.settle(6_000, new Map())
    expectBooks(log, { reserve: `-${REWARD}` })
    log.blockEvent(1, connected(1, 7_000))
    log.blockEvent(1, approved(1, 7_000))
    log.settle(8_000, UNITS)
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, inPayout: NET.ann })
    expectBooks(log, { reserve: '0', coinbases: String(REWARD) })
    const page = () => right(readModelsOf(log.events).allocation(HASH(1), PAGE))
    expect(page()).toMatchObject({ state: 'immature', repaid: String(REWARD), reserve: '0', reversal: null })
    log.blockEvent(1, matured(9_000))
    expectBooks(log, { reserve: '0', liabilities: { immature: '0', available: '0', inPayout: '990000000' } })
    expect(page()).toMatchObject({ state: 'available', repaid: String(REWARD) })
    const told = right(readModelsOf(log.events).statement(ANN, PAGE)).items
    expect(told.map(({ kind, amount, balance }) => [kind, amount, balance])).toEqual([
      ['restored', '0', String(NET.ann)],
      ['planned', '0', String(NET.ann)],
      ['matured', '0', String(NET.ann)],
      ['earned', String(NET.ann), String(NET.ann)],
    ])
  })
})

describe('pay per share', () => {
  const pps = { kind: 'pps', reserve: '0' } as const

  test('credits whole atoms at each height, and carries the rest', () => {
    const log = moneyLog(pps)
    issue(log, 0, 100, 1_000)
    work(log, 0, 2_000, [1_000, 2_000])
    log.settleWork(3_000, 101)
    work(log, 0, 4_000, [3_000])
    log.settleWork(5_000, 102)
    const models = readModelsOf(log.events)
    const lines = right(models.statement(ANN, PAGE)).items
    expect(lines).toMatchObject([{ kind: 'credited', at: START + 5_000, block: null, payout: null }])
    // 6000 / 65 537 of 990 000 000 atoms: the network's difficulty is a bit over 65 536.
    const about = (990_000_000 * 6_000) / 65_537
    const credited = BigInt(lines[0]?.available ?? 0)
    expect(credited).toBe(BigInt(log.writer.books.balances.get(`miner:${ANN}:available`) ?? 0))
    expect(Number(credited) / about).toBeCloseTo(1, 4)
    const books = right(models.books())
    expect(books.agrees).toBe(true)
    expect(BigInt(books.reserve)).toBeLessThan(0n)
    // Nothing is put aside, and the reserve is below zero.
    expect(books.ruin).toEqual({ promised: '0', probability: 1 })
    expect(right(models.account(ANN, START))?.quota).toBeNull()
  })

  test('tells how long the reserve lasts', () => {
    const log = moneyLog({ kind: 'pps', reserve: '50000000000' })
    expect(right(readModelsOf(log.events).books()).ruin).toBeNull()
    issue(log, 0, 100, 1_000)
    // e^(-2 * 0.01 * 50): fifty blocks' worth at a fee of 1 %.
    expect(right(readModelsOf(log.events).books()).ruin).toEqual({
      promised: '50000000000',
      probability: 0.367879,
    })
  })

  test('gives a block to the reserve', () => {
    const log = moneyLog(pps)
    log.block(1, 1_000, 'connected', 'approved')
    log.settle(2_000, new Map())
    expectBooks(log, { reserve: String(REWARD), coinbases: String(REWARD) })
    expect(right(readModelsOf(log.events).allocation(HASH(1), PAGE))).toMatchObject({
      ...{ reward: String(REWARD), fee: '0', reserve: String(REWARD), window: null, accounts: 0, items: [] },
    })
  })

  test('keeps work that waits over a restart', () =>
    inScratch((directory) => {
      const log = moneyLog(pps)
      issue(log, 0, 100, 1_000)
      work(log, 0, 2_000, [1_000, 2_000])
      const file = join(directory, 'read-models.db')
      const open = () => right(openReadModels({ file, log: 'test', nowMs: () => 0 }))
      const before = open()
      right(before.apply(log.events))
      right(before.close())
      log.settleWork(3_000, 101)
      const after = open()
      right(after.apply(log.events))
      expect(right(after.books())).toMatchObject({ agrees: true, refused: [] })
      expect(right(after.statement(ANN, PAGE)).items).toHaveLength(1)
      right(after.close())
    }))
})

describe('an event that contradicts the books', () => {
  test('moves nothing, stops nothing, and is shown to all', () => {
    const log = moneyLog()
    log.block(1, 1_000, 'connected')
    const reversed = { v: 1, at: START + 2_000, block: HASH(1), why: 'disconnected' } as const
    log.refuse('settlement-0', { type: 'RewardReversed', data: reversed })
    log.refuse('payout-7', published)
    log.blockEvent(1, approved(1, 3_000))
    log.settle(4_000, UNITS)
    const books = right(readModelsOf(log.events).books())
    expect(books.agrees).toBe(false)
    expect(books.checks.filter(({ holds }) => !holds)).toMatchObject([
      { name: 'nothing-refused', books: '2', expected: '0' },
    ])
    expect(books.refused).toMatchObject([
      { stream: 'payout-7', revision: 0, kind: 'unknown-payout' },
      { stream: 'settlement-0', revision: 0, kind: 'not-allocated', at: START + 2_000 },
    ])
    expect(balancesOf(log)(ANN)).toEqual({ ...NOTHING, immature: NET.ann })
  })
})

test('policies are there, the newest first', () => {
  const log = moneyLog()
  const models = readModelsOf(log.events)
  const { inForce, history } = right(models.policies())
  expect(inForce).toMatchObject({
    ...{ revision: 2, entry: 2, adoptedAt: START, scheme: { kind: 'pplns', windowPpm: 2_000_000 } },
    ...{ feePpm: 10_000, minimumPayout: '1000000', payoutSchedule: { kind: 'blocks', every: 10 } },
  })
  log.add('pool', 'PolicyAdopted', 5_000, { ...rules(log), feePpm: 20_000 })
  const later = right(readModelsOf(log.events).policies())
  expect(later.inForce).toMatchObject({ revision: 3, feePpm: 20_000, adoptedAt: START + 5_000 })
  expect(later.history.slice(1)).toEqual(history)
  expect(right(readModelsOf(log.events).pool(START))?.policy).toEqual(later.inForce)
})

describe('the quota of the next block', () => {
  test('is the part of the work of about the window', () => {
    const log = moneyLog()
    issue(log, 0, 100, 0)
    // The window is two times the network's difficulty of 65 536: the work of the second hour and of the first one's end.
    const hour = 3_600_000
    accept(log, 1_000, [{ connection: 2, difficulty: 500_000 }])
    accept(log, hour, [{ connection: 3, difficulty: 65_536 }])
    accept(log, 2 * hour, [
      { connection: 1, difficulty: 60_000 },
      { connection: 3, difficulty: 20_000 },
    ])
    const models = readModelsOf(log.events)
    const quota = (account: string) => right(models.account(account, START))?.quota
    // 60 000 and 85 536 of 145 536.
    expect(quota(ANN)).toMatchObject({ share: 0.412269 })
    expect(quota(CLE)).toMatchObject({ share: 0.58773 })
    expect(quota(BEN)).toMatchObject({ share: 0 })
  })

  test('is not known before there is any work', () => {
    const log = moneyLog()
    expect(right(readModelsOf(log.events).account(ANN, START))?.quota).toBeNull()
  })
})

describe('a log that nobody here wrote', () => {
  const TOO_MUCH = '2100000000000001'

  test.each(['block', 'work'])('and whose %s has more atoms than there can be, is not read on', (what) => {
    const log = moneyLog()
    log.block(1, 1_000)
    const reward = { transaction: HASH(1), output: 2, atoms: TOO_MUCH }
    if (what === 'block') log.add(`block-${HASH(1)}`, 'BlockConnected', 2_000, { reward })
    else issue(log, 0, 100, 2_000, HARD_BITS, 0, TOO_MUCH)
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    expect(models.apply(log.events)).toMatchObject({
      left: { kind: 'malformed', message: expect.stringContaining('more than there can be') },
    })
  })

  test('and whose paid shares are harder than their block, is not read on', () => {
    const log = moneyLog({ kind: 'pps', reserve: '0' })
    issue(log, 0, 100, 1_000)
    accept(log, 2_000, [{ connection: 1, difficulty: 70_000 }])
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    expect(models.apply(log.events)).toMatchObject({
      left: { kind: 'malformed', message: expect.stringContaining('a share is harder than its block') },
    })
    expect(models.status().entries).toBe(log.events.length - 1)
  })

  test('and that settles other work than there is, credits nobody', () => {
    const log = moneyLog({ kind: 'pps', reserve: '0' })
    issue(log, 0, 100, 1_000)
    work(log, 0, 2_000, [1_000, 2_000])
    log.settleWork(3_000, 101)
    const settled = log.events.pop()
    const change = (from: string, to: string): void => {
      log.addText('settlement-0', 'WorkSettled', (settled?.data ?? '').replace(from, to))
    }
    change('"shares":2', '"shares":3')
    change('"index":1', '"index":0')
    change(/"credits":"(..)/.exec(settled?.data ?? '')?.[0] ?? '', '"credits":"00')
    const models = readModelsOf(log.events)
    expect(right(models.books()).refused.map(({ kind }) => kind)).toEqual(Array(3).fill('other-credits'))
    expect(right(models.statement(ANN, PAGE)).items).toEqual([])
    log.addText('settlement-0', 'WorkSettled', settled?.data ?? '')
    expect(right(readModelsOf(log.events).statement(ANN, PAGE)).items).toHaveLength(1)
  })
})
