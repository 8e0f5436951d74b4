import * as E from 'fp-ts/lib/Either.js'
import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, it } from 'vitest'
import { connectionLimits, stratumLimits } from '../../../adapters/stratum/limits.ts'
import { type ListenerOptions, startListener } from '../../../adapters/stratum/listener.ts'
import type { MinerSocket } from '../../../adapters/stratum/port.ts'
import {
  type Miner,
  type MinerEvent,
  type MinerOptions,
  startMiner,
} from '../../../src/devnet/miner/miner.ts'
import { vectors } from '../../domain/decred/vectors.ts'

const HEAD = vectors<{ notify: { head: readonly unknown[] } }>('asic-notify-submit').notify.head

/** What a miner said, and the way to speak to it. */
interface Heard {
  readonly socket: MinerSocket
  readonly id: number
  readonly method: string | undefined
  readonly params: readonly unknown[]
  readonly result: unknown
}

const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean()
})

/** A pool that does nothing by itself. `next` waits for the next thing that a miner says, other than shares. */
async function scriptedPool(options: Partial<ListenerOptions> = {}) {
  const said: Heard[] = []
  const shares: Heard[] = []
  let arrived: () => void = () => undefined
  const started = await startListener(
    {
      name: 'scripted',
      host: '127.0.0.1',
      port: 0,
      proxyProtocol: 'off',
      limits: connectionLimits(stratumLimits),
      ...options,
    },
    (socket) => ({
      line: (text) => {
        const heard = { socket, ...JSON.parse(text) } as Heard
        if (heard.method === 'mining.submit') shares.push(heard)
        else said.push(heard)
        arrived()
      },
      closed: () => undefined,
    }),
  )()
  if (E.isLeft(started)) throw new Error(started.left.message)
  cleanup.push(started.right.close)
  const nextOf = async (queue: Heard[]): Promise<Heard> => {
    for (;;) {
      const here = queue.shift()
      if (here !== undefined) return here
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
  }
  return { port: started.right.port, next: () => nextOf(said), nextShare: () => nextOf(shares) }
}

function mine(port: number, options: Partial<MinerOptions> = {}): Miner {
  const miner = startMiner({
    host: '127.0.0.1',
    port,
    user: 'SsAddress.rig',
    password: 'x',
    network: 'simnet',
    powAlgorithm: 'blake3',
    dialect: 'plain',
    connections: 1,
    hashesPerSecondMax: 200,
    ...options,
  })
  cleanup.push(miner.stop)
  return miner
}

const send = (socket: MinerSocket, message: object): void => {
  socket.write(`${JSON.stringify(message)}\n`)
}
const notify = (socket: MinerSocket, method: string, params: readonly unknown[]): void =>
  send(socket, { id: null, method, params })
const answer = ({ socket, id }: Heard, result: unknown): void => send(socket, { id, error: null, result })
const subscription = (session: string, extranonce1: string) => [
  [
    ['mining.set_difficulty', session],
    ['mining.notify', session],
  ],
  extranonce1,
  4,
]

const until = (miner: Miner, kind: MinerEvent['kind']): Promise<MinerEvent> =>
  firstValueFrom(miner.events.pipe(filter((event) => event.kind === kind)))

/** Lets a miner in, up to its first job. */
async function admit(pool: Awaited<ReturnType<typeof scriptedPool>>): Promise<MinerSocket> {
  const subscribe = await pool.next()
  answer(subscribe, subscription('session-1', 'b072e5dc'))
  answer(await pool.next(), true)
  notify(subscribe.socket, 'mining.set_difficulty', [1])
  notify(subscribe.socket, 'mining.notify', HEAD)
  return subscribe.socket
}

describe('a miner', () => {
  it('subscribes, authorizes, mines, and counts what the pool makes of its shares', async () => {
    const pool = await scriptedPool()
    const miner = mine(pool.port)
    const subscribe = await pool.next()
    expect(subscribe).toMatchObject({ id: 1, method: 'mining.subscribe', params: ['cpuminer/1.0.0'] })
    answer(subscribe, subscription('session-1', 'b072e5dc'))
    const authorize = await pool.next()
    expect(authorize).toMatchObject({ id: 2, method: 'mining.authorize', params: ['SsAddress.rig', 'x'] })
    answer(authorize, true)
    notify(authorize.socket, 'mining.set_difficulty', [3])
    notify(authorize.socket, 'mining.notify', HEAD)
    const events = firstValueFrom(
      miner.events.pipe(
        filter((event) => event.kind === 'share'),
        take(3),
        toArray(),
      ),
    )
    answer(await pool.nextShare(), true)
    send(authorize.socket, {
      id: (await pool.nextShare()).id,
      error: [23, 'Low difficulty', null],
      result: false,
    })
    answer(await pool.nextShare(), false)
    expect((await events).map((e) => e.kind === 'share' && [e.accepted, e.code, e.difficulty])).toEqual([
      [true, 0, 3],
      [false, 23, 3],
      [false, 0, 3],
    ])
    expect(miner.totals()).toMatchObject({ mining: 1, accepted: 1, acceptedDifficulty: 3, faults: 0 })
    expect(miner.totals().rejected).toEqual(
      new Map([
        [23, 1],
        [0, 1],
      ]),
    )
  })

  it('over TLS', async () => {
    const made = await generate([{ name: 'commonName', value: 'pool' }], {
      keyType: 'ec',
      algorithm: 'sha256',
    })
    const pool = await scriptedPool({ tls: { key: made.private, cert: made.cert } })
    mine(pool.port, { tls: true })
    await admit(pool)
    await pool.nextShare()
  })

  it('as gominer authorizes at once, and moves the time with the clock', async () => {
    const pool = await scriptedPool()
    mine(pool.port, { dialect: 'gominer' })
    const subscribe = await pool.next()
    const authorize = await pool.next()
    expect([subscribe.params, authorize.method]).toEqual([['decred-gominer/2.0.0'], 'mining.authorize'])
    answer(subscribe, subscription('s', 'b072e5dc'))
    answer(authorize, true)
    send(subscribe.socket, { id: 'still there?', method: 'mining.ping', params: [] })
    expect(await pool.next()).toMatchObject({ id: 'still there?' })
    notify(subscribe.socket, 'mining.notify', HEAD)
    const seconds = (share: Heard): number => Buffer.from(String(share.params[3]), 'hex').readUInt32LE()
    const first = await pool.nextShare()
    let later = first
    while (seconds(later) === seconds(first)) {
      answer(later, true)
      later = await pool.nextShare()
    }
    expect(seconds(later)).toBe(seconds(first) + 1)
  })

  it('answers the pool’s questions and passes its messages on', async () => {
    const pool = await scriptedPool()
    const miner = mine(pool.port, { hashesPerSecondMax: 0 })
    const socket = await admit(pool)
    send(socket, { id: 'a', method: 'mining.ping', params: [] })
    expect(await pool.next()).toMatchObject({ id: 'a', result: 'pong' })
    send(socket, { id: 7, method: 'client.get_version', params: [] })
    expect(await pool.next()).toMatchObject({ id: 7, result: 'cpuminer/1.0.0' })
    const message = until(miner, 'message')
    notify(socket, 'client.show_message', ['hello'])
    expect(await message).toEqual({ kind: 'message', text: 'hello', device: 0 })
    expect(miner.totals().hashes).toBe(0)
  })

  it('takes a new extranonce with the next job', async () => {
    const pool = await scriptedPool()
    mine(pool.port, { dialect: 'nicehash' })
    const socket = await admit(pool)
    expect(await pool.next()).toMatchObject({ method: 'mining.extranonce.subscribe' })
    expect(String((await pool.nextShare()).params[2])).toHaveLength(8)
    notify(socket, 'mining.set_extranonce', ['aabbcc', 6])
    notify(socket, 'mining.notify', ['NEW', ...HEAD.slice(1)])
    let share = await pool.nextShare()
    while (share.params[1] !== 'NEW') share = await pool.nextShare()
    expect(String(share.params[2])).toHaveLength(12)
  })

  it('comes back where and when it is told, with its session, and goes on counting', async () => {
    const [first, second] = [await scriptedPool(), await scriptedPool()]
    mine(first.port, { hashesPerSecondMax: 10_000 })
    const socket = await admit(first)
    const before = await first.nextShare()
    notify(socket, 'client.reconnect', ['', second.port, 0])
    const again = await second.next()
    expect(again.params).toEqual(['cpuminer/1.0.0', 'session-1'])
    answer(again, subscription('session-1', 'b072e5dc'))
    answer(await second.next(), true)
    notify(again.socket, 'mining.notify', HEAD)
    const after = await second.nextShare()
    expect([before.params[2], after.params[2]]).toEqual(['00000000', '01000000'])
  })

  it('tries again when the pool breaks off', async () => {
    const pool = await scriptedPool()
    const miner = mine(pool.port)
    const gone = until(miner, 'disconnected')
    const socket = await admit(pool)
    await pool.nextShare()
    socket.end('shutdown')
    expect(await gone).toMatchObject({ why: 'the pool closed the connection' })
    expect(miner.totals().mining).toBe(0)
    const back = until(miner, 'authorized')
    await admit(pool)
    await back
    expect(miner.totals().mining).toBe(1)
  })

  it.each([
    ['no stratum', 'hello\n'],
    ['an unknown method', '{"id":null,"method":"mining.surprise","params":[]}\n'],
    ['a difficulty below 1', '{"id":null,"method":"mining.set_difficulty","params":[0.5]}\n'],
    ['a job for another device', '{"id":null,"method":"mining.notify","params":["x"]}\n'],
    ['an answer to nothing', '{"id":99,"error":null,"result":true}\n'],
    ['an extranonce that is no hex', '{"id":null,"method":"mining.set_extranonce","params":["xy",4]}\n'],
  ])('complains about %s', async (_, line) => {
    const pool = await scriptedPool()
    const miner = mine(pool.port, { hashesPerSecondMax: 0 })
    const fault = until(miner, 'fault')
    const socket = await admit(pool)
    socket.write(line)
    await fault
    expect(miner.totals().faults).toBe(1)
  })

  it('says that the pool refuses it', async () => {
    const pool = await scriptedPool()
    const miner = mine(pool.port)
    const refused = until(miner, 'refused')
    const subscribe = await pool.next()
    answer(subscribe, subscription('s', 'b072e5dc'))
    const { id, socket } = await pool.next()
    send(socket, { id, error: [24, 'Unauthorized worker: no such address', null], result: false })
    expect(await refused).toMatchObject({ method: 'mining.authorize', code: 24 })
  })

  it('waits when the pool does not answer its shares', async () => {
    const pool = await scriptedPool()
    mine(pool.port, { hashesPerSecondMax: 1e6 })
    const socket = await admit(pool)
    for (let i = 0; i < 64; i++) await pool.nextShare()
    send(socket, { id: 'p', method: 'mining.ping', params: [] })
    await pool.next()
    const waiting = await Promise.race([
      pool.nextShare(),
      new Promise((resolve) => setTimeout(resolve, 50, 'waits')),
    ])
    expect(waiting).toBe('waits')
  })

  it('hashes no faster than it may', async () => {
    const pool = await scriptedPool()
    const miner = mine(pool.port, { hashesPerSecondMax: 5_000, connections: 2 })
    const authorized = new Set<MinerSocket>()
    while (authorized.size < 2) {
      const heard = await pool.next()
      if (heard.method === 'mining.subscribe') answer(heard, subscription('s', 'b072e5dc'))
      else {
        answer(heard, true)
        notify(heard.socket, 'mining.set_difficulty', [2 ** 40])
        notify(heard.socket, 'mining.notify', HEAD)
        authorized.add(heard.socket)
      }
    }
    const before = { hashes: miner.totals().hashes, atMs: performance.now() }
    await new Promise((resolve) => setTimeout(resolve, 300))
    const seconds = (performance.now() - before.atMs) / 1000
    const rate = (miner.totals().hashes - before.hashes) / seconds
    // What two devices may have saved up, on top.
    expect(rate).toBeLessThan(10_000 + 1_000 / seconds + 500)
    expect(rate).toBeGreaterThan(2_000)
  })

  it('refuses to be a device that can’t compute the proof of work', () => {
    expect(() => mine(1, { dialect: 'antminer-dr5' })).toThrow("antminer-dr5 can't compute blake3")
  })
})
