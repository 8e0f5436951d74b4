import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as tlsConnect } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LISTENERS_MAX, LISTENERS_PER_VISITOR_MAX } from '../../adapters/http/live-feed.ts'
import { startHttp } from '../../adapters/http/server.ts'
import { SOCKET_LIMITS } from '../../adapters/http/sockets.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { poolExample } from '../adapters/http/pool-example.ts'
import { runningExample } from '../adapters/http/running.ts'
import { cpuMiner } from '../support/devices.ts'
import { heapAfterCollection } from '../support/heap.ts'
import { address, easyChain, type House, openHouse, poll, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'

/** Clients that are slow, or many, against a real pool that knows each by its own address: those of 127.0.0.0/8 are all this machine's. */

let devnet: Devnet
let house: House
let slowHeaders: Promise<readonly number[]>
beforeAll(async () => {
  devnet = await easyChain()
  house = await openHouse([devnet])
  slowHeaders = Promise.all(Array.from({ length: 100 }, () => dribble('127.0.0.9')))
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const portOf = (url: string | null): number => Number(new URL(url ?? '').port)

/** Opens a socket from an address of this machine, and sends something. */
function from(localAddress: string, port: number, bytes: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(bytes))
  return socket.on('error', () => undefined)
}

const isClosed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()))

/** Sends a header byte by byte, for ever. Resolves with how long that went well, in ms. */
async function dribble(localAddress: string): Promise<number> {
  const begun = performance.now()
  const socket = from(localAddress, portOf(house.pool.httpUrl), 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  const timer = setInterval(() => socket.write('x'), 500)
  await isClosed(socket)
  clearInterval(timer)
  return performance.now() - begun
}

/** What an address is answered. */
const statusFor = (localAddress: string, path = '/', port = portOf(house.pool.httpUrl)): Promise<number> =>
  new Promise((resolve) => {
    request({ port, host: '127.0.0.1', localAddress, path, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', () => resolve(0))
      .end()
  })

/** Opens an event stream; its first line of the answer, or nothing when it was cut. */
function stream(localAddress: string): { readonly socket: Socket; readonly first: Promise<string> } {
  const socket = from(
    localAddress,
    portOf(house.pool.httpUrl),
    'GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n',
  )
  const first = new Promise<string>((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(String(bytes).slice(9, 12)))
    socket.once('close', () => resolve(''))
  })
  return { socket, first }
}

const countOf = (all: readonly string[], one: string): number => all.filter((each) => each === one).length

describe('attack: connections by the thousand', () => {
  test('event streams from one address: some are streams, all others are refused, and others still get their pages', async () => {
    const streams = Array.from({ length: 1_000 }, () => stream('127.0.0.2'))
    const firsts = await Promise.all(streams.map(({ first }) => first))
    expect(countOf(firsts, '200')).toBe(LISTENERS_PER_VISITOR_MAX)
    expect(countOf(firsts, '503') + countOf(firsts, '429')).toBeGreaterThan(0)
    expect(countOf(firsts, '')).toBeGreaterThanOrEqual(1_000 - SOCKET_LIMITS.socketsPerVisitorMax)
    expect(await statusFor('127.0.0.3')).toBe(200)
    for (const { socket } of streams) socket.destroy()
  })

  test('sockets of one address that say nothing: a sixteenth of all at most, and a place is free again when one goes', async () => {
    const port = portOf(house.pool.httpUrl)
    const idle = Array.from({ length: SOCKET_LIMITS.socketsPerVisitorMax + 50 }, () =>
      from('127.0.0.4', port, ''),
    )
    await poll(() => idle.filter(({ destroyed }) => destroyed).length).toBe(50)
    expect(await statusFor('127.0.0.4')).toBe(0)
    expect(await statusFor('127.0.0.5')).toBe(200)
    for (const socket of idle) socket.destroy()
    await poll(() => statusFor('127.0.0.4')).toBe(200)
  })

  test('event streams from many addresses: as many as there may be in all, and pages and miners do not notice', async () => {
    const streams: ReturnType<typeof stream>[] = []
    for (let n = 0; n < 50; n++)
      for (let i = 0; i < LISTENERS_PER_VISITOR_MAX; i++) streams.push(stream(`127.0.1.${n + 1}`))
    const firsts = await Promise.all(streams.map(({ first }) => first))
    expect(countOf(firsts, '200')).toBe(LISTENERS_MAX)
    expect(countOf(firsts, '503')).toBe(streams.length - LISTENERS_MAX)
    const begun = performance.now()
    expect(await statusFor('127.0.0.6')).toBe(200)
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
    expect((await rig.submit(await rig.find('share or block'))).result).toBe(true)
    expect(performance.now() - begun).toBeLessThan(3_000)
    for (const { socket } of streams) socket.destroy()
    await poll(async () => {
      const text = await (await fetch(`${house.pool.httpUrl}/metrics`)).text()
      return /^lodebook_\w*streams\w* (\d+)$/m.exec(text)?.[1]
    }).toBe('0')
    await rig.client.close()
  })
})

describe('attack: slow readers', () => {
  test('event streams that are never read: the memory holds the newest of each thing, however much happens', async () => {
    const streams = Array.from({ length: 100 }, (_, n) => stream(`127.0.2.${(n % 10) + 1}`))
    await Promise.all(streams.map(({ first }) => first))
    for (const { socket } of streams) socket.pause()
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(2) })
    const before = heapAfterCollection()
    for (let i = 0; i < 40; i++) {
      await rig.submit(await rig.find('share or block'))
      await sleep(60)
    }
    expect(heapAfterCollection() - before).toBeLessThan(15_000_000)
    expect(await statusFor('127.0.0.7')).toBe(200)
    for (const { socket } of streams) socket.destroy()
    await rig.client.close()
  })

  test.each([
    ['plain', false],
    ['over TLS', true],
  ])(
    'bundles of 16 MB that are asked for and not read, %s: cut before they fill the memory, and others get theirs',
    async (_, isSecure) => {
      const bundle = new Uint8Array(randomBytes(16_000_000))
      const pair = await generate([{ name: 'commonName', value: 'pool.example' }])
      const example = poolExample(1_790_000_000_000)
      const started = await startHttp({
        ...example.options(),
        ledger: { ...example.ledger, bundle: () => TE.right(bundle) },
        tls: isSecure ? { certificate: pair.cert, key: pair.private } : null,
      })()
      if (E.isLeft(started)) throw new Error(started.left.message)
      onTestFinished(() => started.right.stop())
      const port = portOf(started.right.url)
      const asking = 'GET /ledger/tile/entries/000 HTTP/1.1\r\nHost: x\r\n\r\n'
      const sockets = Array.from({ length: 40 }, () => {
        if (!isSecure) return from('127.0.0.2', port, asking).pause()
        const secure = tlsConnect({ socket: from('127.0.0.2', port, ''), rejectUnauthorized: false })
        secure.on('error', () => undefined).once('secureConnect', () => secure.write(asking))
        return secure.pause()
      })
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy()
      })
      // 40 of them would be 640 MB.
      const heldBytes = (): number => {
        heapAfterCollection()
        return process.memoryUsage().arrayBuffers
      }
      await sleep(1_500)
      await poll(heldBytes).toBeLessThan(bundle.length + SOCKET_LIMITS.unreadBytesPerVisitorMax + 20_000_000)
      if (!isSecure) expect(await statusFor('127.0.0.3', '/ledger/checkpoint', port)).toBe(200)
    },
  )

  test('a reader of one bundle who takes his time gets all of it', async () => {
    const bundle = new Uint8Array(randomBytes(16_000_000))
    const example = await runningExample((each) => {
      each.ledger = { ...each.ledger, bundle: () => TE.right(bundle) }
    })
    const response = await fetch(`${example.server.url}/ledger/tile/entries/000`)
    await sleep(1_500)
    expect((await response.bytes()).length).toBe(bundle.length)
  })
})

describe('attack: slow requests', () => {
  test('a body that does not come: answered at once where none is read', async () => {
    const begun = performance.now()
    const bytes = 'POST /api/v1/pool HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'
    const socket = from('127.0.0.8', portOf(house.pool.httpUrl), bytes)
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (part) => resolve(String(part))),
    )
    expect(answer).toMatch(/^HTTP\/1\.1 405 /)
    expect(performance.now() - begun).toBeLessThan(2_000)
    socket.destroy()
  })

  test('a header byte by byte: cut after ten seconds', async () => {
    const lasted = await slowHeaders
    expect(Math.min(...lasted)).toBeGreaterThan(9_000)
    expect(Math.max(...lasted)).toBeLessThan(17_000)
    expect(await statusFor('127.0.0.9')).toBe(200)
  }, 30_000)
})

test('attack: searches through the whole ledger, by the hundred: one at a time, a few a minute for each, and the pool answers', async () => {
  const port = portOf(house.pool.httpUrl)
  const path = `/api/v1/shares?account=${'ab'.repeat(32)}&from=0&to=9007199254740991`
  const answers = await Promise.all(Array.from({ length: 200 }, () => statusFor('127.0.0.10', path, port)))
  const counts = [200, 429, 503].map((status) => answers.filter((each) => each === status).length)
  expect(counts[0]).toBeGreaterThan(0)
  expect(counts[0]).toBeLessThanOrEqual(25)
  expect(counts[1]).toBeGreaterThan(100)
  expect(counts.reduce((sum, count) => sum + count)).toBe(200)
  expect(await statusFor('127.0.0.11', path, port)).toBe(200)
})
