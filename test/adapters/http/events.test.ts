import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { PoolAnswer, WorkAnswer } from '../../../adapters/http/api/answers.ts'
import {
  HEARTBEAT_MS,
  LISTENERS_PER_VISITOR_MAX,
  type Listener,
  liveFeed,
} from '../../../adapters/http/live-feed.ts'
import type { Site } from '../../../adapters/http/site.ts'
import { BlockSummary } from '../../../projections/views.ts'
import { exampleHash, poolExample } from './pool-example.ts'
import { openStream, runningExample } from './running.ts'

describe('the event stream', () => {
  test('begins with where things stand', async () => {
    const pool = await runningExample()
    const stream = await openStream(pool.server)
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get('Content-Type')).toMatch(/^text\/event-stream/)
    expect(stream.response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    const [work, whole] = [await stream.next(), await stream.next()]
    expect(work?.event).toBe('work')
    expect(WorkAnswer.is(work?.data)).toBe(true)
    expect(whole?.event).toBe('pool')
    expect(PoolAnswer.is(whole?.data)).toBe(true)
  })

  test('tells of new work, of figures and of blocks, once each', async () => {
    const pool = await runningExample()
    const stream = await openStream(pool.server)
    await stream.next()
    await stream.next()
    pool.status = { ...pool.status, work: { height: 7, issuedAt: pool.now, job: 1, reason: 'new-parent' } }
    pool.changes.next({ position: 901, entries: 902, blocks: [exampleHash(2)] })
    pool.changes.next({ position: 902, entries: 903, blocks: [exampleHash(2), 'not a block'] })
    const [work, whole, block] = [await stream.next(), await stream.next(), await stream.next()]
    expect(work).toEqual({ event: 'work', data: pool.status.work })
    expect(whole?.event).toBe('pool')
    expect(block?.event).toBe('block')
    expect(BlockSummary.is(block?.data)).toBe(true)
    expect(block?.data).not.toHaveProperty('header')

    pool.now += HEARTBEAT_MS
    const events = [await stream.next(), await stream.next()]
    expect(events.map((event) => event?.event)).toEqual(['pool', 'heartbeat'])
  })

  test('tells when health changes although the log is silent', async () => {
    const pool = await runningExample()
    const stream = await openStream(pool.server)
    await stream.next()
    await stream.next()
    pool.status = { ...pool.status, nodes: [] }
    const told = await stream.next()
    expect(told?.event).toBe('pool')
    expect(JSON.stringify(told?.data)).toContain('No node is configured')
  })

  test('ends when the pool stops, within seconds', async () => {
    const pool = await runningExample()
    const stream = await openStream(pool.server)
    await stream.next()
    const begun = performance.now()
    await pool.server.stop()
    while ((await stream.next()) !== undefined);
    expect(performance.now() - begun).toBeLessThan(1500)
  })

  test('is given to a visitor only so many times, and again when one is closed', async () => {
    const pool = await runningExample()
    const streams = []
    for (let i = 0; i < LISTENERS_PER_VISITOR_MAX; i++) streams.push(await openStream(pool.server))
    const refused = await pool.get('/api/v1/events')
    expect(refused.status).toBe(503)
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(await refused.json()).toMatchObject({ type: '/api#problem-too-many-listeners' })

    streams[0]?.leave()
    let response = await pool.get('/api/v1/events', { method: 'HEAD' })
    do {
      await response.body?.cancel()
      pool.now += 1000
      response = await pool.get('/api/v1/events')
    } while (response.status === 503)
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  test('goes on where a browser says that it was cut off', async () => {
    const pool = await runningExample()
    pool.changes.next({ position: 901, entries: 902, blocks: [exampleHash(4)] })
    const stream = await openStream(pool.server, { 'Last-Event-ID': '900' })
    expect((await stream.next())?.event).toBe('work')
    expect(await stream.next()).toMatchObject({ event: 'block', data: { hash: exampleHash(4) } })
    expect((await stream.next())?.event).toBe('pool')
  })

  test.each(['', 'x', '-1', '1e3', '9007199254740992', '1'.repeat(300)])(
    'refuses %j as the id of an event',
    async (id) => {
      const pool = await runningExample()
      const response = await pool.get('/api/v1/events', { headers: { 'Last-Event-ID': id } })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ parameter: 'last-event-id' })
    },
  )

  test('costs nothing for HEAD', async () => {
    const pool = await runningExample()
    for (let i = 0; i < LISTENERS_PER_VISITOR_MAX + 5; i++)
      expect((await pool.get('/api/v1/events', { method: 'HEAD' })).status).toBe(200)
    expect(await (await pool.get('/metrics')).text()).toContain('lodebook_event_streams 0')
  })
})

describe('the live feed', () => {
  const siteOf = (example: ReturnType<typeof poolExample>): Site => ({
    readModels: example.readModels,
    status: () => example.status,
    health: () => ({ level: 'well', sentence: '', findings: [] }),
    projectionLagMs: () => 0,
    now: () => example.now,
    report: () => {},
  })

  test('keeps only the newest of each thing for a reader who does not read', async () => {
    const example = poolExample(1_790_000_000_000)
    const feed = liveFeed(siteOf(example))
    const slow = feed.join('slow')
    const quick = feed.join('quick')
    if (E.isLeft(slow) || E.isLeft(quick)) throw new Error('refused')
    await quick.right.next()
    for (let round = 0; round < 3; round++) {
      example.changes.next({ position: round, entries: round, blocks: [exampleHash(1)] })
      await quick.right.next()
    }
    const text = (await slow.right.next()) ?? ''
    expect(text.match(/^event: pool$/gm)).toHaveLength(1)
    expect(text.match(/^event: block$/gm)).toHaveLength(1)
    feed.close()
    expect(await slow.right.next()).toBeUndefined()
    expect(feed.size()).toBe(0)
    expect(E.isLeft(feed.join('late'))).toBe(true)
  })

  test('survives a pool that cannot be read', async () => {
    const example = poolExample(1_790_000_000_000)
    const feed = liveFeed(siteOf(example))
    const reader = feed.join('a')
    if (E.isLeft(reader)) throw new Error('refused')
    await reader.right.next()
    example.fault = E.left({ kind: 'unavailable', message: 'away' })
    example.status = { ...example.status, connections: 47, work: null }
    expect(await reader.right.next()).toBe('event: work\nid: 900\ndata: null\n\n')
    feed.close()
  })

  const joined = (feed: ReturnType<typeof liveFeed>, lastSeen?: number): Listener => {
    const listener = feed.join('reader', lastSeen)
    if (E.isLeft(listener)) throw new Error('refused')
    return listener.right
  }
  const blocksIn = (text: string | undefined): readonly string[] =>
    [...(text ?? '').matchAll(/^event: block\n(?:id: \d+\n)?data: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? '').hash,
    )

  test('tells a reader who comes back which blocks changed since, and no other', async () => {
    const example = poolExample(1_790_000_000_000)
    const feed = liveFeed(siteOf(example))
    example.changes.next({ position: 901, entries: 902, blocks: [exampleHash(1)] })
    example.changes.next({ position: 902, entries: 903, blocks: [exampleHash(2), exampleHash(3)] })
    example.changes.next({ position: 903, entries: 904, blocks: [exampleHash(1)] })
    expect(blocksIn(await joined(feed, 900).next())).toEqual([2, 3, 1].map(exampleHash))
    expect(blocksIn(await joined(feed, 902).next())).toEqual([exampleHash(1)])
    expect(blocksIn(await joined(feed, 903).next())).toEqual([])
    expect(blocksIn(await joined(feed).next())).toEqual([])
    feed.close()
  })

  test('tells one who was away before the pool started, or for longer than it remembers, of the newest', async () => {
    const example = poolExample(1_790_000_000_000)
    const feed = liveFeed(siteOf(example))
    expect(blocksIn(await joined(feed, 17).next())).toEqual(example.blocks.map(({ hash }) => hash))
    for (let i = 0; i < 41; i++)
      example.changes.next({ position: 901 + i, entries: 902 + i, blocks: [`${i}`.padStart(64, '0')] })
    expect(blocksIn(await joined(feed, 900).next())).toEqual(example.blocks.map(({ hash }) => hash))
    expect(blocksIn(await joined(feed, 901).next())).toEqual([])
    feed.close()
  })

  test('gives the id with the last of what is told together, so that nothing before it can be missed', async () => {
    const example = poolExample(1_790_000_000_000)
    const feed = liveFeed(siteOf(example))
    const reader = joined(feed)
    const greeting = (await reader.next()) ?? ''
    expect([...greeting.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id)).toEqual(['900'])
    expect(greeting.lastIndexOf('id: 900')).toBeGreaterThan(greeting.lastIndexOf('event: pool'))
    example.changes.next({ position: 905, entries: 906, blocks: [exampleHash(1), exampleHash(2)] })
    const told = (await reader.next()) ?? ''
    expect([...told.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id)).toEqual(['905'])
    expect(told.indexOf('id: 905')).toBeGreaterThan(told.lastIndexOf('event: block'))
    feed.close()
  })
})
