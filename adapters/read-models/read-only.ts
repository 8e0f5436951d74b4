import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { openAnswers } from './answers.ts'
import { isOfThisVersion, sqliteError } from './file.ts'
import type { Answer, ReadModels } from './port.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { loadTally } from './stored.ts'

/** Figures for a command that looks at them once. */
export type Figures = Pick<
  ReadModels,
  'status' | 'pool' | 'account' | 'balances' | 'statement' | 'payments' | 'books' | 'close'
>

/**
 * Opens the read models of a pool for reading, while it runs or not: nothing is written to them. All answers are of the moment at
 * which this was called, which is a second behind the log at most.
 */
export function openFigures(file: string): Answer<Figures> {
  if (!existsSync(file))
    return E.left({
      kind: 'unavailable',
      message: `${file} is not there: name the data directory of a pool that has run.`,
    })
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS_MAX })
    if (isOfThisVersion(db)) return E.right(figuresOf(db, file))
    db.close()
    return E.left({
      kind: 'unknown-version',
      message: `${file} was not made by this version of Lodebook. Start the pool once with this version, or read its log with --store.`,
    })
  } catch (thrown) {
    if (db?.isOpen) db.close()
    return E.left(sqliteError(file, thrown))
  }
}

/** Nobody else waits for this process. */
const BUSY_MS_MAX = 5_000

function figuresOf(db: DatabaseSync, file: string): Figures {
  db.exec('BEGIN')
  const tally = loadTally(db)
  const answers = openAnswers(db, tally)
  const safely =
    <A extends readonly unknown[], T>(ask: (...question: A) => Answer<T>) =>
    (...question: A): Answer<T> => {
      try {
        return ask(...question)
      } catch (thrown) {
        return E.left(sqliteError(file, thrown))
      }
    }
  return {
    status: () => ({
      version: SCHEMA_VERSION,
      position: tally.position,
      entries: tally.entries,
      skipped: tally.skipped,
      eventAt: tally.entries === 0 ? null : tally.clockMs,
    }),
    pool: safely(answers.pool),
    account: safely(answers.account),
    balances: safely(answers.balances),
    statement: safely(answers.statement),
    payments: safely(answers.payments),
    books: safely(answers.books),
    close: () => {
      db.close()
      return E.right(undefined)
    },
  }
}
