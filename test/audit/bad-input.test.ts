import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerOverHttp } from '../../adapters/ledger/http.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { lodebook, temporaryDirectory } from '../cli/child.ts'
import {
  at,
  audited,
  auditedLog,
  copyOf,
  found,
  type History,
  history,
  indexOf,
  published,
} from './cooked-books.ts'

/** What an auditor may be given instead of a ledger: each ends with its sentence and its exit code. */

let honest: History
let folder: string
let key: string
const directory = temporaryDirectory()
const servers: Server[] = []
beforeAll(async () => {
  honest = await history({ shares: 300 })
  folder = await published(honest.log, honest.key)
  key = verifierKeyText(honest.key.verifier)
})
afterAll(() => {
  directory.remove()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const run = (...words: readonly string[]) =>
  lodebook(['audit', ...words, '--workers', '1'], { directory: directory.path })

test('an honest ledger: exit code 0, reports and a checkpoint to go on from', async () => {
  const first = await run(folder, '--key', key, '--save', 'saved', '--json', 'r.json', '--html', 'r.html')
  expect(first.stderr).toBe('')
  expect(first.code).toBe(0)
  expect(first.stdout).toContain('Everything that was checked holds.')
  const report = JSON.parse(readFileSync(join(directory.path, 'r.json'), 'utf8'))
  expect(report.result).toBe('holds')
  expect(report.shares).toMatchObject({ accepted: 300, hashed: 300 })
  expect(report.ledger.entries).toBe(honest.log.length)
  const page = readFileSync(join(directory.path, 'r.html'), 'utf8')
  expect(page).toContain('<svg')
  expect(page).not.toMatch(/<script|https?:/)
  expect(readFileSync(join(directory.path, 'saved'), 'utf8')).toBe(
    readFileSync(join(folder, 'checkpoint'), 'utf8'),
  )
  const second = await run(folder, '--key', key, '--since', 'saved', '--save', 'saved')
  expect(second.code).toBe(0)
  expect(second.stdout).toContain('300, 0 hashed now')
})

test('work that was hashed of another ledger counts for nothing', async () => {
  const other = { origin: honest.key.verifier.name, entries: 256, root: new Uint8Array(32) }
  const answer = await audited(folder, honest.key, { hashed: other })
  expect(found(answer)).toEqual([])
  expect(answer.fold?.shares.hashed).toBe(300)
})

test('a wrong key: 1, and nothing else is believed', async () => {
  const other = signingKey(honest.key.verifier.name, 'note', new Uint8Array(32).fill(9))
  const { code, stdout } = await run(folder, '--key', verifierKeyText(other.verifier))
  expect(code).toBe(1)
  expect(stdout).toContain('wrong A1 not-signed: ')
  expect(stdout).toContain('1 discrepancy.')
})

test('a checkpoint of another origin: 1', async () => {
  const copy = join(directory.path, 'other')
  cpSync(folder, copy, { recursive: true })
  const checkpoint = { origin: 'other.example', size: honest.log.length, root: new Uint8Array(32) }
  writeFileSync(join(copy, 'checkpoint'), signCheckpoint(checkpoint, [noteSigner(honest.key)]))
  const { code, stdout } = await run(copy, '--key', key)
  expect(code).toBe(1)
  expect(stdout).toContain(
    `wrong A1 other-origin: This checkpoint is of "other.example" and not of "${honest.key.verifier.name}".`,
  )
})

test('a key that is none: 2', async () => {
  const { code, stderr } = await run(folder, '--key', 'pool.example+12345678+AAAA')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^lodebook: --key: /)
})

test('a truncated bundle: 1, with the entry from which nothing can be read', async () => {
  const copy = join(directory.path, 'cut')
  cpSync(folder, copy, { recursive: true })
  const bundle = join(copy, 'tile/entries/000')
  truncateSync(bundle, readFileSync(bundle).length - 1)
  const { code, stdout } = await run(copy, '--key', key)
  expect(code).toBe(1)
  expect(stdout).toContain(
    'wrong A1 truncated-file at entry 0: tile/entries/000 ends in the middle of an entry.',
  )
})

test('an entry of an unknown type: told, and no fault', async () => {
  const log = copyOf(honest)
  const stream = 'lease-settler'
  log.push({ stream, revision: 0, type: 'LeaseTaken', data: { at: at(log, log.length - 1).data.at, v: 1 } })
  const answer = await auditedLog(log, honest.key)
  expect(answer.findings.list()).toEqual([
    {
      check: 'A2',
      kind: 'unknown-type',
      severity: 'notice',
      entry: log.length - 1,
      message: `1 entries are of type "LeaseTaken", which this program does not know; the first is entry ${log.length - 1}.`,
      expected: 'Types of docs/ledger-spec.md, or a newer lodebook that knows them.',
    },
  ])
})

test('an entry of an unknown version ends the audit: 1', async () => {
  const log = copyOf(honest)
  const index = indexOf(log, ({ type }) => type === 'MinerIdentified')
  at(log, index).data.v = 2
  const answer = await auditedLog(log, honest.key)
  expect(found(answer)).toEqual([['A2', 'unknown-version', index]])
  expect(answer.unfinished?.message).toBe(
    'After an event of a version that this program does not know nothing can be said. Use a newer lodebook.',
  )
})

test('a URL that answers HTML: 2', async () => {
  const url = await serve((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Hello'),
  )
  const { code, stderr } = await run(url, '--key', key)
  expect(code).toBe(2)
  expect(stderr).toBe(
    `lodebook: could not begin: ${url}/checkpoint is a web page and not the file of a ledger. Give the address below which "checkpoint" is, such as https://pool.example/ledger.\n`,
  )
})

test('a folder without checkpoint: 2', async () => {
  const empty = join(directory.path, 'empty')
  mkdirSync(empty)
  const { code, stdout, stderr } = await run(empty, '--key', key)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toBe(
    `lodebook: could not begin: There is no ledger in ${empty}: it has no file "checkpoint". Give the folder that has.\n`,
  )
})

test('the address of a pool: 2, and where its ledger is', async () => {
  const url = await serve((_, response) => response.writeHead(404).end())
  const { code, stdout, stderr } = await run(`${url}/`, '--key', key)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toBe(
    `lodebook: could not begin: There is no ledger at ${url}/: ${url}/checkpoint is not there (404). Look whether the address is right; a pool has its ledger at /ledger: ${url}/ledger\n`,
  )
})

test('a saved checkpoint that is none: 2', async () => {
  writeFileSync(join(directory.path, 'nonsense'), 'nonsense\n')
  const { code, stderr } = await run(folder, '--key', key, '--since', 'nonsense')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^lodebook: --since: nonsense: This is no signed note/)
})

test('a ledger whose history was rewritten since: 1', async () => {
  const log = copyOf(honest)
  at(
    log,
    indexOf(log, ({ type }) => type === 'MinerIdentified'),
  ).data.agent = 'other/1'
  const other = await published(log, honest.key)
  writeFileSync(join(directory.path, 'before'), readFileSync(join(other, 'checkpoint')))
  const { code, stdout } = await run(folder, '--key', key, '--since', 'before')
  expect(code).toBe(1)
  expect(stdout).toContain('wrong A1 forked-log: ')
})

describe('over HTTP', () => {
  const files =
    (directory: () => string): RequestListener =>
    (request, response) => {
      const path = join(directory(), request.url ?? '')
      if (!existsSync(path)) return response.writeHead(404).end()
      return response.end(readFileSync(path))
    }

  test('a server that hangs: the audit ends, unfinished', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/checkpoint') response.end(readFileSync(join(folder, 'checkpoint')))
    })
    const impatient = ledgerOverHttp(url, { fileMsMax: 300, retryMs: [] })
    const { unfinished, findings } = await audited(impatient, honest.key)
    expect(findings.list()).toEqual([])
    expect(unfinished?.kind).toBe('timeout')
    expect(unfinished?.message).toMatch(
      /tile\/entries\/000 did not come whole within 0.3 s. Try again later, or give another copy of the ledger.$/,
    )
  })

  test('a file that is not there: unfinished', async () => {
    const copy = join(directory.path, 'holes')
    cpSync(folder, copy, { recursive: true })
    rmSync(join(copy, 'tile/entries/000'))
    const url = await serve(files(() => copy))
    const { unfinished, findings } = await audited(ledgerOverHttp(url), honest.key)
    expect(findings.list()).toEqual([])
    expect(unfinished?.kind).toBe('not-found')
  })

  test('a ledger that grows meanwhile, its partial files gone: what the first checkpoint promised is audited', async () => {
    const shorter = await published(honest.log.slice(0, 270), honest.key)
    let now = shorter
    const grown = join(directory.path, 'grown')
    cpSync(folder, grown, { recursive: true })
    const url = await serve(files(() => now))
    const http = ledgerOverHttp(url)
    const growing: LedgerSource = {
      ...http,
      checkpoint: () => async () => {
        const note = await http.checkpoint()()
        // From now on the files are those of the longer ledger.
        now = grown
        return note
      },
    }
    const answer = await audited(growing, honest.key)
    expect(found(answer)).toEqual([])
    expect(answer.unfinished).toBeNull()
    expect(answer.fold?.count).toBe(270)
    expect(E.isRight(await ledgerFolder(grown).bundle(1, 14)())).toBe(false)
  })
})
