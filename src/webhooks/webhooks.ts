import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Logger } from 'pino'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'
import type { After } from '../../adapters/timers.ts'
import type { WebhookConfig } from '../config/config.ts'
import { type Cursor, readCursor, writeCursor } from './cursor.ts'
import { messageOf, type Sender, toldTypes } from './message.ts'
import { post } from './post.ts'

/** What the sending of webhooks needs. */
export interface WebhookOptions {
  readonly receivers: readonly WebhookConfig[]
  readonly store: Pick<EventStore, 'log' | 'head' | 'readAll'>
  /** Where the cursors are kept, a file for each receiver. */
  readonly directory: string
  readonly sender: Sender
  readonly nowMs: () => number
  readonly after: After
  /** How long a receiver may take to answer. It should note the message down, answer, and think about it later. */
  readonly answerMsMax: number
  /** From 0 to 1, for back-off. */
  readonly random: () => number
  /** `ageSeconds`: how old the event is that was not taken; 0 once it is. */
  readonly onAttempt: (receiver: string, outcome: 'delivered' | 'failed', ageSeconds: number) => void
  readonly log: Logger
}

/** Running webhooks. */
export interface Webhooks {
  /** Ends what is under way; it is sent again after the next start. */
  readonly stop: () => Promise<void>
}

/** How often a receiver that has everything looks for more. A pool's blocks and payouts are minutes apart. */
const LOOK_MS = 500

/** Waits between attempts: 1 s, doubled each time up to five minutes, each half by chance. */
const WAIT_MS_MIN = 1_000
const WAIT_MS_MAX = 300_000

/** Events read at once: a message is 60 kB at most. */
const READ_EVENTS = 16

/** Events looked through at once for one that is known by its id alone. */
const SEARCH_EVENTS = 500

/** Milliseconds to wait after so many attempts that failed; `random` from 0 to 1. */
export const waitMs = (failures: number, random: number): number =>
  Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (failures - 1)) * (0.5 + random / 2)

/**
 * Tells each receiver of blocks or payments, in the order of the log, each at least once. Each has a cursor on the disk and a loop of
 * its own: one that is away keeps nobody else waiting, and nothing here is waited for by the pool. A new receiver is told of what
 * happens from its first start on.
 */
export function openWebhooks(options: WebhookOptions): Webhooks {
  const ending = new AbortController()
  const loops = options.receivers.map((receiver) => tell(receiver, options, ending.signal))
  return {
    stop: async () => {
      ending.abort()
      await Promise.all(loops)
    },
  }
}

async function tell(receiver: WebhookConfig, options: WebhookOptions, ended: AbortSignal): Promise<void> {
  const file = join(options.directory, `${receiver.name}.json`)
  const begun = await untilDone(() => begin(receiver, file, options), receiver, options, ended)
  if (begun === undefined) return
  let cursor = begun
  while (!ended.aborted) {
    const from = cursor
    const news = await untilDone(() => newsAfter(from, receiver, options), receiver, options, ended)
    if (news === undefined) return
    for (const event of news.events) {
      if (!(await deliver(receiver, event, options, ended))) return
      cursor = { log: from.log, position: event.position, event: event.id }
      keep(file, cursor, receiver, options)
    }
    if (news.events.length > 0) continue
    // What was looked through without finding anything is not looked through again; the file need not know.
    cursor = { ...cursor, position: news.upTo }
    await pause(LOOK_MS, options.after, ended)
  }
}

/** Where a receiver goes on. */
async function begin(
  { name, events }: WebhookConfig,
  file: string,
  { store, log }: WebhookOptions,
): Promise<E.Either<string, Cursor>> {
  const kept = readCursor(file)
  if (E.isLeft(kept)) return kept
  const head = await store.head()()
  if (E.isLeft(head)) return E.left(head.left.message)
  const newest = O.toNullable(head.right)
  const now: Cursor = { log: store.log, position: newest, event: null }
  if (kept.right === undefined) return E.map(() => now)(writeCursor(file, now))
  const { log: of, position, event } = kept.right
  if (of === store.log && (position ?? 0) <= (newest ?? 0)) return E.right(kept.right)
  const found = event === null ? E.right(undefined) : await search(store, toldTypes[events], event)
  if (E.isLeft(found)) return found
  if (found.right === undefined)
    log.warn(
      { receiver: name },
      'this log does not have what the receiver was told last; it goes on with what happens now',
    )
  return E.right({ ...now, position: found.right ?? newest, event })
}

/** Position of an event, by its id. */
async function search(
  store: WebhookOptions['store'],
  types: readonly string[],
  id: string,
): Promise<E.Either<string, number | undefined>> {
  let after: number | null = null
  for (;;) {
    const read: Awaited<ReturnType<ReturnType<EventStore['readAll']>>> = await store.readAll(
      after,
      SEARCH_EVENTS,
      types,
    )()
    if (E.isLeft(read)) return E.left(read.left.message)
    const found = read.right.find((event) => event.id === id)
    if (found !== undefined || read.right.length < SEARCH_EVENTS) return E.right(found?.position)
    after = read.right.at(-1)?.position ?? null
  }
}

/** The next events for a receiver, and how far the log was looked through. */
async function newsAfter(
  { position }: Cursor,
  { events }: WebhookConfig,
  { store }: WebhookOptions,
): Promise<E.Either<string, { readonly events: readonly RecordedEvent[]; readonly upTo: number | null }>> {
  const head = await store.head()()
  if (E.isLeft(head)) return E.left(head.left.message)
  const newest = O.toNullable(head.right)
  if (newest === null || newest === position) return E.right({ events: [], upTo: position })
  const read = await store.readAll(position, READ_EVENTS, toldTypes[events])()
  return E.isLeft(read) ? E.left(read.left.message) : E.right({ events: read.right, upTo: newest })
}

/** Sends an event until it is taken; false when the pool stopped before. */
async function deliver(
  receiver: WebhookConfig,
  event: RecordedEvent,
  options: WebhookOptions,
  ended: AbortSignal,
): Promise<boolean> {
  const { sender, log, nowMs, after, answerMsMax, random, onAttempt } = options
  const message = messageOf(sender, event)
  if (E.isLeft(message)) {
    log.error(
      { receiver: receiver.name, event: event.id },
      `an event of the log can't be sent: ${message.left}`,
    )
    return true
  }
  for (let failures = 0; !ended.aborted; ) {
    const sent = await post(receiver, message.right, { nowMs: nowMs(), answerMsMax, stopped: ended })()
    if (E.isRight(sent)) {
      onAttempt(receiver.name, 'delivered', 0)
      if (failures > 0) log.info({ receiver: receiver.name, failures }, 'the receiver takes webhooks again')
      return true
    }
    if (ended.aborted) return false
    failures++
    onAttempt(receiver.name, 'failed', (nowMs() - message.right.at) / 1000)
    const wait = waitMs(failures, random())
    log.warn(
      { receiver: receiver.name, event: event.type, failures, againInMs: Math.round(wait) },
      `webhook not delivered: ${sent.left}`,
    )
    await pause(wait, after, ended)
  }
  return false
}

/** A cursor that can't be written now is written with the next event; until then a restart would send this one again. */
function keep(file: string, cursor: Cursor, { name }: WebhookConfig, { log }: WebhookOptions): void {
  const written = writeCursor(file, cursor)
  if (E.isLeft(written))
    log.error({ receiver: name }, `how far the receiver is can't be kept: ${written.left}`)
}

/** Repeats what the store or the disk refuses for now; undefined when the pool stopped before. */
async function untilDone<A>(
  run: () => Promise<E.Either<string, A>>,
  { name }: WebhookConfig,
  { log, random, after }: WebhookOptions,
  ended: AbortSignal,
): Promise<A | undefined> {
  for (let failures = 1; !ended.aborted; failures++) {
    const done = await run()
    if (E.isRight(done)) return done.right
    log.warn({ receiver: name }, `webhooks wait: ${done.left}`)
    await pause(waitMs(failures, random()), after, ended)
  }
  return undefined
}

/** Waits so long, or until the pool stops. */
const pause = (ms: number, after: After, ended: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (ended.aborted) return resolve()
    const stop = (): void => {
      callOff()
      resolve()
    }
    const callOff = after(ms, () => {
      ended.removeEventListener('abort', stop)
      resolve()
    })
    ended.addEventListener('abort', stop, { once: true })
  })
