import type { BlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PayoutEvent } from '../../domain/payout/lifecycle.ts'
import { readStreamName, type StreamName, streamOfType } from '../../domain/stream-name.ts'
import { BlocksCheck } from './checks/blocks.ts'
import { BooksCheck } from './checks/books.ts'
import { ChainClaims } from './checks/chain-claims.ts'
import { EntriesCheck } from './checks/entries.ts'
import { LuckCheck } from './checks/luck.ts'
import { PayoutsCheck } from './checks/payouts.ts'
import { ReservesCheck, type ShownReserves } from './checks/reserves.ts'
import { RewardsCheck, type SharedReward } from './checks/rewards.ts'
import { SessionsCheck } from './checks/sessions.ts'
import { ShareTimes } from './checks/share-times.ts'
import { SharesCheck } from './checks/shares.ts'
import { type Report, reportOf } from './finding.ts'
import type { ProofOutcome } from './prover.ts'
import type { OtherEvent, ReadEntry } from './read-entry.ts'
import { type HeaderFact, References, type ResolvedShares } from './references.ts'
import { LedgerClock } from './time.ts'

/** Ledger time between two looks at what is owed: a look takes time in proportion to the accounts. */
const LIABILITIES_MS = 300_000
/** Shared rewards that the report shows: the latest. */
const SHARED_KEPT = 200

/**
 * All checks that need the ledger alone, over its entries in order (A2 to A10). Hashing is done beside it: what it hands out by
 * {@link take} comes back, in the same order, by {@link proved}. Mutable, one owner.
 */
export class Fold {
  readonly network: Network
  readonly references: References
  readonly clock = new LedgerClock()
  readonly entries: EntriesCheck
  readonly shares: SharesCheck
  readonly sessions: SessionsCheck
  readonly shareTimes: ShareTimes
  readonly blocks: BlocksCheck
  readonly rewards: RewardsCheck
  readonly books: BooksCheck
  readonly payouts: PayoutsCheck
  readonly luck: LuckCheck
  readonly reserves: ReservesCheck
  readonly claims: ChainClaims
  /** The latest rewards that were shared, oldest first. */
  readonly shared: SharedReward[] = []
  /** Names and keys that the ledger says it has, in order. */
  readonly ledgerKeys: { readonly entry: number; readonly origin: string; readonly key: string }[] = []
  firstAt: number | null = null
  /** The log was taken to its end. */
  isEnded = false
  #count = 0
  #notedAt = Number.NEGATIVE_INFINITY
  readonly #report: Report

  /** `nowMs`: the auditor's own clock. */
  constructor(network: Network, report: Report, nowMs: number) {
    this.network = network
    this.#report = report
    this.references = new References(network)
    this.entries = new EntriesCheck(report, this.references, nowMs)
    this.shares = new SharesCheck(report, this.references)
    this.sessions = new SessionsCheck(report, this.references)
    this.shareTimes = new ShareTimes(report)
    this.blocks = new BlocksCheck(report, this.references, this.clock)
    this.rewards = new RewardsCheck(report, network, this.clock, (shared) => {
      this.shared.push(shared)
      if (this.shared.length > SHARED_KEPT) this.shared.shift()
    })
    this.books = new BooksCheck(report)
    this.payouts = new PayoutsCheck(report, network)
    this.luck = new LuckCheck(report, this.references, network)
    this.reserves = new ReservesCheck(report)
    this.claims = new ChainClaims(report, network, this.clock)
  }

  /** Entries taken. */
  get count(): number {
    return this.#count
  }

  /** What those who rebuild headers must know before they prove what was handed out since. */
  takeFacts(): readonly HeaderFact[] {
    return this.references.takeFacts()
  }

  /** Takes the next entry. Answers its shares, to be proven; null when it has none. */
  take(entry: ReadEntry): ResolvedShares | null {
    const index = this.#count++
    try {
      return this.#take(index, entry)
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      reportOf('A2', this.#report).wrong(
        'malformed',
        index,
        `Entry ${index} can't be computed with: ${thrown.message}.`,
        'Figures that a chain can have.',
      )
      return null
    }
  }

  #take(index: number, entry: ReadEntry): ResolvedShares | null {
    this.entries.take(index, entry)
    if (entry.kind === 'faulty' || entry.kind === 'unknown') return null
    const { stream, revision } = entry
    const name = readStreamName(stream)
    const type = entry.kind === 'shares' ? 'SharesAccepted' : entry.event.type
    if (name.kind !== streamOfType[type]) return null
    const at = entry.kind === 'shares' ? entry.at : entry.event.data.at
    this.firstAt ??= at
    this.clock.take(type, at)
    if (entry.kind === 'shares') {
      if (name.kind !== 'shares') return null
      const place = { stream, revision, at }
      const shares = this.references.resolve(index, name.gateway, place, entry.columns)
      this.entries.takeShares(shares)
      this.shares.take(shares)
      this.sessions.takeShares(shares)
      this.claims.takeShares(shares)
      this.blocks.take(shares)
      this.rewards.takeShares(shares)
      this.shareTimes.take(shares)
      return shares
    }
    this.#takeEvent(index, name, revision, entry.event)
    return null
  }

  #takeEvent(index: number, name: StreamName, revision: number, event: OtherEvent): void {
    switch (name.kind) {
      case 'pool':
        if (event.type === 'GatewayJoined') {
          this.blocks.gatewayJoined()
          this.shares.gatewayJoined(event.data)
          this.sessions.gatewayJoined()
          this.rewards.gatewayJoined(event.data)
        }
        if (event.type === 'LedgerKeyAdopted') this.ledgerKeys.push({ entry: index, ...event.data })
        if (event.type === 'PolicyAdopted') {
          this.shares.policyAdopted(event.data)
          this.luck.policyAdopted(event.data)
          this.rewards.policyAdopted(index, revision, event.data)
        }
        break
      case 'connection':
        if (event.type === 'MinerConnected') this.shares.minerConnected(index, name.gateway, event.data)
        if (event.type === 'MinerDisconnected')
          this.luck.connectionEnded(index, name.gateway, name.connection, event.data)
        break
      case 'work':
        if (event.type !== 'WorkIssued') break
        this.shares.workIssued(index, name.gateway, event.data)
        this.claims.workIssued(index, name.gateway, event.data)
        this.rewards.workIssued(index, event.data)
        break
      case 'shares':
        if (event.type === 'SharesRejected') this.luck.sharesRejected(name.gateway, event.data)
        break
      case 'account':
        if (event.type === 'AccountOpened') this.payouts.accountOpened(index, name.account, event.data)
        break
      case 'block':
        if (isBlockEvent(event)) {
          this.blocks.takeBlock(index, name.hash, event)
          this.rewards.takeBlock(index, name.hash, event)
          this.claims.takeBlock(index, name.hash, event)
          this.books.takeBlock(index, name.hash, event)
        }
        break
      case 'settlement':
        this.#takeSettlement(index, name.number, event)
        break
      case 'payout':
        if (isPayoutEvent(event)) {
          const fees = this.books.plannableFees(event.data.at)
          this.payouts.take(index, name.number, event, this.rewards.policies, this.books.books, fees)
          if (event.type === 'PayoutReturned' && event.data.why === 'funding-lost')
            this.payouts.returnedAsLost(index, name.number, this.claims.blocks.values())
          this.books.takePayout(index, name.number, event)
        }
        break
      case 'admin':
      case 'other':
        break
    }
    this.references.take(index, name, event)
    if (name.kind === 'connection') this.sessions.take(index, name, event)
    if (event.type === 'WorkIssued' && name.kind === 'work') {
      const job = this.references.job(name.gateway, event.data.job)
      if (job !== undefined) {
        this.shares.jobKnown(job)
        this.claims.jobKnown(job)
      }
    }
    if (MONEY.has(name.kind) && event.data.at - this.#notedAt >= LIABILITIES_MS) {
      this.#notedAt = event.data.at
      this.reserves.note(event.data.at, this.books.liabilities())
      this.#lookAtPayable(event.data.at)
    }
  }

  #lookAtPayable(at: number): void {
    const { height } = this.references
    this.payouts.runs.look(at, height, this.rewards.policy?.policy, this.books.books)
  }

  #takeSettlement(index: number, settlement: number, event: OtherEvent): void {
    if (event.type === 'RewardAllocated') {
      this.rewards.takeAllocation(index, settlement, event.data)
      this.books.takeAllocation(index, settlement, event)
    }
    if (event.type === 'RewardReversed') {
      this.rewards.rewardReversed(index, event.data)
      this.books.takeAllocation(index, settlement, event)
    }
    if (event.type === 'WorkSettled') {
      const credits = this.rewards.workSettled(index, event.data)
      this.books.takeWorkSettled(index, event.data, credits)
    }
  }

  /** Takes what became of shares that {@link take} handed out. `isHashed`: they were hashed now, and not by an earlier audit. */
  proved(shares: ResolvedShares, outcome: ProofOutcome, isHashed: boolean): void {
    this.shares.proved(shares, outcome, isHashed ? shares.columns.count : 0)
    this.blocks.proved(shares, isHashed ? outcome : null)
    this.luck.take(shares, this.blocks.solving)
  }

  /** Says what the end of the log shows. `shown`: what of the pool's money was found on the chain, if that was asked. */
  end(shown: ShownReserves | null): void {
    this.isEnded = true
    const owed = this.books.liabilities()
    this.entries.end()
    this.blocks.end()
    this.rewards.end()
    this.claims.end()
    this.books.end(Math.max(0, this.#count - 1))
    const { books } = this.books
    this.payouts.end(this.clock.now, books)
    this.payouts.runs.end(this.clock.now, this.references.height, this.rewards.policy?.policy, books)
    this.luck.end(this.blocks.solving)
    this.reserves.note(this.clock.now, owed)
    this.reserves.end(owed, this.rewards.policy?.policy, shown)
  }
}

/** Streams whose events may change what is owed. */
const MONEY: ReadonlySet<StreamName['kind']> = new Set(['block', 'settlement', 'payout'])

const isBlockEvent = (event: OtherEvent): event is BlockEvent => event.type.startsWith('Block')
const isPayoutEvent = (event: OtherEvent): event is PayoutEvent => event.type.startsWith('Payout')
