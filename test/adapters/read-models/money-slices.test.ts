import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../../adapters/event-store/port.ts'
import type { ReadModels } from '../../../adapters/read-models/port.ts'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import { HASH, right } from './log.ts'
import { matured, moneyLog } from './money-log.ts'
import { dump, inScratch } from './scratch.ts'

/** Rewards of thousands of miners are folded and stored in slices, and nobody sees half of one. */

const MINERS = 2_600
const ACCOUNTS = Array.from({ length: MINERS }, (_, i) => (i * 7 + 1).toString(16).padStart(64, 'a'))
const unitsOf = (block: number): ReadonlyMap<string, bigint> =>
  new Map(ACCOUNTS.map((account, i) => [account, BigInt(1 + ((i * block) % 97))]))

/** Three blocks: one that matures, one that is lost, and one of which parts are missing. */
const EVENTS: readonly RecordedEvent[] = (() => {
  const log = moneyLog()
  log.block(1, 10, 'connected', 'approved')
  log.settle(11, unitsOf(1), 400)
  log.blockEvent(1, matured(12))
  log.block(2, 20, 'connected', 'approved')
  log.settle(21, unitsOf(2), 500)
  log.blockEvent(2, { type: 'BlockDisconnected', data: { v: 1, at: 1_790_000_000_022 } })
  log.settle(23, unitsOf(2), 500)
  log.block(3, 30, 'connected', 'approved')
  log.settle(31, unitsOf(3), 500)
  return log.events.slice(0, -2)
})()

interface Feeding {
  readonly batch: number
  /** A question comes after each so many slices. */
  readonly askEvery: number
  /** What is folded is stored after every batch, or when somebody asks. */
  readonly isDue: boolean
  /** The file is closed and opened again after each so many slices, in the middle of a batch. */
  readonly closeEvery?: number
}

/** The tables of a file that was fed in slices, and how many slices there were. */
function fed({ batch, askEvery, isDue, closeEvery = Number.POSITIVE_INFINITY }: Feeding) {
  return inScratch((directory) => {
    const file = join(directory, 'read-models.db')
    let clock = 0
    const nowMs = (): number => {
      if (isDue) clock += 2_000
      return clock
    }
    const open = (): ReadModels => right(openReadModels({ file, log: 'test', nowMs }))
    let models = open()
    const other = new DatabaseSync(file, { readOnly: true })
    let slices = 0
    let halves = 0
    let closed = 0
    for (let from = 0; from < EVENTS.length; ) {
      const applying = models.applyInSlices(EVENTS.slice(from, from + batch))
      for (;;) {
        const step = applying.next()
        if (step.done === true) {
          right(step.value)
          break
        }
        slices++
        if (!isWhole(other)) halves++
        if (slices % askEvery === 0) expectWhole(models)
        // Not for ever: an event may take more slices than come before the next time.
        if (slices % closeEvery !== 0 || closed === 40) continue
        closed++
        right(models.close())
        expect(applying.next()).toMatchObject({ done: true, value: E.left({ kind: 'closed' }) })
        models = open()
        break
      }
      const checkpoint = models.checkpoint()
      from = checkpoint === null ? 0 : EVENTS.findIndex(({ position }) => position === checkpoint) + 1
    }
    expectWhole(models)
    right(models.close())
    other.close()
    expect(halves).toBe(0)
    return { tables: dump(file), slices }
  })
}

/** A reader of the file sees each reward with all of its credits, and books that sum to zero. */
function isWhole(db: DatabaseSync): boolean {
  const credits = db.prepare('SELECT count(*) AS n FROM credits').get()?.['n']
  const sum = db.prepare(`SELECT (SELECT total(atoms) FROM ledger) +
    (SELECT total(immature + available + in_payout) FROM holders) AS atoms`)
  return Number(credits) % MINERS === 0 && Number(sum.get()?.['atoms']) === 0
}

function expectWhole(models: ReadModels): void {
  expect(right(models.books())).toMatchObject({ agrees: true, refused: [] })
  for (const block of [1, 2, 3]) {
    const allocation = right(models.allocation(HASH(block), { after: null, limit: 1 }))
    if (allocation !== undefined) expect(allocation.accounts).toBe(MINERS)
  }
}

describe('in slices the tables are those of one go', () => {
  const { tables } = fed({ batch: EVENTS.length, askEvery: Number.POSITIVE_INFINITY, isDue: false })

  test('whoever asks in between, and however often is stored', () => {
    let slices = 0
    for (const feeding of [
      { batch: 16, askEvery: Number.POSITIVE_INFINITY, isDue: true },
      { batch: 16, askEvery: 1, isDue: true },
      { batch: 3, askEvery: 2, isDue: true },
      { batch: 16, askEvery: 3, isDue: false },
      { batch: 1, askEvery: 1, isDue: false },
    ]) {
      const made = fed(feeding)
      expect(made.tables).toEqual(tables)
      slices = Math.max(slices, made.slices)
    }
    // More than there are events: rewards come in several.
    expect(slices).toBeGreaterThan(EVENTS.length + 15)
  })

  test('when it is closed in the middle', () => {
    expect(fed({ batch: 16, askEvery: 7, isDue: true, closeEvery: 5 }).tables).toEqual(tables)
    expect(fed({ batch: 16, askEvery: 7, isDue: false, closeEvery: 2 }).tables).toEqual(tables)
  })
})
