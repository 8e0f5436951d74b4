import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { generate } from 'selfsigned'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectionLimits, type StratumLimits, stratumLimits } from '../../../adapters/stratum/limits.ts'
import { type Listener, type ListenerOptions, startListener } from '../../../adapters/stratum/listener.ts'
import type { MinerSocket } from '../../../adapters/stratum/port.ts'
import type { DisconnectReason } from '../../../domain/events.ts'
import { connectStratum } from '../../support/stratum-client.ts'
import { proxyV2 } from './proxy-header.ts'

/** A connection as the pool sees it: what was said, and how it ended. */
interface Seen {
  readonly socket: MinerSocket
  readonly lines: string[]
  /** Every call of `closed`. */
  readonly ends: DisconnectReason[]
  readonly ended: Promise<DisconnectReason>
}

let keys: { readonly key: string; readonly cert: string }
const listeners: Listener[] = []
const sockets: Socket[] = []

beforeAll(async () => {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  })
  keys = { key: made.private, cert: made.cert }
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})

/** A listener whose connections are kept in `seen`; each line is also given to `onLine`. */
async function listening(
  limits: Partial<StratumLimits> = {},
  options: Partial<ListenerOptions> = {},
  onLine: (socket: MinerSocket, line: string) => void = () => undefined,
) {
  const seen: Seen[] = []
  let arrived: () => void = () => undefined
  const started = await startListener(
    {
      name: 'miners',
      host: '127.0.0.1',
      port: 0,
      proxyProtocol: 'off',
      limits: connectionLimits({ ...stratumLimits, ...limits }),
      ...options,
    },
    (socket) => {
      const lines: string[] = []
      const ends: DisconnectReason[] = []
      let resolve: (reason: DisconnectReason) => void
      const ended = new Promise<DisconnectReason>((done) => {
        resolve = done
      })
      seen.push({ socket, lines, ends, ended })
      arrived()
      return {
        line: (text) => {
          lines.push(text)
          onLine(socket, text)
        },
        closed: (reason) => {
          ends.push(reason)
          resolve(reason)
        },
      }
    },
  )()
  if (E.isLeft(started)) throw new Error(started.left.message)
  listeners.push(started.right)
  /** The n-th connection, counted from 0, once it is there. */
  const connection = async (n: number): Promise<Seen> => {
    for (;;) {
      const here = seen[n]
      if (here !== undefined) return here
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
  }
  return { listener: started.right, port: started.right.port, seen, connection }
}

/** Answers every line with `{"id":<the line>}`. */
const echo = (socket: MinerSocket, line: string): void => {
  socket.write(`{"id":${line}}\n`)
}

/** A bare connection, for those who do not speak stratum. */
async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Everything the other side sends until it is gone. */
async function heardToTheEnd(socket: Socket): Promise<string> {
  let heard = ''
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text
  })
  await gone(socket)
  return heard
}

const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.resume().once('close', () => resolve())
  })

describe.each([
  ['TCP', false, 'off'],
  ['TLS', true, 'off'],
  ['TCP behind a proxy', false, 'required'],
  ['TLS behind a proxy', true, 'required'],
] as const)('a miner over %s', (_, tls, proxyProtocol) => {
  const options = (): Partial<ListenerOptions> => ({ proxyProtocol, ...(tls ? { tls: keys } : {}) })
  const before = proxyProtocol === 'off' ? {} : { before: proxyV2({ source: [203, 0, 113, 7] }) }
  const address = proxyProtocol === 'off' ? '127.0.0.1' : '203.0.113.7'

  it('is heard line by line, whatever the packets, and answered', async () => {
    const { port, connection } = await listening({}, options(), echo)
    const client = await connectStratum({ port, tls, ...before })
    client.sendRaw('1\n2\r\n\n3')
    expect(await client.answer(2)).toEqual({ id: 2 })
    client.sendRaw('3\n')
    expect(await client.answer(33)).toEqual({ id: 33 })
    const { socket, lines } = await connection(0)
    expect(lines).toEqual(['1', '2', '33'])
    expect(socket.listener).toBe('miners')
    expect(socket.remoteAddress).toBe(address)
    await client.close()
  })

  it('is gone once, with the reason', async () => {
    const { port, connection, listener } = await listening({}, options())
    const client = await connectStratum({ port, tls, ...before })
    const { ended, ends, socket } = await connection(0)
    expect(listener.connections()).toBe(1)
    client.socket.end()
    expect(await ended).toBe('closed-by-miner')
    await client.closed
    expect(listener.connections()).toBe(0)
    expect(socket.write('too late\n')).toBe(false)
    socket.end('shutdown')
    expect(ends).toEqual(['closed-by-miner'])
  })

  it('gets what was written before the end, and nothing it says later is heard', async () => {
    const { port, connection } = await listening({ lineMsMax: 1e6 }, options(), (socket) => {
      socket.write('{"id":1}\n')
      socket.end('replaced-by-resume')
    })
    const client = await connectStratum({ port, tls, ...before })
    client.sendRaw('a\nb\nc\n')
    expect(await client.answer(1)).toEqual({ id: 1 })
    await client.closed
    const { lines, ended } = await connection(0)
    expect(await ended).toBe('replaced-by-resume')
    expect(lines).toEqual(['a'])
  })

  it('may be silent between lines as long as it likes', async () => {
    const { port, seen } = await listening({ lineMsMax: 250 }, options(), echo)
    const client = await connectStratum({ port, tls, ...before })
    client.sendRaw('1\n1')
    await client.answer(1)
    client.sendRaw('1\n')
    await client.answer(11)
    const other = await connectStratum({ port, tls, ...before })
    other.sendRaw('half a line')
    await other.closed
    client.sendRaw('2\n')
    expect(await client.answer(2)).toEqual({ id: 2 })
    expect(seen[0]?.ends).toEqual([])
    await client.close()
  })

  it('may break off while it shakes hands', async () => {
    const { port, listener } = await listening({}, options(), echo)
    const socket = await dial(port)
    socket.write(tls ? Buffer.from([0x16, 3, 1]) : 'PROXY ')
    while (listener.connections() === 0) await new Promise(setImmediate)
    socket.resetAndDestroy()
    while (listener.connections() > 0) await new Promise(setImmediate)
    const client = await connectStratum({ port, tls, ...before })
    client.sendRaw('1\n')
    await client.answer(1)
    await client.close()
  })

  it('is dropped when it does not read, and nobody else notices', async () => {
    const { port, connection } = await listening({ backlogBytesMax: 100_000 }, options(), echo)
    const client = await connectStratum({ port, tls, ...before })
    const other = await connectStratum({ port, tls, ...before })
    client.socket.pause()
    const { socket, ended } = await connection(0)
    const bytes = Buffer.alloc(1000, 'x')
    let written = 0
    while (socket.write(bytes)) {
      written += 1
      if (written % 50 === 0) await new Promise(setImmediate)
    }
    expect(await ended).toBe('slow-reader')
    expect(written).toBeGreaterThanOrEqual(100)
    other.sendRaw('5\n')
    expect(await other.answer(5)).toEqual({ id: 5 })
    client.socket.resume()
    await client.close()
    await other.close()
  })
})

describe('what miners send', () => {
  it.each([
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 10])],
    ['a line of 4097 bytes', Buffer.from(`${'x'.repeat(4097)}\n`)],
    ['a million bytes without a newline', Buffer.alloc(1_000_000, 'x')],
  ])('ends the connection when it is %s', async (_, bytes) => {
    const { port, connection } = await listening()
    const socket = await dial(port)
    socket.write(bytes)
    const { ended, lines } = await connection(0)
    expect(await ended).toBe('bad-input')
    await heardToTheEnd(socket)
    expect(lines).toEqual([])
  })

  it('takes a line of 4096 bytes', async () => {
    const { port, connection } = await listening({}, {}, (socket) => socket.end('shutdown'))
    const socket = await dial(port)
    socket.write(`${'x'.repeat(4096)}\n`)
    await heardToTheEnd(socket)
    expect((await connection(0)).lines).toEqual(['x'.repeat(4096)])
  })

  it('must finish a line in time, however slowly its bytes drip', async () => {
    const { port, connection } = await listening({ lineMsMax: 200 })
    const socket = await dial(port)
    const drip = setInterval(() => socket.write('x'), 20)
    expect(await (await connection(0)).ended).toBe('idle')
    clearInterval(drip)
  })

  it('breaks off: the connection is lost', async () => {
    const { port, connection } = await listening()
    const socket = await dial(port)
    const { ended, ends } = await connection(0)
    socket.resetAndDestroy()
    expect(await ended).toBe('connection-lost')
    expect(ends).toEqual(['connection-lost'])
  })
})

describe('what the pool writes', () => {
  it('in one turn leaves in one call to the socket, also after promises', async () => {
    const { port, connection } = await listening()
    const socket = await dial(port)
    const { socket: miner } = await connection(0)
    const calls = vi.spyOn(Socket.prototype, 'write')
    miner.write('a\n')
    miner.write(Buffer.from('b\n'))
    await Promise.resolve()
    miner.write('ü\n')
    miner.write('d\n')
    const [packet] = await once(socket, 'data')
    expect(String(packet)).toBe('a\nb\nü\nd\n')
    expect(calls).toHaveBeenCalledTimes(1)
    calls.mockRestore()
  })

  it('arrives whole and in order before the end, however much it is', async () => {
    const { port, connection } = await listening({ backlogBytesMax: 64_000_000 })
    const socket = await dial(port)
    const { socket: miner } = await connection(0)
    const expected: string[] = []
    for (let i = 0; i < 20; i++) {
      const line = `${String(i).repeat(1_000_000)}\n`
      expected.push(line)
      expect(miner.write(i % 3 === 0 ? Buffer.from(line) : line)).toBe(true)
      if (i % 4 === 0) await new Promise(setImmediate)
    }
    miner.end('shutdown')
    expect(await heardToTheEnd(socket)).toBe(expected.join(''))
  })

  it('is given up after a while when the miner never closes its side', async () => {
    const { port, connection } = await listening({ lineMsMax: 100 })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    const { socket: miner, ended } = await connection(0)
    miner.end('shutdown')
    expect(await ended).toBe('shutdown')
  })
})

describe('limits', () => {
  it('hold for all listeners together, and a place is free again when its miner has left', async () => {
    const limits = connectionLimits({ ...stratumLimits, connectionsMax: 2 })
    const first = await listening({}, { limits })
    const second = await listening({}, { limits, tls: keys })
    const a = await connectStratum({ port: first.port })
    const b = await connectStratum({ port: second.port, tls: true })
    await second.connection(0)
    expect(await heardToTheEnd(await dial(first.port))).toBe('')
    expect(await heardToTheEnd(await dial(second.port))).toBe('')
    expect([first.listener.refused(), second.listener.refused()]).toEqual([1, 1])
    expect([first.listener.connections(), second.listener.connections()]).toEqual([1, 1])
    await b.close()
    await (await second.connection(0)).ended
    const c = await connectStratum({ port: first.port })
    await first.connection(1)
    await a.close()
    await c.close()
  })

  it('count the miner’s address, not the proxy’s', async () => {
    const { port, connection, seen } = await listening(
      { connectionsPerAddressMax: 1 },
      { proxyProtocol: 'required' },
    )
    for (const last of [1, 2]) (await dial(port)).write(proxyV2({ source: [203, 0, 113, last] }))
    await connection(1)
    const again = await dial(port)
    again.write(proxyV2({ source: [203, 0, 113, 2] }))
    await heardToTheEnd(again)
    sockets[1]?.destroy()
    await seen[1]?.ended
    ;(await dial(port)).write(proxyV2({ source: [203, 0, 113, 2] }))
    await connection(2)
    expect(seen.map(({ socket }) => socket.remoteAddress)).toEqual([
      '203.0.113.1',
      '203.0.113.2',
      '203.0.113.2',
    ])
  })
})

describe('a proxy', () => {
  it('may send its header byte by byte', async () => {
    const { port, connection } = await listening({}, { proxyProtocol: 'required' })
    const socket = await dial(port)
    for (const byte of 'PROXY TCP6 2001:db8::7 2001:db8::1 51234 5550\r\nline\n') {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    const { socket: miner, lines } = await connection(0)
    expect(miner.remoteAddress).toBe('2001:db8::7')
    while (lines.length === 0) await new Promise(setImmediate)
    expect(lines).toEqual(['line'])
  })

  it('that speaks for itself is taken by its own address', async () => {
    const { port, connection } = await listening({}, { proxyProtocol: 'required' })
    ;(await dial(port)).write(proxyV2({ source: [], command: 0x20 }))
    expect((await connection(0)).socket.remoteAddress).toBe('127.0.0.1')
  })

  it.each([
    ['nonsense', '{"id":1,"method":"mining.subscribe","params":[]}\n'],
    ['half a header', 'PROXY TCP4 203.0.113.7 '],
    ['nothing', ''],
  ])('that sends %s instead of a header is closed, and no miner is seen', async (_, bytes) => {
    const { port, seen, listener } = await listening({ lineMsMax: 50 }, { proxyProtocol: 'required' })
    const socket = await dial(port)
    socket.write(bytes)
    await heardToTheEnd(socket)
    while (listener.connections() > 0) await new Promise(setImmediate)
    expect(seen).toEqual([])
  })
})

describe('TLS', () => {
  it('shows the fingerprint of its certificate', async () => {
    const { listener } = await listening({}, { tls: keys })
    expect(listener.fingerprint).toBe(new X509Certificate(keys.cert).fingerprint256)
    expect(listener.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  it.each([
    ['speaks plainly', '{"id":1,"method":"mining.subscribe","params":[]}\n'],
    ['says nothing', ''],
  ])('closes on a miner that %s, and no miner is seen', async (_, bytes) => {
    const { port, seen, listener } = await listening({ lineMsMax: 50 }, { tls: keys })
    const socket = await dial(port)
    socket.write(bytes)
    await heardToTheEnd(socket)
    while (listener.connections() > 0) await new Promise(setImmediate)
    expect(seen).toEqual([])
  })
})

describe('starting and stopping', () => {
  const options = (): ListenerOptions => ({
    name: 'miners',
    host: '127.0.0.1',
    port: 0,
    proxyProtocol: 'off',
    limits: connectionLimits(stratumLimits),
  })
  const nobody = () => ({ line: () => undefined, closed: () => undefined })

  it('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const started = await startListener({ ...options(), port }, nobody)()
    expect(started).toEqual(
      E.left({
        kind: 'address-in-use',
        message: `listener miners: 127.0.0.1:${port} is taken by another program; choose another port`,
      }),
    )
    other.close()
  })

  it('says that an address is not of this machine', async () => {
    const started = await startListener({ ...options(), host: '192.0.2.1' }, nobody)()
    expect(started).toMatchObject({ left: { kind: 'no-such-address' } })
  })

  it('says that a certificate is no use', async () => {
    const other = await generate([{ name: 'commonName', value: 'other' }], {
      keyType: 'ec',
      algorithm: 'sha256',
    })
    for (const tls of [
      { key: 'key', cert: 'cert' },
      { key: other.private, cert: keys.cert },
    ]) {
      const started = await startListener({ ...options(), tls }, nobody)()
      expect(started).toMatchObject({ left: { kind: 'bad-certificate' } })
    }
  })

  it('stops accepting and keeps who is there, then closes for all', async () => {
    const { listener, port, connection } = await listening({}, {}, echo)
    const client = await connectStratum({ port })
    const { ended } = await connection(0)
    listener.stopAccepting()
    listener.stopAccepting()
    await expect(dial(port)).rejects.toThrow()
    client.sendRaw('1\n')
    await client.answer(1)
    const closing = listener.close()
    expect(await ended).toBe('shutdown')
    await client.closed
    await closing
    expect(listener.connections()).toBe(0)
  })
})

describe('in a process of its own', () => {
  /** Runs the echo process, with `limit` file descriptors if given, while `use` talks to its port. */
  async function withEcho(limit: number | 'any', use: (port: number) => Promise<void>): Promise<void> {
    const script = fileURLToPath(new URL('echo-process.ts', import.meta.url))
    const node = `exec '${process.execPath}' --expose-gc '${script}'`
    const child = spawn('sh', ['-c', limit === 'any' ? node : `ulimit -n ${limit}; ${node}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [port] = await once(child.stdout.setEncoding('utf8'), 'data')
      await use(Number(port))
    } finally {
      child.kill('SIGKILL')
    }
  }

  const stateOf = async (port: number) => {
    const client = await connectStratum({ port })
    const [answer] = await Promise.all([once(client.socket, 'data'), client.sendRaw('state\n')])
    await client.close()
    return JSON.parse(String(answer[0])) as { connections: number; rssBytes: number }
  }

  it('a listener outlives having no descriptor left', async () => {
    await withEcho(60, async (port) => {
      const crowd = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
      sockets.push(...crowd)
      const closed = crowd.map(gone)
      await Promise.race(closed)
      for (const socket of crowd) socket.destroy()
      await Promise.all(closed)
      // Until it has noticed that they left it turns everyone away.
      while ((await stateOf(port).catch(() => undefined))?.connections !== 1) await new Promise(setImmediate)
    })
  })

  it('2,000 silent connections cost next to nothing, and leave nothing behind', async () => {
    await withEcho('any', async (port) => {
      const before = await stateOf(port)
      const crowd: Socket[] = []
      while (crowd.length < 2000)
        crowd.push(...(await Promise.all(Array.from({ length: 50 }, () => dial(port)))))
      const { connections, rssBytes } = await stateOf(port)
      expect(connections).toBe(2001)
      expect((rssBytes - before.rssBytes) / 2000).toBeLessThan(12 * 1024)
      for (const socket of crowd) socket.destroy()
      while ((await stateOf(port)).connections > 1) await new Promise(setImmediate)
    })
  })
})
