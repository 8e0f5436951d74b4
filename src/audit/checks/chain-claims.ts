import { type BlockPhase, phaseAfterBlock } from '../../../domain/block/lifecycle.ts'
import type { BlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { merkleRoot, previousBlock } from '../../../domain/decred/header.ts'
import { fromHex } from '../../../domain/decred/hex.ts'
import type { Network, NetworkName } from '../../../domain/decred/network.ts'
import { type SubsidySplit, workSubsidy } from '../../../domain/decred/subsidy.ts'
import type { EventData } from '../../../domain/events.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'

/** What the ledger says of a block, as far as the chain can be asked. */
export interface ClaimedBlock {
  readonly hash: string
  readonly height: number
  phase: BlockPhase
  /** The entry that says so. */
  entry: number
  reward: EventData<'BlockConnected'>['reward'] | null
  /** Confirmations that it was said to have when it matured. */
  matured: number | null
}

/** Work as the chain must have it, if its block is there. */
interface ClaimedWork {
  readonly entry: number
  readonly gateway: number
  readonly bits: number
}

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
  /** By the Merkle root of the template. */
  readonly templates = new Map<string, ClaimedWork>()
  /** By parent. */
  readonly tips = new Map<string, ClaimedWork>()
  /** Lowest height of any work; null before the first. */
  firstHeight: number | null = null

  constructor(report: Report, network: Network) {
    this.#report = reportOf('A5', report)
    this.#network = network
    this.#isSettled = SETTLED.has(network.name)
  }

  workIssued(entry: number, gateway: number, data: EventData<'WorkIssued'>): void {
    const { height, bits } = data
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
    const work = { entry, gateway, bits }
    this.tips.set(previousBlock(header), work)
    this.templates.set(merkleRoot(header), work)
  }

  takeBlock(entry: number, hash: string, event: BlockEvent): void {
    if (event.type === 'BlockFound') {
      const { height } = event.data
      this.blocks.set(hash, { hash, height, phase: 'found', entry, reward: null, matured: null })
      return
    }
    const block = this.blocks.get(hash)
    const phase = phaseAfterBlock(event.type)
    if (block === undefined || phase === undefined) return
    block.phase = phase
    block.entry = entry
    if (event.type === 'BlockConnected') block.reward = event.data.reward
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
}
