import * as E from 'fp-ts/lib/Either.js'
import type { BlockInfo, ChainTip, ChainView, Node, NodeError } from '../../../adapters/node/port.ts'
import { payableAddress, paymentScript } from '../../../domain/decred/address.ts'
import { type Block, decodeBlock, workReward } from '../../../domain/decred/block.ts'
import {
  blockHash,
  EXTRA_DATA_OFFSET,
  HEADER_BYTES,
  headerBits,
  headerVoteBits,
  merkleRoot,
  previousBlock,
} from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import type { NetworkName } from '../../../domain/decred/network.ts'
import { compactToTarget } from '../../../domain/decred/target.ts'
import { decodeTransaction, type Transaction, transactionId } from '../../../domain/decred/transaction.ts'
import { canHaveGiven } from '../../../domain/mining/session-book.ts'
import { planOfEvent } from '../../../domain/payout/plan-event.ts'
import { spendersIn } from '../../../domain/payout/transaction.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { Fold } from '../fold.ts'
import { type ClaimedBlock, type ClaimedWork, RECENT_BLOCKS, rewardText } from './chain-claims.ts'
import type { AuditedPayout } from './payouts.ts'
import type { ShownReserves } from './reserves.ts'

/**
 * How much easier than the chain's the target of work on a block may be that is not in it. On mainnet it follows from the time of the
 * parent: a time that is two hours off, which is as far as may be, makes it 2^(7,200 / 43,200) = 1.12 times as easy.
 */
const EASIER_THAN_CHAIN_MAX: Readonly<
  Record<NetworkName, readonly [numerator: bigint, denominator: bigint]>
> = {
  mainnet: [9n, 8n],
  // Twelve minutes of testnet3. On the others difficulty is what their owner makes it.
  testnet3: [2n, 1n],
  simnet: [2n, 1n],
  regnet: [2n, 1n],
}
/** Blocks asked for at a time. */
const BLOCKS_AT_ONCE = 8

/** An output of the chain that is the pool's by the ledger. */
interface Coin {
  readonly atoms: bigint
  /** Its transaction is in the chain, and approved. */
  isThere: boolean
  isSpent: boolean
}

/** The block of the main chain after one that the ledger has work on. */
interface NextBlock {
  readonly hash: string
  readonly height: number
  readonly bits: number
}

/** A block of the main chain as far as the audit looks at it. */
interface ChainBlock {
  readonly hash: string
  readonly height: number
  readonly bytes: Uint8Array
  readonly block: Block
}

/**
 * A5, A8 and A10 against the chain: blocks, their rewards and votes, the transactions of payouts, and what is left of the pool's money. Reads
 * every block from the ledger's first work on. Left: why the node could not be asked to the end.
 */
export async function checkChain(
  node: Node,
  fold: Fold,
  report: Report,
  onProgress: (done: number, of: number) => void,
): Promise<E.Either<string, ShownReserves>> {
  const check = new ChainCheck(node, fold, report)
  return E.mapLeft(({ message }: NodeError) => message)(await check.all(onProgress))
}

class ChainCheck {
  readonly #network: Node['network']
  /** Of one node, where there are several: what one does not know must not be taken from another. */
  readonly #chain: ChainView
  readonly #fold: Fold
  readonly #a5: CheckReport
  readonly #a8: CheckReport
  readonly #coins = new Map<string, Coin>()
  /** Payouts that are signed and not returned, by their transaction. */
  readonly #signed = new Map<string, AuditedPayout>()
  /** The block of the main chain that holds such a transaction. */
  readonly #seen = new Map<string, string>()
  /** Blocks of the main chain, and whether the next one approves them. */
  readonly #onChain = new Map<string, boolean>()
  /** By their parents, which the ledger has work on. */
  readonly #after = new Map<string, NextBlock>()
  /** Work on blocks that the node does not know, as hard as that of the chain. */
  readonly #lost: ClaimedWork[] = []
  /** By height. */
  readonly #bits = new Map<number, number>()

  constructor(node: Node, fold: Fold, report: Report) {
    this.#network = node.network
    this.#chain = node.view()
    this.#fold = fold
    this.#a5 = reportOf('A5', report)
    this.#a8 = reportOf('A8', report)
  }

  async all(onProgress: (done: number, of: number) => void): Promise<E.Either<NodeError, ShownReserves>> {
    const { network } = this.#fold
    if (this.#network !== network.name)
      return E.left({
        kind: 'wrong-network',
        message: `The node is of ${this.#network} and the ledger of ${network.name}. Ask a node of ${network.name}.`,
      })
    const tip = await this.#chain.tip()()
    if (E.isLeft(tip)) return tip
    this.#expectCoins()
    const scanned = await this.#scan(tip.right, onProgress)
    if (E.isLeft(scanned)) return scanned
    for (const [parent, claims] of this.#fold.claims.tips) {
      const asked = await this.#askWork(parent, claims, tip.right)
      if (E.isLeft(asked)) return asked
    }
    this.#tellLost()
    for (const block of this.#fold.claims.blocks.values()) {
      const asked = await this.#askBlock(block, tip.right)
      if (E.isLeft(asked)) return asked
    }
    for (const payout of this.#fold.payouts.payouts.values()) {
      const asked = await this.#askPayout(payout)
      if (E.isLeft(asked)) return asked
    }
    const left = [...this.#coins.values()].filter(({ isThere, isSpent }) => isThere && !isSpent)
    return E.right({
      outputs: left.length,
      unspent: left.reduce((sum, { atoms }) => sum + atoms, 0n),
      paidAlready: this.#paidAlready(),
    })
  }

  /** The outputs that are the pool's by what the ledger says: rewards of its blocks, change of its payouts. */
  #expectCoins(): void {
    for (const { reward } of this.#fold.claims.blocks.values())
      if (reward !== null) this.#coin(reward.transaction, reward.output, BigInt(reward.atoms))
    for (const payout of this.#fold.payouts.payouts.values()) {
      const { transaction, plan, returned } = payout
      if (transaction === null || returned !== null) continue
      this.#signed.set(transaction, payout)
      const output = this.#changeOutput(payout)
      if (plan.change !== null && output >= 0) this.#coin(transaction, output, BigInt(plan.change.atoms))
    }
  }

  #coin(transaction: string, output: number, atoms: bigint): void {
    this.#coins.set(`${transaction}:${output}`, { atoms, isThere: false, isSpent: false })
  }

  /** Which output of a payout's transaction is its change; -1 for none. */
  #changeOutput({ plan, bytes }: AuditedPayout): number {
    if (plan.change === null || bytes === null) return -1
    const payable = payableAddress(plan.change.address, this.#fold.network)
    const decoded = decodeTransaction(fromHex(bytes) ?? new Uint8Array(0))
    if (E.isLeft(payable) || E.isLeft(decoded)) return -1
    const script = toHex(paymentScript(payable.right))
    const atoms = BigInt(plan.change.atoms)
    return decoded.right.outputs.findLastIndex((out) => out.atoms === atoms && toHex(out.script) === script)
  }

  /** Goes through the main chain from the ledger's first work on. */
  async #scan(
    tip: ChainTip,
    onProgress: (done: number, of: number) => void,
  ): Promise<E.Either<NodeError, void>> {
    const first = Math.max(1, this.#fold.claims.firstHeight ?? tip.height)
    const count = Math.max(0, tip.height - first + 1)
    let waiting: ChainBlock | undefined
    for (let from = first; from <= tip.height; from += BLOCKS_AT_ONCE) {
      const heights = Array.from(
        { length: Math.min(BLOCKS_AT_ONCE, tip.height - from + 1) },
        (_, i) => from + i,
      )
      const blocks = await Promise.all(heights.map((height) => this.#blockAt(height)))
      for (const read of blocks) {
        if (E.isLeft(read)) return read
        const isApproved = (headerVoteBits(read.right.bytes) & 1) === 1
        if (waiting !== undefined) this.#takeBlock(waiting, isApproved)
        waiting = read.right
      }
      onProgress(Math.min(count, from - first + BLOCKS_AT_ONCE), count)
    }
    if (waiting !== undefined) this.#takeBlock(waiting, true)
    return E.right(undefined)
  }

  async #blockAt(height: number): Promise<E.Either<NodeError, ChainBlock>> {
    const hash = await this.#chain.hashAt(height)()
    return E.isLeft(hash) ? hash : this.#rawBlock(hash.right, height)
  }

  async #rawBlock(hash: string, height: number): Promise<E.Either<NodeError, ChainBlock>> {
    const raw = await this.#chain.rawBlock(hash)()
    if (E.isLeft(raw)) return raw
    const block = decodeBlock(raw.right)
    if (E.isLeft(block) || blockHash(raw.right.subarray(0, HEADER_BYTES)) !== hash)
      return E.left({
        kind: 'protocol',
        message: `The node's block ${hash} can't be read, or is another one. Ask another node.`,
      })
    return E.right({ hash, height, bytes: raw.right.subarray(0, HEADER_BYTES), block: block.right })
  }

  /** Takes a block of the main chain. Regular transactions of one that the next disapproves are not in the chain. */
  #takeBlock({ hash, height, bytes, block }: ChainBlock, isApproved: boolean): void {
    this.#onChain.set(hash, isApproved)
    const { tips, templates, blocks } = this.#fold.claims
    const bits = headerBits(bytes)
    this.#bits.set(height, bits)
    const parent = previousBlock(bytes)
    if (tips.has(parent)) this.#after.set(parent, { hash, height, bits })
    const gateways = blocks.has(hash) ? undefined : templates.get(merkleRoot(bytes))
    const given = [...(gateways ?? [])].find(([gateway]) => canHaveGiven(gateway, bytes))
    if (given !== undefined)
      this.#a5.wrong(
        'block-of-ours-missing',
        given[1],
        `Block ${hash} at height ${height} was made from the work of entry ${given[1]}, with extranonce ${toHex(bytes.subarray(EXTRA_DATA_OFFSET, EXTRA_DATA_OFFSET + 12))}, and the ledger does not know it.`,
        'A stream of its own; or a miner of somebody else who got the same work, which happens to one block in 2,048.',
      )
    this.#takeTransactions(hash, block.stakeTransactions)
    if (isApproved) this.#takeTransactions(hash, block.transactions)
  }

  #takeTransactions(block: string, transactions: readonly Transaction[]): void {
    for (const transaction of transactions) {
      for (const { previous } of transaction.inputs) {
        const spent = this.#coins.get(`${previous.transaction}:${previous.output}`)
        if (spent !== undefined) spent.isSpent = true
      }
      const id = transactionId(transaction)
      if (this.#signed.has(id)) this.#seen.set(id, block)
      for (const output of transaction.outputs.keys()) {
        const made = this.#coins.get(`${id}:${output}`)
        if (made !== undefined) made.isThere = true
      }
    }
  }

  /** What miners have on the chain, in payouts that the ledger has not called over yet. */
  #paidAlready(): bigint {
    let paid = 0n
    for (const [transaction, { confirmed, plan }] of this.#signed)
      if (confirmed === null && this.#seen.has(transaction))
        for (const atoms of plan.deducted) paid += BigInt(atoms)
    return paid
  }

  /** Whether work on a parent is what the block after it must be. */
  async #askWork(
    parent: string,
    claims: readonly ClaimedWork[],
    tip: ChainTip,
  ): Promise<E.Either<NodeError, void>> {
    const next = this.#after.get(parent)
    if (next !== undefined) {
      for (const claim of claims) this.#compareWork(parent, claim, next)
      return E.right(undefined)
    }
    const earning = claims.filter(({ shares }) => shares > 0)
    if (earning.length === 0) return E.right(undefined)
    const info = await this.#chain.block(parent)()
    if (E.isLeft(info) && info.left.kind !== 'not-found') return info
    const known = E.isRight(info) ? info.right : null
    for (const claim of earning)
      if (known === null) this.#unknownParent(parent, claim, tip)
      else this.#compareBeside(parent, claim, known, tip)
    return E.right(undefined)
  }

  #compareWork(parent: string, claim: ClaimedWork, { hash, height, bits }: NextBlock): void {
    const what = this.#workText(parent, claim)
    if (claim.height !== height)
      this.#a5.wrong('other-height', claim.entry, what, `Height ${height}, that of block ${hash} after it.`)
    if (claim.bits !== bits)
      this.#a5.wrong('other-bits', claim.entry, what, `Bits ${bits}, those of block ${hash} after it.`)
  }

  /** Work on a block that no block of the main chain follows: its tip, or a block of a side chain. */
  #compareBeside(
    parent: string,
    claim: ClaimedWork,
    { height, confirmations }: BlockInfo,
    tip: ChainTip,
  ): void {
    const what = this.#workText(parent, claim)
    if (claim.height !== height + 1)
      this.#a5.wrong('other-height', claim.entry, what, `Height ${height + 1}: its parent is of ${height}.`)
    const { name } = this.#fold.network
    // What follows on the tip is not known yet, and on a chain of one's own difficulty may change with every second.
    if (confirmations > 0 || name === 'simnet' || name === 'regnet' || this.#isLikeChain(claim, tip)) return
    this.#a5.wrong('other-bits', claim.entry, what, this.#bitsText(claim, tip))
  }

  #unknownParent(parent: string, claim: ClaimedWork, tip: ChainTip): void {
    const { entry, shares, difficulty } = claim
    if (this.#isLikeChain(claim, tip)) this.#lost.push(claim)
    else
      this.#a5.wrong(
        'unknown-parent',
        entry,
        `${this.#workText(parent, claim)} The node does not know that block, and ${shares} shares of difficulty ${difficulty} count for it.`,
        `A block that the node knows, or work about as hard as there. ${this.#bitsText(claim, tip)}`,
      )
  }

  /**
   * A node that came later never saw the side chains of before, on which an honest pool worked for a while; but it could tell that such
   * work was as hard as that of the chain.
   */
  #tellLost(): void {
    const [first] = this.#lost
    if (first === undefined) return
    const sumOf = (claims: Iterable<ClaimedWork>): number => {
      let sum = 0
      for (const { shares } of claims) sum += shares
      return sum
    }
    const all = sumOf([...this.#fold.claims.tips.values()].flat())
    this.#a5.notice(
      'unknown-parent',
      first.entry,
      `Work on ${this.#lost.length} blocks that the node does not know has ${sumOf(this.#lost)} of all ${all} shares; the first is that of entry ${first.entry}.`,
      'Few: on blocks that lost against others, which a node that came later never saw.',
    )
  }

  /** Whether work is not much easier than that of the main chain at its height. True where that is not known. */
  #isLikeChain({ height, bits }: ClaimedWork, tip: ChainTip): boolean {
    const there = this.#bits.get(Math.min(height, tip.height))
    if (there === undefined) return true
    const [numerator, denominator] = EASIER_THAN_CHAIN_MAX[this.#fold.network.name]
    return compactToTarget(bits) * denominator <= compactToTarget(there) * numerator
  }

  #bitsText({ height }: ClaimedWork, tip: ChainTip): string {
    const at = Math.min(height, tip.height)
    return `Block ${at} of the main chain has bits ${this.#bits.get(at)}.`
  }

  #workText(parent: string, { entry, height, bits }: ClaimedWork): string {
    return `Entry ${entry} issues work of height ${height} and bits ${bits} on block ${parent}.`
  }

  async #askBlock(claimed: ClaimedBlock, tip: ChainTip): Promise<E.Either<NodeError, void>> {
    const { hash, height, phase, entry } = claimed
    const info = await this.#chain.block(hash)()
    if (E.isLeft(info) && info.left.kind !== 'not-found') return info
    const isThere = E.isRight(info) && info.right.confirmations > 0
    const shouldBe = phase !== 'found' && phase !== 'disconnected' && phase !== 'orphaned'
    const isRecent = height > tip.height - RECENT_BLOCKS
    if (isThere !== shouldBe) {
      const tell = isRecent ? this.#a5.notice : this.#a5.wrong
      tell(
        isThere ? 'on-chain' : 'not-on-chain',
        entry,
        `Entry ${entry} leaves block ${hash} ${phase}, and it is ${isThere ? '' : 'not '}on the main chain.`,
        isThere ? 'A block that is connected.' : 'A block that is disconnected, or was never connected.',
      )
      return E.right(undefined)
    }
    if (E.isLeft(info) || !isThere) return E.right(undefined)
    return this.#askConnected(claimed, info.right, isRecent)
  }

  async #askConnected(
    claimed: ClaimedBlock,
    info: BlockInfo,
    isRecent: boolean,
  ): Promise<E.Either<NodeError, void>> {
    const { hash, phase, entry, matured } = claimed
    const raw = await this.#rawBlock(hash, info.height)
    if (E.isLeft(raw)) return raw
    this.#compareReward(claimed, raw.right.block)
    if (matured !== null && info.confirmations < matured)
      this.#a5.wrong(
        'too-young',
        entry,
        `Entry ${entry} has block ${hash} mature at ${matured} confirmations; it has ${info.confirmations}.`,
        'As many confirmations as it is said to have had.',
      )
    if (info.next === null || phase === 'connected') return E.right(undefined)
    const next = await this.#chain.block(info.next)()
    if (E.isLeft(next)) return next
    const approves = (headerVoteBits(next.right.header) & 1) === 1
    const says = phase !== 'disapproved'
    if (approves !== says)
      (isRecent ? this.#a5.notice : this.#a5.wrong)(
        'other-votes',
        entry,
        `Entry ${entry} has block ${hash} ${phase}.`,
        `What the votes of block ${info.next} say: it is ${approves ? 'approved' : 'disapproved'}.`,
      )
    return E.right(undefined)
  }

  #compareReward({ hash, reward, entry, height }: ClaimedBlock, block: Block): void {
    const paid = workReward(block)
    if (height <= 1 || reward === null) return
    const there = E.isRight(paid) ? rewardText(paid.right) : paid.left.message
    const said = rewardText(reward)
    if (there !== said)
      this.#a5.wrong(
        'other-reward-on-chain',
        entry,
        `The reward of block ${hash} is said to be ${said}.`,
        `${there}.`,
      )
  }

  async #askPayout(payout: AuditedPayout): Promise<E.Either<NodeError, void>> {
    const { number, transaction, confirmed, returned, plan } = payout
    const holder = transaction === null ? undefined : this.#seen.get(transaction)
    if (confirmed !== null && transaction !== null && holder !== confirmed.block) {
      const { block, entry } = confirmed
      // A reorganisation deeper than the confirmations that the policy asks for moves a payout after it is over; it is still paid.
      const isMoved = holder !== undefined && this.#onChain.get(block) !== true
      const tell = isMoved ? this.#a8.notice : this.#a8.wrong
      tell(
        'payout-not-on-chain',
        entry,
        `Entry ${entry} has payout ${number} confirmed in block ${block}, ${isMoved ? 'which the chain left since' : 'which does not hold its transaction'}: ${transaction}.`,
        isMoved
          ? `Block ${holder}, which holds the transaction.`
          : 'The transaction, in a block of the main chain that the next one approves.',
      )
    }
    const conflict = returned?.data.conflict ?? null
    if (returned === null || conflict === null) return E.right(undefined)
    const block = this.#onChain.has(conflict.block) ? await this.#rawBlock(conflict.block, 0) : null
    if (block !== null && E.isLeft(block)) return block
    const spenders = block === null ? [] : spendersIn(block.right.block, planOfEvent(plan).funding)
    if (!spenders.includes(conflict.transaction))
      this.#a8.wrong(
        'payout-not-on-chain',
        returned.entry,
        `Entry ${returned.entry} returns payout ${number} because ${conflict.transaction} in block ${conflict.block} has its money, which is not so.`,
        'A transaction of the main chain that spends the money of the payout.',
      )
    return E.right(undefined)
  }
}
