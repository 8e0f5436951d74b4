import { describe, expect, test } from 'vitest'
import {
  type Answer,
  type BlockFilter,
  type BlockOrder,
  PAGE_LIMIT_MAX,
  type PageRequest,
} from '../../../adapters/read-models/port.ts'
import type { PageOf } from '../../../projections/views.ts'
import {
  ALICE,
  accept,
  connect,
  connectBlock,
  disconnect,
  find,
  HASH,
  issue,
  openedLog,
  readModelsOf,
  right,
  START,
} from './log.ts'

/** Follows the cursors to the end. */
function all<T>(ask: (page: PageRequest) => Answer<PageOf<T>>, limit: number): readonly (readonly T[])[] {
  const pages: (readonly T[])[] = []
  let after: string | null = null
  do {
    const page: PageOf<T> = right(ask({ after, limit }))
    pages.push(page.items)
    after = page.next
  } while (after !== null)
  return pages
}

const account = (n: number): string => n.toString(16).padStart(64, '0')

describe('miners', () => {
  /** Seven accounts: 0 and 1 without shares, 2 to 6 with as much work as their number, 6 gone since. */
  function sevenMiners() {
    const log = openedLog()
    for (let n = 0; n < 7; n++) connect(log, n, account(n), 'rig')
    accept(
      log,
      0,
      [6, 2, 5, 4, 3].map((n) => ({ connection: n, difficulty: n * 1_000 })),
    )
    disconnect(log, 6, 1_000)
    return readModelsOf(log.events)
  }

  test('come by their work of the last hour, page by page', () => {
    const models = sevenMiners()
    const pages = all((page) => models.miners(page, START + 1_000), 3)
    const numbers = pages.map((page) => page.map((miner) => Number(miner.account)))
    expect(numbers).toEqual([[6, 5, 4], [3, 2, 0], [1]])
    expect(all((page) => models.miners(page, START + 1_000), 7)).toHaveLength(1)
    expect(pages[0]?.[0]?.workersOnline).toBe(0)
  })

  test('who left are gone from the list an hour later', () => {
    const models = sevenMiners()
    const [page] = all((page) => models.miners(page, START + 2 * 3_600_000), 100)
    expect(page?.map((miner) => Number(miner.account))).toEqual([0, 1, 2, 3, 4, 5])
  })
})

describe('orders', () => {
  test.each([
    ['last-share', true, [3, 2, 1, 0]],
    ['last-share', false, [0, 1, 2, 3]],
    ['workers', true, [2, 0, 1, 3]],
    ['workers', false, [0, 1, 3, 2]],
    ['work', false, [0, 1, 2, 3]],
  ] as const)('of miners by %s, largest first: %s', (by, descending, expected) => {
    const log = openedLog()
    for (let n = 0; n < 4; n++) connect(log, n, account(n), 'rig')
    connect(log, 9, account(2), 'second')
    for (let n = 1; n < 4; n++) accept(log, n * 1_000, [{ connection: n, difficulty: n }])
    const models = readModelsOf(log.events)
    const pages = all((page) => models.miners(page, START + 5_000, { by, descending }), 2)
    expect(pages.flat().map((miner) => Number(miner.account))).toEqual(expected)
  })

  test('of blocks by height and by the effort of their rounds, each whole in pages', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    issue(log, 0, 100, 0)
    for (const [n, difficulty] of [5, 1, 9, 3].entries()) {
      accept(log, n * 1_000, [{ connection: 1, difficulty: difficulty * 1_000_000_000, solves: HASH(n) }])
      find(log, HASH(n), 100 + n, n * 1_000)
      connectBlock(log, HASH(n), n * 1_000)
    }
    const models = readModelsOf(log.events)
    const list = (order: BlockOrder, filter: BlockFilter = {}): readonly number[] =>
      all((page) => models.blocks({ ...filter, order }, page), 3)
        .flat()
        .map(({ hash }) => Number(hash))
    expect(list({ by: 'height', descending: false })).toEqual([0, 1, 2, 3])
    expect(list({ by: 'effort', descending: true })).toEqual([2, 0, 3, 1])
    expect(list({ by: 'effort', descending: false }, { account: ALICE })).toEqual([1, 3, 0, 2])
    expect(list({ by: 'effort', descending: true }, { account: account(9) })).toEqual([])
  })
})

test('workers of an account come by their work, page by page', () => {
  const log = openedLog()
  for (let n = 0; n < 5; n++) connect(log, n, ALICE, `rig-${n}`)
  accept(
    log,
    0,
    [3, 1, 4].map((n) => ({ connection: n, difficulty: n * 1_000_000_000_000 })),
  )
  const models = readModelsOf(log.events)
  const pages = all((page) => models.workers(ALICE, page, START), 2)
  expect(pages.map((page) => page.map(({ name }) => name))).toEqual([
    ['rig-4', 'rig-3'],
    ['rig-1', 'rig-0'],
    ['rig-2'],
  ])
  expect(right(models.account(ALICE, START))?.workers.items).toHaveLength(5)
})

test('a worker shows some of very many connections, and how many there are', () => {
  const log = openedLog()
  for (let n = 0; n < 25; n++) connect(log, n, ALICE, 'farm', n)
  const [farm] = right(readModelsOf(log.events).workers(ALICE, { after: null, limit: 1 }, START)).items
  expect(farm?.connectionCount).toBe(25)
  expect(farm?.connections.map(({ connection }) => connection)).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  )
})

test('blocks come newest first; of one height, too', () => {
  const log = openedLog()
  const heights = [100, 101, 101, 103, 102]
  for (const [n, height] of heights.entries())
    find(log, HASH(n), height, n, n % 2 === 0 ? {} : { account: account(9) })
  const models = readModelsOf(log.events)
  const numbers = (pages: readonly (readonly { hash: string }[])[]): number[][] =>
    pages.map((page) => page.map(({ hash }) => Number(hash)))
  expect(numbers(all((page) => models.blocks({}, page), 2))).toEqual([[3, 4], [2, 1], [0]])
  expect(numbers(all((page) => models.blocks({ account: account(9) }, page), 1))).toEqual([[3], [1]])
})

test('a page that makes no sense is refused', () => {
  const models = readModelsOf(openedLog().events)
  const refused: PageRequest[] = [
    { after: null, limit: 0 },
    { after: null, limit: PAGE_LIMIT_MAX + 1 },
    { after: null, limit: 1.5 },
    { after: '', limit: 1 },
    { after: '1', limit: 1 },
    { after: "1:1' OR 1", limit: 1 },
    { after: '-1:2', limit: 1 },
  ]
  for (const page of refused) {
    expect(models.miners(page, START)).toMatchObject({ left: { kind: 'bad-request' } })
    expect(models.workers(ALICE, page, START)).toMatchObject({ left: { kind: 'bad-request' } })
    expect(models.blocks({}, page)).toMatchObject({ left: { kind: 'bad-request' } })
  }
})
