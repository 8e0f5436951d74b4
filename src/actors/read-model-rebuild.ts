import { renameSync, rmSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { Subject } from 'rxjs'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { Answer, Change, ReadModels } from '../../adapters/read-models/port.ts'
import type { After } from '../../adapters/timers.ts'
import { type Projector, project } from './projector.ts'

/** Read models that follow the log, and can be made anew from it while they are asked. */
export interface RebuildableReadModels extends Projector {
  /** Those in force: whoever holds this has the new ones as soon as there are any. */
  readonly readModels: ReadModels
  /** Folds the whole log into a second file, and takes that in place of the first when it has come to the end. */
  readonly rebuild: () => Promise<void>
  readonly isRebuilding: () => boolean
}

/** What they are made from. */
export interface RebuildOptions {
  readonly file: string
  readonly open: (file: string) => Answer<ReadModels>
  readonly store: EventStore
  readonly after: After
  readonly log: Logger
}

/** Opens the file and begins to follow the log. */
export function openRebuildable({
  file,
  open,
  store,
  after,
  log,
}: RebuildOptions): Answer<RebuildableReadModels> {
  const aside = `${file}.rebuilding`
  const changes = new Subject<Change>()
  const first = open(file)
  if (E.isLeft(first)) return first
  let current = begin(first.right)
  let next: Followed | null = null
  let isStopped = false
  let swapped = Promise.withResolvers<void>()

  function begin(readModels: ReadModels): Followed {
    return { readModels, projector: project(store, readModels, after, log), told: null }
  }

  function announce(followed: Followed): Followed {
    return { ...followed, told: followed.readModels.changes.subscribe((change) => changes.next(change)) }
  }

  function end({ readModels, projector, told }: Followed): void {
    projector.stop()
    told?.unsubscribe()
    const closed = readModels.close()
    if (E.isLeft(closed)) log.warn({ kind: closed.left.kind }, closed.left.message)
  }

  async function rebuild(): Promise<void> {
    if (next !== null || isStopped) return
    removeFile(aside)
    const opened = open(aside)
    if (E.isLeft(opened)) return log.error({ kind: opened.left.kind }, opened.left.message)
    next = begin(opened.right)
    log.info('the read models are being made anew from the log')
    try {
      await next.projector.caughtUp()
      if (!isStopped) swap(next)
    } catch (error) {
      log.error({ err: error }, 'the read models could not be made anew; the old ones stay')
      end(next)
      removeFile(aside)
    } finally {
      next = null
    }
  }

  /** In one turn of the event loop, so that nobody asks in between. */
  function swap(made: Followed): void {
    end(made)
    end(current)
    removeFile(file)
    renameSync(aside, file)
    const opened = open(file)
    if (E.isLeft(opened)) return log.fatal({ kind: opened.left.kind }, opened.left.message)
    current = announce(begin(opened.right))
    swapped.resolve()
    swapped = Promise.withResolvers()
    log.info('the read models were made anew')
  }

  current = announce(current)
  return E.right({
    readModels: new Proxy<ReadModels>(first.right, {
      get: (_, name) => (name === 'changes' ? changes : Reflect.get(current.readModels, name)),
    }),
    rebuild,
    isRebuilding: () => next !== null,
    caughtUp: async () => {
      // What the old ones were waited for, the new ones have to be waited for as well.
      for (let asked: Followed | null = null; asked !== current; ) {
        asked = current
        await Promise.race([asked.projector.caughtUp(), swapped.promise])
      }
    },
    head: () => current.projector.head(),
    stop: () => {
      isStopped = true
      if (next !== null) {
        end(next)
        removeFile(aside)
      }
      end(current)
      changes.complete()
    },
  })
}

/** Read models, what feeds them, and who hears of their changes. */
interface Followed {
  readonly readModels: ReadModels
  readonly projector: Projector
  readonly told: { readonly unsubscribe: () => void } | null
}

/** With what SQLite keeps beside it. */
function removeFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
}
