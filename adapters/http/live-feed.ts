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

/** Changed blocks remembered for readers who come back: with work and figures no more than may wait for one of them. */
const BLOCKS_REMEMBERED = 40

/** One open stream. */
export interface Listener {
  /** The next piece of event stream, when there is one; undefined at the end. */
  readonly next: () => Promise<string | undefined>
  /** Ends it. Idempotent. */
  readonly leave: () => void
}

/** What changes, for all who look: one look at the pool serves every reader, and a slow one only misses old figures. */
export interface LiveFeed {
  /** `lastSeen`: the `id` of the last event that this reader had of an earlier stream. */
  readonly join: (visitor: string, lastSeen?: number) => E.Either<Problem, Listener>
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

  const recent = recentBlocks(newestEntry(site))

  const changes = site.readModels.changes.subscribe((change) => {
    figuresChanged = true
    for (const hash of change.blocks) recent.changed(hash, change.entries - 1)
    if (listeners.size > 0) for (const hash of change.blocks) changedBlocks.add(hash)
  })

  const tell = (news: readonly News[]): void => {
    const texts = messages(news, newestEntry(site))
    for (const mailbox of listeners.values()) for (const [key, text] of texts) mailbox.put(key, text)
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
    tell([
      ...(work !== told.work ? workNews() : []),
      ...(poolIsDue ? poolNews() : []),
      ...blockNews(changedBlocks),
      ...(heartbeatIsDue ? [{ kind: 'heartbeat', key: 'heartbeat', data: { at: now } }] : []),
    ])
    told = {
      work,
      state,
      poolAt: poolIsDue ? now : told.poolAt,
      heartbeatAt: heartbeatIsDue ? now : told.heartbeatAt,
    }
    figuresChanged = false
    changedBlocks.clear()
  }

  const workNews = (): readonly News[] => [{ kind: 'work', key: 'work', data: site.status().work }]

  const poolNews = (): readonly News[] => {
    const answer = poolAnswer(site)
    return E.isLeft(answer) ? [] : [{ kind: 'pool', key: 'pool', data: answer.right }]
  }

  const blockNews = (hashes: Iterable<string>): readonly News[] =>
    [...hashes].flatMap((hash) => {
      const block = site.readModels.block(hash)
      if (E.isLeft(block) || block.right === undefined) return []
      return [{ kind: 'block', key: hash, data: summaryOf(block.right) }]
    })

  /** Blocks that changed while a reader was away, as far as anybody remembers; else the newest. */
  const missedNews = (lastSeen: number): readonly News[] => {
    const changed = recent.since(lastSeen)
    if (changed !== undefined) return blockNews(changed)
    const newest = site.readModels.blocks({}, { after: null, limit: BLOCKS_REMEMBERED })
    if (E.isLeft(newest)) return []
    return newest.right.items.map((block) => ({ kind: 'block', key: block.hash, data: block }))
  }

  const safely = (): void => {
    try {
      look()
    } catch (error) {
      site.report(error)
    }
  }

  /** A new reader is told where things stand, so that it need not ask as well. */
  const greet = (mailbox: Mailbox, lastSeen: number | undefined): void => {
    const missed = lastSeen === undefined ? [] : missedNews(lastSeen)
    const texts = messages([...workNews(), ...missed, ...poolNews()], newestEntry(site))
    for (const [key, text] of texts) mailbox.put(key, text)
  }

  const join = (visitor: string, lastSeen?: number): E.Either<Problem, Listener> => {
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
    greet(mailbox, lastSeen)
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

/** Something to tell. Of two with the same key only the newer is worth reading. */
interface News {
  readonly kind: string
  readonly key: string
  readonly data: unknown
}

/** Index of the newest ledger entry in the figures; -1 before the first. */
const newestEntry = (site: Site): number => site.readModels.status().entries - 1

/**
 * News as event stream, by key. Only the last has the id: whoever has read so far has all of it, and whoever was cut off before is
 * told again.
 */
const messages = (news: readonly News[], entry: number): readonly (readonly [string, string])[] =>
  news.map(({ kind, key, data }, i) => {
    const id = i === news.length - 1 && entry >= 0 ? `id: ${entry}\n` : ''
    return [key, `event: ${kind}\n${id}data: ${JSON.stringify(data)}\n\n`]
  })

/** The blocks that changed last, each with the newest ledger entry at the time. */
interface RecentBlocks {
  readonly changed: (hash: string, entry: number) => void
  /** Those that changed after a ledger entry; undefined when that is too long ago. */
  readonly since: (entry: number) => readonly string[] | undefined
}

function recentBlocks(begun: number): RecentBlocks {
  const entries = new Map<string, number>()
  let knownFrom = begun

  return {
    changed: (hash, entry) => {
      entries.delete(hash)
      entries.set(hash, entry)
      if (entries.size <= BLOCKS_REMEMBERED) return
      const oldest = entries.entries().next()
      if (oldest.done === true) return
      knownFrom = oldest.value[1]
      entries.delete(oldest.value[0])
    },
    since: (entry) =>
      entry < knownFrom
        ? undefined
        : [...entries].filter(([, changedWith]) => changedWith > entry).map(([hash]) => hash),
  }
}

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
      // To the end: what stands before an id must not be newer than it.
      waiting.delete(key)
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
