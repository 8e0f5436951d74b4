import * as E from 'fp-ts/lib/Either.js'
import { type BlockPhase, phaseAfterBlock } from '../../../domain/block/lifecycle.ts'
import type { BlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import type { Network } from '../../../domain/decred/network.ts'
import type { EventData, PoolEvent, ShareReference } from '../../../domain/events.ts'
import {
  type AdoptedPolicy,
  changeProblem,
  isSameScheme,
  type Policy,
  policyProblems,
} from '../../../domain/policy.ts'
import { type Allocation, allocate, allocationEvents } from '../../../domain/reward/allocation.ts'
import {
  OpenWork,
  type SettledWork,
  type WorkCredit,
  workSettledEvent,
} from '../../../domain/reward/pay-per-share.ts'
import { ShareWindow, type WindowSums } from '../../../domain/reward/share-window.ts'
import {
  LOST_HEIGHTS,
  type WindowLimit,
  windowLimit,
  windowUnits,
} from '../../../domain/reward/window-limit.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { SharesAtHand } from '../references.ts'
import { BUSY_DUE_MS_MAX, type LedgerClock, SKEW_MS_MAX } from '../time.ts'
import { RaisedFees } from './raised-fees.ts'

/** Shares of one scheme, from where it was adopted on. */
interface Era {
  readonly window: ShareWindow
  readonly fees: RaisedFees
  shares: number
  last: ShareReference | null
}

/** Where a share stands that found a block, and by what its reward is shared. */
interface Find {
  /** The last share before the end of its gateway when its own was lost; null when there was none yet, or of its scheme no more. */
  readonly share: ShareReference | null
  /** Shares of its era before it. */
  readonly ordinal: number
  readonly atMs: number
  readonly policy: AdoptedPolicy | undefined
  readonly era: Era
  /** Of the newest work. */
  readonly height: number
}

interface RewardedBlock {
  readonly height: number
  readonly find: Find
  phase: BlockPhase
  /** The entry that found it, and the one that brought it into its phase. */
  readonly foundBy: number
  entry: number
  /** Since when its reward is to be shared, or is not. */
  sinceMs: number
  reward: bigint | null
  /** The settlement that shares its reward now. */
  settlement: number | null
  /** It was not approved at some time since its reward is shared. */
  wasLost: boolean
}

/** A policy, and when it was adopted. */
export interface DatedPolicy extends AdoptedPolicy {
  /** Unix ms. */
  readonly at: number
}

/** Work of `pps` that is to be settled. */
interface WorkDue {
  readonly policy: number
  readonly height: number | null
  readonly work: SettledWork
  readonly entry: number
  readonly atMs: number
}

/** How one reward was shared: for the report. */
export interface SharedReward {
  readonly entry: number
  readonly at: number
  readonly height: number
  readonly accounts: number
  readonly shares: number
  /** Units of the window, as a part of those of a full one; null where a scheme has no such measure. */
  readonly fullness: number | null
  /** The accounts with the most of it, largest first. */
  readonly largest: readonly { readonly account: string; readonly part: number }[]
}

/** Shares after which those that no window can reach are let go: a few megabytes. */
const TRIM_SHARES = 1 << 18
/** Rewards whose window is described in the report. */
const LARGEST_TOLD = 12

/**
 * A6: every allocation and every settlement computed anew, from the shares in the order of the log, by the policy that was in force, and
 * compared to the atom. Knows nothing of how the pool keeps its own.
 */
export class RewardsCheck {
  readonly #report: CheckReport
  readonly #network: Network
  readonly #clock: LedgerClock
  readonly #onShared: (shared: SharedReward) => void
  readonly policies: DatedPolicy[] = []
  readonly #blocks = new Map<string, RewardedBlock>()
  readonly #solved = new Map<string, Find>()
  /** Where the newest share of each gateway stands; where it joined before its first. A share that it lost came after it. */
  readonly #ends = new Map<number, Find>()
  readonly #parts = new Map<number, EventData<'RewardAllocated'>[]>()
  readonly #due: WorkDue[] = []
  readonly #work: OpenWork
  #era: Era
  #height = 0
  /** When a reward was last shared or taken back, or work settled. */
  #settledAt = 0
  /** Columns of the event at hand: the window keeps its own. */
  readonly #columns: { readonly account: string[]; readonly bits: number[]; readonly difficulty: number[] } =
    {
      ...{ account: [], bits: [], difficulty: [] },
    }
  #sharesAtTrim = 0
  #shares = 0
  /** Rewards that were shared, and settlements of work, computed anew. */
  recomputed = 0

  constructor(
    report: Report,
    network: Network,
    clock: LedgerClock,
    onShared: (shared: SharedReward) => void,
  ) {
    this.#report = reportOf('A6', report)
    this.#network = network
    this.#clock = clock
    this.#onShared = onShared
    this.#era = this.#newEra()
    this.#work = new OpenWork(network, new Map())
  }

  /** The policy in force for the next event. */
  get policy(): AdoptedPolicy | undefined {
    return this.policies.at(-1)
  }

  policyAdopted(entry: number, revision: number, { v, at, ...policy }: EventData<'PolicyAdopted'>): void {
    for (const { message } of policyProblems(this.#network, policy))
      this.#report.wrong(
        'policy-not-allowed',
        entry,
        `Entry ${entry} adopts a policy that no pool may have: ${message}`,
        'A policy that can be kept.',
      )
    const before = this.policy?.policy
    if (before === undefined || !isSameScheme(before.scheme, policy.scheme)) {
      if (before !== undefined) this.#checkChange(entry, before, policy, at)
      this.#era = this.#newEra()
    }
    this.#closeWork(entry, at, null)
    const adopted = { position: entry, revision, policy, at }
    this.policies.push(adopted)
    this.#era.fees.adopted(this.#era.shares, adopted)
  }

  #newEra(): Era {
    return {
      window: new ShareWindow(this.#network, true),
      fees: new RaisedFees(this.#report),
      shares: 0,
      last: null,
    }
  }

  gatewayJoined({ gateway, at }: EventData<'GatewayJoined'>): void {
    this.#ends.set(gateway, this.#endAt(at))
  }

  #endAt(atMs: number): Find {
    return this.#findAt(this.#era.last, this.#era.shares - 1, atMs)
  }

  #checkChange(entry: number, before: Policy, after: Policy, at: number): void {
    const problem = changeProblem(before, after, this.#unpaidShares(at))
    if (problem !== undefined)
      this.#report.wrong(
        'policy-in-mid-round',
        entry,
        `Entry ${entry} adopts another scheme: ${problem.message}`,
        `The scheme ${before.scheme.kind} as long as it may still pay for a share.`,
      )
  }

  /** Takes work: that of a new height settles what `pps` owes. */
  workIssued(entry: number, { height, at }: EventData<'WorkIssued'>): void {
    for (const [i, due] of this.#due.entries()) if (due.height === null) this.#due[i] = { ...due, height }
    if (height <= this.#height) return
    this.#height = height
    this.#closeWork(entry, at, height)
  }

  #closeWork(entry: number, atMs: number, height: number | null): void {
    const work = this.#work.settle()
    if (work !== null) this.#due.push({ policy: this.policy?.revision ?? 0, height, work, entry, atMs })
  }

  /** Takes the shares of an entry. Those that refer to nothing known earn nothing. */
  takeShares({ at, stream, revision, gateway, columns, runs, accounts }: SharesAtHand): void {
    const { count, difficulty, solved } = columns
    if (count === 0) return
    const era = this.#era
    for (const { share, hash } of solved)
      this.#solved.set(hash, this.#findAt({ stream, revision, index: share }, era.shares + share, at))
    era.shares += count
    this.#shares += count
    era.last = { stream, revision, index: count - 1 }
    this.#ends.set(gateway, this.#endAt(at))
    const policy = this.policy?.policy
    if (policy === undefined || policy.scheme.kind === 'solo') return
    const { account, bits, difficulty: difficulties } = this.#columns
    for (const column of [account, bits, difficulties]) column.length = count
    for (const { job, from, to } of runs) {
      const runBits = job?.bits ?? this.#network.powLimitBits
      // A share harder than the network has no worth: A3 has named it.
      const hardest = job?.networkDifficulty ?? 1
      for (let i = from; i < to; i++) {
        account[i] = accounts[i] ?? UNKNOWN
        bits[i] = runBits
        difficulties[i] = Math.min(difficulty[i] ?? 1, hardest)
      }
    }
    const batch = { stream, revision, atMs: at, account, bits, difficulty: difficulties }
    if (policy.scheme.kind === 'pps')
      this.#work.add(
        batch,
        runs.flatMap(({ job, from, to }) =>
          Array.from({ length: to - from }, () => toAtoms(job?.subsidy ?? 0n)),
        ),
        policy.feePpm,
      )
    else era.window.append(batch)
    if (this.#shares - this.#sharesAtTrim < TRIM_SHARES) return
    this.#sharesAtTrim = this.#shares
    this.#trim()
  }

  #findAt(share: ShareReference | null, ordinal: number, atMs: number): Find {
    return { share, ordinal, atMs, policy: this.policy, era: this.#era, height: this.#height }
  }

  /** Takes an event of a block's stream. */
  takeBlock(entry: number, hash: string, event: BlockEvent): void {
    const { at } = event.data
    if (event.type === 'BlockFound') {
      const { height, share, gateway } = event.data
      const own = share === null ? this.#lostFind(gateway) : this.#solved.get(hash)
      this.#solved.delete(hash)
      if (this.#blocks.has(hash)) return
      const find = own ?? this.#endAt(at)
      this.#blocks.set(hash, {
        ...{ height, find, phase: 'found', foundBy: entry, entry, sinceMs: at, reward: null },
        ...{ settlement: null, wasLost: false },
      })
      return
    }
    const block = this.#blocks.get(hash)
    const phase = phaseAfterBlock(event.type)
    if (block === undefined || phase === undefined) return
    if (event.type === 'BlockConnected') block.reward = BigInt(event.data.reward.atoms)
    if (isEarned(phase) !== isEarned(block.phase)) block.sinceMs = at
    block.phase = phase
    block.entry = entry
    if (!isEarned(phase)) block.wasLost = true
  }

  /** A find whose share was lost: its scheme may have been given up since, and then no window is left to it. */
  #lostFind(gateway: number): Find | undefined {
    const end = this.#ends.get(gateway)
    return end === undefined || end.era === this.#era ? end : { ...end, share: null }
  }

  /** Takes a part of an allocation, and computes it anew when it is the last. */
  takeAllocation(entry: number, settlement: number, data: EventData<'RewardAllocated'>): void {
    this.#settledAt = Math.max(this.#settledAt, data.at)
    const parts = [...(this.#parts.get(settlement) ?? []), data]
    this.#parts.set(settlement, parts)
    if (data.part < data.parts) return
    this.#parts.delete(settlement)
    const block = this.#blocks.get(data.block)
    if (block === undefined) {
      this.#report.wrong(
        'find-unknown',
        entry,
        `Entry ${entry} shares the reward of block ${data.block}, which nobody found.`,
        'A block of the ledger.',
      )
      return
    }
    block.settlement = settlement
    block.wasLost = !isEarned(block.phase)
    this.recomputed++
    const { policy } = block.find
    if (policy === undefined) {
      this.#report.wrong(
        'no-policy',
        entry,
        `Entry ${entry} shares the reward of block ${data.block}, found before there was a policy.`,
        'Nothing: nobody was promised anything.',
      )
      return
    }
    const window = this.#windowOf(block.find)
    if (E.isLeft(window)) {
      this.#report.wrong(
        'other-allocation',
        entry,
        `Entry ${entry}: ${window.left}`,
        'A window that the ledger holds.',
      )
      return
    }
    const allocation = allocationOf(policy.policy, block, window.right)
    if (allocation === undefined) {
      this.#report.wrong(
        'other-allocation',
        entry,
        `Entry ${entry} shares the reward of block ${data.block} under ${policy.policy.scheme.kind}.`,
        `Nothing to share: ${block.reward === null ? 'the block was never connected' : 'that scheme shares none'}.`,
      )
      return
    }
    const facts = { block: data.block, height: block.height, policy: policy.revision }
    const expected = allocationEvents(data.at, facts, allocation, window.right).flatMap(allocated)
    this.#compare(entry, parts, expected)
    this.#checkOrder(entry, data.block, block)
    const { ordinal, era } = block.find
    const shares = window.right?.shares ?? 0
    if (shares > 0) era.fees.shared(entry, block.height, policy, ordinal + 1 - shares, ordinal)
    this.#tell(entry, data, policy.policy, window.right)
  }

  /** Under `prop` a round begins after the find before whose reward is shared: whoever shares a later one first gives it both rounds. */
  #checkOrder(entry: number, hash: string, { find, foundBy }: RewardedBlock): void {
    if (find.policy?.policy.scheme.kind !== 'prop') return
    for (const [other, earlier] of this.#blocks)
      if (
        earlier.settlement === null &&
        isEarned(earlier.phase) &&
        earlier.find.era === find.era &&
        earlier.find.ordinal < find.ordinal &&
        earlier.foundBy < foundBy &&
        this.#clock.now - earlier.sinceMs > BUSY_DUE_MS_MAX
      )
        this.#report.wrong(
          'other-allocation',
          entry,
          `Entry ${entry} shares the reward of block ${hash} before that of block ${other}, which was found earlier and is ${earlier.phase} by entry ${earlier.entry}.`,
          'Rewards shared in the order in which their blocks were found: each has its own round.',
        )
  }

  #compare(
    entry: number,
    parts: readonly EventData<'RewardAllocated'>[],
    expected: readonly EventData<'RewardAllocated'>[],
  ): void {
    const [first] = expected
    const [said] = parts
    if (first === undefined || said === undefined) return
    const differs = (['height', 'policy', 'reward', 'fee', 'reserve'] as const).find(
      (key) => said[key] !== first[key],
    )
    const wrong = (what: string, there: string, should: string): void =>
      this.#report.wrong(
        'other-allocation',
        entry,
        `Entry ${entry} shares block ${said.block} with ${what} ${there}.`,
        `${what[0]?.toUpperCase()}${what.slice(1)} ${should}, from the shares by the policy in force at the find (revision ${first.policy}).`,
      )
    if (differs !== undefined) wrong(differs, String(said[differs]), String(first[differs]))
    if (windowText(said.window) !== windowText(first.window))
      wrong('the window', windowText(said.window), windowText(first.window))
    const there = columnsOf(parts)
    const should = columnsOf(expected)
    for (const account of [...new Set([...there.keys(), ...should.keys()])].sort()) {
      const a = there.get(account) ?? 'nothing'
      const b = should.get(account) ?? 'nothing'
      if (a !== b) wrong(`for account ${account}`, a, b)
    }
  }

  #tell(
    entry: number,
    { at, height }: EventData<'RewardAllocated'>,
    { scheme }: Policy,
    window: WindowSums | null,
  ): void {
    if (window === null) return
    const whole = Number(window.units)
    const largest = window.accounts
      .map(({ account, units }) => ({ account, part: Number(units) / whole }))
      .sort((a, b) => b.part - a.part)
      .slice(0, LARGEST_TOLD)
    const full = scheme.kind === 'pplns' ? windowUnits(scheme.windowPpm) : null
    this.#onShared({
      ...{ entry, at, height, largest, shares: window.shares, accounts: window.accounts.length },
      fullness: full === null ? null : Number((window.units * 1_000_000n) / full) / 1_000_000,
    })
  }

  rewardReversed(entry: number, { block: hash, at }: EventData<'RewardReversed'>): void {
    this.#settledAt = Math.max(this.#settledAt, at)
    const block = this.#blocks.get(hash)
    if (block === undefined) return
    if (block.settlement !== null && !block.wasLost)
      this.#report.wrong(
        'not-lost',
        entry,
        `Entry ${entry} takes back the reward of block ${hash}, which has been approved on the main chain ever since it was shared.`,
        'A BlockDisconnected or a BlockDisapproved of that block since.',
      )
    block.settlement = null
  }

  /** Takes a settlement of work, and answers the credits that the shares come to. */
  workSettled(entry: number, data: EventData<'WorkSettled'>): readonly WorkCredit[] {
    this.#settledAt = Math.max(this.#settledAt, data.at)
    const due = this.#due.shift()
    this.recomputed++
    if (due === undefined) {
      this.#report.wrong(
        'other-settlement',
        entry,
        `Entry ${entry} settles work at height ${data.height}.`,
        'Nothing: no work is due.',
      )
      return []
    }
    const expected = workSettledEvent(data.at, due.policy, due.height ?? 0, due.work)
    if (expected.type !== 'WorkSettled') return []
    for (const key of ['policy', 'height', 'shares', 'units', 'accounts', 'atoms', 'credits'] as const)
      if (data[key] !== expected.data[key])
        this.#report.wrong(
          'other-settlement',
          entry,
          `Entry ${entry} settles work with ${key} ${data[key]}.`,
          `${key} ${expected.data[key]}, from the shares by the policy of revision ${due.policy}.`,
        )
    for (const end of ['from', 'to'] as const)
      if (placeText(data[end]) !== placeText(expected.data[end]))
        this.#report.wrong(
          'other-settlement',
          entry,
          `Entry ${entry} settles work ${end} ${placeText(data[end])}.`,
          `${end} ${placeText(expected.data[end])}.`,
        )
    return due.work.credits
  }

  /** Says what should have been shared, taken back or settled by the end of the log. */
  end(): void {
    for (const [hash, block] of this.#blocks) {
      const { phase, entry, sinceMs, settlement, find } = block
      if (!this.#clock.isOverdue(sinceMs, this.#settledAt)) continue
      const scheme = find.policy?.policy.scheme.kind ?? 'solo'
      if (isEarned(phase) && settlement === null && scheme !== 'solo')
        this.#report.wrong(
          'not-shared',
          entry,
          `Block ${hash} is ${phase} by entry ${entry}, and its reward of ${block.reward} atoms is not shared.`,
          `An allocation by ${scheme}.`,
        )
      if (!isEarned(phase) && settlement !== null)
        this.#report.wrong(
          'not-taken-back',
          entry,
          `Block ${hash} is ${phase} by entry ${entry}, and settlement ${settlement} still shares its reward.`,
          'A RewardReversed: nobody is paid for a block that is not approved on the main chain.',
        )
    }
    for (const { entry, atMs, work } of this.#due)
      if (this.#clock.isOverdue(atMs, this.#settledAt))
        this.#report.wrong(
          'not-settled',
          entry,
          `The work of ${work.shares} shares up to ${placeText(work.to)} was due at entry ${entry} and is not settled.`,
          'A WorkSettled.',
        )
  }

  /** The window of a find, summed up anew. Left: why that can't be done. */
  #windowOf(find: Find): E.Either<string, WindowSums | null> {
    const limit = this.#limitOf(find)
    if (limit === undefined || find.share === null) return E.right(null)
    const walk = find.era.window.walk(find.share, limit)
    for (;;) {
      const step = walk.next()
      if (step.done === true)
        return E.mapLeft(({ message }: { readonly message: string }) => message)(step.value)
    }
  }

  #limitOf(find: Find): WindowLimit | undefined {
    const scheme = find.policy?.policy.scheme
    return scheme === undefined
      ? undefined
      : windowLimit(scheme, find.atMs, null, scheme.kind === 'prop' ? this.#findBefore(find) : null)
  }

  /** The latest earlier find whose reward is shared as things stand. */
  #findBefore({ ordinal, era }: Find): ShareReference | null {
    let latest: Find | undefined
    for (const { settlement, find } of this.#blocks.values())
      if (
        settlement !== null &&
        find.era === era &&
        find.ordinal < ordinal &&
        (latest === undefined || find.ordinal > latest.ordinal)
      )
        latest = find
    return latest?.share ?? null
  }

  /** The earliest find of the scheme in force whose reward may yet be shared, or shared anew. */
  #oldestUndecided(): Find | undefined {
    const depth = 2 * this.#network.coinbaseMaturity
    let oldest: Find | undefined
    const consider = (find: Find): void => {
      if (find.era === this.#era && (oldest === undefined || find.ordinal < oldest.ordinal)) oldest = find
    }
    for (const [hash, find] of this.#solved)
      if (this.#height > find.height + depth) this.#solved.delete(hash)
      else consider(find)
    for (const { phase, settlement, height, find } of this.#blocks.values()) {
      if (phase === 'orphaned' || (phase === 'matured' && settlement !== null)) continue
      const isUnshared = isEarned(phase) && settlement === null
      if (isUnshared || this.#height <= height + depth) consider(find)
    }
    return oldest
  }

  /** The earliest end of a gateway that may have lost a share whose block is yet to be seen. */
  #oldestEnd(): Find | undefined {
    const newest = Math.max(...this.#ends.keys())
    let oldest: Find | undefined
    for (const [gateway, end] of this.#ends)
      if (
        gateway < newest &&
        end.era === this.#era &&
        end.share !== null &&
        this.#height <= end.height + LOST_HEIGHTS &&
        (oldest === undefined || end.ordinal < oldest.ordinal)
      )
        oldest = end
    return oldest
  }

  #trim(): void {
    const [undecided, end] = [this.#oldestUndecided(), this.#oldestEnd()]
    const oldest =
      (undecided === undefined || (end !== undefined && end.ordinal < undecided.ordinal) ? end : undecided) ??
      this.#findAt(null, this.#era.shares, this.#clock.now - SKEW_MS_MAX)
    const limit = this.#limitOf(oldest)
    if (limit !== undefined) this.#era.window.trim(oldest.share, limit)
  }

  /** How many shares the scheme in force may still pay for. */
  #unpaidShares(atMs: number): number {
    const { last, window, shares } = this.#era
    if (this.#oldestUndecided() !== undefined) return window.shares
    const find = this.#findAt(last, shares, atMs)
    const limit = this.#limitOf(find)
    if (limit === undefined || last === null) return 0
    if (limit.after !== null && placeText(limit.after) === placeText(last)) return 0
    const sums = this.#windowOf(find)
    return E.isRight(sums) ? (sums.right?.shares ?? 0) : window.shares
  }
}

/** Who gets what a share of nobody known would earn: A3 has named it. */
const UNKNOWN = 'unknown'

const isEarned = (phase: BlockPhase): boolean => phase === 'approved' || phase === 'matured'

const allocationOf = (
  { scheme, feePpm }: Policy,
  { reward }: RewardedBlock,
  window: WindowSums | null,
): Allocation | undefined => (reward === null ? undefined : allocate(scheme, toAtoms(reward), feePpm, window))

const allocated = (event: PoolEvent): readonly EventData<'RewardAllocated'>[] =>
  event.type === 'RewardAllocated' ? [event.data] : []

const columnsOf = (parts: readonly EventData<'RewardAllocated'>[]): ReadonlyMap<string, string> =>
  new Map(
    parts.flatMap(({ account, units, atoms }) =>
      account.map((id, i) => [id, `${atoms[i]} atoms for ${units[i]} units`] as const),
    ),
  )

const placeText = ({ stream, revision, index }: ShareReference): string => `${index} of ${stream}@${revision}`

const windowText = (window: EventData<'RewardAllocated'>['window']): string =>
  window === null
    ? 'of none'
    : `from share ${placeText(window.from)} to ${placeText(window.to)}: ${window.shares} shares, ${window.units} units`
