import { type BlockPhase, phaseAfterBlock } from '../../../domain/block/lifecycle.ts'
import type { BlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { merkleRoot } from '../../../domain/decred/header.ts'
import { fromHex } from '../../../domain/decred/hex.ts'
import type { Network, NetworkName } from '../../../domain/decred/network.ts'
import { type SubsidySplit, workSubsidy } from '../../../domain/decred/subsidy.ts'
import type { EventData } from '../../../domain/events.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { Job, SharesAtHand } from '../references.ts'
import { type LedgerClock, timeText } from '../time.ts'

/** What the ledger says of a block, as far as the chain can be asked. */
export interface ClaimedBlock {
  readonly hash: string
  readonly height: number
  phase: BlockPhase
  /** The entry that says so. */
  entry: number
  sinceMs: number
  reward: EventData<'BlockConnected'>['reward'] | null
  /** Confirmations that it was said to have when it matured. */
  matured: number | null
}

/** What work of the ledger says of the block after a parent. */
export interface ClaimedWork {
  /** The first that says so. */
  readonly entry: number
  readonly height: number
  readonly bits: number
  /** Shares of such work, and the sum of their difficulties as far as a double counts exactly: it is shown, and nothing depends on it. */
  shares: number
  difficulty: number
}

/** A height that the work has not gone below since. */
interface ReachedHeight {
  readonly height: number
  readonly sinceMs: number
}

/**
 * Blocks that a reorganisation may replace, and that the pool may be late by: what stands so far below the newest work, or below the tip
 * of a node that is asked, is decided.
 */
export const RECENT_BLOCKS = 6

/** Where DCP0011 and DCP0012 were in force before there was a Lodebook. On other networks each chain has its own rules. */
const SETTLED: ReadonlySet<NetworkName> = new Set<NetworkName>(['mainnet', 'testnet3'])
const SPLITS: readonly SubsidySplit[] = ['original', 'dcp0010', 'dcp0012']

/**
 * A5: what the ledger says of the chain, gathered while it is folded. What needs no node is checked at once; `checkChain` asks about the
 * rest.
 */
export class ChainClaims {
  readonly #report: CheckReport
  readonly #network: Network
  readonly #isSettled: boolean
  readonly blocks = new Map<string, ClaimedBlock>()
  /** By the Merkle root of the template, the entry with which each gateway issued it first. */
  readonly templates = new Map<string, Map<number, number>>()
  /** By parent. An honest ledger says one thing of each. */
  readonly tips = new Map<string, ClaimedWork[]>()
  /** Lowest height of any work; null before the first. */
  firstHeight: number | null = null
  readonly #clock: LedgerClock
  readonly #claimOf = new WeakMap<Job, ClaimedWork>()
  /** Lowest first. */
  readonly #reached: ReachedHeight[] = []
  /** When there was last work on a parent that was new: the node told the pool of it. */
  #nodeSeenMs = 0

  constructor(report: Report, network: Network, clock: LedgerClock) {
    this.#report = reportOf('A5', report)
    this.#network = network
    this.#clock = clock
    this.#isSettled = SETTLED.has(network.name)
  }

  workIssued(entry: number, gateway: number, data: EventData<'WorkIssued'>): void {
    const { height } = data
    const splits: readonly SubsidySplit[] = this.#isSettled ? ['dcp0012'] : SPLITS
    const subsidies = splits.map((split) =>
      workSubsidy(this.#network, height, this.#network.votesPerBlock, split),
    )
    if (!subsidies.includes(BigInt(data.subsidy)))
      this.#report.wrong(
        'other-subsidy',
        entry,
        `Entry ${entry} gives a full proof-of-work subsidy of ${data.subsidy} atoms at height ${height}.`,
        `${subsidies.join(' or ')}, by the rules of ${this.#network.name}.`,
      )
    if (this.#isSettled && data.powAlgorithm !== 'blake3')
      this.#report.wrong(
        'other-proof-of-work',
        entry,
        `Entry ${entry} issues work at height ${height} to be proven by ${data.powAlgorithm}.`,
        `blake3, which is the proof of work of ${this.#network.name}.`,
      )
    const header = fromHex(data.header)
    if (header === undefined) return
    this.firstHeight = Math.min(height, this.firstHeight ?? height)
    this.#checkFall(entry, height)
    this.#reach(height, data.at)
    const root = merkleRoot(header)
    const issued = this.templates.get(root)
    if (issued?.has(gateway) !== true)
      this.templates.set(root, new Map([...(issued ?? []), [gateway, entry] as const]))
  }

  #checkFall(entry: number, height: number): void {
    const before = this.#reached.at(-1)?.height ?? 0
    if (height >= before - RECENT_BLOCKS) return
    this.#report.notice(
      'other-height',
      entry,
      `Entry ${entry} issues work at height ${height}, after work at height ${before}.`,
      `Work on the tip: a reorganisation of more than ${RECENT_BLOCKS} blocks is rare.`,
    )
  }

  #reach(height: number, sinceMs: number): void {
    while ((this.#reached.at(-1)?.height ?? 0) > height) this.#reached.pop()
    if (this.#reached.at(-1)?.height !== height) this.#reached.push({ height, sinceMs })
  }

  /** Takes a job that was just issued. Height and bits of a block follow from its parent. */
  jobKnown(job: Job): void {
    const { entry, parent, height, bits } = job
    const claims = this.tips.get(parent) ?? []
    const known = claims.find((each) => each.height === height && each.bits === bits)
    const claim = known ?? { entry, height, bits, shares: 0, difficulty: 0 }
    this.#claimOf.set(job, claim)
    if (known !== undefined) return
    this.tips.set(parent, [...claims, claim])
    const [first] = claims
    if (first === undefined) {
      this.#nodeSeenMs = Math.max(this.#nodeSeenMs, job.atMs)
      return
    }
    this.#report.wrong(
      first.height === height ? 'other-bits' : 'other-height',
      entry,
      `Entry ${entry} issues work of height ${height} and bits ${bits} on block ${parent}.`,
      `Height ${first.height} and bits ${first.bits}, as in entry ${first.entry}: both follow from the parent.`,
    )
  }

  /** Takes the shares of an entry. */
  takeShares({ runs, columns }: SharesAtHand): void {
    const { difficulty } = columns
    for (const { job, from, to } of runs) {
      const claim = job === undefined ? undefined : this.#claimOf.get(job)
      if (claim === undefined) continue
      let sum = 0
      for (let i = from; i < to; i++) sum += difficulty[i] ?? 0
      claim.difficulty += sum
      claim.shares += to - from
    }
  }

  takeBlock(entry: number, hash: string, event: BlockEvent): void {
    if (event.type === 'BlockFound') {
      const { height } = event.data
      const sinceMs = event.data.at
      this.blocks.set(hash, { hash, height, phase: 'found', entry, sinceMs, reward: null, matured: null })
      return
    }
    const block = this.blocks.get(hash)
    const phase = phaseAfterBlock(event.type)
    if (block === undefined || phase === undefined) return
    block.phase = phase
    block.entry = entry
    block.sinceMs = event.data.at
    if (event.type === 'BlockConnected') this.#takeReward(entry, block, event.data.reward)
    if (event.type !== 'BlockMatured') return
    const { confirmations } = event.data
    block.matured = confirmations
    const { name, coinbaseMaturity } = this.#network
    if (this.#isSettled && confirmations <= coinbaseMaturity)
      this.#report.wrong(
        'too-young',
        entry,
        `Entry ${entry} says that block ${hash} matured with ${confirmations} confirmations.`,
        `More than ${coinbaseMaturity}, by the rules of ${name}.`,
      )
  }
  /** The coinbase is fixed by the hash. */
  #takeReward(entry: number, block: ClaimedBlock, reward: EventData<'BlockConnected'>['reward']): void {
    const before = block.reward
    block.reward = reward
    if (before === null || rewardText(before) === rewardText(reward)) return
    this.#report.wrong(
      'other-reward',
      entry,
      `Entry ${entry} connects block ${block.hash} with a reward of ${rewardText(reward)}.`,
      `${rewardText(before)}, as before: a block has one coinbase.`,
    )
  }

  /** Says what is missing at the end of the log. */
  end(): void {
    for (const { hash, height, phase, entry, sinceMs } of this.blocks.values()) {
      const due = DUE[phase]
      if (due === undefined) continue
      const decided = height + due.blocks(this.#network.coinbaseMaturity)
      const reached = this.#reached.find((each) => each.height > decided)
      if (
        reached === undefined ||
        !this.#clock.isOverdueByNode(Math.max(reached.sinceMs, sinceMs), this.#nodeSeenMs)
      )
        continue
      this.#report.wrong(
        'phase-overdue',
        entry,
        `Entry ${entry} leaves block ${hash} at height ${height} ${phase}, and since ${timeText(reached.sinceMs)} the work is of height ${reached.height} or more.`,
        due.what,
      )
    }
  }
}

// A network of one's own may have a maturity of its own, so there is room for that.
const twiceMature = (coinbaseMaturity: number): number => 2 * coinbaseMaturity

/** What is due of a block that is in a phase which is none to remain in, and how many blocks above it the work may be until then. */
const DUE: Readonly<
  Partial<
    Record<BlockPhase, { readonly what: string; readonly blocks: (coinbaseMaturity: number) => number }>
  >
> = {
  found: { what: 'That it was connected, or given up.', blocks: twiceMature },
  // Work on a block is one above it, and the votes on it are in the next.
  connected: {
    what: 'What the votes in the next block say of it, or that it was disconnected.',
    blocks: () => 1 + RECENT_BLOCKS,
  },
  approved: { what: 'That it matured.', blocks: twiceMature },
  disconnected: { what: 'That it was connected again, or given up.', blocks: twiceMature },
}

/** A reward as sentences give it. */
export const rewardText = ({
  transaction,
  output,
  atoms,
}: {
  readonly transaction: string
  readonly output: number
  readonly atoms: string | bigint
}): string => `${atoms} atoms in output ${output} of ${transaction}`
