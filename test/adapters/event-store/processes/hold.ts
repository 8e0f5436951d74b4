import { writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteEventStore } from '../../../../adapters/event-store/sqlite/open.ts'

/** Opens the store, prints `open` or why not, and keeps it until it is killed. */
const store = await openSqliteEventStore({ file: process.argv[2] ?? '' })()
writeSync(1, `${E.isLeft(store) ? `${store.left.kind}: ${store.left.message}` : 'open'}\n`)
setInterval(() => {}, 60_000)
