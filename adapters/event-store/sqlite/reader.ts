import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { EMBEDDED_LOG } from '../follow.ts'
import type { EventReader, StoreError } from '../port.ts'
import { attempt, closedError, writtenError } from './errors.ts'
import type { ReadFile } from './file.ts'
import { column, readsOf } from './reads.ts'
import { prepareReading } from './statements.ts'

/**
 * Reads the log in a file that another process may be writing: each answer is of the moment when it is given.
 *
 * @throws what `node:sqlite` throws when the tables are not as they should be.
 */
export function sqliteEventReader(path: string, { db, isAsItWas }: ReadFile): EventReader {
  const statements = prepareReading(db)
  const newest = (): number | undefined => column(statements.newest.get(), 0)
  const reads = readsOf(path, statements, () => newest() ?? 0)

  const answer =
    <A>(work: () => E.Either<StoreError, A>): TaskEither<StoreError, A> =>
    async () => {
      if (!db.isOpen) return E.left(closedError(path))
      const answered = attempt(path, work)
      return isAsItWas() ? answered : E.left(writtenError(path))
    }

  return {
    name: `sqlite:${path}`,
    log: EMBEDDED_LOG,
    readStream: (stream, range) => answer(() => reads.readStream(stream, range)),
    readAll: (after, limit, types) => answer(() => reads.readAll(after, limit, types)),
    newest: () => answer(reads.newest),
    head: () => answer(() => E.right(O.fromNullable(newest()))),
    close: async () => {
      if (db.isOpen) db.close()
    },
  }
}
