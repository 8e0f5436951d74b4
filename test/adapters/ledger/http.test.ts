import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../../adapters/ledger/checkpoint.ts'
import { ledgerOverHttp } from '../../../adapters/ledger/http.ts'
import type { LedgerSource } from '../../../adapters/ledger/port.ts'
import { ledgerReader } from '../../../adapters/ledger/reader.ts'
import { trustIn } from '../../../domain/transparency/checkpoint.ts'
import { answered, failed, key, publish, temporaryFolder } from './published.ts'

const patience = { fileMsMax: 400, retryMs: [10, 10] }
const NOTE = Buffer.from('pool.example/ledger\n0\nabc\n\n\u2014 pool.example/ledger AAAAAAA=\n')

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A real server, and a ledger below its address. Counts what it was asked. */
async function serving(
  answer: RequestListener,
): Promise<{ ledger: LedgerSource; url: string; asked: string[] }> {
  const asked: string[] = []
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/ledger`
  return { ledger: ledgerOverHttp(url, patience), url, asked }
}

describe('what comes', () => {
  test('files are asked for by their paths, with or without a slash at the end', async () => {
    const { ledger, url, asked } = await serving((_, response) => response.end(new Uint8Array(32)))
    await answered(ledger.tile(1, 1234067, 1))
    await answered(ledgerOverHttp(`${url}/`, patience).bundle(0, 256))
    await answered(ledger.checkpoint())
    expect(asked).toEqual([
      '/ledger/tile/1/x001/x234/067.p/1',
      '/ledger/tile/entries/000',
      '/ledger/checkpoint',
    ])
    expect(ledger.name).toBe(url)
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('%s is asked for and unpacked', async (encoding, compress) => {
    const { ledger } = await serving((request, response) => {
      expect(request.headers['accept-encoding']).toContain(encoding)
      response.setHeader('content-encoding', encoding).end(compress(NOTE))
    })
    expect(await answered(ledger.checkpoint())).toEqual(NOTE)
  })
})

test('a whole ledger is read and checked', async () => {
  const folder = temporaryFolder()
  try {
    const [checkpoint] = await publish(folder.path, [700])
    const { ledger } = await serving((request, response) => {
      response.end(readFileSync(join(folder.path, request.url?.replace('/ledger/', '') ?? '')))
    })
    const { size, root } = await answered(readCheckpoint(ledger, trustIn(key.verifier)))
    expect(size).toBe(checkpoint?.size)
    let count = 0
    for await (const batch of ledgerReader(ledger, { size, root }).entries(0, size)) {
      if (E.isRight(batch)) count += batch.right.entries.length
    }
    expect(count).toBe(700)
  } finally {
    folder.remove()
  }
})

describe('what does not', () => {
  test('no checkpoint there', async () => {
    const { ledger, url, asked } = await serving((_, response) => response.writeHead(404).end())
    expect(await failed(ledger.checkpoint())).toEqual({
      kind: 'not-found',
      message: `There is no ledger at ${url}/: ${url}/checkpoint is not there (404). Look whether the address is right.`,
    })
    expect(asked).toHaveLength(1)
  })

  test('a file is missing', async () => {
    const { ledger, url } = await serving((_, response) => response.writeHead(410).end())
    expect(await failed(ledger.bundle(3, 256))).toEqual({
      kind: 'not-found',
      message: `${url}/tile/entries/003 is not there (410), though the ledger says that it is so large. Try again in a minute; when that does not help, tell whoever publishes the ledger.`,
    })
  })

  test.each([
    ['by its type', 'text/html; charset=utf-8', 'Welcome'],
    ['by its beginning', 'text/plain', '\n  <!doctype html><title>Pool</title>'],
  ])('a web page, known %s', async (_, type, body) => {
    const { ledger, url } = await serving((__, response) =>
      response.setHeader('content-type', type).end(body),
    )
    expect(await failed(ledger.checkpoint())).toEqual({
      kind: 'not-a-ledger',
      message: `${url}/checkpoint is a web page and not the file of a ledger. Give the address below which "checkpoint" is, such as https://pool.example/ledger.`,
    })
  })

  test('a truncated tile', async () => {
    const { ledger, url } = await serving((_, response) => response.end(new Uint8Array(8191)))
    expect(await failed(ledger.tile(0, 0, 256))).toEqual({
      kind: 'truncated',
      message: `${url}/tile/0/000 has 8191 bytes and not 8192: it was cut off, or is no tile. Fetch it again; when that does not help, tell whoever publishes the ledger.`,
    })
  })

  test('more bytes than a file can have, packed or not', async () => {
    const packed = gzipSync(new Uint8Array(50_000_000))
    const { ledger, url } = await serving((_, response) =>
      response.setHeader('content-encoding', 'gzip').end(packed),
    )
    const tooLarge = (path: string, max: number) => ({
      kind: 'too-large',
      message: `${url}/${path} has more than ${max} bytes, the most that such a file can have. It is not the file of a ledger: look whether the address is right.`,
    })
    expect(await failed(ledger.tile(0, 0, 256))).toEqual(tooLarge('tile/0/000', 8192))
    expect(await failed(ledger.checkpoint())).toEqual(tooLarge('checkpoint', 262_144))
    expect(await failed(ledger.bundle(0, 1))).toEqual(tooLarge('tile/entries/000.p/1', 16_777_472))
  })

  test('sent on to another address', async () => {
    const { ledger, url } = await serving((_, response) =>
      response.writeHead(301, { location: 'https://elsewhere.example/checkpoint' }).end(),
    )
    expect(await failed(ledger.checkpoint())).toEqual({
      kind: 'redirect',
      message: `${url}/checkpoint sends on to https://elsewhere.example/checkpoint, and no ledger is read from where it was not asked for. Give that address, without "checkpoint", if it is the right one.`,
    })
  })

  test.each([
    ['before its answer', () => {}],
    ['in the middle of it', (response: { write: (bytes: Uint8Array) => void }) => response.write(NOTE)],
  ])('a server that hangs %s', async (_, begin) => {
    const { ledger, url, asked } = await serving((__, response) => begin(response))
    expect(await failed(ledger.checkpoint())).toEqual({
      kind: 'timeout',
      message: `${url}/checkpoint did not come whole within 0.4 s. Try again later, or give another copy of the ledger.`,
    })
    expect(asked).toHaveLength(1)
  })

  test('a server that says no', async () => {
    const { ledger, url, asked } = await serving((_, response) => response.writeHead(403).end())
    expect(await failed(ledger.checkpoint())).toEqual({
      kind: 'refused',
      message: `${url}/checkpoint answers with status 403. Try again later, or tell whoever runs the server.`,
    })
    expect(asked).toHaveLength(1)
  })

  test('nobody there', async () => {
    const { ledger, url } = await serving(() => {})
    server?.close()
    const error = await failed(ledger.checkpoint())
    expect(error.kind).toBe('unreachable')
    expect(error.message).toMatch(
      /^\S+\/checkpoint can't be had \(nothing listens there\)\. Look whether the address is right and the server runs\.$/,
    )
    expect(error.message).toContain(url)
  })
})

describe('what may pass', () => {
  test.each([500, 503, 429])('status %i is asked again', async (status) => {
    let tries = 0
    const { ledger } = await serving((_, response) => {
      tries += 1
      if (tries < 3) response.writeHead(status).end()
      else response.end(NOTE)
    })
    expect(await answered(ledger.checkpoint())).toEqual(NOTE)
  })

  test('a connection that breaks in the middle is made again', async () => {
    let tries = 0
    const { ledger } = await serving((_, response) => {
      tries += 1
      if (tries > 1) return response.end(NOTE)
      response.writeHead(200, { 'content-length': NOTE.length })
      response.write(NOTE.subarray(0, 5), () => response.destroy())
      return response
    })
    expect(await answered(ledger.checkpoint())).toEqual(NOTE)
    expect(tries).toBe(2)
  })

  test('trouble that stays is told after the last try', async () => {
    const { ledger, asked } = await serving((_, response) => response.writeHead(502).end())
    expect(await failed(ledger.checkpoint())).toMatchObject({ kind: 'refused' })
    expect(asked).toHaveLength(3)
  })
})
