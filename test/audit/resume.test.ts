import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { TILE_WIDTH } from '../../domain/transparency/tile.ts'
import { lodebook, start, temporaryDirectory } from '../cli/child.ts'
import { at, copyOf, type History, history, indexOf, published } from './cooked-books.ts'

/** An audit that is killed goes on where its hashing was, and comes to the same as one that was not. */

/** Bundle that the server keeps back: an audit settles the first ones before it waits for this one. */
const KEPT_BACK = 7

const directory = temporaryDirectory()
const file = (name: string): string => join(directory.path, name)
let honest: History
let server: Server
let isKeptBack: boolean
let folder: string

beforeAll(async () => {
  honest = await history({ shares: 2_000, sharesPerEvent: 1 })
  expect(honest.log.length).toBeGreaterThan((KEPT_BACK + 1) * TILE_WIDTH)
  server = createServer((request, response) => {
    const path = request.url ?? ''
    if (isKeptBack && path.startsWith(`/tile/entries/00${KEPT_BACK}`)) return
    const read = createReadStream(join(folder, path))
    read.on('error', () => response.writeHead(404).end())
    read.pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  directory.remove()
})

const words = (...more: readonly string[]): readonly string[] => [
  ...['audit', `http://127.0.0.1:${(server.address() as AddressInfo).port}`],
  ...['--key', verifierKeyText(honest.key.verifier), '--workers', '2', ...more],
]

/** Kills an audit of a ledger in its middle, as soon as something of it is hashed. Answers up to which entry. */
async function killedAudit(save: string): Promise<number> {
  isKeptBack = true
  const { process, finished } = start(words('--save', save), { directory: directory.path })
  while (!existsSync(file(`${save}.hashed`)) && process.exitCode === null) await sleep(5)
  process.kill('SIGKILL')
  expect((await finished).code).toBeNull()
  isKeptBack = false
  expect(existsSync(file(save))).toBe(false)
  return JSON.parse(readFileSync(file(`${save}.hashed`), 'utf8')).entries
}

/** What an audit reports, but how many shares it hashed, which is beside it. */
async function audited(...more: readonly string[]) {
  const { code, stderr } = await lodebook(words('--json', 'report.json', ...more), {
    directory: directory.path,
  })
  expect(stderr).toBe('')
  const { shares, ...rest } = JSON.parse(readFileSync(file('report.json'), 'utf8'))
  const { hashed, ...counted } = shares
  return { hashed, report: { code, ...rest, shares: counted } }
}

/** Shares in the entries from one on. */
const sharesFrom = (log: History['log'], entry: number): number =>
  log
    .slice(entry)
    .reduce((sum, { type, data }) => sum + (type === 'SharesAccepted' ? data.nonce.length : 0), 0)

test('of an honest ledger: the rest is hashed, nothing twice, and the report is the same', async () => {
  folder = await published(honest.log, honest.key)
  const done = await killedAudit('honest')
  expect(done).toBeGreaterThan(0)
  expect(done % TILE_WIDTH).toBe(0)
  const resumed = await audited('--save', 'honest')
  const whole = await audited()
  expect(resumed.report).toEqual(whole.report)
  expect(resumed.report).toMatchObject({ code: 0, result: 'holds' })
  expect(resumed.hashed).toBe(sharesFrom(honest.log, done))
  expect(whole.hashed).toBe(2_000)
})

test('of a ledger with a fault after that: it is found as if nothing had been noted', async () => {
  const log = copyOf(honest)
  const index = indexOf(log, ({ type }) => type === 'SharesAccepted', 1_900)
  at(log, index).data.extranonce2[0] = '00'
  folder = await published(log, honest.key)
  const done = await killedAudit('late')
  expect(done).toBeLessThan(index)
  const resumed = await audited('--save', 'late')
  const whole = await audited()
  expect(resumed.report).toEqual(whole.report)
  expect(resumed.report).toMatchObject({ code: 1, result: 'fails' })
  expect(resumed.report.findings).toContainEqual(
    expect.objectContaining({ check: 'A3', kind: 'wrong-extranonce', entry: index }),
  )
  expect(resumed.hashed).toBe(sharesFrom(log, done))
})

test('of a ledger with a fault from the start: nothing is noted, and the fault is found each time', async () => {
  const log = copyOf(honest)
  const index = indexOf(log, ({ type }) => type === 'SharesAccepted')
  at(log, index).data.extranonce2[0] = '00'
  folder = await published(log, honest.key)
  const first = await audited('--save', 'early')
  expect(existsSync(file('early.hashed'))).toBe(false)
  const again = await audited('--save', 'early')
  expect(again).toEqual(first)
  expect(again.report.code).toBe(1)
  expect(again.hashed).toBe(2_000)
})
