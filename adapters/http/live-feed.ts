import * as E from 'fp-ts/lib/Either.js'
import type { BlockSummary } from '../../projections/views.ts'
import { poolAnswer } from './api/answers.ts'
import type { Problem } from './problem.ts'
import type { Site } from './site.ts'

/** Streams open at once: each costs a socket and, while its reader is slow, one pool answer of some 5 kB. */
export const LISTENERS_MAX = 1000

/** Streams open at once for one visitor: more than a browser opens. */
export const LISTENERS_PER_VISITOR_MAX = 24

/** How often it is looked whether something changed: at most two of each event a second. */
export const LOOK_MS = 500

/** Figures of a pool at rest fall without an event, so they are sent again after this. */
const REST_MS = 10_000

/** Proxies cut connections that are silent for longer. */
export const HEARTBEAT_MS = 15_000

/** Blocks waiting for one slow reader; it reads the list anyway. */
const BLOCKS_WAITING_MAX = 50

/** One open stream. */
export interface Listener {
  /** The next piece of event stream, when there is one; undefined at the end. */
  readonly next: () => Promise<string | undefined>
  /** Ends it. Idempotent. */
  readonly leave: () => void
}

/** What changes, for all who look: one look at the pool serves every reader, and a slow one only misses old figures. */
export interface LiveFeed {
  readonly join: (visitor: string) => E.Either<Problem, Listener>
  readonly size: () => number
  /** Ends every stream. Idempotent. */
  readonly close: () => void
}

/** Starts a feed. It looks at the pool only while somebody listens. */
export function liveFeed(site: Site): LiveFeed {
  const listeners = new Map<Listener, Mailbox>()
  const perVisitor = new Map<string, number>()
  const changedBlocks = new Set<string>()
  let timer: ReturnType<typeof setInterval> | undefined
  let closed = false
  let told = { work: '', state: '', poolAt: 0, heartbeatAt: 0 }
  let figuresChanged = false

  const changes = site.readModels.changes.subscribe((change) => {
    figuresChanged = true
    if (listeners.size > 0) for (const hash of change.blocks) changedBlocks.add(hash)
  })

  const tell = (kind: string, key: string, data: unknown): void => {
    const text = message(kind, data)
    for (const mailbox of listeners.values()) mailbox.put(key, text)
  }

  /** What is true without the log, as text that differs when it does. */
  const standing = (): { work: string; state: string } => {
    const status = site.status()
    const state = [site.health(status), status.connections, status.nodes, status.journal.state]
    return { work: JSON.stringify(status.work), state: JSON.stringify(state) }
  }

  const look = (): void => {
    const now = site.now()
    const { work, state } = standing()
    const poolIsDue = figuresChanged || state !== told.state || now - told.poolAt >= REST_MS
    const heartbeatIsDue = now - told.heartbeatAt >= HEARTBEAT_MS
    if (work !== told.work) tell('work', 'work', site.status().work)
    if (poolIsDue) tellPool()
    for (const hash of changedBlocks) tellBlock(hash)
    if (heartbeatIsDue) tell('heartbeat', 'heartbeat', { at: now })
    told = {
      work,
      state,
      poolAt: poolIsDue ? now : told.poolAt,
      heartbeatAt: heartbeatIsDue ? now : told.heartbeatAt,
    }
    figuresChanged = false
    changedBlocks.clear()
  }

  const tellPool = (): void => {
    const answer = poolAnswer(site)
    if (E.isRight(answer)) tell('pool', 'pool', answer.right)
  }

  const tellBlock = (hash: string): void => {
    const block = site.readModels.block(hash)
    if (E.isRight(block) && block.right !== undefined) tell('block', hash, summaryOf(block.right))
  }

  const safely = (): void => {
    try {
      look()
    } catch (error) {
      site.report(error)
    }
  }

  /** A new reader is told where things stand, so that it need not ask as well. */
  const greet = (mailbox: Mailbox): void => {
    const answer = poolAnswer(site)
    mailbox.put('work', message('work', site.status().work))
    if (E.isRight(answer)) mailbox.put('pool', message('pool', answer.right))
  }

  const join = (visitor: string): E.Either<Problem, Listener> => {
    const theirs = perVisitor.get(visitor) ?? 0
    if (closed || listeners.size >= LISTENERS_MAX || theirs >= LISTENERS_PER_VISITOR_MAX)
      return E.left({
        kind: 'too-many-listeners',
        detail: 'Close other live connections to this pool, or ask /api/v1/pool every few seconds instead.',
      })
    const mailbox = newMailbox()
    const listener: Listener = {
      next: mailbox.take,
      leave: () => {
        mailbox.close()
        if (!listeners.delete(listener)) return
        const left = (perVisitor.get(visitor) ?? 1) - 1
        if (left === 0) perVisitor.delete(visitor)
        else perVisitor.set(visitor, left)
        if (listeners.size === 0) clearInterval(timer)
      },
    }
    greet(mailbox)
    if (listeners.size === 0) {
      told = { ...standing(), poolAt: site.now(), heartbeatAt: site.now() }
      figuresChanged = false
      timer = setInterval(safely, LOOK_MS)
    }
    listeners.set(listener, mailbox)
    perVisitor.set(visitor, theirs + 1)
    return E.right(listener)
  }

  return {
    join,
    size: () => listeners.size,
    close: () => {
      closed = true
      changes.unsubscribe()
      for (const listener of [...listeners.keys()]) listener.leave()
    },
  }
}

const message = (kind: string, data: unknown): string => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`

/** What a reader has not taken yet: of each thing only the newest. */
interface Mailbox {
  readonly put: (key: string, text: string) => void
  readonly take: () => Promise<string | undefined>
  readonly close: () => void
}

function newMailbox(): Mailbox {
  const waiting = new Map<string, string>()
  let closed = false
  let wake = (): void => {}

  const take = async (): Promise<string | undefined> => {
    while (waiting.size === 0 && !closed)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    if (closed) return undefined
    const text = [...waiting.values()].join('')
    waiting.clear()
    return text
  }

  return {
    put: (key, text) => {
      if (!waiting.has(key) && waiting.size >= BLOCKS_WAITING_MAX) return
      waiting.set(key, text)
      wake()
    },
    take,
    close: () => {
      closed = true
      wake()
    },
  }
}

const summaryOf = (block: BlockSummary): BlockSummary => ({
  hash: block.hash,
  height: block.height,
  state: block.state,
  foundAt: block.foundAt,
  effort: block.effort,
  finder: block.finder,
  reward: block.reward,
  decidedBy: block.decidedBy,
  confirmations: block.confirmations,
  maturity: block.maturity,
})
