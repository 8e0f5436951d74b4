import { spawn } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toHex } from '../../domain/decred/hex.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import { signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { parseLedgerPath } from '../../domain/transparency/tile.ts'
import { key, publish, temporaryFolder } from '../adapters/ledger/published.ts'
import { FSCK, pathOf } from './programs.ts'

/** Partial tiles on two levels, old partial ones beside full ones, and tiles of level 2. */
const SIZES = [1, 300, 99_999, 100_000]
const folder = temporaryFolder()
const ledger = join(folder.path, 'ledger')
const keyFile = join(folder.path, 'key')
let root = new Uint8Array()
beforeAll(async () => {
  writeFileSync(keyFile, verifierKeyText(key.verifier))
  const checkpoints = await publish(ledger, SIZES)
  root = new Uint8Array(checkpoints.at(-1)?.root ?? [])
})
afterAll(() => {
  folder.remove()
})

/**
 * Eight workers: one that finds a fault stops, and v1.0.4 waits for ever when all have. What was changed here is found in three files at
 * most.
 */
const WORKERS = 8

/** How fsck ends, in its own words. Its exit code says nothing: v1.0.4 ends with 0 either way. */
async function fsck(url: string): Promise<string> {
  const words = ['--ui=false', `--storage_url=${url}`, `--public_key=${keyFile}`, `--N=${WORKERS}`]
  const child = spawn(pathOf(FSCK), words, { timeout: 20_000 })
  let said = ''
  child.stdout.on('data', (bytes) => {
    said += bytes
  })
  child.stderr.on('data', (bytes) => {
    said += bytes
  })
  await new Promise((resolve) => child.on('close', resolve))
  return /(fsck failed: .{1,80}|Successfully .*)/.exec(said)?.[1] ?? said
}

const passes = (): string =>
  `Successfully fsck'd log with size 100000 and root ${toBase64(root)} (${toHex(root)})`

describe('100,000 entries', () => {
  test('pass from the folder', async () => {
    expect(await fsck(`file://${ledger}/`)).toBe(passes())
  })

  test('pass from a web server that knows nothing but files', async () => {
    const server = await serve(ledger)
    try {
      const { port } = server.address() as AddressInfo
      expect(await fsck(`http://127.0.0.1:${port}/`)).toBe(passes())
    } finally {
      server.close()
    }
  })
})

function serve(path: string): Promise<Server> {
  const server = createServer((request, response) => {
    const file = request.url?.slice(1) ?? ''
    try {
      response.end(parseLedgerPath(file) && readFileSync(join(path, file)))
    } catch {
      response.writeHead(404).end()
    }
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

describe('fsck sees what was changed in a copy, so that passing means something', () => {
  const otherRoot = (): Uint8Array => {
    const other = root.slice()
    other[0] = (other[0] ?? 0) ^ 1
    return other
  }
  const flip = (path: string, offset: number): void => {
    const bytes = readFileSync(path)
    bytes[offset] = (bytes[offset] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }

  test.each<[string, string, (copy: string) => void]>([
    ['an entry', 'failed: tile/', (copy) => flip(join(copy, 'tile/entries/123'), 9)],
    [
      'an entry of the partial bundle',
      'failed: tile/0/390.p/160',
      (copy) => flip(join(copy, 'tile/entries/390.p/160'), 9),
    ],
    ['a leaf hash', 'failed: tile/0/200', (copy) => flip(join(copy, 'tile/0/200'), 40)],
    [
      'a hash of the partial tile',
      'failed: tile/1/001.p/134',
      (copy) => flip(join(copy, 'tile/1/001.p/134'), 40),
    ],
    [
      'the root, signed with the real key',
      'calculated root',
      (copy) => {
        const checkpoint = { origin: key.verifier.name, size: 100_000, root: otherRoot() }
        writeFileSync(join(copy, 'checkpoint'), signCheckpoint(checkpoint, [noteSigner(key)]))
      },
    ],
    [
      'the size in the checkpoint',
      'failed to fetch and verify checkpoint',
      (copy) => {
        const file = join(copy, 'checkpoint')
        writeFileSync(file, readFileSync(file, 'utf8').replace('\n100000\n', '\n99999\n'))
      },
    ],
  ])('%s', async (_, finding, change) => {
    const copy = temporaryFolder()
    try {
      cpSync(ledger, copy.path, { recursive: true })
      change(copy.path)
      expect(await fsck(`file://${copy.path}/`)).toContain(`fsck failed: ${finding}`)
    } finally {
      copy.remove()
    }
  })
})
