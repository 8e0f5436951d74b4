import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore, StoreError } from '../../adapters/event-store/port.ts'
import { loadCertificate } from '../../src/devnet/certificate.ts'
import { isSameStore, openEventStore, openExistingEventStore } from '../../src/store/open-store.ts'
import { scratchDirectory } from '../adapters/event-store/scratch.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'

async function opened(url: string): Promise<EventStore> {
  const store = await openEventStore(url)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  onTestFinished(() => store.right.close())
  return store.right
}

const refused = (store: E.Either<StoreError, EventStore>): string =>
  E.isLeft(store) ? store.left.message : 'it opened'

describe('sqlite:', () => {
  test('makes the file, and the directories above it', async () => {
    const file = join(scratchDirectory(), 'a', 'b', 'lodebook.db')
    expect((await opened(`sqlite:${file}`)).name).toBe(`sqlite:${file}`)
  })

  test('a directory that can not be made', async () => {
    const file = join(scratchDirectory(), 'file')
    writeFileSync(file, '')
    expect(refused(await openEventStore(`sqlite:${file}/lodebook.db`)())).toContain(
      `the directory of ${file}/lodebook.db can't be made: `,
    )
  })

  test('an existing one alone: nothing is made', async () => {
    const directory = scratchDirectory()
    const file = join(directory, 'lodebook.db')
    const open = () => openExistingEventStore(`sqlite:${file}`)()
    expect(refused(await open())).toBe(`${file} is not there: name the file of a store`)
    expect(readdirSync(directory)).toEqual([])
    await (await opened(`sqlite:${file}`)).close()
    const again = await open()
    expect(E.isRight(again)).toBe(true)
    if (E.isRight(again)) await again.right.close()
  })
})

describe('a connection string', () => {
  test('opens EventStoreDB', async () => {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    expect((await opened(server.url)).name).toBe(`esdb://127.0.0.1:${server.port}`)
    const existing = await openExistingEventStore(server.url)()
    if (E.isRight(existing)) await existing.right.close()
    expect(E.isRight(existing)).toBe(true)
  })

  test('takes the password from its file, whatever is in it, and tells it to nobody', async () => {
    const directory = scratchDirectory()
    const made = await loadCertificate(directory, 'server', Date.now())
    const password = 'hun:ter@2/ ?#%&$1é'
    const server = await startConformanceServer({
      tls: { cert: made.certificate, key: made.key },
      users: [{ name: 'pool', password, mayWrite: true }],
    })
    onTestFinished(() => server.kill())
    const file = join(directory, 'password')
    const url = `esdb://pool@localhost:${server.port}?passwordFile=${encodeURIComponent(file)}&tlsCAFile=${join(directory, 'server.cert')}`
    expect(refused(await openEventStore(url)())).toMatch(`passwordFile ${file} can't be read (ENOENT`)
    writeFileSync(file, `${password}\n\n`)
    expect(refused(await openEventStore(url)())).toBe(
      `passwordFile ${file} holds more than one line: give it one line, the password`,
    )
    writeFileSync(file, `${password}\n`)
    const store = await opened(url)
    expect(store.name).not.toContain('pool')
    expect(await store.head()()).toMatchObject({ _tag: 'Right' })
    writeFileSync(file, 'hunter3')
    const wrong = refused(await openEventStore(url)())
    expect(wrong).toContain('refuses user or password')
    expect(wrong).not.toContain('hunter3')
  })
})

describe('two addresses of one store', () => {
  test('a file by another path', () => {
    const directory = scratchDirectory()
    const file = join(directory, 'lodebook.db')
    writeFileSync(file, '')
    symlinkSync(file, join(directory, 'link.db'))
    expect(
      isSameStore(`sqlite:${file}`, `sqlite:${directory}/../${directory.split('/').at(-1)}/link.db`),
    ).toBe(true)
    expect(isSameStore(`sqlite:${file}`, `sqlite:${directory}/other.db`)).toBe(false)
  })

  test.each([
    ['esdb://db?tls=false', 'esdb://db?keepAliveInterval=20000', true],
    ['esdb://u:p@db', 'esdb://u@db?passwordFile=/f', true],
    ['esdb://db', 'esdb://db?streamPrefix=other', false],
    ['esdb://db', 'esdb://db:2114', false],
    ['esdb://db', 'sqlite:/db', false],
  ])('%s and %s: %s', (one, other, same) => {
    expect(isSameStore(one, other)).toBe(same)
  })
})

test('the client of EventStoreDB is loaded only when it is used', () => {
  const file = join(scratchDirectory(), 'lodebook.db')
  const loads = (url: string): boolean => {
    const program = `
      import { createRequire } from 'node:module'
      import { openEventStore } from '${new URL('../../src/store/open-store.ts', import.meta.url).href}'
      const store = await openEventStore('${url}')()
      if (store._tag === 'Right') await store.right.close()
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.some((module) => /grpc-js|db-client/.test(module)))
      process.exit()`
    const words = ['--input-type=module', '-e', program]
    return execFileSync(process.execPath, words, { encoding: 'utf8' }).trim() === 'true'
  }
  expect(loads(`sqlite:${file}`)).toBe(false)
  expect(existsSync(file)).toBe(true)
  expect(loads('esdb://127.0.0.1:1?tls=false')).toBe(true)
})
