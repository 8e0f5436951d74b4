import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { generate } from 'selfsigned'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore, StoreError } from '../../../../adapters/event-store/port.ts'
import { scratchDirectory } from '../scratch.ts'
import {
  appendUntilDone,
  NO_STREAM,
  openError,
  openedStore,
  runningServer,
  textsOf,
  to,
  withKeys,
} from './open-server.ts'

/** Bad input and broken servers: each has its sentence, and says what to do. */

const ADMIN = { name: 'admin', password: 'changeit', mayWrite: true }
const READER = { name: 'reader', password: 'only', mayWrite: false }

async function tlsKeys(): Promise<{ readonly key: string; readonly cert: string; readonly caFile: string }> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  const caFile = join(scratchDirectory(), 'ca.crt')
  writeFileSync(caFile, cert)
  return { key, cert, caFile }
}

describe('a server that does not let us in', () => {
  async function secured() {
    const { key, cert, caFile } = await tlsKeys()
    const server = await runningServer({ tls: { key, cert }, users: [ADMIN, READER] })
    const at = (user: string, keys = `tlsCAFile=${encodeURIComponent(caFile)}`): string =>
      withKeys(server.url.replace('//', `//${user}`), keys)
    return { at }
  }

  test('its user, over TLS with its own authority: it opens, and writes', async () => {
    const { at } = await secured()
    const store = await openedStore(at('admin:changeit@'))
    expect(await appendUntilDone(store, to('a', NO_STREAM, 'one'))).toEqual([])
    expect(await textsOf(store, 'a')).toEqual(['one'])
    expect(store.name).not.toContain('changeit')
  })

  test.each([
    ['a wrong password', 'admin:wrong@'],
    ['an unknown user', 'nobody:changeit@'],
    ['no user', ''],
  ])('%s', async (_, user) => {
    const { at } = await secured()
    const error = await openError(at(user))
    expect(error.kind).toBe('unavailable')
    expect(error.message).toMatch(/refuses user or password/)
    expect(error.message).not.toContain('wrong')
  })

  test('a user who may only read', async () => {
    const { at } = await secured()
    const store = await openedStore(at('reader:only@'))
    const error = await refusedAppend(store)
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/not read and write a: correct/),
    })
  })

  test('a certificate that nobody vouches for', async () => {
    const { at } = await secured()
    expect(await openError(at('admin:changeit@', 'tls=true'))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/certificate of .* is not trusted .*tlsCAFile/),
    })
  })

  test('a file of certificates that is not there', async () => {
    expect(await openError('esdb://127.0.0.1:1?tlsCAFile=/nowhere/ca.crt')).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/tlsCAFile of the store can't be read: .*nowhere/),
    })
  })
})

describe('a server that is not what it should be', () => {
  test('TLS to a server without it', async () => {
    const server = await runningServer()
    const error = await openError(server.url.replace('tls=false', 'tls=true'))
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/tls=false/) })
  })

  test('nobody there', async () => {
    expect(await openError('esdb://127.0.0.1:1?tls=false')).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/is away .*start it/),
    })
  })

  test('a name that nobody knows', async () => {
    const error = await openError('esdb://store.invalid?tls=false')
    expect(error).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/can't be found: correct the name/),
    })
  })

  test('something that says nothing', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      silent.close()
    })
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : 0
    expect(await openError(`esdb://127.0.0.1:${port}?tls=false`)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/did not answer in time/),
    })
  })

  test('too old', async () => {
    const server = await runningServer({ generation: 'without-features' })
    expect(await openError(server.url)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/before 20\.10, which is not supported: upgrade it/),
    })
  })

  test('old, but good enough', async () => {
    const server = await runningServer({ generation: 'without-batch-append' })
    const store = await openedStore(server.url)
    expect(await appendUntilDone(store, to('a', NO_STREAM, 'one'))).toEqual([])
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('a string that is no connection string, without its password', async () => {
    const error = await openError('esdb://admin:secret@127.0.0.1:1?colour=blue')
    expect(error.message).toMatch(/there is no key colour/)
    expect(error.message).not.toContain('secret')
  })
})

describe('a cluster', () => {
  test('without a leader', async () => {
    const first = await runningServer({ state: 'unknown' })
    await runningServer({ joins: first, state: 'unknown' })
    const error = await openError(
      `esdb+discover://127.0.0.1:${first.port}?tls=false&maxDiscoverAttempts=3&discoveryInterval=10`,
    )
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/has no leader/) })
  })

  test('whose first node is a follower: the leader is asked', async () => {
    const leader = await runningServer()
    const follower = await runningServer({ joins: leader })
    const store = await openedStore(follower.url)
    expect((await appendUntilDone(store, to('a', NO_STREAM, 'one'))).length).toBeLessThan(2)
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('whose leader changes in between: each event once', async () => {
    const first = await runningServer()
    const second = await runningServer({ joins: first })
    const store = await openedStore(
      `esdb://127.0.0.1:${first.port},127.0.0.1:${second.port}?tls=false&discoveryInterval=10`,
    )
    for (let i = 0; i < 6; i++) {
      await appendUntilDone(store, to('a', i - 1, String(i)))
      const [next, last] = i % 2 === 0 ? [second, first] : [first, second]
      last.setState('follower')
      next.setState('leader')
    }
    expect(await textsOf(store, 'a')).toEqual([...'012345'])
  })

  test('whose leader dies: the new one is found', async () => {
    const first = await runningServer()
    const second = await runningServer({ joins: first })
    const store = await openedStore(
      `esdb://127.0.0.1:${first.port},127.0.0.1:${second.port}?tls=false&discoveryInterval=10&gossipTimeout=1`,
    )
    await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    await first.kill()
    second.setState('leader')
    await appendUntilDone(store, to('a', 0, 'two'))
    expect(await textsOf(store, 'a')).toEqual(['one', 'two'])
  })
})

describe('a server in trouble', () => {
  test.each([
    [{ kind: 'busy' } as const, /too busy|is away/],
    [{ kind: 'not-ready' } as const, /not ready/],
    [{ kind: 'timeout' } as const, /could not write in time: see its disk/],
    [{ kind: 'unknown', message: 'Something odd' } as const, /could not do it .*Something odd/],
    [{ kind: 'access-denied' } as const, /refuses user or password/],
  ])('%j: unavailable, and it goes on by itself', async (refusal, sentence) => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.refuseNextAppends(2, refusal)
    expect(await refusedAppend(store)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(sentence),
    })
    await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('its disk is full: unavailable until there is room and it is started again', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    server.faults.fillDisk()
    expect(await refusedAppend(store)).toMatchObject({ kind: 'unavailable' })
    expect(await refusedAppend(store)).toMatchObject({ kind: 'unavailable' })
    server.faults.freeDisk()
    await server.restart()
    await appendUntilDone(store, to('a', NO_STREAM, 'one'))
    expect(await textsOf(store, 'a')).toEqual(['one'])
  })

  test('it takes smaller appends than ours', async () => {
    const server = await runningServer({ appendBytesMax: 1_000 })
    const store = await openedStore(server.url)
    const large = to('a', NO_STREAM, 'x'.repeat(2_000))
    expect(E.isLeft(await store.append([large])())).toBe(true)
    expect(await store.append([large])()).toMatchObject({
      left: { kind: 'too-large', message: expect.stringMatching(/MaxAppendSize/) },
    })
    expect(await textsOf(store, 'a')).toEqual([])
  })
})

describe('what an operator did to a stream', () => {
  const reading = (store: EventStore, from: number | 'start' | 'end', direction: 'forwards' | 'backwards') =>
    store.readStream('a', { from, direction, limit: 10 })()

  async function filled() {
    const server = await runningServer()
    const store = await openedStore(server.url)
    await appendUntilDone(store, to('a', NO_STREAM, '0', '1', '2', '3'))
    return { server, store }
  }

  test('truncated: reading it says so, what is left can be read, writing goes on', async () => {
    const { server, store } = await filled()
    server.writeMetadata('lodebook:a', { $tb: 2 })
    expect(await reading(store, 'start', 'forwards')).toMatchObject({
      left: {
        kind: 'damaged',
        message: expect.stringMatching(/stream a before revision 2 were deleted or truncated/),
      },
    })
    expect(await reading(store, 2, 'forwards')).toMatchObject({ _tag: 'Right' })
    await appendUntilDone(store, to('a', 3, '4'))
  })

  test('deleted: it does not pass for a new one', async () => {
    const { server, store } = await filled()
    server.deleteStream('lodebook:a')
    expect(await reading(store, 'start', 'forwards')).toMatchObject({ left: { kind: 'damaged' } })
    expect(await reading(store, 'end', 'backwards')).toMatchObject({ left: { kind: 'damaged' } })
    expect(await store.append([to('a', NO_STREAM, 'new')])()).toMatchObject({
      left: {
        kind: 'damaged',
        message: expect.stringMatching(/was deleted by somebody and goes on at revision 4/),
      },
    })
  })

  test('deleted for good: nothing can be written, and it says so', async () => {
    const { server, store } = await filled()
    server.tombstone('lodebook:a')
    expect(await store.append([to('a', 3, '4')])()).toMatchObject({
      left: { kind: 'damaged', message: expect.stringMatching(/stream a was deleted for good/) },
    })
    expect(await reading(store, 'start', 'forwards')).toMatchObject({ left: { kind: 'damaged' } })
    const left = await store.readAll(null, 100)()
    expect(E.isRight(left) && left.right.map(({ data }) => data)).toEqual(['"0"', '"1"', '"2"', '"3"'])
  })

  test('even of the first stream: it opens, so that what is left can be verified and copied', async () => {
    const server = await runningServer()
    const store = await openedStore(server.url)
    await appendUntilDone(store, to('pool', NO_STREAM, '0', '1'), to('a', NO_STREAM, 'x'))
    server.deleteStream('lodebook:pool')
    const again = await openedStore(server.url)
    expect(
      await again.readStream('pool', { from: 'start', direction: 'forwards', limit: 1 })(),
    ).toMatchObject({
      left: { kind: 'damaged' },
    })
    expect(await textsOf(again, 'a')).toEqual(['x'])
  })

  test("someone else's events in it: the writer is told, readers get them as they are", async () => {
    const { server, store } = await filled()
    server.write('lodebook:a', [{ type: 'Theirs', data: '{ "spaces": 1 }' }])
    expect(await store.append([to('a', 3, '4')])()).toMatchObject({
      left: { kind: 'wrong-expected-revision', expected: 3, actual: 4 },
    })
    expect(await reading(store, 4, 'forwards')).toMatchObject({
      right: [{ type: 'Theirs', data: '{"spaces":1}' }],
    })
  })

  test('someone else writes in between: the writer is told what is there', async () => {
    const { server, store } = await filled()
    server.faults.conflictWithNextAppend()
    expect(await store.append([to('a', 3, '4')])()).toMatchObject({
      left: { kind: 'wrong-expected-revision', expected: 3, actual: 4 },
    })
  })
})

async function refusedAppend(store: EventStore): Promise<StoreError> {
  const result = await store.append([to('a', NO_STREAM, 'one')])()
  if (E.isRight(result)) throw new Error('it was appended')
  return result.left
}
