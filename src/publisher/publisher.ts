import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { createActor, setup } from 'xstate'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'
import type { LedgerStatus, PublishedCheckpoint } from '../../adapters/http/port.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import { signingKeyText, verifierKeyText } from '../../domain/transparency/key.ts'
import type { WitnessConfig } from '../config/config.ts'
import { follow } from './follow.ts'
import type { LedgerKeys } from './keys.ts'
import type { LedgerFault, WrittenCheckpoint } from './ledger-writer.ts'
import type { FromWriter, ToWriter, WriterData } from './messages.ts'
import { openWitnesses } from './witnesses.ts'

/**
 * Publishes the log: every event is an entry of the ledger, under a signed checkpoint within a second, at once after a block. When the
 * log does not fit what was signed before, nothing is signed any more and it says why; the pool mines on.
 */
export interface Publisher {
  readonly status: () => LedgerStatus
  readonly logCheck: () => LogCheck
  /** Null when everything up to a position of the log is under a signed checkpoint; otherwise resolves once it is. */
  readonly untilSigned: (position: number) => Promise<void> | null
  /** Resolves when the log is no longer `unchecked`. */
  readonly checked: Promise<void>
  /** Publishes what is in the log, if that does not take long, and ends. Idempotent. */
  readonly stop: () => Promise<void>
}

/**
 * Whether the log of this process holds all that was ever signed, as far as the ledger's folder and its witnesses know. A log that does
 * not has lost events, and with them what was paid.
 */
export type LogCheck =
  /** It is still being read, or witnesses are being asked. */
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'fits' }
  /** It is older than what was signed, or another one, by the folder or by what a witness says. */
  | { readonly kind: 'unfit'; readonly message: string }
  /** The publisher stopped before it could say, for want of its key for instance. */
  | { readonly kind: 'unknown'; readonly message: string }

/** What the publisher needs. */
export interface PublisherOptions {
  readonly store: EventStore
  /** Left, in a sentence: why nothing can be signed. */
  readonly keys: E.Either<string, LedgerKeys>
  readonly folder: string
  readonly checkpointMsMax: number
  readonly witnesses: readonly WitnessConfig[]
  readonly nowMs: () => number
  readonly log: Logger
  /** Told of each checkpoint that a witness did not sign, by its name. */
  readonly onWitnessError: (witness: string) => void
}

/** How long the end may take: what is missing then is published at the next start. */
const END_MS_MAX = 1_000

type Signal = { readonly type: 'CHECKED' } | { readonly type: 'STOPPED' }

/** XState takes its types from values: this is one of them. */
const sample: { readonly events: Signal } = { events: { type: 'CHECKED' } }

/** The life of the publisher. */
const publisherMachine = setup({ types: sample }).createMachine({
  id: 'publisher',
  initial: 'checking',
  states: {
    checking: { on: { CHECKED: 'publishing', STOPPED: 'stopped' } },
    publishing: { on: { STOPPED: 'stopped' } },
    stopped: { type: 'final' },
  },
})

/** Begins to read the log from its start, and goes on until it is stopped or has to stop. */
export function openPublisher(options: PublisherOptions): Publisher {
  const { store, keys, log, nowMs } = options
  const actor = createActor(publisherMachine)
  actor.subscribe({ error: (error) => log.error({ err: error }, 'the publisher failed') })
  actor.start()
  let message = ''
  let logCheck: LogCheck = { kind: 'unchecked' }
  const checked = Promise.withResolvers<void>()
  let published: PublishedCheckpoint | null = null
  /** Up to where the log is under a checkpoint that this process has signed, and who waits for how far. */
  let signedPosition = -1
  let waiting: { readonly position: number; readonly resolve: () => void }[] = []
  let running: Running | null = null
  let stopping: Promise<void> | null = null

  function judge(judged: LogCheck): void {
    logCheck = judged
    checked.resolve()
  }

  function stopped(kind: LedgerFault['kind'] | 'key' | 'internal', why: string): void {
    if (actor.getSnapshot().status !== 'active') return
    message = why
    if (kind === 'log') judge({ kind: 'unfit', message: why })
    else if (logCheck.kind === 'unchecked') judge({ kind: 'unknown', message: why })
    actor.send({ type: 'STOPPED' })
    running?.end()
    log.fatal(`The public ledger has stopped, nothing is signed any more; mining goes on. ${why}`)
  }

  /** False for one that only has another signature by a witness. */
  function show({ size, root }: WrittenCheckpoint, time: number): boolean {
    if (published?.size === size) return false
    published = { size, root: toBase64(root), time }
    return true
  }

  const witnesses = openWitnesses({
    witnesses: options.witnesses,
    source: ledgerFolder(options.folder),
    log,
    onCosigned: (text, line) => running?.tell({ kind: 'cosigned', text, line }),
    onError: options.onWitnessError,
    onContradiction: (witness, message) =>
      stopped(
        'log',
        `Witness ${witness} contradicts this ledger. ${message} Where it is the witness that is wrong, take it out of [[witnesses]] and restart.`,
      ),
  })

  /** The log fits the folder: now the witnesses say what they have signed, of what is signed already. */
  async function askWitnesses({ signed }: LedgerKeys, { tell }: Running): Promise<void> {
    if (signed !== null && signed.size > 0) {
      witnesses.show(signed)
      await witnesses.heard
    }
    if (actor.getSnapshot().status !== 'active') return
    tell({ kind: 'begin' })
    actor.send({ type: 'CHECKED' })
    await witnesses.heard
    if (actor.getSnapshot().status === 'active') judge({ kind: 'fits' })
  }

  function signedUpTo(position: number): void {
    signedPosition = position
    waiting = waiting.filter((each) => {
      if (each.position > position) return true
      each.resolve()
      return false
    })
  }

  if (E.isLeft(keys)) stopped('key', keys.left)
  else {
    const { signed, signedAt } = keys.right
    if (signed !== null && signed.size > 0) show(signed, signedAt)
    running = run(keys.right)
  }

  function run(ledgerKeys: LedgerKeys): Running {
    const { origin, signing, signed } = ledgerKeys
    const data: WriterData = {
      folder: options.folder,
      origin,
      keys: signing.map(signingKeyText),
      signed,
      checkpointMsMax: options.checkpointMsMax,
    }
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: data })
    const tell = (to: ToWriter): void => worker.postMessage(to)
    let taken = Promise.withResolvers<void>()

    worker.on('error', (error) => stopped('internal', `An error of the program: ${error.message}.`))
    worker.on('message', (from: FromWriter) => {
      switch (from.kind) {
        case 'taken':
          return taken.resolve()
        case 'checked':
          return void askWitnesses(ledgerKeys, going)
        case 'published':
          if (actor.getSnapshot().status !== 'active') return
          if (from.position !== null) signedUpTo(from.position)
          if (show(from.checkpoint, nowMs())) witnesses.show(from.checkpoint)
          return
        case 'trouble':
          if (from.message === '') log.info('the public ledger is written again')
          else log.error(`The public ledger can't be written, trying again: ${from.message}`)
          message = from.message
          return
        case 'fault':
          return stopped(from.fault.kind, from.fault.message)
      }
    })

    const following = follow(store, log, {
      handle: (events) => {
        taken = Promise.withResolvers<void>()
        tell({ kind: 'events', events: events.map(logged), position: events.at(-1)?.position ?? -1 })
        return taken.promise
      },
      atEnd: () => tell({ kind: 'end-of-log' }),
      damaged: (why) => stopped('log', `The log can't be read any further: ${why}.`),
    })

    const going: Running = {
      tell,
      end: () => {
        following.stop()
        void worker.terminate()
      },
      finish: async () => {
        const gone = once(worker, 'exit')
        if (actor.getSnapshot().value === 'publishing') await following.caughtUp()
        following.stop()
        tell({ kind: 'stop' })
        await gone
      },
    }
    return going
  }

  async function stop(): Promise<void> {
    witnesses.stop()
    const isActive = actor.getSnapshot().status === 'active'
    if (isActive) await Promise.race([running?.finish(), sleep(END_MS_MAX, undefined, { ref: false })])
    running?.end()
    actor.stop()
  }

  return {
    status: () => ({
      state: actor.getSnapshot().value,
      message,
      origin: E.isRight(keys) ? keys.right.origin : null,
      keys: E.isRight(keys) ? keys.right.signing.map(({ verifier }) => verifierKeyText(verifier)) : [],
      checkpoint: published,
      witnesses: witnesses.status(),
    }),
    logCheck: () => logCheck,
    untilSigned: (position) =>
      position <= signedPosition ? null : new Promise((resolve) => waiting.push({ position, resolve })),
    checked: checked.promise,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

interface Running {
  readonly tell: (message: ToWriter) => void
  /** At once. */
  readonly end: () => void
  /** In good order. */
  readonly finish: () => Promise<void>
}

/** What of an event is published: less to copy to the other thread. */
const logged = ({ stream, revision, type, data }: RecordedEvent): LoggedEvent => ({
  stream,
  revision,
  type,
  data,
})
