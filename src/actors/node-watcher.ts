import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { createActor, setup } from 'xstate'
import type { NodeHealth } from '../../adapters/http/port.ts'
import type { Node, NodeError, NodeEvent, Work } from '../../adapters/node/port.ts'
import { blockHash, headerHeight } from '../../domain/decred/header.ts'
import { assertNever } from './assert-never.ts'

/**
 * Follows the node: its work goes to the gateway, the moves of its chain to the blocks. When it has been away for long the
 * gateway is told to hold work that nobody could use, until there is new work.
 */
export interface NodeWatcher {
  readonly health: () => readonly NodeHealth[]
  readonly stop: () => void
}

/** Where the news goes. */
export interface NodeWatcherOptions {
  /** All nodes as one: what is mined on. */
  readonly node: Node
  /** Each of them, for its health. */
  readonly members: readonly Node[]
  readonly nodeGoneMsMax: number
  readonly work: (work: Work, subsidy: bigint) => void
  readonly holdWork: () => void
  readonly chainMoved: () => void
  readonly blockConnected: (header: Uint8Array) => Promise<void>
  /** How many blocks are looked through at the first connection: those for which jobs are remembered. */
  readonly catchUpBlocksMax: number
  readonly onError: (kind: string) => void
  readonly log: Logger
}

interface WatchContext {
  readonly goneMsMax: number
  readonly holdWork: () => void
}

/** Whether there is a node to mine on: `away` for a moment changes nothing, `gone` stops the work until the next comes. */
const watchMachine = setup({
  types: {
    input: {} as WatchContext,
    context: {} as WatchContext,
    events: {} as { readonly type: 'UP' } | { readonly type: 'DOWN' },
  },
  actions: {
    hold: ({ context }) => context.holdWork(),
  },
  delays: { gone: ({ context }) => context.goneMsMax },
}).createMachine({
  id: 'node-watcher',
  context: ({ input }) => input,
  initial: 'away',
  states: {
    up: { on: { DOWN: 'away' } },
    away: { on: { UP: 'up' }, after: { gone: 'gone' } },
    gone: { entry: 'hold', on: { UP: 'up' } },
  },
})

/** Full proof-of-work subsidy: all five votes. */
const FULL_VOTES = 5
/** How soon a subsidy is asked for again that the node did not say; twice as long each time. */
const SUBSIDY_AGAIN_MS_MIN = 250
const SUBSIDY_AGAIN_MS_MAX = 5_000

/** Begins to follow; the node itself is started by the pool. */
export function watchNode(options: NodeWatcherOptions): NodeWatcher {
  const { node, log } = options
  const health = new Map<string, NodeHealth>()
  const subsidies = new Map<number, bigint>()
  let lastHeight: number | null = null
  let worksSeen = 0
  /** Until work whose subsidy the node did not say is tried again. */
  let again: NodeJS.Timeout | undefined
  const actor = createActor(watchMachine, {
    input: { goneMsMax: options.nodeGoneMsMax, holdWork: options.holdWork },
  })
  actor.subscribe({ error: (error) => log.error({ err: error }, 'the node watcher failed') })
  actor.start()

  const subscription = node.events.subscribe(guarded(handle))
  for (const member of options.members) {
    health.set(member.name, { name: member.name, state: 'starting', message: '', tip: null })
    subscription.add(member.events.subscribe(guarded((event) => noteHealth(member.name, event))))
  }

  function guarded(next: (event: NodeEvent) => void) {
    return {
      next: (event: NodeEvent) => {
        try {
          next(event)
        } catch (error) {
          log.error({ err: error, event: event.kind }, 'could not follow what the node said')
        }
      },
      error: (error: unknown) => log.error({ err: error }, 'the node adapter failed'),
    }
  }

  function noteHealth(name: string, event: NodeEvent): void {
    const tip = health.get(name)?.tip ?? null
    if (event.kind === 'up') {
      health.set(name, { name, state: 'up', message: '', tip: event.tip })
      log.info({ node: name, height: event.tip.height, tip: event.tip.hash }, 'node up')
    } else if (event.kind === 'down') {
      health.set(name, { name, state: 'down', message: event.error.message, tip })
      options.onError(event.error.kind)
      log.warn({ node: name, kind: event.error.kind }, event.error.message)
    } else if (event.kind === 'block-connected')
      health.set(name, {
        name,
        state: 'up',
        message: '',
        tip: { height: headerHeight(event.header), hash: blockHash(event.header) },
      })
  }

  function handle(event: NodeEvent): void {
    switch (event.kind) {
      case 'up':
        actor.send({ type: 'UP' })
        void catchUp(event.tip.height).catch((error: unknown) =>
          log.warn({ err: error }, 'could not look through the blocks that were missed'),
        )
        options.chainMoved()
        return
      case 'down':
        actor.send({ type: 'DOWN' })
        forgetWork()
        return
      case 'work':
        forgetWork()
        void giveWork(event.work, SUBSIDY_AGAIN_MS_MIN)
        return
      case 'block-connected':
        lastHeight = headerHeight(event.header)
        void options
          .blockConnected(event.header)
          .catch((error: unknown) => log.warn({ err: error }, 'could not check a connected block'))
        options.chainMoved()
        return
      case 'block-disconnected':
        options.chainMoved()
        return
      default:
        return assertNever(event)
    }
  }

  /** Work that waits for its subsidy is not given out: there is newer, or it would be that of a node that is away. */
  function forgetWork(): void {
    worksSeen += 1
    clearTimeout(again)
  }

  /**
   * The subsidy is a part of the record of work, so work waits for it: a millisecond, and only for a height not foreseen. A node that
   * does not say it is asked again: no other work may come before the next block.
   */
  async function giveWork(work: Work, againMs: number): Promise<void> {
    const mine = worksSeen
    const height = headerHeight(work.header)
    const subsidy = subsidies.get(height) ?? (await askSubsidy(height))
    if (mine !== worksSeen) return
    if (typeof subsidy === 'bigint') {
      options.work(work, subsidy)
      if (!subsidies.has(height + 1)) void askSubsidy(height + 1)
      return
    }
    log.warn({ height }, `work not given out yet: ${subsidy.message}`)
    again = setTimeout(() => void giveWork(work, Math.min(againMs * 2, SUBSIDY_AGAIN_MS_MAX)), againMs)
  }

  async function askSubsidy(height: number): Promise<bigint | NodeError> {
    const answer = await node.workSubsidy(height, FULL_VOTES)()
    if (E.isLeft(answer)) return answer.left
    subsidies.set(height, answer.right)
    for (const old of subsidies.keys()) if (old < height - 10) subsidies.delete(old)
    return answer.right
  }

  /** Every block that may have been connected while nobody listened is looked at once. */
  async function catchUp(tip: number): Promise<void> {
    const first = lastHeight === null ? tip - options.catchUpBlocksMax : lastHeight
    for (let height = Math.max(1, first); height <= tip; height++) {
      const hash = await node.hashAt(height)()
      if (E.isLeft(hash)) return
      const block = await node.block(hash.right)()
      if (E.isLeft(block)) return
      await options.blockConnected(block.right.header)
    }
    lastHeight = Math.max(lastHeight ?? 0, tip)
  }

  return {
    health: () => [...health.values()],
    stop: () => {
      subscription.unsubscribe()
      forgetWork()
      actor.stop()
    },
  }
}
