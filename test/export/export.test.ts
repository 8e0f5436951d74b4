import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { type ExportOptions, exportHistory } from '../../src/export/export.ts'
import { VIEWS } from '../../src/export/sqlite-file.ts'
import { type Row, TABLES, type TableName, tables } from '../../src/export/tables.ts'
import { FORMATS, type Format } from '../../src/export/writer.ts'
import type { History } from '../../src/replay/history.ts'
import { lodebook, temporaryDirectory } from '../cli/child.ts'
import { changed, historyOf, modelsOf, replayed, right, simulated } from '../replay/histories.ts'
import { storeOf } from '../replay/published.ts'
import { readBack } from './read-back.ts'

const scratch = temporaryDirectory()
afterAll(scratch.remove)
let outputs = 0
const newPath = (): string => join(scratch.path, `export-${outputs++}`)

const PPLNS = { shares: 1_500, miners: 12, sharesPerBlock: 30, seed: 1 } as const

async function exported(
  events: readonly RecordedEvent[],
  format: Format,
  options: Partial<ExportOptions> = {},
) {
  const output = newPath()
  const history = historyOf(events, 50)
  const all = { history, format, output, tables: TABLES, onProgress: () => undefined }
  const outcome = right(await exportHistory({ ...all, ...options }))
  return { output, ...outcome }
}

/** Every table of an export. */
async function contents(events: readonly RecordedEvent[], format: Format) {
  const { output } = await exported(events, format)
  const read = new Map<TableName, readonly Row[]>()
  for (const name of TABLES) {
    const file = format === 'sqlite' ? output : join(output, `${name}.${format}`)
    read.set(name, await readBack(format, file, tables[name]))
  }
  return read
}

/** Rows as objects, for reading a test. */
const objects = (read: ReadonlyMap<TableName, readonly Row[]>, name: TableName) =>
  (read.get(name) ?? []).map((row) =>
    Object.fromEntries(tables[name].columns.map((column, i) => [column.name, row[i] ?? null])),
  )

/** CSV does not tell an empty text from nothing, and marks what a spreadsheet would run. */
const asCsv = (rows: readonly Row[] | undefined, name: TableName): readonly Row[] =>
  (rows ?? []).map((row) =>
    row.map((cell, i) => {
      const { type } = tables[name].columns[i] ?? { type: 'text' }
      if (type !== 'text') return cell
      return cell === null ? '' : cell
    }),
  )

describe.each(['pplns', 'pps', 'solo'] as const)('a history under %s', (scheme) => {
  test('is the same in every format, when it is read back', async () => {
    const { events } = await simulated({ ...PPLNS, scheme })
    const jsonl = await contents(events, 'jsonl')
    for (const name of TABLES) {
      for (const row of jsonl.get(name) ?? []) expect(row).toHaveLength(tables[name].columns.length)
    }
    expect(await contents(events, 'sqlite')).toEqual(jsonl)
    expect(await contents(events, 'parquet')).toEqual(jsonl)
    const csv = await contents(events, 'csv')
    for (const name of TABLES) expect([name, csv.get(name)]).toEqual([name, asCsv(jsonl.get(name), name)])
  })

  test('holds every event, share and movement that there was', async () => {
    const { events } = await simulated({ ...PPLNS, scheme })
    const read = await contents(events, 'jsonl')
    expect(objects(read, 'events')).toEqual(
      events.map(({ stream, revision, type, data }, entry) => ({
        ...{ entry, at: JSON.parse(data).at, stream, revision, type, data },
      })),
    )
    const shares = objects(read, 'shares')
    expect(shares).toHaveLength(PPLNS.shares)
    for (const share of shares)
      for (const name of ['account', 'worker', 'height', 'units']) expect(share[name]).not.toBeNull()
    const ofType = (type: string) =>
      events.flatMap((event, entry) =>
        event.type === type ? [{ ...event, entry, data: JSON.parse(event.data) }] : [],
      )
    expect(shares.map(({ difficulty, nonce, at }) => [difficulty, nonce, at])).toEqual(
      ofType('SharesAccepted').flatMap(({ data }) =>
        data.difficulty.map((difficulty: number, i: number) => [
          difficulty,
          data.nonce[i],
          data.at + data.elapsed[i],
        ]),
      ),
    )
    expect(objects(read, 'allocations').map(({ entry, account, atoms }) => [entry, account, atoms])).toEqual(
      ofType('RewardAllocated').flatMap(({ entry, data }) =>
        data.account.map((account: string, i: number) => [entry, account, Number(data.atoms[i])]),
      ),
    )
    expect(objects(read, 'work_settlements').map(({ entry, atoms }) => [entry, atoms])).toEqual(
      ofType('WorkSettled').map(({ entry, data }) => [entry, Number(data.atoms)]),
    )
    expect(objects(read, 'connections')).toHaveLength(ofType('MinerConnected').length)
    expect(objects(read, 'workers')).toHaveLength(ofType('WorkerAuthorized').length)
    expect(objects(read, 'reversals')).toHaveLength(ofType('RewardReversed').length)
    expect(objects(read, 'policies').map(({ scheme: name }) => name)).toEqual([scheme, scheme])
    const outputs = ofType('PayoutPlanned').reduce(
      (sum, { data }) => sum + data.address.length + (data.poolFee === null ? 0 : 1),
      0,
    )
    expect(objects(read, 'payments')).toHaveLength(outputs)
    const refused = ofType('SharesRejected').flatMap(({ data }) => data.count)
    expect(objects(read, 'rejections').map(({ count }) => count)).toEqual(refused)
  })

  test('has the blocks as the pages show them', async () => {
    const { events } = await simulated({ ...PPLNS, scheme })
    const read = await contents(events, 'jsonl')
    const models = modelsOf(events)
    for (const { hash, height, account, reward_atoms, share_entry, share_position } of objects(
      read,
      'blocks',
    )) {
      const shown = right(models.block(String(hash)))
      expect(shown).toMatchObject({ hash, height })
      expect(shown?.reward?.atoms ?? null).toBe(reward_atoms === null ? null : String(reward_atoms))
      const { solved } = JSON.parse(events[Number(share_entry)]?.data ?? '{}')
      expect(solved).toContainEqual({ hash, share: share_position })
      expect(account).toMatch(/^[0-9a-f]{64}$/)
    }
    models.close()
  })
})

describe('SQLite', () => {
  test('has views, which say the same as a replay', async () => {
    const { events } = await simulated(PPLNS)
    const { output } = await exported(events, 'sqlite')
    const db = new DatabaseSync(output, { readOnly: true })
    for (const { name } of VIEWS) expect(db.prepare(`SELECT * FROM ${name}`).all().length).toBeGreaterThan(5)
    const { money } = await replayed(events)
    for (const row of db.prepare('SELECT * FROM account_totals').all()) {
      const received = money.received.get(String(row['account'])) ?? { paid: 0n, chainFees: 0n }
      expect([row['paid_atoms'], row['deducted_atoms']]).toEqual([
        Number(received.paid),
        Number(received.paid + received.chainFees),
      ])
    }
    const states = db.prepare('SELECT DISTINCT state FROM earnings ORDER BY state').all()
    expect(states.map(({ state }) => state)).toEqual(['available', 'immature', 'reversed'])
    // Every share of a window, each once; of the oldest one only a part may count.
    const windows = db
      .prepare(`SELECT r.settlement, r.window_shares, r.window_units, count(*) AS shares
      FROM rewards r JOIN window_shares w USING (settlement) GROUP BY r.settlement`)
      .all()
    expect(windows.length).toBeGreaterThan(20)
    for (const { window_shares: said, shares } of windows) expect(shares).toBe(said)
    const days = db.prepare('SELECT sum(shares) AS shares FROM daily_shares').get()
    expect(days?.['shares']).toBe(PPLNS.shares)
    db.close()
  })

  test('with some tables has no view that needs another', async () => {
    const { events } = await simulated(PPLNS)
    const { output } = await exported(events, 'sqlite', { tables: ['shares', 'accounts'] })
    const db = new DatabaseSync(output, { readOnly: true })
    const named = (type: string) =>
      db
        .prepare('SELECT name FROM sqlite_schema WHERE type = ? ORDER BY name')
        .all(type)
        .map(({ name }) => name)
    expect(named('table')).toEqual(['accounts', 'shares'])
    expect(named('view')).toEqual(['daily_shares'])
    expect(named('index')).toEqual(['shares_by_account', 'shares_by_entry'])
    db.close()
  })
})

test('what a miner calls itself is run by no spreadsheet', async () => {
  const { events } = await simulated(PPLNS)
  const first = events.findIndex(({ type }) => type === 'WorkerAuthorized')
  const name = '=HYPERLINK("http://x.example","a, b")'
  const evil = events.map((event, i) =>
    i === first ? changed(event, (data) => Object.assign(data, { worker: name })) : event,
  )
  const { output } = await exported(evil, 'csv', { tables: ['workers'] })
  const text = readFileSync(output, 'utf8')
  expect(text).toContain(`,"'=HYPERLINK(""http://x.example"",""a, b"")"\r\n`)
  expect(text).not.toMatch(/,"?=/)
  for (const format of FORMATS) {
    const { output: file } = await exported(evil, format, { tables: ['workers'] })
    const rows = await readBack(format, file, tables.workers)
    expect(rows[0]?.at(-1)).toBe(format === 'csv' ? `'${name}` : name)
  }
})

describe('whole or not at all', () => {
  const leaves = async (format: Format, history: History, names: readonly TableName[] = TABLES) => {
    const output = newPath()
    const outcome = await exportHistory({
      history,
      format,
      output,
      tables: names,
      onProgress: () => undefined,
    })
    const left = existsSync(output) ? readdirSync(output) : []
    return { output, said: E.isLeft(outcome) ? outcome.left.message : 'exported', left }
  }

  test.each(FORMATS)('%s: a history that breaks off leaves nothing behind', async (format) => {
    const { events } = await simulated(PPLNS)
    const { batches } = historyOf(events.slice(0, 400), 50)
    const broken: History = {
      name: 'broken',
      batches: async function* () {
        yield* batches()
        yield E.left({ kind: 'unreadable', message: 'The disk is gone.' })
      },
    }
    const { output, said, left } = await leaves(format, broken)
    expect([said, left]).toEqual(['The disk is gone.', []])
    expect(
      readdirSync(scratch.path).filter((file) => join(scratch.path, file).startsWith(`${output}.`)),
    ).toEqual([])
  })

  test('an entry that can not be read is named', async () => {
    const { events } = await simulated(PPLNS)
    const wrong = events.map((event, i) =>
      i === 7 ? changed(event, (data) => Object.assign(data, { v: 7 })) : event,
    )
    const { said } = await leaves('csv', historyOf(wrong))
    expect(said).toBe(`Entry 7 can't be read: ${events[7]?.type} v7 is newer than this program.`)
    const lost = events.map((event, i) => (i === 1 ? { ...event, stream: 'account-1' } : event))
    expect((await leaves('csv', historyOf(lost))).said).toBe(
      'Entry 1 is a PolicyAdopted in stream "account-1", where none belongs.',
    )
  })

  test('what is there is not overwritten, what a killed export left is', async () => {
    const { events } = await simulated(PPLNS)
    const output = newPath()
    const options = {
      history: historyOf(events),
      format: 'csv',
      tables: ['accounts'],
      onProgress: () => undefined,
    } as const
    writeFileSync(`${output}.part`, 'half')
    right(await exportHistory({ ...options, output }))
    expect(await exportHistory({ ...options, output })).toEqual(
      E.left({
        kind: 'exists',
        message: `${output} is there already, and nothing is overwritten; name another --output.`,
      }),
    )
    const directory = newPath()
    mkdirSync(directory)
    writeFileSync(join(directory, 'workers.csv'), 'mine')
    const refused = await exportHistory({ ...options, tables: TABLES, output: directory })
    expect(E.isLeft(refused) && refused.left.message).toBe(
      `${join(directory, 'workers.csv')} is there already, and nothing is overwritten; name another --output.`,
    )
    expect(readdirSync(directory)).toEqual(['workers.csv'])
  })

  test('a place where nothing can be written is said so', async () => {
    const { events } = await simulated(PPLNS)
    writeFileSync(join(scratch.path, 'a-file'), '')
    const output = join(scratch.path, 'a-file', 'below')
    const outcome = await exportHistory({
      ...{
        history: historyOf(events),
        format: 'parquet',
        output,
        tables: TABLES,
        onProgress: () => undefined,
      },
    })
    expect(E.isLeft(outcome) && outcome.left).toMatchObject({
      kind: 'disk',
      message: expect.stringMatching(/^.*a-file\/below can't be written: E(EXIST|NOTDIR)/),
    })
  })
})

describe('the command', () => {
  const run = (...words: readonly string[]) => lodebook(['export', ...words], { directory: scratch.path })

  test('exports a store, and says what it wrote', async () => {
    const { events } = await simulated(PPLNS)
    const store = await storeOf(scratch.path, 'lodebook.db', events)
    const { code, stdout } = await run('--store', store, '--format', 'jsonl', '--output', 'tables', '--json')
    expect(code).toBe(0)
    const { files, rows } = JSON.parse(stdout)
    expect(Object.keys(rows)).toEqual([...TABLES])
    expect(rows).toMatchObject({ shares: PPLNS.shares, events: events.length })
    expect(files).toEqual(TABLES.map((name) => join(scratch.path, 'tables', `${name}.jsonl`)))
    const one = await run('--store', store, '--format', 'csv', '--output', 'one.csv', '--table', 'accounts')
    expect([one.code, one.stdout]).toEqual([0, 'accounts          11 rows\none.csv\n'])
    const again = await run('--store', store, '--format', 'csv', '--output', 'one.csv', '--table', 'accounts')
    expect([again.code, again.stderr]).toEqual([
      2,
      `lodebook: ${join(scratch.path, 'one.csv')} is there already, and nothing is overwritten; name another --output.\n`,
    ])
  })

  test.each([
    [['--format', 'csv'], /^lodebook: --output <path> is missing: /],
    [['--output', 'x'], /^lodebook: --format <name> is missing: /],
    [['--format', 'xls', '--output', 'x'], /allowed: csv, jsonl, sqlite, parquet/],
    [['--format', 'csv', '--output', 'x', '--table', 'share'], /allowed: shares, rejections, /],
    [
      ['--format', 'csv', '--output', 'x'],
      /^lodebook: Give the address of a ledger, with --key to have it checked, or --store\.$/m,
    ],
  ])('%j', async (words, sentence) => {
    const { code, stderr } = await run(...words)
    expect(code).toBe(2)
    expect(stderr).toMatch(sentence)
  })
})
