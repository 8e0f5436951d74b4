import { hash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openEventStore } from '../../src/store/open-store.ts'
import { lodebook, temporaryDirectory } from './child.ts'

/** Commands that only read a store leave it as it is, so that a backup that was looked at is still the one that was made. */

const { path: directory, remove } = temporaryDirectory()
afterAll(remove)

const run = async (...words: readonly string[]) => {
  const finished = await lodebook(words, { directory })
  expect(finished).toMatchObject({ code: 0, stderr: expect.not.stringContaining('lodebook:') })
  return finished.stdout
}

let miner = ''
beforeAll(async () => {
  await run(
    ...['simulate', '--data', 'pool', '--shares', '600', '--miners', '4', '--shares-per-block', '40'],
    ...['--no-faults', '--json'],
  )
  const { balances } = JSON.parse(await run('balances', '--json', '--store', 'sqlite:pool/lodebook.db'))
  miner = balances[0].address
})

const pathOf = (name: string): string => join(directory, name)

/** What is in a directory, and when it was written. */
const contents = (name: string): unknown => ({
  changed: statSync(pathOf(name), { bigint: true }).mtimeNs,
  files: readdirSync(pathOf(name)).map((file) => {
    const path = join(pathOf(name), file)
    return {
      file,
      mtimeNs: statSync(path, { bigint: true }).mtimeNs,
      sha256: hash('sha256', readFileSync(path)),
    }
  }),
})

const READING: readonly (readonly [string, (store: string) => readonly string[]])[] = [
  ['store verify', (store) => ['store', 'verify', store]],
  ['balances', (store) => ['balances', '--store', store]],
  ['statement', (store) => ['statement', miner, '--store', store]],
  ['payout status', (store) => ['payout', 'status', '--store', store]],
  ['replay', (store) => ['replay', '--store', store]],
  ['export', (store) => ['export', '--store', store, '--format', 'csv', '--output', 'tables']],
  ['store copy', (store) => ['store', 'copy', '--from', store, '--to', 'sqlite:copied.db']],
  ['backup', (store) => ['backup', 'again.db', '--store', store]],
]

describe.each(READING)('%s', (name, words) => {
  test('changes no byte of the store, and makes nothing beside it', async () => {
    const folder = `read by ${name}`
    mkdirSync(pathOf(folder))
    copyFileSync(pathOf('pool/lodebook.db'), pathOf(`${folder}/b.db`))
    const before = contents(folder)
    await run(...words(`sqlite:${folder}/b.db`))
    expect(contents(folder)).toEqual(before)
  })
})

test('a backup that was looked at can be restored', async () => {
  mkdirSync(pathOf('backups'))
  await run('backup', 'backups/b.db', '--store', 'sqlite:pool/lodebook.db')
  const before = contents('backups')
  const verified = await run('store', 'verify', '--json', 'sqlite:backups/b.db')
  const balances = await run('balances', '--store', 'sqlite:backups/b.db')
  expect(contents('backups')).toEqual(before)
  await run('restore', 'backups/b.db', '--no-ledger', '--pool.data_directory', 'restored')
  expect(contents('backups')).toEqual(before)
  expect(await run('balances', '--store', 'sqlite:restored/lodebook.db')).toBe(balances)
  const { sha256 } = JSON.parse(verified)
  expect(JSON.parse(await run('store', 'verify', '--json', 'sqlite:restored/lodebook.db'))).toMatchObject({
    sha256,
    whole: true,
  })
})

test('a store is read while a pool has it', async () => {
  const file = pathOf('pool/lodebook.db')
  const alone = await run('balances', '--store', 'sqlite:pool/lodebook.db')
  const store = await openEventStore(`sqlite:${file}`)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  onTestFinished(() => store.right.close())
  expect(await run('balances', '--store', 'sqlite:pool/lodebook.db')).toBe(alone)
  expect(JSON.parse(await run('store', 'verify', '--json', `sqlite:${file}`))).toMatchObject({ whole: true })
})
