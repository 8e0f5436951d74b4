import { writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { NO_STREAM } from '../../../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../../../adapters/event-store/sqlite/open.ts'
import { CALL_STREAM, callOf } from './calls.ts'

/** Appends call after call, each to two streams, and prints the number of each one that was answered. Until it is killed. */
const store = await openSqliteEventStore({ file: process.argv[2] ?? '' })()
if (E.isLeft(store)) throw new Error(store.left.message)
const newest = await store.right.readStream(CALL_STREAM, { from: 'end', direction: 'backwards', limit: 1 })()
if (E.isLeft(newest)) throw new Error(newest.left.message)
for (let call = (newest.right[0]?.revision ?? NO_STREAM) + 1; ; call++) {
  const answer = await store.right.append(callOf(call))()
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  // Not process.stdout, which may keep a line back.
  writeSync(1, `${call}\n`)
}
