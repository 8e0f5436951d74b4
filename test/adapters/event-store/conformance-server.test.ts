import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AllStreamSubscription,
  type AppendResult,
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client'
import { generate } from 'selfsigned'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startConformanceProcess } from '../../support/eventstoredb/conformance-process.ts'
import { Code, type TlsKeys } from '../../support/eventstoredb/grpc.ts'
import {
  type ConformanceServer,
  type ServerOptions,
  startConformanceServer,
} from '../../support/eventstoredb/server.ts'
import { scratchDirectory } from './scratch.ts'

/** The package's own client against the conformance server: what an adapter sees. */

describe('append', () => {
  test('numbers events from 0 and positions by bytes', async () => {
    const { client, server } = await started()
    const first = await append(client, 'a', 'no_stream', 'one', 'two')
    const second = await append(client, 'a', 1n, 'three')
    expect([first.nextExpectedRevision, second.nextExpectedRevision]).toEqual([1n, 2n])
    const events = server.events()
    expect(events.map((event) => event.revision)).toEqual([0, 1, 2])
    expect(second.position?.commit).toBe(BigInt(events[2]?.position ?? 0))
    const gaps = events.slice(1).map((event, i) => event.position - (events[i]?.position ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(100)
  })

  test.each([
    ['too low', 0n, 2n],
    ['too high', 5n, 2n],
    ['no stream', 'no_stream', 2n],
  ] as const)('wrong expectation, %s', async (_, expectedRevision, actualVersion) => {
    const { client, server } = await started()
    await append(client, 'a', 'no_stream', 'one', 'two', 'three')
    await expect(append(client, 'a', expectedRevision, 'other')).rejects.toMatchObject({
      type: 'wrong-expected-version',
      streamName: 'a',
      expectedVersion: expectedRevision,
      actualVersion,
    })
    expect(server.events()).toHaveLength(3)
  })

  test('a stream is expected that is not there', async () => {
    const { client } = await started()
    for (const expectedRevision of [0n, 'stream_exists'] as const)
      await expect(append(client, 'a', expectedRevision, 'x')).rejects.toMatchObject({
        type: 'wrong-expected-version',
        actualVersion: 'no_stream',
      })
    await client.setStreamMetadata('a', { maxCount: 5 })
    await append(client, 'a', 'stream_exists', 'x')
  })

  test('the same ids after the same revision: the answer of the first time, whatever the content', async () => {
    const { client, server } = await started()
    const [one, two, three] = [event('one'), event('two'), event('three')]
    const first = await client.appendToStream('a', [one, two], { expectedRevision: 'no_stream' })
    await client.appendToStream('a', three, { expectedRevision: 1n })
    const again = { ...two, data: 'other' }
    expect(await client.appendToStream('a', [one, again], { expectedRevision: 'no_stream' })).toEqual(first)
    await expect(
      client.appendToStream('a', [one, three], { expectedRevision: 'no_stream' }),
    ).rejects.toMatchObject({ type: 'wrong-expected-version' })
    await expect(
      client.appendToStream('a', [three, event('x')], { expectedRevision: 1n }),
    ).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 2n })
    expect(server.events()).toHaveLength(3)
  })

  test('`any` is deduplicated by id until the server restarts', async () => {
    const { client, server } = await started()
    const one = event('one')
    const first = await client.appendToStream('a', one)
    expect(await client.appendToStream('a', one)).toEqual(first)
    await expect(client.appendToStream('a', [one, event('two')])).rejects.toMatchObject({
      type: 'wrong-expected-version',
    })
    await client.appendToStream('b', one)
    expect(server.events().map(({ stream }) => stream)).toEqual(['a', 'b'])
    await client.dispose()
    await server.restart()
    const later = connect(server.url)
    // The package's connections are shared by address in a process: the first call may meet the dead one.
    await later.appendToStream('a', one).catch(() => later.appendToStream('a', one))
    expect(server.events().map(({ stream }) => stream)).toEqual(['a', 'b', 'a'])
  })

  test('more than `MaxAppendSize` is refused, exactly so much is not', async () => {
    const { client, server } = await started({ appendBytesMax: 2000 })
    // Two bytes for a type of one character, two for the quotes.
    await append(client, 'a', 'any', 'x'.repeat(1996))
    await expect(append(client, 'a', 'any', 'x'.repeat(1997))).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: 2000,
    })
    await expect(append(client, 'a', 'any', 'x'.repeat(1000), 'x'.repeat(1000))).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
    })
    expect(server.events()).toHaveLength(1)
  })

  test('large appends come in chunks and are written as one', async () => {
    const { client, server } = await started({ appendBytesMax: 4_000_000 })
    const events = Array.from({ length: 300 }, (_, i) => event(`${i}`.padEnd(9000, 'x')))
    const [first, second] = await Promise.all([
      client.appendToStream('a', events, { expectedRevision: 'no_stream', batchAppendSize: 100_000 }),
      client.appendToStream('b', event('x'), { expectedRevision: 'no_stream' }),
    ])
    expect([first?.nextExpectedRevision, second?.nextExpectedRevision]).toEqual([299n, 0n])
    expect(server.events().filter(({ stream }) => stream === 'a')).toHaveLength(300)
  })

  test('a deadline that has passed is a timeout, and nothing is written', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'x')
    await expect(client.appendToStream('a', event('y'), { deadline: -1000 })).rejects.toMatchObject({
      type: 'deadline-exceeded',
    })
    expect(server.events()).toHaveLength(1)
  })

  test('what is not JSON, and metadata, come back', async () => {
    const { client } = await started()
    const binary = {
      contentType: 'application/octet-stream' as const,
      type: 'B',
      id: randomUUID(),
      data: Uint8Array.from([0, 255, 7]),
      metadata: { $correlationId: 'Übergang 矿池' },
    }
    await client.appendToStream('ä', binary)
    const [found] = await read(client, 'ä')
    expect(found).toMatchObject({ streamId: 'ä', isJson: false, metadata: binary.metadata, id: binary.id })
    expect(Buffer.from(Object(found).data)).toEqual(Buffer.from([0, 255, 7]))
  })
})

describe('without BatchAppend', () => {
  test.each(['without-batch-append', 'without-features'] as const)('%s', async (generation) => {
    const { client, server } = await started({ generation, appendBytesMax: 2000 })
    const one = event('one')
    const first = await client.appendToStream('a', [one, event('two')], { expectedRevision: 'no_stream' })
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 1n })
    expect(await client.appendToStream('a', one, { expectedRevision: 'no_stream' })).toMatchObject({
      nextExpectedRevision: 0n,
    })
    await expect(append(client, 'a', 5n, 'x')).rejects.toMatchObject({
      type: 'wrong-expected-version',
      expectedVersion: 5n,
      actualVersion: 1n,
    })
    await expect(append(client, 'b', 5n, 'x')).rejects.toMatchObject({ actualVersion: 'no_stream' })
    await expect(append(client, 'a', 'any', 'x'.repeat(3000))).rejects.toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: 2000,
    })
    server.faults.refuseNextAppends(2, { kind: 'timeout' })
    await expect(append(client, 'a', 1n, 'x')).rejects.toMatchObject({ type: 'timeout' })
    server.faults.refuseNextAppends(1, { kind: 'busy' })
    await expect(append(client, 'a', 1n, 'x')).rejects.toMatchObject({ type: 'unavailable' })
    const [found] = await read(client, 'a')
    expect(found?.position?.commit).toBe(2n ** 64n - 1n)
    const [inAll] = await collect(client.readAll())
    expect(inAll?.position?.commit).toBe(1024n)
  })
})

describe('read', () => {
  test('slices of a stream, both ways', async () => {
    const { client } = await started()
    await append(client, 'a', 'any', ...letters(100))
    const texts = async (...given: Parameters<EventStoreDBClient['readStream']>) =>
      (await collect(client.readStream(...given))).map((found) => found.data)
    expect(await texts('a')).toEqual(letters(100))
    expect(await texts('a', { fromRevision: 98n })).toEqual(['98', '99'])
    expect(await texts('a', { fromRevision: 40n, maxCount: 3 })).toEqual(['40', '41', '42'])
    expect(await texts('a', { fromRevision: 100n })).toEqual([])
    expect(await texts('a', { direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual(['99', '98'])
    expect(await texts('a', { direction: BACKWARDS, fromRevision: 1n })).toEqual(['1', '0'])
    expect(await texts('a', { direction: BACKWARDS, fromRevision: 1000n, maxCount: 1 })).toEqual(['99'])
    await expect(texts('b')).rejects.toMatchObject({ type: 'stream-not-found', streamName: 'b' })
    await expect(texts('a', { fromRevision: END })).rejects.toMatchObject({ type: 'unknown' })
  })

  test('slices of $all, both ways, from a position on or up to it', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', ...letters(50))
    await append(client, 'b', 'any', ...letters(50))
    const positions = server.events().map(({ position }) => BigInt(position))
    const found = async (...given: Parameters<EventStoreDBClient['readAll']>) =>
      (await collect(client.readAll(...given))).map(({ position }) => position?.commit)
    expect(await found()).toEqual(positions)
    const at = { commit: positions[60] ?? 0n, prepare: positions[60] ?? 0n }
    expect(await found({ fromPosition: at, maxCount: 2 })).toEqual(positions.slice(60, 62))
    expect(await found({ fromPosition: { ...at, prepare: 0n }, maxCount: 1 })).toEqual([positions[60]])
    expect(await found({ fromPosition: at, direction: BACKWARDS, maxCount: 2 })).toEqual([
      positions[59],
      positions[58],
    ])
    expect(await found({ fromPosition: END, direction: BACKWARDS, maxCount: 1 })).toEqual([positions[99]])
    expect(await found({ fromPosition: END })).toEqual([])
    const beyond = { commit: 10n ** 9n, prepare: 10n ** 9n }
    expect(await found({ fromPosition: beyond })).toEqual([])
    const between = { commit: at.commit + 1n, prepare: at.commit + 1n }
    await expect(found({ fromPosition: between })).rejects.toMatchObject({ type: 'unknown' })
  })

  test('truncated by an operator', async () => {
    const { client, server } = await started()
    const events = letters(20).map((text) => event(text))
    await client.appendToStream('a', events, { expectedRevision: 'no_stream' })
    server.writeMetadata('a', { $tb: 5 })
    expect((await read(client, 'a')).map(({ revision }) => revision)[0]).toBe(5n)
    await client.setStreamMetadata('a', { maxCount: 3 })
    expect((await read(client, 'a')).map(({ revision }) => revision)).toEqual([17n, 18n, 19n])
    expect(await client.getStreamMetadata('a')).toMatchObject({ metadata: { maxCount: 3 } })
    await client.setStreamMetadata('a', { truncateBefore: 100 })
    expect(await read(client, 'a')).toEqual([])
    expect(await client.appendToStream('a', events[0] ?? [], { expectedRevision: 'no_stream' })).toEqual({
      success: true,
      nextExpectedRevision: 0n,
      position: undefined,
    })
    expect(await collect(client.readAll())).toHaveLength(23)
  })

  test('deleted, and written to again', async () => {
    const { client } = await started()
    await append(client, 'a', 'any', 'one', 'two')
    await expect(client.deleteStream('a', { expectedRevision: 0n })).rejects.toMatchObject({
      type: 'wrong-expected-version',
      expectedVersion: 0n,
      actualVersion: 1n,
    })
    expect((await client.deleteStream('a')).position?.commit).toBeGreaterThan(0n)
    await expect(read(client, 'a')).rejects.toMatchObject({ type: 'stream-not-found' })
    await expect(append(client, 'a', 'stream_exists', 'x')).rejects.toMatchObject({ type: 'stream-deleted' })
    await append(client, 'a', 'no_stream', 'three')
    expect((await read(client, 'a')).map(({ revision }) => revision)).toEqual([2n])
    expect(await client.getStreamMetadata('a')).toMatchObject({ metadata: { truncateBefore: 2 } })
    await client.deleteStream('a')
    await append(client, 'a', 2n, 'four')
    expect((await read(client, 'a')).map(({ revision }) => revision)).toEqual([3n])
    await expect(client.deleteStream('none')).rejects.toMatchObject({ type: 'wrong-expected-version' })
  })

  test('tombstoned: gone for good, but not from $all', async () => {
    const { client } = await started()
    await append(client, 'a', 'any', 'one')
    await client.tombstoneStream('a')
    for (const call of [
      () => read(client, 'a'),
      () => append(client, 'a', 'any', 'two'),
      () => append(client, 'a', 0n, 'two'),
      () => client.deleteStream('a'),
    ])
      await expect(call()).rejects.toMatchObject({ type: 'stream-deleted', streamName: 'a' })
    const all = await collect(client.readAll())
    expect(all.map(({ type }) => type)).toEqual(['T', '$streamDeleted'])
    expect(all[1]?.revision).toBe(2n ** 63n - 1n)
  })

  test("the server's own events, links and those of other applications", async () => {
    const { client, server } = await started()
    await append(client, 'a-1', 'any', 'one')
    server.writeStatistics()
    server.writeLink('a', 'a-1', 0)
    server.writeLink('a', 'a-9', 0)
    server.write('their', [{ type: 'Theirs', data: '{"n":1}' }])
    server.writeMetadata('a-1', { $maxCount: 100 })
    const types = (await collect(client.readAll())).map(({ type }) => type)
    expect(types).toEqual(['T', '$statsCollected', '$>', '$>', 'Theirs', '$metadata'])
    const [resolved, gone] = await drain(client.readStream('$ce-a', { resolveLinkTos: true }))
    expect(resolved).toMatchObject({ event: { streamId: 'a-1' }, link: { streamId: '$ce-a', type: '$>' } })
    expect(gone).toMatchObject({ link: { revision: 1n } })
    expect(gone?.event).toBeUndefined()
    const [asItIs] = await drain(client.readStream('$ce-a'))
    expect(asItIs).toMatchObject({ event: { streamId: '$ce-a', type: '$>' } })
    expect(asItIs?.link).toBeUndefined()
  })
})

describe('subscriptions', () => {
  test('what was there, caught up, then what comes', async () => {
    const { client } = await started()
    await append(client, 'a', 'any', ...letters(70))
    const seen = follow(client.subscribeToAll({ fromPosition: START }))
    await seen.until(() => seen.words.includes('caught up'))
    expect(seen.words).toEqual(['confirmed', ...letters(70), 'caught up'])
    await append(client, 'a', 'any', 'x', 'y')
    await seen.until(() => seen.words.includes('y'))
    expect(seen.words.slice(72)).toEqual(['x', 'y'])
    await seen.subscription.unsubscribe()
  })

  test('from a position on, without it; from the end; ahead of the log in silence', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', ...letters(5))
    const at = BigInt(server.events()[2]?.position ?? 0)
    const after = follow(client.subscribeToAll({ fromPosition: { commit: at, prepare: at } }))
    const withIt = follow(client.subscribeToAll({ fromPosition: { commit: at, prepare: 0n } }))
    const fromEnd = follow(client.subscribeToAll({ fromPosition: END }))
    const ahead = follow(client.subscribeToAll({ fromPosition: { commit: 10n ** 9n, prepare: 10n ** 9n } }))
    const wrong = follow(client.subscribeToAll({ fromPosition: { commit: at + 1n, prepare: at + 1n } }))
    for (const seen of [after, withIt, fromEnd, ahead])
      await seen.until(() => seen.words.includes('caught up'))
    await append(client, 'a', 'any', 'new')
    await fromEnd.until(() => fromEnd.words.includes('new'))
    expect(after.words).toEqual(['confirmed', '3', '4', 'caught up', 'new'])
    expect(withIt.words).toEqual(['confirmed', '2', '3', '4', 'caught up', 'new'])
    expect(fromEnd.words).toEqual(['confirmed', 'caught up', 'new'])
    expect(ahead.words).toEqual(['confirmed', 'caught up'])
    expect(wrong.words).toEqual(['confirmed', 'error unknown'])
  })

  test('filtered by name or type, prefix or expression', async () => {
    const { client, server } = await started()
    for (const stream of ['a-1', 'b-1', 'a-2']) await append(client, stream, 'any', stream)
    server.writeStatistics()
    server.write('a-3', [{ type: 'U', data: '"a-3"' }])
    const filters = [
      [streamNameFilter({ prefixes: ['a-'] }), ['a-1', 'a-2', 'a-3']],
      [streamNameFilter({ prefixes: ['b-', 'a-2'] }), ['b-1', 'a-2']],
      [streamNameFilter({ regex: '^a-[13]$' }), ['a-1', 'a-3']],
      [eventTypeFilter({ prefixes: ['U'] }), ['a-3']],
      [eventTypeFilter({ regex: '^T' }), ['a-1', 'b-1', 'a-2']],
      [excludeSystemEvents(), ['a-1', 'b-1', 'a-2', 'a-3']],
    ] as const
    for (const [filter, expected] of filters) {
      const seen = follow(client.subscribeToAll({ filter }))
      await seen.until(() => seen.words.includes('caught up'))
      expect(seen.words.slice(1, -1)).toEqual(expected)
      await seen.subscription.unsubscribe()
    }
  })

  test('checkpoints: on the way, at the end of what was there, and live; none twice, each good to go on from', async () => {
    const { client, server } = await started()
    for (let i = 0; i < 5; i++) {
      await append(client, 'noise', 'any', ...letters(40))
      await append(client, 'a', 'any', `${i}`)
    }
    const checkpoints: { readonly at: Position; readonly seen: number }[] = []
    const seen: AllSeen = follow(
      client.subscribeToAll({
        filter: streamNameFilter({
          prefixes: ['a'],
          checkpointReached: async (_, at) => {
            checkpoints.push({ at, seen: seen.words.filter((word) => /^\d/.test(word)).length })
          },
        }),
      }),
    )
    await seen.until(() => seen.words.includes('caught up'))
    expect(checkpoints.length).toBeGreaterThanOrEqual(6)
    const before = checkpoints.length
    for (let i = 0; i < 40; i++) await append(client, 'noise', 'any', 'x')
    await seen.until(() => checkpoints.length > before)
    expect(checkpoints.at(-1)?.at.commit).toBe(checkpoints.at(-1)?.at.prepare)
    const commits = checkpoints.map(({ at }) => at.commit)
    expect(commits).toEqual([...new Set(commits)].sort((x, y) => Number(x - y)))

    // Some lie just before an event, with prepare 0: the event at their commit position is still to come.
    const starts = new Set(server.events().map(({ position }) => BigInt(position)))
    expect(checkpoints.some(({ at }) => at.prepare === 0n && starts.has(at.commit))).toBe(true)
    for (const { at, seen: count } of checkpoints) {
      const rest = follow(
        client.subscribeToAll({ fromPosition: at, filter: streamNameFilter({ prefixes: ['a'] }) }),
      )
      await rest.until(() => rest.words.includes('caught up'))
      const events = rest.words.filter((word) => /^\d/.test(word))
      expect(events).toEqual(['0', '1', '2', '3', '4'].slice(5 - events.length))
      expect(events.length).toBeGreaterThanOrEqual(5 - count - 1)
      await rest.subscription.unsubscribe()
    }
  })

  test('one that falls behind catches up again, and a slow reader loses nothing', async () => {
    const { client } = await started({ appendBytesMax: 4_000_000 })
    const subscription = client.subscribeToAll()
    onTestFinished(() => subscription.unsubscribe())
    const seen = follow(subscription)
    subscription.on('data', () => {
      if (seen.words.length % 100 !== 0) return
      subscription.pause()
      setTimeout(() => subscription.resume(), 2)
    })
    await seen.until(() => seen.words.includes('caught up'))
    for (let i = 0; i < 5; i++)
      await client.appendToStream(
        'a',
        Array.from({ length: 1000 }, (_, j) => event(`${i * 1000 + j}`)),
      )
    const caughtUp = () => seen.words.filter((word) => word === 'caught up').length
    await seen.until(() => seen.words.includes('4999') && caughtUp() > 1)
    expect(seen.words.filter((word) => /^\d/.test(word))).toEqual(letters(5000))
  })

  test('of one stream: before it is there, from a revision on, until its tombstone', async () => {
    const { client, server } = await started()
    const early = followStream(client, 'a')
    await early.until(() => early.words.includes('caught up'))
    await append(client, 'b', 'any', 'other')
    await append(client, 'a', 'any', '0', '1', '2')
    await early.until(() => early.words.includes('2'))
    const late = followStream(client, 'a', 1n)
    await late.until(() => late.words.includes('caught up'))
    expect(late.words).toEqual(['confirmed', '2', 'caught up'])
    server.writeMetadata('a', { $tb: 2 })
    const truncated = followStream(client, 'a')
    await truncated.until(() => truncated.words.includes('caught up'))
    expect(truncated.words).toEqual(['confirmed', '2', 'caught up'])
    server.tombstone('a')
    await early.until(() => early.isOver())
    expect(early.words.at(-1)).toBe('error stream-deleted')
    const never = followStream(client, 'a')
    await never.until(() => never.isOver())
    expect(never.words).toEqual(['confirmed', 'error stream-deleted'])
  })
})

describe('faults', () => {
  test('killed: everybody is told, and it comes back on its port with everything', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    const seen = follow(client.subscribeToAll())
    await seen.until(() => seen.words.includes('caught up'))
    await server.kill()
    await server.kill()
    expect(server.isUp()).toBe(false)
    await seen.until(() => seen.isOver())
    expect(seen.words.at(-1)).toBe('error unavailable')
    await expect(append(client, 'a', 'any', 'two')).rejects.toMatchObject({ code: Code.unavailable })
    await server.restart()
    await append(client, 'a', 0n, 'two')
    expect(server.events()).toHaveLength(2)
  })

  test('all connections cut, and nothing else', async () => {
    const { client, server } = await started()
    const seen = follow(client.subscribeToAll())
    await seen.until(() => seen.words.includes('caught up'))
    server.faults.cutConnections()
    await seen.until(() => seen.isOver())
    expect(seen.words.at(-1)).toBe('error unavailable')
    expect(server.isUp()).toBe(true)
    await append(client, 'a', 'any', 'one').catch(() => append(client, 'a', 'any', 'one'))
  })

  test.each(['cut', 'silence'] as const)('the answer is lost by %s, the events are not', async (how) => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    const two = event('two')
    server.faults.loseNextAnswer(how)
    const lost = client.appendToStream('a', two, { expectedRevision: 0n })
    const outcome = await Promise.race([lost.catch((error) => error.type), sleep(300, 'nothing')])
    expect(outcome).toBe(how === 'cut' ? 'unavailable' : 'nothing')
    expect(server.events()).toHaveLength(2)
    expect(await client.appendToStream('a', two, { expectedRevision: 0n })).toMatchObject({
      nextExpectedRevision: 1n,
    })
    expect(server.events()).toHaveLength(2)
  })

  test('cut before writing', async () => {
    const { client, server } = await started()
    server.faults.cutBeforeNextAppend()
    await expect(append(client, 'a', 'any', 'one')).rejects.toMatchObject({ type: 'unavailable' })
    expect(server.events()).toEqual([])
    await append(client, 'a', 'no_stream', 'one')
  })

  test('someone else writes first', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    server.faults.conflictWithNextAppend()
    await expect(append(client, 'a', 0n, 'two')).rejects.toMatchObject({
      type: 'wrong-expected-version',
      actualVersion: 1n,
    })
    expect(server.events().map(({ type }) => type)).toEqual(['T', 'Foreign'])
  })

  test.each([
    [{ kind: 'busy' }, { type: 'unknown', message: 'Could not recognize Server Is Busy' }],
    [{ kind: 'not-ready' }, { type: 'unknown', message: 'Could not recognize Server Is Not Ready' }],
    [{ kind: 'timeout' }, { type: 'deadline-exceeded' }],
    [{ kind: 'access-denied' }, { type: 'access-denied' }],
    [
      { kind: 'not-leader', leader: null },
      { type: 'unknown', message: 'Could not recognize No leader info available in response' },
    ],
    [{ kind: 'unknown', message: 'x' }, { type: 'unknown' }],
    [
      { kind: 'bad-request', message: 'x' },
      { type: 'unknown', message: 'Could not recognize BadRequest' },
    ],
    [
      { kind: 'maximum-append-event-size', id: '', bytes: 17_000_000, bytesMax: 16_000_000 },
      { type: 'unknown', message: 'Could not recognize MaximumAppendEventSizeExceeded' },
    ],
    [
      { kind: 'stream-deleted', stream: 'a' },
      { type: 'stream-deleted', streamName: 'a' },
    ],
  ] as const)('refused as %j', async (refusal, error) => {
    const { client, server } = await started()
    server.faults.refuseNextAppends(2, refusal)
    for (let i = 0; i < 2; i++) await expect(append(client, 'a', 'any', 'x')).rejects.toMatchObject(error)
    await append(client, 'a', 'no_stream', 'x')
    expect(server.events()).toHaveLength(1)
  })

  test('the disk is full: the first write ends the process, until there is room', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    server.faults.fillDisk()
    for (let i = 0; i < 2; i++) {
      await expect(append(client, 'a', 0n, 'two')).rejects.toMatchObject({ code: Code.unavailable })
      expect(server.isUp()).toBe(false)
      await server.restart()
      expect(await read(client, 'a').catch(() => read(client, 'a'))).toHaveLength(1)
    }
    server.faults.freeDisk()
    await append(client, 'a', 0n, 'two')
  })

  test('answers nothing for a while, then everything', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    const seen = follow(client.subscribeToAll())
    await seen.until(() => seen.words.includes('caught up'))
    server.faults.stopAnswering()
    const appended = append(client, 'a', 0n, 'two')
    const all = collect(client.readAll())
    expect(await Promise.race([appended, all, sleep(200, 'nothing')])).toBe('nothing')
    expect(server.events()).toHaveLength(1)
    server.write('b', [{ type: 'T', data: '"b"' }])
    await sleep(50)
    expect(seen.words).not.toContain('b')
    server.faults.answerAgain()
    expect((await appended).nextExpectedRevision).toBe(1n)
    expect((await all).length).toBeGreaterThan(1)
    await seen.until(() => seen.words.includes('two') && seen.words.includes('b'))
  })

  test('answers late', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', 'one')
    server.faults.delayAnswers(200)
    const before = performance.now()
    await append(client, 'a', 0n, 'two')
    expect(performance.now() - before).toBeGreaterThan(190)
  })

  test('append calls end well: the client waits for ever, and does not open another', async () => {
    const { url, ...one } = await server()
    // Not disposed of: that would wait for ever too.
    const client = EventStoreDBClient.connectionString(url)
    await append(client, 'a', 'any', 'one')
    one.faults.loseNextAnswer('silence')
    const lost = client.appendToStream('a', event('two'), { deadline: 100 }).catch((error) => error.type)
    await sleep(50)
    one.faults.endAppendCalls()
    await sleep(50)
    const late = append(client, 'a', 1n, 'three').catch((error) => error.type)
    expect(await Promise.race([lost, late, client.dispose(), sleep(400, 'nothing')])).toBe('nothing')
    expect(one.events()).toHaveLength(2)
    await append(connect(url), 'a', 1n, 'three')
  })

  test('subscriptions end: well, with an error, after so many events', async () => {
    const { client, server } = await started()
    await append(client, 'a', 'any', ...letters(100))
    const well = follow(client.subscribeToAll())
    await well.until(() => well.words.includes('caught up'))
    server.faults.endSubscriptions()
    await well.until(() => well.isOver())
    expect(well.words.at(-1)).toBe('end')
    const badly = follow(client.subscribeToAll())
    await badly.until(() => badly.words.includes('caught up'))
    server.faults.endSubscriptions({ code: Code.internal, message: 'Exception was thrown by handler.' })
    await badly.until(() => badly.isOver())
    expect(badly.words.at(-1)).toBe('error unknown')
    server.faults.endSubscriptionsAfter(7)
    const short = follow(client.subscribeToAll())
    await short.until(() => short.isOver())
    expect(short.words).toEqual(['confirmed', ...letters(7), 'end'])
    server.faults.endSubscriptionsAfter(null)
    const long = follow(client.subscribeToAll())
    await long.until(() => long.words.includes('caught up'))
    expect(long.words).toHaveLength(102)
  })
})

describe('cluster', () => {
  test('discovery finds the leader, and the next one when it changes', async () => {
    const { server: a } = await started()
    const [b, c] = await Promise.all([server({ joins: a }), server({ joins: a })])
    const client = connect(`esdb+discover://127.0.0.1:${b.port}?tls=false&discoveryInterval=10`)
    await client.appendToStream('s', event('one'), { requiresLeader: true })
    a.setState('follower')
    c.setState('leader')
    const two = event('two')
    await expect(client.appendToStream('s', two, { requiresLeader: true })).rejects.toMatchObject({
      type: 'not-leader',
      leader: { port: c.port },
    })
    await client.appendToStream('s', two, { requiresLeader: true })
    expect(c.events()).toHaveLength(2)
    expect(b.events()).toEqual(c.events())
  })

  test('a follower names the leader, and the client goes there; without being asked it forwards', async () => {
    const { client, server: leader } = await started({ generation: 'without-batch-append' })
    const follower = await server({ joins: leader, generation: 'without-batch-append' })
    await append(client, 's', 'any', 'one')
    const other = connect(follower.url)
    await append(other, 's', 0n, 'two')
    await expect(
      other.appendToStream('s', event('three'), { requiresLeader: true, expectedRevision: 1n }),
    ).rejects.toMatchObject({ type: 'not-leader', leader: { address: '127.0.0.1', port: leader.port } })
    await follower.kill()
    await other.appendToStream('s', event('three'), { requiresLeader: true, expectedRevision: 1n })
    expect(leader.events()).toHaveLength(3)
  })

  test('no leader', async () => {
    const { server: a } = await started({ state: 'unknown' })
    await server({ joins: a, state: 'unknown' })
    const client = connect(
      `esdb+discover://127.0.0.1:${a.port}?tls=false&discoveryInterval=10&maxDiscoverAttempts=3`,
    )
    await expect(append(client, 's', 'any', 'one')).rejects.toThrow('Failed to discover')
    const direct = connect(a.url)
    await expect(append(direct, 's', 'any', 'one')).rejects.toMatchObject({
      message: 'Could not recognize Server Is Not Ready',
    })
    await expect(read(direct, 's')).rejects.toMatchObject({ type: 'unavailable' })
    a.setState('leader')
    await append(connect(a.url), 's', 'any', 'one')
  })
})

describe('TLS and logging in', () => {
  const users = [
    { name: 'pool', password: 'p:w', mayWrite: true },
    { name: 'auditor', password: 'look', mayWrite: false },
  ]
  const secured = async () => {
    const tls = await tlsKeys()
    const { port } = await server({ tls, users })
    return (credentials?: { username: string; password: string }, trusted = tls.cert) =>
      keep(
        new EventStoreDBClient(
          { endpoint: `localhost:${port}` },
          { rootCertificate: Buffer.from(trusted) },
          credentials,
        ),
      )
  }

  test('who may write, may read, and may nothing', async () => {
    const log = await secured()
    const pool = log({ username: 'pool', password: 'p:w' })
    await append(pool, 'a', 'any', 'one')
    const auditor = log({ username: 'auditor', password: 'look' })
    expect(await read(auditor, 'a')).toHaveLength(1)
    await expect(append(auditor, 'a', 0n, 'two')).rejects.toMatchObject({ type: 'access-denied' })
    await expect(auditor.deleteStream('a')).rejects.toMatchObject({
      type: 'access-denied',
      code: Code.permissionDenied,
    })
    await expect(read(log({ username: 'pool', password: 'wrong' }), 'a')).rejects.toMatchObject({
      type: 'access-denied',
      code: Code.unauthenticated,
    })
    await expect(append(log({ username: 'x', password: 'y' }), 'a', 0n, 'two')).rejects.toMatchObject({
      type: 'access-denied',
    })
    await expect(read(log(), 'a')).rejects.toMatchObject({ code: Code.permissionDenied })
  })

  test('another certificate than the one that is trusted', async () => {
    const log = await secured()
    const client = log({ username: 'pool', password: 'p:w' }, (await tlsKeys()).cert)
    await expect(append(client, 'a', 'any', 'one')).rejects.toMatchObject({ code: Code.unavailable })
  })
})

describe('as a process', () => {
  const process = async () => {
    const started = await startConformanceProcess({ file: join(scratchDirectory(), 'events') })
    onTestFinished(() => started.kill())
    return started
  }

  test('killed under load again and again: what it answered is there, once, in order', async () => {
    const server = await process()
    const answered: string[] = []
    for (let round = 0; round < 4; round++) {
      const client = connect(server.url)
      let revision = answered.length === 0 ? 'no_stream' : ((await newest(client)) as bigint | 'no_stream')
      let isDown = false
      const writing = (async () => {
        while (!isDown) {
          const events = Array.from({ length: 10 }, () => event('x'.repeat(300)))
          const appended: AppendResult = await client.appendToStream('a', events, {
            expectedRevision: revision,
          })
          revision = appended.nextExpectedRevision
          answered.push(...events.map(({ id }) => id))
        }
      })().catch(() => undefined)
      const other = (async () => {
        for (let n = 0; !isDown; n++) await client.appendToStream(`b-${round}-${n}`, event('y'))
      })().catch(() => undefined)
      await sleep(250)
      isDown = true
      await server.kill()
      await Promise.race([Promise.all([writing, other]), sleep(1000)])
      await client.dispose()
      await server.restart()
      const reader = connect(server.url)
      const held = (await read(reader, 'a')).map(({ id, revision }) => ({ id, revision }))
      expect(held.map(({ revision }) => revision)).toEqual(held.map((_, i) => BigInt(i)))
      const ids = held.map(({ id }) => id)
      expect(ids.filter((id) => answered.includes(id))).toEqual(answered)
      expect(ids.length % 10).toBe(0)
      answered.splice(0, answered.length, ...ids)
      const positions = (await collect(reader.readAll())).map(({ position }) => position?.commit ?? 0n)
      expect(positions).toEqual([...new Set(positions)].sort((x, y) => Number(x - y)))
      await reader.dispose()
    }
    expect(answered.length).toBeGreaterThan(100)
  })

  test('deletions and truncations outlive it; a torn group at the end of its file does not', async () => {
    const file = join(scratchDirectory(), 'events')
    const server = await startConformanceProcess({ file })
    onTestFinished(() => server.kill())
    const client = connect(server.url)
    for (const stream of ['a', 'b', 'c']) await append(client, stream, 'any', 'one', 'two')
    await client.deleteStream('a')
    await client.tombstoneStream('b')
    await client.setStreamMetadata('c', { truncateBefore: 1 })
    const before = await drain(client.readAll())
    await client.dispose()
    await server.kill()
    appendFileSync(file, Buffer.from([0, 0, 1, 0, 9, 9]))
    await server.restart()
    const again = connect(server.url)
    expect(await drain(again.readAll())).toEqual(before)
    await expect(read(again, 'a')).rejects.toMatchObject({ type: 'stream-not-found' })
    await expect(read(again, 'b')).rejects.toMatchObject({ type: 'stream-deleted' })
    expect((await read(again, 'c')).map(({ revision }) => revision)).toEqual([1n])
    await append(again, 'c', 1n, 'three')
    await again.dispose()
    await server.restart()
    expect((await read(connect(server.url), 'c')).map(({ revision }) => revision)).toEqual([1n, 2n])
  })

  test('frozen: connections stay, nobody answers; thawed, everything is', async () => {
    const server = await process()
    const client = connect(server.url)
    await append(client, 'a', 'any', 'one')
    server.freeze()
    const appended = append(client, 'a', 0n, 'two')
    expect(await Promise.race([appended, sleep(300, 'nothing')])).toBe('nothing')
    server.thaw()
    expect((await appended).nextExpectedRevision).toBe(1n)
  })

  test('takes faults from its parent', async () => {
    const server = await process()
    const client = connect(server.url)
    await server.fault('refuseNextAppends', 1, { kind: 'timeout' })
    await expect(append(client, 'a', 'any', 'one')).rejects.toMatchObject({ type: 'deadline-exceeded' })
    await append(client, 'a', 'no_stream', 'one')
  })
})

async function tlsKeys(): Promise<TlsKeys> {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  return { cert: made.cert, key: made.private }
}

const letters = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)

const event = (text: string) => jsonEvent({ type: 'T', data: text })

const append = (
  client: EventStoreDBClient,
  stream: string,
  expectedRevision: bigint | 'any' | 'no_stream' | 'stream_exists',
  ...texts: readonly string[]
): Promise<AppendResult> => client.appendToStream(stream, texts.map(event), { expectedRevision })

/** A client that is disposed of when the test has ended. Not two that append at a time: they share one table of promises. */
const connect = (url: string): EventStoreDBClient => keep(EventStoreDBClient.connectionString(url))

function keep(client: EventStoreDBClient): EventStoreDBClient {
  onTestFinished(() => client.dispose())
  return client
}

async function server(options: ServerOptions = {}): Promise<ConformanceServer> {
  const started = await startConformanceServer(options)
  onTestFinished(() => started.kill())
  return started
}

async function started(options: ServerOptions = {}) {
  const one = await server(options)
  return { server: one, client: connect(one.url) }
}

async function drain<A>(stream: AsyncIterable<A>): Promise<A[]> {
  const all: A[] = []
  for await (const item of stream) all.push(item)
  return all
}

async function collect<E>(stream: AsyncIterable<{ event?: E }>): Promise<E[]> {
  return (await drain(stream)).flatMap(({ event: found }) => (found === undefined ? [] : [found]))
}

const read = (client: EventStoreDBClient, stream: string) => collect(client.readStream(stream))

async function newest(client: EventStoreDBClient): Promise<bigint | undefined> {
  const last = { direction: BACKWARDS, fromRevision: END, maxCount: 1 } as const
  return (await collect(client.readStream('a', last)))[0]?.revision
}

interface Seen {
  readonly words: readonly string[]
  readonly isOver: () => boolean
  readonly until: (isSo: () => boolean) => Promise<void>
}

interface AllSeen extends Seen {
  readonly subscription: AllStreamSubscription
}

const follow = (subscription: AllStreamSubscription): AllSeen => ({
  subscription,
  ...watch(subscription),
})

const followStream = (client: EventStoreDBClient, stream: string, fromRevision?: bigint): Seen =>
  watch(client.subscribeToStream(stream, fromRevision === undefined ? {} : { fromRevision }) as Speaker)

type Speaker = Pick<AllStreamSubscription, 'on'>

/** Everything that a subscription says, as words. */
function watch(subscription: Speaker): Seen {
  const words: string[] = []
  let over = false
  const waiting = new Set<() => void>()
  const say = (word: string): void => {
    words.push(word)
    for (const look of waiting) look()
  }
  const end = (word: string): void => {
    over = true
    say(word)
  }
  subscription.on('confirmation', () => say('confirmed'))
  subscription.on('caughtUp', () => say('caught up'))
  subscription.on('data', ({ event: found }) => say(String(found?.data)))
  subscription.on('error', (error) => end(`error ${Object(error).type}`))
  subscription.on('end', () => end('end'))
  return {
    words,
    isOver: () => over,
    until: (isSo) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isSo()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
