import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { createActor } from 'xstate'
import { NO_STREAM } from '../../adapters/event-store/port.ts'
import type { Node, SubmitVerdict } from '../../adapters/node/port.ts'
import type { ReadModels, SolvedShare } from '../../adapters/read-models/port.ts'
import {
  type BlockObservation,
  type BlockPhase,
  blockMachine,
  changesPhase,
  decideBlock,
} from '../../domain/block/lifecycle.ts'
import { blockHash, headerHeight, merkleRoot } from '../../domain/decred/header.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { event, type PoolEvent, publicText } from '../../domain/events.ts'
import type { Journal } from '../journal.ts'
import { realTimers, type Timers } from '../timers.ts'
import { blockFound, headerOf, isLost, rebuiltHeader, unknownFinder } from './block-found.ts'
import type { BlockCandidate } from './connection.ts'
import { hasMoved, MATURED_KEPT, openMaturedBlocks } from './matured-blocks.ts'
import { observeBlock } from './observe-block.ts'
import { isAccepted, isRefusedByAll, phaseOf, recordOf, type WatchedBlock } from './watched-block.ts'

/**
 * The blocks that the pool found: one actor each, until it is matured or given up. A solved share goes to the nodes before anything
 * is written; from then on each block is brought up to what the chain says whenever the chain moves, at start-up, after every
 * reconnect, and now and then in any case. Of those that are matured only the highest is looked at: the others are below it in the chain.
 */
export interface Blocks {
  /** A miner solved a block just now. */
  readonly solved: (candidate: BlockCandidate) => void
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

/** Starts with no block: `recover` brings back those of earlier processes. */
export function watchBlocks(options: BlocksOptions): Blocks {
  const { gateway, node, network, journal, readModels, nowMs, log } = options
  const blocks = new Map<string, WatchedBlock>()
  const matured = openMaturedBlocks()
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
      matured.remember([{ ...block, height: headerHeight(block.header), revision: block.stream.revision }])
  }

  function solved(candidate: BlockCandidate): void {
    const { hash, header, job } = candidate
    if (blocks.has(hash)) return
    const verdicts = node.submit(header, job.powAlgorithm)
    const block = watch(hash, header, job.powAlgorithm, 'found', NO_STREAM)
    log.info({ block: hash, height: job.height }, 'block found')
    void enqueue(block, async () => {
      const finder = { ...candidate, share: await candidate.recorded, job: job.number }
      await write(block, [blockFound(nowMs(), block, finder)])
      await recordVerdicts(block, await verdicts)
    })
    void enqueue(block, () => bringUpToDate(block))
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
  async function bringUpToDate(block: WatchedBlock): Promise<void> {
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

  /** Where the chain has the block; null when the node can't say now. */
  const observe = (block: WatchedBlock, phase: BlockPhase): Promise<BlockObservation | null> =>
    observeBlock(node.view(), block, phase === 'found' || phase === 'disconnected', log)

  function chainMoved(): void {
    for (const block of blocks.values()) {
      if (block.asked) continue
      block.asked = true
      void enqueue(block, () => bringUpToDate(block))
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
      for (const block of matured.all()) {
        if (stopped || !(await hasMoved(node.view(), block))) return
        const { hash, header, powAlgorithm, revision, decidedBy } = block
        log.warn({ block: hash, height: block.height }, 'the chain was reorganised below a matured block')
        matured.forget(hash)
        const watched = watch(hash, header, powAlgorithm, 'matured', revision)
        watched.decidedBy = decidedBy
        await enqueue(watched, () => bringUpToDate(watched))
        if (watched.actor.getSnapshot().value !== 'matured' || matured.has(hash)) continue
        // No node could say: it is asked again when the chain moves.
        blocks.delete(hash)
        matured.remember([block])
      }
    } finally {
      isAskingMatured = false
    }
  }

  async function recover(): Promise<void> {
    for (const left of orThrow(readModels.unfinishedBlocks())) {
      if (blocks.has(left.hash)) continue
      const header = headerOf(left.header)
      const block = watch(left.hash, header, left.powAlgorithm, phaseOf(left.state), left.revision)
      block.decidedBy = left.decidedBy
    }
    matured.remember(
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
  function recoverShare(share: SolvedShare): void {
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
      await bringUpToDate(block)
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

function orThrow<T>(answer: E.Either<{ readonly message: string }, T>): T {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}
