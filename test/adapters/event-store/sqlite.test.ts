import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteEventStore } from '../../../adapters/event-store/sqlite/open.ts'
import { eventStoreContract } from '../../contract/event-store.ts'

eventStoreContract('sqlite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-store-'))
  const file = join(directory, 'events.db')
  const store = await openSqliteEventStore({ file })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  const intruder = new DatabaseSync(file)
  return {
    store: store.right,
    goAway: async () => intruder.exec('BEGIN IMMEDIATE'),
    comeBack: async () => intruder.exec('ROLLBACK'),
    // Whoever lost the answer can't tell it from one that nobody listened to.
    appendLosingAnswer: async (appends) => {
      await store.right.append(appends)()
    },
    fill: (append) => store.right.append([append])(),
    dispose: async () => {
      intruder.close()
      await store.right.close()
      rmSync(directory, { recursive: true })
    },
  }
})
