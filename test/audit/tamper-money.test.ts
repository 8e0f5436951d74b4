import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { read } from '../../adapters/event-store/catalogue.ts'
import { openBooks } from '../../domain/bookkeeping/books.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import type { EventData } from '../../domain/events.ts'
import { TIME_MS_MAX } from '../../domain/events.ts'
import { allocate, allocationEvents } from '../../domain/reward/allocation.ts'
import { PayoutsCheck } from '../../src/audit/checks/payouts.ts'
import { type Finding, Findings } from '../../src/audit/finding.ts'
import { htmlReport } from '../../src/audit/html-report.ts'
import { reportOfAudit } from '../../src/audit/report.ts'
import { endOf } from '../../src/replay/replayed-money.ts'
import { LOG_START, ShareRecords } from '../../src/treasury/share-records.ts'
import {
  at,
  auditedLog,
  type Cooked,
  copyOf,
  found,
  type History,
  history,
  indexOf,
  withoutGaps,
  withRightTotals,
} from './cooked-books.ts'

/** Ways to take money that leave every sum right, each on a history of the real engine: see tamper.test.ts. */

let honest: History
let long: History
let byTime: History
let byRound: History
beforeAll(async () => {
  honest = await history()
  long = await history({ shares: 1_500 })
  byTime = await history({ scheme: 'pplns-time', shares: 900 })
  byRound = await history({ scheme: 'prop', shares: 900, faults: false })
})

const withoutPayouts = (log: readonly Cooked[]): Cooked[] =>
  log.filter(({ stream }) => !stream.startsWith('payout-'))

const kindsOf = (answer: Awaited<ReturnType<typeof auditedLog>>, check: string): readonly string[] => [
  ...new Set(found(answer).flatMap(([by, kind]) => (by === check ? [kind] : []))),
]

/** Adds policies, each before an entry; everything that names a policy by its revision goes on naming the same. */
function withPolicies(log: Cooked[], added: readonly { before: Cooked; feePpm: number }[]): Cooked[] {
  const old = log.filter(({ stream }) => stream === 'pool').map((event) => ({ event, was: event.revision }))
  const longer = log.flatMap((each) => [
    ...added.flatMap(({ before, feePpm }) => (before === each ? [policyLike(log, each, feePpm)] : [])),
    each,
  ])
  withoutGaps(longer)
  const now = new Map(old.map(({ event, was }) => [was, event.revision]))
  for (const { type, data } of longer)
    if (type === 'RewardAllocated' || type === 'WorkSettled' || type === 'PayoutPlanned')
      data.policy = now.get(data.policy) ?? data.policy
  return longer
}

function policyLike(log: readonly Cooked[], before: Cooked, feePpm: number): Cooked {
  const inForce = log.slice(0, log.indexOf(before)).findLast(({ type }) => type === 'PolicyAdopted')
  const data = { ...structuredClone(inForce?.data), feePpm, at: before.data.at }
  return { stream: 'pool', revision: -1, type: 'PolicyAdopted', data }
}

const feeInForce = (log: readonly Cooked[], index: number): number =>
  log.slice(0, index).findLast(({ type }) => type === 'PolicyAdopted')?.data.feePpm

/** The engine's own fold of the shares up to an entry. */
function engineUpTo(log: readonly Cooked[], end: number): ShareRecords {
  const mined = new ShareRecords(networks.simnet, openBooks(), LOG_START)
  for (const [position, { stream, revision, type, data }] of log.slice(0, end).entries()) {
    const recorded = { id: '', stream, revision, type, data: canonicalJson(data), position }
    const event = read(recorded)
    if (E.isRight(event)) mined.take(recorded, event.right)
  }
  return mined
}

/** Shares a block by the engine's rules: what it would have written as an allocation of one part. */
function rewrite(log: Cooked[], index: number): void {
  const { data } = at(log, index)
  const mined = engineUpTo(log, index)
  const find = mined.finds.get(data.block)
  if (find?.policy === undefined) throw new Error('a block that nobody found')
  const walk = mined.walk(find)
  const sums = walk === null ? E.right(null) : endOf(walk)
  if (E.isLeft(sums)) throw new Error(sums.left.message)
  const { scheme, feePpm } = find.policy.policy
  const allocation = allocate(scheme, toAtoms(BigInt(data.reward)), feePpm, sums.right)
  if (allocation === undefined) throw new Error('a reward that is not shared')
  const facts = { block: data.block, height: data.height, policy: find.policy.revision }
  const [event] = allocationEvents(data.at, facts, allocation, sums.right)
  at(log, index).data = structuredClone(event?.data)
}

describe('the fee of a payout', () => {
  const isPlan = ({ type, data }: Cooked): boolean => type === 'PayoutPlanned' && data.poolFee !== null

  test("any amount of the reserve to the operator's address", async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isPlan)
    const { data } = at(log, index)
    const more = 20_000_000_000n
    data.poolFee.atoms = String(BigInt(data.poolFee.atoms) + more)
    data.feeFromReserve = String(BigInt(data.feeFromReserve) + more)
    data.funding.atoms[0] = String(BigInt(data.funding.atoms[0]) + more)
    const answer = await auditedLog(log, honest.key)
    expect(found(answer)).toContainEqual(['A8', 'other-fee', index])
    expect(
      answer.findings.list().flatMap(({ entry, message }) => (entry === index ? [message] : [])),
    ).toContain(`Entry ${index} takes 0 atoms of the pool's fees and 20000000000 of its reserve for the fee.`)
  })

  /** The first plan, as if no output of the pool's fees had been due: shorter by that output. */
  const withoutPoolFee = (): EventData<'PayoutPlanned'> => {
    const { data } = at(honest.log, indexOf(honest.log, isPlan))
    return { ...structuredClone(data), poolFee: null, fee: String(BigInt(data.fee) - 360n) }
  }

  /** What the check says of a plan with the fee borne by the pool, when that has so much of matured fees. */
  function borne(fees: { now: bigint; least: bigint }, over: Partial<EventData<'PayoutPlanned'>>): string[] {
    const plan = withoutPoolFee()
    const found: Finding[] = []
    const check = new PayoutsCheck((finding) => found.push(finding), networks.simnet)
    const policy = honest.log.find(({ type }) => type === 'PolicyAdopted')
    if (policy === undefined) throw new Error('a history without a policy')
    const opened = new Map(
      honest.log.flatMap(({ stream, type, data }) =>
        type === 'AccountOpened' ? [[data.address as string, stream.slice(8)]] : [],
      ),
    )
    for (const [address, account] of opened) check.accountOpened(0, account, { v: 1, at: 0, address })
    const data: EventData<'PayoutPlanned'> = {
      ...plan,
      ...{ policy: 0, bearer: 'pool', atoms: plan.deducted, mode: policy.data.payoutMode },
      ...over,
    }
    const { v, at: adoptedAt, ...rules } = policy.data
    const adopted = {
      position: 0,
      revision: 0,
      policy: { ...rules, feeBearer: 'pool', minimumPayout: '6360' },
    }
    check.take(7, 0, { type: 'PayoutPlanned', data }, [adopted], openBooks(), fees)
    return found.map(({ message }) => message)
  }

  test('borne by the pool: of its matured fees as far as they go, the rest of its reserve', () => {
    const fee = BigInt(withoutPoolFee().fee)
    const split = (fromFees: bigint) => ({
      feeFromPoolFee: String(fromFees),
      feeFromReserve: String(fee - fromFees),
    })
    const rich = { now: 10n * fee, least: 10n * fee }
    const poor = { now: 100n, least: 100n }
    expect(borne(rich, split(fee))).toEqual([])
    expect(borne(poor, split(100n))).toEqual([])
    expect(borne({ now: 0n, least: 0n }, split(0n))).toEqual([])
    expect(borne(rich, split(fee - 1n))).toEqual([
      `Entry 7 takes ${fee - 1n} atoms of the pool's fees and 1 of its reserve for the fee.`,
    ])
    expect(borne(poor, split(0n))).toHaveLength(1)
    // A block has matured between the plan and its place in the log.
    expect(borne({ now: 10n * fee, least: 100n }, split(100n))).toEqual([])
    expect(borne({ now: 10n * fee, least: 100n }, split(99n))).toHaveLength(1)
    expect(borne(rich, { feeFromPoolFee: String(fee), feeFromReserve: '1' })).toHaveLength(1)
    const address = honest.log.find(({ type }) => type === 'PolicyAdopted')?.data.feeAddresses[0]
    const poolFee = { address, deducted: '90000', atoms: '90000' }
    expect(borne(rich, { poolFee, feeFromPoolFee: '0', feeFromReserve: '0' }).join()).toContain(
      "pays 90000 of 90000 atoms of the pool's fees",
    )
  })
})

describe('a fee', () => {
  test('of 100 % for a find alone: a notice, since no rule forbids it', async () => {
    const log = withoutPayouts(copyOf(honest))
    const allocated = indexOf(
      log,
      ({ type, data }) => type === 'RewardAllocated' && data.account.length > 1,
      3,
    )
    const { to } = at(log, allocated).data.window
    const find = log.findIndex(({ stream, revision }) => stream === to.stream && revision === to.revision)
    const fee = feeInForce(log, find)
    const longer = withPolicies(log, [
      { before: at(log, find), feePpm: 1_000_000 },
      { before: at(log, find + 1), feePpm: fee },
    ])
    const index = longer.indexOf(at(log, allocated))
    rewrite(longer, index)
    expect(at(longer, index).data.fee).toBe(at(longer, index).data.reward)
    const answer = await auditedLog(longer, honest.key)
    expect(found(answer)).toContainEqual(['A6', 'fee-raised', index])
    const [notice] = answer.findings.list().filter(({ kind }) => kind === 'fee-raised')
    expect(notice?.severity).toBe('notice')
    expect(notice?.message).toMatch(
      /with a fee of 100 %, .* of the \d+ shares of its window came under a lower fee/,
    )
    const report = reportOfAudit('here', answer)
    expect(report.policies.latest.map(({ feePpm }) => feePpm)).toContain(1_000_000)
    expect(report.policies.adopted).toBe(longer.filter(({ type }) => type === 'PolicyAdopted').length)
    expect(htmlReport(report)).toContain('fee 100 %; payouts from')
  })

  test('that rises and stays is told by the list of policies alone', async () => {
    const log = withoutPayouts(copyOf(honest))
    const allocated = log.findLastIndex(
      ({ type, data }) => type === 'RewardAllocated' && data.account.length > 1,
    )
    const { to } = at(log, allocated).data.window
    const find = log.findIndex(({ stream, revision }) => stream === to.stream && revision === to.revision)
    const longer = withPolicies(log, [{ before: at(log, find), feePpm: 90_000 }])
    expect(kindsOf(await auditedLog(longer, honest.key), 'A6')).not.toContain('fee-raised')
  })
})

describe('a share that is said to be lost', () => {
  /** Its block is in the log when the next gateway has long begun, with another fee just for that moment. */
  function lost(): { readonly log: Cooked[]; readonly allocated: number; readonly fee: number } {
    const log = withoutPayouts(copyOf(honest))
    const joined = indexOf(log, ({ type, data }) => type === 'GatewayJoined' && data.gateway === 1)
    const block = log
      .slice(0, joined)
      .findLast(
        ({ stream, type, data }) =>
          type === 'BlockFound' &&
          data.share !== null &&
          log.some((each) => each.type === 'RewardAllocated' && each.data.block === stream.slice(6)),
      )
    if (block === undefined) throw new Error('a gateway that found nothing')
    const { stream, revision, index } = block.data.share
    const find = log.findIndex((each) => each.stream === stream && each.revision === revision)
    const fee = feeInForce(log, find)
    const { data } = at(log, find)
    for (const column of [
      ...['connection', 'worker', 'job', 'difficulty', 'extranonce2', 'ntime', 'nonce', 'elapsed'],
    ])
      data[column].splice(index, 1)
    data.solved = []
    Object.assign(block.data, { share: null, connection: null, account: null, worker: null })
    const own = log.filter(
      (each) => each.stream === block.stream || each.data.block === block.stream.slice(6),
    )
    const others = log.filter(
      (each) => !own.includes(each) && !(each === at(log, find) && data.nonce.length === 0),
    )
    const place =
      others.findIndex(({ type, data: each }) => type === 'GatewayJoined' && each.gateway === 1) + 40
    for (const each of own) each.data.at = Math.max(each.data.at, at(others, place).data.at)
    const moved = [...others.slice(0, place), ...own, ...others.slice(place)]
    const longer = withPolicies(moved, [
      { before: block, feePpm: 900_000 },
      { before: at(moved, moved.indexOf(block) + 1), feePpm: fee },
    ])
    withRightTotals(longer)
    const allocated = longer.findIndex(
      (each) => each.type === 'RewardAllocated' && each.data.block === block.stream.slice(6),
    )
    return { log: longer, allocated, fee }
  }

  test('goes by the last share of its gateway: a later policy takes nothing of it', async () => {
    const { log, allocated, fee } = lost()
    rewrite(log, allocated)
    const { data } = at(log, allocated)
    expect(BigInt(data.fee)).toBe((BigInt(data.reward) * BigInt(fee)) / 1_000_000n)
    expect(data.window.to.stream).toMatch(/^shares-0-/)
    const right = await auditedLog(log, honest.key)
    expect(found(right)).not.toContainEqual(['A6', 'other-allocation', allocated])

    const later = log.findIndex(({ type, data: each }) => type === 'PolicyAdopted' && each.feePpm === 900_000)
    const reward = BigInt(data.reward)
    Object.assign(data, { policy: at(log, later).revision, fee: String((reward * 9n) / 10n) })
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'other-allocation', allocated])
  })
})

describe('the times of shares', () => {
  const firstOfHour = (log: readonly Cooked[]): number => {
    const first = log.findIndex(({ type }) => type === 'SharesAccepted')
    return log.findIndex(({ type, stream }) => type === 'SharesAccepted' && stream !== at(log, first).stream)
  }

  test('of a new hour two hours back: it would end the window of everybody', async () => {
    const log = copyOf(byTime)
    const index = firstOfHour(log)
    const { data } = at(log, index)
    data.at -= 7_200_000
    data.elapsed = data.elapsed.map((ms: number) => ms + 7_200_000)
    const answer = found(await auditedLog(log, byTime.key))
    expect(answer).toContainEqual(['A2', 'time-backwards', index])
    expect(answer).toContainEqual(['A2', 'late-shares', index])
  })

  test('of a clock that was set back by less than a minute are let pass', async () => {
    const log = copyOf(byTime)
    const index = firstOfHour(log)
    const before = log.slice(0, index).findLast(({ type }) => type === 'SharesAccepted')
    at(log, index).data.at = before?.data.at - 59_000
    expect(kindsOf(await auditedLog(log, byTime.key), 'A2')).not.toContain('time-backwards')
    at(log, index).data.at = before?.data.at - 61_000
    expect(found(await auditedLog(log, byTime.key))).toContainEqual(['A2', 'time-backwards', index])
  })
})

describe('what a reward is taken back for', () => {
  test('nothing: the next is shared meanwhile, and then the reward again', async () => {
    const log = withoutPayouts(copyOf(byRound))
    const first = indexOf(log, ({ type }) => type === 'RewardAllocated', 3)
    const second = indexOf(log, ({ type }) => type === 'RewardAllocated', 4)
    const [taken, next] = [at(log, first), at(log, second)]
    const numbers = log.flatMap(({ stream }) =>
      stream.startsWith('settlement-') ? [Number(stream.slice(11))] : [],
    )
    const { block } = taken.data
    log.splice(
      second,
      1,
      {
        ...{ stream: taken.stream, revision: 1, type: 'RewardReversed' },
        data: { v: 1, at: next.data.at, block, why: 'disconnected' },
      },
      next,
      {
        ...{ stream: `settlement-${Math.max(...numbers) + 1}`, revision: 0, type: 'RewardAllocated' },
        data: { ...structuredClone(taken.data), at: next.data.at },
      },
    )
    expect(found(await auditedLog(log, byRound.key))).toContainEqual(['A6', 'not-lost', second])
  })

  test('a round of prop that is shared before the one it follows', async () => {
    const log = withoutPayouts(copyOf(byRound))
    const allocations = log.filter(({ type }) => type === 'RewardAllocated')
    const first = at(allocations, 3)
    const second = at(
      allocations,
      indexOf(allocations, ({ data }) => data.at > first.data.at + 61_000),
    )
    const moved = log.filter((each) => each !== first)
    moved.splice(moved.indexOf(second) + 1, 0, first)
    first.data.at = second.data.at
    const answer = await auditedLog(moved, byRound.key)
    const messages = answer.findings.list().map(({ message }) => message)
    expect(messages.join('\n')).toContain(
      `Entry ${moved.indexOf(second)} shares the reward of block ${second.data.block} before that of block ${first.data.block}`,
    )
  })
})

describe('payouts', () => {
  test('that leave an account out, time after time', async () => {
    const log = copyOf(long)
    const plans = log.filter(({ type, data }) => type === 'PayoutPlanned' && data.address.length > 2)
    expect(plans.length).toBeGreaterThan(5)
    const [first] = plans
    const deducted = first?.data.deducted.map(BigInt) as bigint[]
    const least = deducted.findIndex((atoms) => deducted.every((other) => atoms <= other))
    const address = first?.data.address[least]
    for (const { data } of plans) {
      const i = data.address.indexOf(address)
      if (i < 0) continue
      for (const column of ['address', 'atoms', 'deducted']) data[column].splice(i, 1)
    }
    const answer = await auditedLog(log, long.key)
    const [left] = answer.findings.list().filter(({ kind }) => kind === 'left-out')
    expect(left).toMatchObject({ check: 'A8', severity: 'discrepancy' })
    expect(left?.message).toContain('was left out of 3 runs of payouts, one after the other')
  })

  test('that never come are told, with the numbers', async () => {
    const answer = await auditedLog(withoutPayouts(copyOf(long)), long.key)
    expect(found(answer)).toEqual([['A8', 'payouts-due', null]])
    const [due] = answer.findings.list()
    expect(due?.severity).toBe('notice')
    expect(due?.message).toMatch(
      /^\d+ accounts wait for [\d.,]+ DCR, each with the minimum payout of [\d.]+ DCR or more; somebody has waited since .* at height \d+, and up to .* no payout was planned\.$/,
    )
  })

  test('that are planned and then forgotten', async () => {
    const log = copyOf(honest)
    const index = log.findLastIndex(({ type }) => type === 'PayoutPlanned')
    const { stream, data } = at(log, index)
    data.at -= 4 * 86_400_000
    const left = log.filter((each, i) => each.stream !== stream || i <= index)
    const answer = await auditedLog(left, honest.key)
    expect(found(answer)).toContainEqual(['A8', 'payout-open', left.indexOf(at(log, index))])
  })
})

describe('what a ledger says is shown as it is', () => {
  test('times up to the end of the year 9999, and none after it', async () => {
    const log = copyOf(honest)
    const end = log.length
    const joined = structuredClone(
      at(
        log,
        log.findLastIndex(({ type }) => type === 'GatewayJoined'),
      ),
    )
    const pool = log.filter(({ stream }) => stream === 'pool').length
    log.push({
      ...joined,
      revision: pool,
      data: { ...joined.data, gateway: joined.data.gateway + 1, at: TIME_MS_MAX },
    })
    log.push({
      ...joined,
      revision: pool + 1,
      data: { ...joined.data, gateway: joined.data.gateway + 2, at: TIME_MS_MAX + 1 },
    })
    const answer = await auditedLog(log, honest.key)
    expect(found(answer)).toContainEqual(['A2', 'malformed', end + 1])
    const report = reportOfAudit('here', answer)
    expect(report.ledger.to).toBe('9999-12-31T23:59:59.999Z')
    expect(htmlReport(report)).toContain('9999-12-31')
  })

  test.each([
    ['stream', { stream: 'x\u001b[31mstream\u009b2J', type: 'Later' }],
    ['type', { stream: 'later-0', type: 'Evil\u009b31m\u202e' }],
  ])('a %s that would write to a terminal is no name', async (_, names) => {
    const log = copyOf(honest)
    log.push({ ...names, revision: 0, data: { v: 1, at: at(log, log.length - 1).data.at } })
    const answer = await auditedLog(log, honest.key)
    expect(found(answer)).toEqual([['A2', 'malformed', log.length - 1]])
  })

  test('and nothing else of it gets there, whoever quotes it', () => {
    const findings = new Findings()
    const finding = { check: 'A1', kind: 'not-signed', severity: 'discrepancy', entry: null } as const
    findings.report({ ...finding, message: 'of me\u001b[2J\u009b31m', expected: 'ß, not \u202eß' })
    expect(findings.list()).toEqual([
      { ...finding, message: 'of me\\u{1b}[2J\\u{9b}31m', expected: 'ß, not \\u{202e}ß' },
    ])
  })
})
