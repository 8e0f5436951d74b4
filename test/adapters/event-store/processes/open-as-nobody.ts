import { writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteEventStore } from '../../../../adapters/event-store/sqlite/open.ts'

/** The superuser may write everything, so this program gives that up first. Then it prints `open` or why not. */
const NOBODY = 65534
if (process.getuid?.() === 0) process.setuid?.(NOBODY)
const store = await openSqliteEventStore({ file: process.argv[2] ?? '' })()
writeSync(1, `${E.isLeft(store) ? `${store.left.kind}: ${store.left.message}` : 'open'}\n`)
