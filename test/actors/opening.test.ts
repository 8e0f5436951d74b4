import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { closeAbandonedEpochs } from '../../src/actors/opening.ts'
import { openJournal } from '../../src/journal.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

test('an hour that a killed gateway left open is closed, also when the clock was set back before it', async () => {
  const nine = Date.UTC(2026, 10, 23, 9)
  const ten = nine + 3_600_000
  const store = memoryEventStore()
  const clock = { now: ten + 500 }
  const committed = Promise.withResolvers<void>()
  const journal = openJournal({
    store,
    gateway: 0,
    nowMs: () => clock.now,
    lingerMsMax: 0,
    batchSharesTarget: 1,
    queueSharesMax: 10,
    onCommit: () => committed.resolve(),
    onRejected: () => undefined,
    onStoreError: () => undefined,
    onStopped: () => undefined,
  })
  journal.share({
    ...{ connection: 0, worker: 0, job: 0, difficulty: 3, extranonce2: '00', ntimeOffset: 0, nonce: 1 },
    ...{ atMs: clock.now, solved: null, committed: () => undefined },
  })
  await committed.promise

  const earlier = [{ gateway: 0, atMs: ten - 60_000 }]
  expect(E.isRight(await closeAbandonedEpochs(store, earlier, ten - 1_000)())).toBe(true)
  const written = await store.readStream('shares-0-2026112310', {
    from: 'start',
    direction: 'forwards',
    limit: 10,
  })()
  if (E.isLeft(written)) throw new Error(written.left.message)
  expect(written.right.map(({ type }) => type)).toEqual(['SharesAccepted', 'EpochClosed'])
  store.goAway()
  await journal.stop(10)
})
