import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { Subject } from 'rxjs'
import { readStreamName } from '../../domain/stream-name.ts'
import { foldInSlices } from '../../projections/fold.ts'
import { forgottenConnections, releaseStored } from '../../projections/memory.ts'
import type { Tally } from '../../projections/tally.ts'
import type { RecordedEvent } from '../event-store/port.ts'
import { type Answers, openAnswers } from './answers.ts'
import { openFile, sqliteError } from './file.ts'
import type { Answer, Change, ReadModelError, ReadModels } from './port.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { openStore } from './store.ts'
import { loadTally } from './stored.ts'
import { number } from './values.ts'

/** Where read models are kept and how they are paced. */
export interface ReadModelOptions {
  /** Path, beside the event store; `:memory:` for none. */
  readonly file: string
  /** Which log they are of, as `EventStore.log` says. */
  readonly log: string
  /** Of a chain where it is another than its network's: a devnet. */
  readonly coinbaseMaturity?: number | undefined
  /** Milliseconds of any clock that does not go back: paces how often is stored, and no figure depends on it. */
  readonly nowMs: () => number
}

/** Results are due in the file after this long. */
const STORE_EVERY_MS = 1_000

/** Buckets that wait to be stored, about 150 bytes each: a log that is folded anew fills a month of them in no time. */
const STORE_BUCKETS_MAX = 100_000

/**
 * With this many meters to write it is done sooner: 1 000 meters take 10 to 20 ms, a pause that miners on the same thread
 * hardly notice. But not before some time has passed, and not so often that storing takes more than a tenth of it: a log that
 * is folded anew would be held up by figures that are out of date at once.
 */
const STORE_SOON_METERS = 1_000
const STORE_SOON_MS = 100
const STORE_SOON_PAUSES = 9

/**
 * Opens read models on a SQLite file, which is made when it is not there, and made anew when it is of another version or log.
 *
 * Events are folded in memory and stored a little later, many at a time: a worker with fifty shares a second costs as much as
 * one with a share a second. Every question stores first what is not stored, so that answers come from the tables alone.
 */
export function openReadModels({ file, log, coinbaseMaturity, nowMs }: ReadModelOptions): Answer<ReadModels> {
  const opened = openFile(file, log)
  if (E.isLeft(opened)) return opened
  try {
    const db = opened.right
    const tally = loadTally(db)
    return E.right(runReadModels(db, tally, openAnswers(db, tally, coinbaseMaturity), file, nowMs))
  } catch (thrown) {
    opened.right.close()
    return E.left(sqliteError(file, thrown))
  }
}

function runReadModels(
  db: DatabaseSync,
  tally: Tally,
  answers: Answers,
  file: string,
  nowMs: () => number,
): ReadModels {
  const store = openStore(db)
  const storedPosition = db.prepare('SELECT ifnull(position, -1) AS position FROM pool')
  const changes = new Subject<Change>()
  let position = tally.position
  let storedAtMs = nowMs()
  /** How long the last time took, without what was done in between. */
  let storeMs = 0
  /** What is being stored: its transaction is open, and nothing is folded or answered before it is done. */
  let storing: Generator<void, Answer<void>> | null = null
  /** Set for good when memory or file can't be trusted any more, and on `close`. */
  let stopped: ReadModelError | undefined

  /** Writes what is not stored yet, with the checkpoint, or nothing at all. */
  function storeAll(): Answer<void> {
    return endOf(storeInSlices())
  }

  /** The same in slices. When a question comes in between, it has the rest done. */
  function* storeInSlices(): Generator<void, Answer<void>> {
    if (storing === null) {
      if (!tally.changes.any) return E.right(undefined)
      storing = storeChanges()
      storeMs = 0
    }
    while (storing !== null) {
      const beginMs = nowMs()
      const step: IteratorResult<void, Answer<void>> = storing.next()
      storeMs += nowMs() - beginMs
      if (step.done === true) {
        storing = null
        return step.value
      }
      yield
    }
    return E.right(undefined)
  }

  function* storeChanges(): Generator<void, Answer<void>> {
    const forgotten = forgottenConnections(tally)
    try {
      db.exec('BEGIN IMMEDIATE')
      if (number(storedPosition.get() ?? {}, 'position') !== (position ?? -1)) {
        db.exec('ROLLBACK')
        stopped = {
          kind: 'in-use',
          message: `Another process writes to the read models in ${file}. Stop it, or give this one a file of its own.`,
        }
        return E.left(stopped)
      }
      yield* store(tally, forgotten)
      db.exec('COMMIT')
    } catch (thrown) {
      if (db.isTransaction) db.exec('ROLLBACK')
      return E.left(sqliteError(file, thrown))
    }
    position = tally.position
    storedAtMs = nowMs()
    releaseStored(tally, forgotten)
    return E.right(undefined)
  }

  const storeDueInMs = (): number | null =>
    stopped !== undefined || !tally.changes.any ? null : Math.max(0, storedAtMs + STORE_EVERY_MS - nowMs())

  function storeIsDue(): boolean {
    const age = nowMs() - storedAtMs
    if (age >= STORE_EVERY_MS || tally.changes.buckets.length >= STORE_BUCKETS_MAX) return true
    const soon = Math.max(STORE_SOON_MS, STORE_SOON_PAUSES * storeMs)
    return age >= soon && tally.changes.meters.length >= STORE_SOON_METERS
  }

  function* applyInSlices(events: readonly RecordedEvent[]): Generator<void, Answer<void>> {
    const applying = applyAll(events)
    for (;;) {
      // It may have been closed meanwhile.
      if (stopped !== undefined) return E.left(stopped)
      const step = applying.next()
      if (step.done === true) return step.value
      yield
    }
  }

  function* applyAll(events: readonly RecordedEvent[]): Generator<void, Answer<void>> {
    if (storing !== null) {
      const stored = storeAll()
      if (E.isLeft(stored)) return stored
    }
    const before = tally.entries
    const folded = yield* foldAll(events)
    const stored = storeIsDue() ? yield* storeInSlices() : E.right(undefined)
    if (E.isLeft(stored)) return stored
    if (tally.entries > before)
      changes.next({
        position: tally.position ?? 0,
        entries: tally.entries,
        blocks: blocksIn(events.slice(0, folded.count)),
      })
    return folded.result
  }

  /** Folds events up to the first that can't be; answers how many it took. */
  function* foldAll(
    events: readonly RecordedEvent[],
  ): Generator<void, { readonly count: number; readonly result: Answer<void> }> {
    let count = 0
    try {
      for (const event of events) {
        const folded = yield* foldInSlices(tally, event)
        if (E.isLeft(folded)) return { count, result: folded }
        count++
        yield
      }
      return { count, result: E.right(undefined) }
    } catch (thrown) {
      // What is in memory is half an event: nothing of it may reach the file.
      stopped = sqliteError(file, thrown)
      return { count, result: E.left(stopped) }
    }
  }

  /** An answer from the tables, which are brought up to date first. */
  function answer<A extends readonly unknown[], T>(ask: (...question: A) => Answer<T>) {
    return (...question: A): Answer<T> => {
      if (stopped !== undefined) return E.left(stopped)
      const stored = storeAll()
      if (E.isLeft(stored)) return stored
      try {
        return ask(...question)
      } catch (thrown) {
        return E.left(sqliteError(file, thrown))
      }
    }
  }

  function close(): Answer<void> {
    if (stopped?.kind === 'closed') return E.right(undefined)
    const stored = stopped === undefined ? storeAll() : E.left(stopped)
    stopped = { kind: 'closed', message: `The read models in ${file} are closed.` }
    db.close()
    changes.complete()
    return stored
  }

  return {
    name: `sqlite:${file}`,
    checkpoint: () => tally.position,
    apply: (events) => endOf(applyInSlices(events)),
    applyInSlices,
    storeDueInMs,
    storeInSlices,
    changes: changes.asObservable(),
    status: () => ({
      version: SCHEMA_VERSION,
      position: tally.position,
      entries: tally.entries,
      skipped: tally.skipped,
      eventAt: tally.entries === 0 ? null : tally.clockMs,
    }),
    pool: answer(answers.pool),
    miners: answer(answers.miners),
    account: answer(answers.account),
    workers: answer(answers.workers),
    worker: answer(answers.worker),
    shareSources: answer(answers.shareSources),
    find: answer(answers.find),
    blocks: answer(answers.blocks),
    block: answer(answers.block),
    hashrateHistory: answer(answers.hashrateHistory),
    balances: answer(answers.balances),
    earnings: answer(answers.earnings),
    statement: answer(answers.statement),
    minerPayments: answer(answers.minerPayments),
    allocation: answer(answers.allocation),
    payments: answer(answers.payments),
    payment: answer(answers.payment),
    onTheWay: answer(answers.onTheWay),
    policies: answer(answers.policies),
    books: answer(answers.books),
    booksHistory: answer(answers.booksHistory),
    entryOf: answer(answers.entryOf),
    unfinishedBlocks: answer(answers.unfinishedBlocks),
    maturedBlocks: answer(answers.maturedBlocks),
    solvedWithoutBlock: answer(answers.solvedWithoutBlock),
    job: answer(answers.job),
    jobsByMerkleRoot: answer(answers.jobsByMerkleRoot),
    close,
  }
}

/** Does work that comes in slices in one go. */
function endOf<A>(work: Generator<void, A>): A {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Hashes of the blocks that events are about, each once. */
function blocksIn(events: readonly RecordedEvent[]): readonly string[] {
  const hashes = new Set<string>()
  for (const { stream } of events) {
    const parsed = readStreamName(stream)
    if (parsed.kind === 'block') hashes.add(parsed.hash)
  }
  return [...hashes]
}
