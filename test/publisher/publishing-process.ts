import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { pino } from 'pino'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { eventId } from '../../domain/event-id.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { openPublisher } from '../../src/publisher/publisher.ts'

/**
 * A log that grows without a pause, and its publisher, in a process to be killed. Forked with the directory as its only argument and,
 * when it is to publish what is there and end by itself, `end` after it. Sends the state of the publisher whenever that has changed.
 */

process.on('disconnect', () => process.exit())
const [, , directory = '', mode] = process.argv
const store = await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()
if (E.isLeft(store)) throw new Error(store.left.message)
const folder = join(directory, 'ledger')
const ledger = {
  origin: null,
  key: null,
  keyFile: join(directory, 'ledger.key'),
  previousKeyFile: null,
  checkpointMsMax: 20,
}
const publisher = openPublisher({
  store: store.right,
  keys: openLedgerKeys(ledger, folder, null),
  folder,
  checkpointMsMax: ledger.checkpointMsMax,
  witnesses: [],
  nowMs: Date.now,
  log: pino({ level: 'silent' }),
  onWitnessError: () => undefined,
})

/** Events so far. Each life writes streams of its own. */
const head = await store.right.head()()
const life = E.isRight(head) ? O.getOrElse(() => 0)(head.right) : 0

let told = ''
setInterval(() => {
  const { state, message, checkpoint } = publisher.status()
  if (`${state} ${message}` !== told) process.send?.({ state, message })
  told = `${state} ${message}`
  if (mode === 'end' && checkpoint?.size === life) void publisher.stop().then(() => process.exit(0))
}, 5)

for (let n = 0; mode !== 'end'; n++) {
  const stream = `life-${life}.${n}`
  const type = n % 40 === 39 ? 'BlockFound' : 'SomethingHappened'
  const events = Array.from({ length: 1 + (n % 17) }, (_, i) => {
    const data = canonicalJson({ at: Date.now(), filler: 'x'.repeat((n * 37 + i) % 300), n: i, v: 1 })
    return { id: eventId(stream, i, type, data), type, data }
  })
  const appended = await store.right.append([{ stream, expected: -1, events }])()
  if (E.isLeft(appended)) throw new Error(appended.left.message)
  await new Promise((resolve) => setTimeout(resolve, n % 5))
}
