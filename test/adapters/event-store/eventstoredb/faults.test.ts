import { setTimeout as sleep } from 'node:timers/promises'
import { EventStoreDBClient, jsonEvent, UnavailableError } from '@eventstore/db-client'
import { Client, credentials } from '@grpc/grpc-js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DatabaseClient } from '../../../../adapters/event-store/eventstoredb/client.ts'
import type { EventStore, RecordedEvent } from '../../../../adapters/event-store/port.ts'
import { heapAfterCollection } from '../../../support/heap.ts'
import { appendUntilDone, NO_STREAM, openedStore, runningServer, textsOf, to } from './open-server.ts'

/** Each fault of the client, and each of a server, that the reference names: what the store makes of it. */

describe('an append whose outcome is unknown can be repeated, and is there once', () => {
  test('its answer was lost with the connection', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.loseNextAnswer('cut')
    expect(await appendUntilDone(store, to('a', NO_STREAM, 'one', 'two'))).toHaveLength(1)
    expect(await textsOf(store, 'a')).toEqual(['one', 'two'])
  })

  test('its answer never came: the deadline ends the wait', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.loseNextAnswer('silence')
    const [sentence] = await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    expect(sentence).toContain('could not write in time')
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('the server was killed in the middle of it', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.delayAnswers(100)
    const appending = appendUntilDone(store, to('a', NO_STREAM, 'one'))
    await sleep(30)
    await server.kill()
    server.faults.delayAnswers(0)
    await sleep(100)
    await server.restart()
    expect((await appending).length).toBeGreaterThan(0)
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('the connection was cut before it was written', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.cutBeforeNextAppend()
    expect(await appendUntilDone(store, to('a', NO_STREAM, 'one'))).toHaveLength(1)
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('the server ended its long-lived append calls in good order, on which a client would wait for ever: none is ours', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.delayAnswers(200)
    const appending = appendUntilDone(store, to('a', NO_STREAM, 'one'))
    await sleep(50)
    server.faults.endAppendCalls()
    expect(await appending).toEqual([])
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('the server stopped for a while with all connections open', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    server.faults.stopAnswering()
    const appending = appendUntilDone(store, to('a', 0, 'two'), to('b', NO_STREAM, 'three'))
    await sleep(1_500)
    server.faults.answerAgain()
    expect((await appending).length).toBeGreaterThan(0)
    expect(await textsOf(store, 'a')).toEqual(['one', 'two'])
    expect(await textsOf(store, 'b')).toEqual(['three'])
  })

  test('many appends at once, again and again cut off', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    const streams = Array.from({ length: 40 }, (_, i) => `s${i}`)
    const appending = Promise.all(
      streams.map(async (stream) => {
        for (let i = 0; i < 10; i++) await appendUntilDone(store, to(stream, i - 1, String(i)))
      }),
    )
    for (let cut = 0; cut < 15; cut++) {
      await sleep(20)
      server.faults.cutConnections()
    }
    await appending
    for (const stream of streams) expect(await textsOf(store, stream)).toEqual([...'0123456789'])
  })

  test('another client of this process failed, on whose call the package would reject the appends of all: not ours', async () => {
    const [server, other] = [await runningServer(), await runningServer()]
    const store = await openedStore(server.url)
    const stranger = EventStoreDBClient.connectionString(other.url)
    onTestFinished(() => stranger.dispose())
    await stranger.appendToStream('x', jsonEvent({ type: 'T', data: {} }))
    server.faults.delayAnswers(100)
    const appending = appendUntilDone(store, to('a', NO_STREAM, 'one'))
    await sleep(30)
    await other.kill()
    expect(await appending).toEqual([])
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })
})

describe('nothing that the client leaves unobserved reaches the process', () => {
  const unobserved: unknown[] = []
  const note = (reason: unknown): void => {
    unobserved.push(reason)
  }
  const noting = (): void => {
    unobserved.length = 0
    process.on('unhandledRejection', note)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
    })
  }

  test('a server that comes and goes under reads, appends and a subscription', async () => {
    noting()
    const server = await runningServer()
    const store = await openedStore(
      `esdb+discover://127.0.0.1:${server.port}?tls=false&maxDiscoverAttempts=2&discoveryInterval=10`,
    )
    await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    const followed = follow(store, null)
    for (let round = 0; round < 3; round++) {
      await server.kill()
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          i % 2 === 0
            ? store.append([to(`b${i}`, NO_STREAM, 'x')])()
            : textsOf(store, 'a').catch(() => undefined),
        ),
      )
      await server.restart()
      await appendUntilDone(store, to('a', round, 'again'))
    }
    followed.stop()
    await sleep(100)
    expect(unobserved).toEqual([])
  })

  test('a call that fails while another looks for a leader in vain', async () => {
    noting()
    class Probe extends DatabaseClient {
      async provoke(): Promise<void> {
        const looking = this.getChannel()
        // As the client itself calls it, without looking at what comes of it.
        void this.handleError(new Client('127.0.0.1:1', credentials.createInsecure()), new UnavailableError())
        await looking
      }
    }
    const probe = new Probe(
      { discover: { address: '127.0.0.1', port: 1 }, maxDiscoverAttempts: 1 },
      { insecure: true },
    )
    await expect(probe.provoke()).rejects.toThrow('Failed to discover')
    await sleep(50)
    expect(unobserved).toEqual([])
  })
})

describe('nothing is left behind', () => {
  const EVENTS = 500

  async function filled() {
    const server = await runningServer()
    const store = await openedStore(server.url)
    await appendUntilDone(store, to('a', NO_STREAM, ...Array.from({ length: EVENTS }, () => 'x'.repeat(200))))
    return { server, store }
  }

  /** Bytes that many rounds of something cost, once a few have warmed it up. */
  async function growth(rounds: number, round: () => Promise<void>): Promise<number> {
    for (let i = 0; i < 20; i++) await round()
    const before = heapAfterCollection()
    for (let i = 0; i < rounds; i++) await round()
    await sleep(50)
    return heapAfterCollection() - before
  }

  test('by reads', async () => {
    const { store } = await filled()
    const bytes = await growth(1_000, async () => {
      await store.readStream('a', { from: 'start', direction: 'forwards', limit: 2 })()
      await store.readStream('none', { from: 'start', direction: 'forwards', limit: 1 })()
      await store.readAll(null, 2)()
    })
    // What a call leaves for some seconds, timers and the like, is half a kilobyte; one that is kept, twenty.
    expect(bytes).toBeLessThan(10_000_000)
  })

  test('by subscriptions that are dropped with events on their way', async () => {
    const { store } = await filled()
    const bytes = await growth(600, async () => {
      const followed = follow(store, null)
      await followed.has(1)
      followed.stop()
    })
    expect(bytes).toBeLessThan(2_000_000)
  })

  test('by connections that come and go', async () => {
    const { server, store } = await filled()
    let revision = EVENTS - 1
    const bytes = await growth(100, async () => {
      server.faults.cutConnections()
      await appendUntilDone(store, to('a', revision++, 'more'))
    })
    expect(bytes).toBeLessThan(2_000_000)
  })
})

describe('a subscription', () => {
  const EVENTS = 8

  async function filled() {
    const server = await runningServer()
    const store = await openedStore(server.url)
    for (let i = 0; i < EVENTS; i++) await appendUntilDone(store, to('a', i - 1, String(i)))
    return { server, store }
  }

  test.each([
    ['in good order', undefined],
    ['with an error', { code: 14, message: 'Server Is Not Ready' }],
  ])('that the server ends %s after any event is an error, and goes on from there', async (_, status) => {
    const { server, store } = await filled()
    for (let events = 1; events <= EVENTS; events++) {
      server.faults.endSubscriptionsAfter(events, status)
      const first = follow(store, null)
      expect(await first.ended).toMatchObject({ kind: 'unavailable' })
      const handled = first.texts().length
      expect(handled).toBeLessThanOrEqual(events)
      server.faults.endSubscriptionsAfter(null)
      const second = follow(store, first.position())
      await second.has(EVENTS - handled)
      expect([...first.texts(), ...second.texts()]).toEqual([...'01234567'])
      second.stop()
    }
  })

  test('that is not confirmed in time is an error', async () => {
    const { server, store } = await filled()
    server.faults.stopAnswering()
    const followed = follow(store, null)
    expect(await followed.ended).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('in time'),
    })
    server.faults.answerAgain()
  })

  test('whose server is killed is an error', async () => {
    const { server, store } = await filled()
    const followed = follow(store, null)
    await followed.has(EVENTS)
    await server.kill()
    expect(await followed.ended).toMatchObject({ kind: 'unavailable' })
  })
})

describe('what is not ours is passed over', () => {
  test('by readers, followers and the head', async () => {
    const server = await runningServer()
    server.write('orders-1', [{ type: 'OrderPlaced', data: '{}' }])
    const store = await openedStore(server.url)
    expect(await store.head()()).toMatchObject({ right: { _tag: 'None' } })
    await appendUntilDone(store, to('a-1', NO_STREAM, 'one'))
    const other = await openedStore(`${server.url}&streamPrefix=lode`)
    await appendUntilDone(other, to('a-1', NO_STREAM, 'of another pool'))
    server.writeLink('lodebook:a', 'lodebook:a-1', 0)
    server.writeMetadata('lodebook:a-1', { $acl: { $r: 'admin' } })
    for (let i = 0; i < 300; i++) server.writeStatistics()
    await appendUntilDone(store, to('a-1', 0, 'two'))
    for (let i = 0; i < 5_000; i++) server.write('orders-2', [{ type: 'OrderPlaced', data: '{"n":1}' }])

    const all = await store.readAll(null, 100)()
    expect(E.isRight(all) && all.right.map(({ data }) => data)).toEqual(['"one"', '"two"'])
    const newest = E.isRight(all) ? all.right[1]?.position : undefined
    expect(await store.head()()).toMatchObject({ right: { value: newest } })
    const followed = follow(store, null)
    await followed.has(2)
    await sleep(50)
    expect(followed.texts()).toEqual(['one', 'two'])
    followed.stop()
    expect(await textsOf(other, 'a-1')).toEqual(['of another pool'])
  })
})

interface Followed {
  readonly texts: () => readonly string[]
  readonly position: () => number | null
  readonly has: (count: number) => Promise<void>
  /** The error it ended with. */
  readonly ended: Promise<unknown>
  readonly stop: () => void
}

function follow(store: EventStore, after: number | null): Followed {
  const events: RecordedEvent[] = []
  let position = after
  let end: (error: unknown) => void = () => undefined
  const ended = new Promise((resolve) => {
    end = resolve
  })
  const subscription = store
    .follow(after, 3, async (batch) => {
      events.push(...batch)
    })
    .subscribe({
      next: (handled) => {
        position = handled
      },
      error: end,
    })
  return {
    texts: () => events.map(({ data }) => JSON.parse(data)),
    position: () => position,
    has: async (count) => {
      while (events.length < count) await sleep(5)
    },
    ended,
    stop: () => subscription.unsubscribe(),
  }
}
