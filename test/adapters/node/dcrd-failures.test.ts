import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { broken } from '../../../adapters/node/dcrd/faults.ts'
import { type DcrdNodeOptions, dcrdNode } from '../../../adapters/node/dcrd/node.ts'
import type { Node, NodeError } from '../../../adapters/node/port.ts'
import { mine } from './chain.ts'
import { type Certificate, type FakeDcrd, fakeDcrd, makeCertificate, serveSimnet } from './fake-dcrd.ts'
import { type Listener, listen } from './listen.ts'
import { type ManualTimers, manualTimers } from './manual-timers.ts'

const genesis = mine(undefined)
let certificate: Certificate
let ends: (() => unknown)[] = []

beforeAll(async () => {
  certificate = await makeCertificate()
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  ends = []
})

async function serve(options?: Parameters<typeof fakeDcrd>[1], shown = certificate): Promise<FakeDcrd> {
  const server = await fakeDcrd(shown, options)
  serveSimnet(server, () => genesis)
  ends.push(server.stop)
  return server
}

interface Tried {
  readonly node: Node
  readonly heard: Listener
  readonly timers: ManualTimers
}

function begin(address: string, over: Partial<DcrdNodeOptions> = {}): Tried {
  const timers = manualTimers()
  const node = dcrdNode({
    name: 'east',
    address,
    certificate: certificate.cert,
    user: 'user',
    password: 'pass',
    network: 'simnet',
    after: timers.after,
    random: () => 0,
    ...over,
  })
  ends.push(node.stop)
  const heard = listen(node)
  node.start()
  return { node, heard, timers }
}

const firstFailure = async (address: string, over?: Partial<DcrdNodeOptions>): Promise<NodeError> =>
  (await begin(address, over).heard.next('down')).error

/** A port that nobody listens on: it was ours a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('each failure to connect says what to do', () => {
  test('nobody listens', async () => {
    const error = await firstFailure(`127.0.0.1:${await freePort()}`)
    expect(error.kind).toBe('unreachable')
    expect(error.message).toMatch(/^east \(127\.0\.0\.1:\d+\) refuses connections\. Start dcrd there/)
  })

  test('host name without address', () => {
    const peer = { name: 'east', address: 'nowhere:9109', certificate: '', user: '', password: '' }
    const error = broken(peer, Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }))
    expect(error).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('host name has no address'),
    })
  })

  test('an address that is none', async () => {
    expect(await firstFailure('a b:xx')).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('host:port'),
    })
  })

  test('a certificate of another dcrd', async () => {
    const { address } = await serve(undefined, await makeCertificate())
    expect(await firstFailure(address)).toMatchObject({
      kind: 'wrong-certificate',
      message: expect.stringContaining('Copy rpc.cert'),
    })
  })

  test('text that is no certificate', async () => {
    const { address } = await serve()
    expect(await firstFailure(address, { certificate: 'rpc.cert' })).toMatchObject({
      kind: 'wrong-certificate',
    })
  })

  test('a certificate for other names: says which', async () => {
    const elsewhere = await makeCertificate(['node.example', '192.0.2.7'])
    const { address } = await serve(undefined, elsewhere)
    const error = await firstFailure(address, { certificate: elsewhere.cert })
    expect(error.kind).toBe('wrong-certificate')
    expect(error.message).toContain('for node.example, 192.0.2.7, not for 127.0.0.1')
    expect(error.message).toContain('--altdnsnames=127.0.0.1')
  })

  test('a certificate that has expired', async () => {
    const old = await makeCertificate(['127.0.0.1'], true)
    const { address } = await serve(undefined, old)
    expect(await firstFailure(address, { certificate: old.cert })).toMatchObject({
      kind: 'wrong-certificate',
      message: expect.stringContaining('expired'),
    })
  })

  test('no TLS', async () => {
    const plain = createHttpServer((_request, response) => response.end())
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    ends.push(() => plain.close())
    const error = await firstFailure(`127.0.0.1:${(plain.address() as AddressInfo).port}`)
    expect(error).toMatchObject({ kind: 'protocol', message: expect.stringContaining('--notls') })
  })

  test('wrong password', async () => {
    const { address } = await serve()
    expect(await firstFailure(address, { password: 'guess' })).toMatchObject({
      kind: 'wrong-password',
      message: expect.stringContaining('rpcpass'),
    })
  })

  test.each([
    [503, 'unreachable', '--rpcmaxclients'],
    [404, 'protocol', 'HTTP status 404'],
  ])('HTTP status %i', async (status, kind, advice) => {
    const { address } = await serve({ status })
    expect(await firstFailure(address)).toMatchObject({ kind, message: expect.stringContaining(advice) })
  })

  test('closed at once, as when dcrd has too many websockets', async () => {
    const server = await serve()
    server.answers.set('version', () => {
      for (const client of server.clients) client.terminate()
      return 'hold'
    })
    expect(await firstFailure(server.address)).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('--rpcmaxwebsockets'),
    })
  })

  test('a socket that opens and then says nothing', async () => {
    const deaf = createServer()
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const connected = new Promise<void>((resolve) =>
      deaf.on('connection', (socket) => {
        ends.push(() => socket.destroy())
        resolve()
      }),
    )
    ends.push(() => deaf.close())
    const { heard, timers } = begin(`127.0.0.1:${(deaf.address() as AddressInfo).port}`)
    await connected
    timers.advance(15_000)
    expect((await heard.next('down')).error.kind).toBe('timeout')
  })
})

describe('each failure of the greeting says what to do', () => {
  test('wrong network: names both', async () => {
    const { address } = await serve()
    const error = await firstFailure(address, { network: 'mainnet' })
    expect(error.kind).toBe('wrong-network')
    expect(error.message).toContain('is on simnet, the pool is configured for mainnet')
  })

  test('limited user', async () => {
    const server = await serve()
    server.answers.set('notifywork', () => ({
      error: { code: -32602, message: 'limited user not authorized for this method' },
    }))
    expect(await firstFailure(server.address)).toMatchObject({
      kind: 'limited-user',
      message: expect.stringContaining('rpcuser and rpcpass'),
    })
  })

  test('too old', async () => {
    const server = await serve()
    server.answers.set('version', () => ({
      result: { dcrd: { versionstring: '1.5.0' }, dcrdjsonrpcapi: { versionstring: '6.1.0', major: 6 } },
    }))
    expect(await firstFailure(server.address)).toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('is dcrd 1.5.0 with JSON-RPC 6.1.0'),
    })
  })

  test('still downloading the chain', async () => {
    const server = await serve()
    server.answers.set('getcurrentnet', () => ({ result: 0xd9b400f9 }))
    server.answers.set('getblockchaininfo', () => ({
      result: { blocks: 12, headers: 345, initialblockdownload: true, deployments: {} },
    }))
    const error = await firstFailure(server.address, { network: 'mainnet' })
    expect(error.kind).toBe('not-synced')
    expect(error.message).toContain('block 12 of 345')
    expect(server.requests).not.toContain('notifyblocks')
  })

  test('off mainnet getwork decides whether downloading matters', async () => {
    const server = await serve()
    server.answers.set('getblockchaininfo', () => ({
      result: { blocks: 0, headers: 0, initialblockdownload: true, deployments: {} },
    }))
    const { heard } = begin(server.address)
    await heard.next('up')
    await heard.next('work')
  })

  test('an answer in an unexpected form', async () => {
    const server = await serve()
    server.answers.set('getbestblock', () => ({ result: { hash: 'abc', height: 1 } }))
    expect(await firstFailure(server.address)).toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('answered getbestblock in an unexpected form'),
    })
  })

  test('a method that dcrd does not know', async () => {
    const server = await serve()
    server.answers.delete('notifywork')
    expect(await firstFailure(server.address)).toMatchObject({
      kind: 'protocol',
      message: expect.stringContaining('refused notifywork: Method not found (-32601)'),
    })
  })
})

describe('each refusal of work says what to do, and passes by itself', () => {
  test.each<[number, string, NodeError['kind'], string]>([
    [
      -32603,
      'no payment addresses specified via --miningaddr',
      'no-mining-address',
      'Start dcrd with --miningaddr',
    ],
    [-32603, 'Unable to retrieve work due to invalid template', 'no-work', 'asked again'],
    [-9, 'Decred is not connected', 'not-synced', 'no peers'],
    [-10, 'Decred is downloading blocks...', 'not-synced', 'downloading'],
    [-1, 'no work is available during a chain reorganization', 'no-work', 'reorganization'],
    [-32602, 'limited user not authorized for this method', 'limited-user', 'rpcuser'],
    [-7, 'Out of memory', 'protocol', 'Out of memory'],
  ])('%i %s', async (code, message, kind, advice) => {
    const server = await serve()
    server.answers.set('getwork', () => ({ error: { code, message } }))
    const { node, heard, timers } = begin(server.address)
    await heard.next('up')
    const { error } = await heard.next('down')
    expect(error.kind).toBe(kind)
    expect(error.message).toContain(advice)

    // Still connected: questions are answered, and the same failure again is not told again.
    expect(await node.tip()()).toMatchObject({ right: { height: genesis.height } })
    server.answers.set('getwork', () => 'hold')
    timers.advance(250)
    const again = await server.nextHeld()
    again.reply({ error: { code, message } })
    await timers.armed(500)
    expect(heard.unread()).toEqual([])

    serveSimnet(server, () => genesis)
    timers.advance(500)
    expect((await heard.next('up')).tip).toEqual({ hash: genesis.hash, height: genesis.height })
    expect((await heard.next('work')).work.reason).toBe('asked')
  })
})

test('a failure is told once, however often it is tried', async () => {
  const server = await serve({ status: 503 })
  const { heard, timers } = begin(server.address)
  await heard.next('down')
  const { address } = server
  await server.stop()
  timers.advance(250)
  expect((await heard.next('down')).error.message).toContain('refuses connections')

  const back = await serve({ port: Number(address.split(':')[1]), status: 401 })
  timers.advance(500)
  expect((await heard.next('down')).error.kind).toBe('wrong-password')
  await back.stop()
  timers.advance(1_000)
  expect((await heard.next('down')).error.kind).toBe('unreachable')
})
