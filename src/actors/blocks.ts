import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { type Actor, createActor } from 'xstate'
import { NO_STREAM } from '../../adapters/event-store/port.ts'
import type { Node, SubmitVerdict } from '../../adapters/node/port.ts'
import type {
  SolvedShare as LoggedSolvedShare,
  ReadModels,
  UnfinishedBlock,
} from '../../adapters/read-models/port.ts'
import {
  type BlockObservation,
  type BlockPhase,
  type BlockRecord,
  blockMachine,
  changesPhase,
  decideBlock,
} from '../../domain/block/lifecycle.ts'
import { blockHash, headerHeight, merkleRoot } from '../../domain/decred/header.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { event, type PoolEvent, publicText } from '../../domain/events.ts'
import type { Journal, StreamWriter } from '../journal.ts'
import { realTimers, type Timers } from '../timers.ts'
import { blockFound, headerOf, isLost, rebuiltHeader, unknownFinder } from './block-found.ts'
import type { SolvedShare } from './connection.ts'
import { observeBlock } from './observe-block.ts'

/**
 * The blocks that the pool found: one actor each, until it is matured or given up. A solved share goes to the nodes before anything
 * is written; from then on each block is brought up to what the chain says whenever the chain moves, at start-up, after every
 * reconnect, and now and then in any case. Of those that are matured only the highest is looked at: the others are below it in the chain.
 */
export interface Blocks {
  /** A miner solved a block just now. */
  readonly solved: (share: SolvedShare) => void
  /** Takes up what an earlier process left: unfinished blocks, solved shares without a block, blocks known to the chain alone. */
  readonly recover: () => Promise<void>
  /** The chain moved, or a node is back: asks after every unfinished block. */
  readonly chainMoved: () => void
  /** A block joined the main chain: perhaps one of an earlier process of ours whose share was lost in a crash. */
  readonly blockConnected: (header: Uint8Array) => Promise<void>
  readonly stop: () => Promise<void>
}

/** What the blocks need of the pool. */
export interface BlocksOptions {
  /** Ordinal of this process. */
  readonly gateway: number
  readonly node: Node
  readonly network: Network
  readonly journal: Journal
  readonly readModels: ReadModels
  readonly nowMs: () => number
  readonly log: Logger
  /** The machine's when not given. */
  readonly timers?: Timers
}

/** Asked again this often even when no notification came. */
const ASK_AGAIN_MS = 15_000
/** Matured blocks remembered. A pool with every block of mainnet finds as many in three and a half days. */
const MATURED_KEPT = 1_024

interface WatchedBlock {
  readonly hash: string
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly stream: StreamWriter
  readonly actor: Actor<typeof blockMachine>
  readonly verdicts: Map<string, SubmitVerdict['verdict']>
  decidedBy: string | null
  /** Work on this block, one piece after the other. */
  queue: Promise<void>
  asked: boolean
}

/** A matured block, as far as it may have to be taken up again. */
type MaturedBlock = Pick<UnfinishedBlock, 'hash' | 'height' | 'powAlgorithm' | 'revision' | 'decidedBy'> & {
  readonly header: Uint8Array
}

/** Starts with no block: `recover` brings back those of earlier processes. */
export function watchBlocks(options: BlocksOptions): Blocks {
  const { gateway, node, network, journal, readModels, nowMs, log } = options
  const blocks = new Map<string, WatchedBlock>()
  /** Highest first. */
  let matured: readonly MaturedBlock[] = []
  let isAskingMatured = false
  let stopped = false
  const recovered = Promise.withResolvers<void>()
  const { every } = options.timers ?? realTimers
  const noQuestions = every(ASK_AGAIN_MS, () => chainMoved())

  function watch(
    hash: string,
    header: Uint8Array,
    powAlgorithm: PowAlgorithm,
    phase: BlockPhase,
    revision: number,
  ): WatchedBlock {
    const actor = createActor(blockMachine, { snapshot: blockMachine.resolveState({ value: phase }) })
    actor.subscribe({ error: (error) => log.error({ err: error, block: hash }, 'a block actor failed') })
    actor.start()
    const block: WatchedBlock = {
      hash,
      header,
      powAlgorithm,
      stream: journal.stream(`block-${hash}`, revision),
      actor,
      verdicts: new Map(),
      decidedBy: null,
      queue: Promise.resolve(),
      asked: false,
    }
    blocks.set(hash, block)
    return block
  }

  /** Runs work on a block after what is already queued for it. A failure is logged; the next question tries again. */
  function enqueue(block: WatchedBlock, work: () => Promise<void>): Promise<void> {
    block.queue = block.queue.then(work).catch((error: unknown) => {
      if (!stopped) log.warn({ err: error, block: block.hash }, 'could not bring a block up to date yet')
    })
    return block.queue
  }

  async function write(block: WatchedBlock, events: readonly PoolEvent[]): Promise<void> {
    if (events.length === 0) return
    await journal.commit(block.stream, events)
    for (const { type, data } of events) {
      if (changesPhase(type)) block.actor.send({ type })
      if ('by' in data) block.decidedBy = data.by
      if (type === 'BlockDisconnected') block.decidedBy = null
      log.info({ block: block.hash, height: headerHeight(block.header), event: type }, 'block')
    }
    const { status, value } = block.actor.getSnapshot()
    if (status === 'done' || value === 'matured') blocks.delete(block.hash)
    if (value === 'matured')
      remember([{ ...block, height: headerHeight(block.header), revision: block.stream.revision }])
  }

  function remember(more: readonly MaturedBlock[]): void {
    const hashes = new Set(more.map(({ hash }) => hash))
    matured = [...matured.filter(({ hash }) => !hashes.has(hash)), ...more]
      .sort((a, b) => b.height - a.height)
      .slice(0, MATURED_KEPT)
  }

  function solved(share: SolvedShare): void {
    if (blocks.has(share.hash)) return
    const verdicts = node.submit(share.header, share.job.powAlgorithm)
    const block = watch(share.hash, share.header, share.job.powAlgorithm, 'found', NO_STREAM)
    log.info({ block: share.hash, height: share.job.height }, 'block found')
    void enqueue(block, async () => {
      const finder = { ...share, share: await share.recorded, job: share.job.number }
      await write(block, [blockFound(nowMs(), block, finder)])
      await recordVerdicts(block, await verdicts)
    })
    void enqueue(block, () => ask(block))
  }

  async function submit(block: WatchedBlock): Promise<void> {
    await recordVerdicts(block, await node.submit(block.header, block.powAlgorithm))
  }

  /** Records what each node said, where that is another answer than it gave before. */
  async function recordVerdicts(block: WatchedBlock, verdicts: readonly SubmitVerdict[]): Promise<void> {
    const news = verdicts.filter(({ node, verdict }) => block.verdicts.get(node) !== verdict)
    for (const { node, verdict } of news) block.verdicts.set(node, verdict)
    await write(
      block,
      news.map(({ node, verdict, message }) =>
        event('BlockSubmitted', {
          v: 1,
          at: nowMs(),
          node: publicText(node),
          verdict,
          message: publicText(message),
        }),
      ),
    )
  }

  /** Brings a block's record up to what the chain says. */
  async function ask(block: WatchedBlock): Promise<void> {
    block.asked = false
    const phase = block.actor.getSnapshot().value
    if (stopped || phase === 'orphaned') return
    let observation = await observe(block, phase)
    const isMissing = observation?.known === false && phase !== 'matured'
    if (isMissing && !isAccepted(block) && !isRefusedByAll(block)) {
      await submit(block)
      // A node refuses what it has already: only asking anew tells that from a block that it does not want.
      observation = await observe(block, phase)
    }
    if (observation === null) return
    await write(block, decideBlock(phase, recordOf(block), observation, network.coinbaseMaturity, nowMs()))
    const isBuried = observation.confirmations > network.coinbaseMaturity
    if (isBuried && block.actor.getSnapshot().value === 'disapproved') blocks.delete(block.hash)
  }

  function recordOf(block: WatchedBlock): BlockRecord {
    return {
      decidedBy: block.decidedBy,
      refusedByAll: isRefusedByAll(block),
    }
  }

  /** Where the chain has the block; null when the node can't say now. */
  const observe = (block: WatchedBlock, phase: BlockPhase): Promise<BlockObservation | null> =>
    observeBlock(node.view(), block, phase === 'found' || phase === 'disconnected', log)

  function chainMoved(): void {
    for (const block of blocks.values()) {
      if (block.asked) continue
      block.asked = true
      void enqueue(block, () => ask(block))
    }
    void askMatured().catch((error: unknown) => {
      if (!stopped) log.warn({ err: error }, 'could not look after the matured blocks yet')
    })
  }

  /** Takes up again, from the highest down, the matured blocks at whose heights the chain has others now. */
  async function askMatured(): Promise<void> {
    if (isAskingMatured) return
    isAskingMatured = true
    try {
      for (const block of matured) {
        if (stopped || !(await hasMoved(block))) return
        const { hash, header, powAlgorithm, revision, decidedBy } = block
        log.warn({ block: hash, height: block.height }, 'the chain was reorganised below a matured block')
        matured = matured.filter((each) => each !== block)
        const watched = watch(hash, header, powAlgorithm, 'matured', revision)
        watched.decidedBy = decidedBy
        await enqueue(watched, () => ask(watched))
        if (watched.actor.getSnapshot().value !== 'matured' || matured.some((each) => each.hash === hash))
          continue
        // No node could say: it is asked again when the chain moves.
        blocks.delete(hash)
        remember([block])
      }
    } finally {
      isAskingMatured = false
    }
  }

  /**
   * Whether the chain has another block in the place of a matured one, or of the one whose votes decided about it. A node that has not
   * come so far, as while it reads the chain anew, proves nothing.
   */
  async function hasMoved({ hash, height, decidedBy }: MaturedBlock): Promise<boolean> {
    const chain = node.view()
    const own = await chain.hashAt(height)()
    if (E.isLeft(own)) return false
    if (own.right !== hash) return true
    const next = await chain.hashAt(height + 1)()
    return E.isRight(next) && next.right !== decidedBy
  }

  async function recover(): Promise<void> {
    for (const left of orThrow(readModels.unfinishedBlocks())) {
      if (blocks.has(left.hash)) continue
      const header = headerOf(left.header)
      const block = watch(left.hash, header, left.powAlgorithm, phaseOf(left.state), left.revision)
      block.decidedBy = left.decidedBy
    }
    remember(
      orThrow(readModels.maturedBlocks(MATURED_KEPT)).map((each) => ({
        ...each,
        header: headerOf(each.header),
      })),
    )
    for (const share of orThrow(readModels.solvedWithoutBlock())) recoverShare(share)
    recovered.resolve()
    chainMoved()
    await Promise.all([...blocks.values()].map((block) => block.queue))
  }

  /** A share of an earlier process that solved a block, of which nothing more is in the log: it is sent again and watched. */
  function recoverShare(share: LoggedSolvedShare): void {
    if (blocks.has(share.hash)) return
    const job = orThrow(readModels.job(share.gateway, share.job))
    const header = rebuiltHeader(share, job)
    if (job === undefined || header === undefined) {
      log.error(
        { block: share.hash },
        'a solved share cannot be rebuilt: its job or connection is not in the log',
      )
      return
    }
    if (blockHash(header) !== share.hash) {
      log.error(
        { block: share.hash, rebuilt: blockHash(header) },
        'a solved share does not give its block hash',
      )
      return
    }
    const block = watch(share.hash, header, job.powAlgorithm, 'found', NO_STREAM)
    void enqueue(block, () => write(block, [blockFound(nowMs(), block, share)]))
  }

  async function blockConnected(header: Uint8Array): Promise<void> {
    // Before the log was read a block would seem unknown that is in it.
    await recovered.promise
    const hash = blockHash(header)
    if (blocks.has(hash) || stopped) return
    const job = orThrow(readModels.jobsByMerkleRoot(merkleRoot(header))).find((each) =>
      isLost(each, header, gateway),
    )
    if (job === undefined) return
    if (orThrow(readModels.block(hash)) !== undefined) return
    log.warn({ block: hash, height: job.height }, 'a block of ours is on the chain, its share was lost')
    const block = watch(hash, header.slice(), job.powAlgorithm, 'found', NO_STREAM)
    await enqueue(block, async () => {
      await write(block, [blockFound(nowMs(), block, unknownFinder(job))])
      await ask(block)
    })
  }

  return {
    solved,
    recover,
    chainMoved,
    blockConnected,
    stop: async () => {
      stopped = true
      noQuestions()
      await Promise.all([...blocks.values()].map((block) => block.queue))
    },
  }
}

const isAccepted = ({ verdicts }: WatchedBlock): boolean => [...verdicts.values()].includes('accepted')

const isRefusedByAll = ({ verdicts }: WatchedBlock): boolean =>
  verdicts.size > 0 && [...verdicts.values()].every((verdict) => verdict === 'rejected')

const phaseOf = (state: BlockPhase | 'submitted' | 'rejected'): BlockPhase =>
  state === 'submitted' || state === 'rejected' ? 'found' : state

function orThrow<T>(answer: E.Either<{ readonly message: string }, T>): T {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}
