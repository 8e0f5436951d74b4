import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import { eventHistory } from '../../support/event-histories.ts'
import { right } from './log.ts'
import { inScratch } from './scratch.ts'

test('every event is found at its ordinal, by stream and revision, and nothing that is not there', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, batch) =>
      inScratch((directory) => {
        const events = [...eventHistory({ seed, shares: 400, workers: 5, sharesPerEvent: 8, trouble: 5 })]
        const models = right(
          openReadModels({ file: join(directory, 'read-models.db'), log: 'test', nowMs: () => 0 }),
        )
        for (let from = 0; from < events.length; from += batch)
          right(models.apply(events.slice(from, from + batch)))
        const found = events.map(({ stream, revision }) => right(models.entryOf(stream, revision)))
        expect(found).toEqual(events.map((_, i) => i))
        const ends = new Map(events.map(({ stream, revision }) => [stream, revision + 1]))
        for (const [stream, revision] of ends) expect(right(models.entryOf(stream, revision))).toBeUndefined()
        expect(right(models.entryOf('no-such-stream', 0))).toBeUndefined()
        right(models.close())
      }),
    ),
    { numRuns: 20 },
  )
})
