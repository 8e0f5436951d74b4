import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import { anchorLedger } from '../../src/backup/anchor.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { right } from '../publisher/running-publisher.ts'
import { exampleKey } from '../publisher/small-log.ts'
import { temporaryDirectory } from '../support/running-pool.ts'

/** What a pool's own folder says was signed, after its log was continued from a copy. */

const KEY = exampleKey('pool.example.com/ledger')

async function* events(count: number, branch: string): AsyncGenerator<readonly LoggedEvent[]> {
  yield Array.from({ length: count }, (_, n) => ({
    stream: `${branch}-${n}`,
    revision: 0,
    type: 'SomethingHappened',
    data: JSON.stringify({ at: 1_790_000_000_000, n, v: 1 }),
  }))
}

/** A ledger of so many entries. */
async function ledgerOf(size: number, branch = 'main') {
  const directory = temporaryDirectory()
  right(await publishAll(events(size, branch), directory, KEY)())
  const folder = ledgerFolder(directory)
  const checkpoint = right(await readCheckpoint(folder, trustIn(KEY.verifier))())
  return { directory, folder, checkpoint, note: () => readFileSync(join(directory, 'checkpoint'), 'utf8') }
}

test('a folder that has no checkpoint gets that of the copy, and so does one that has an older one', async () => {
  const copy = await ledgerOf(300)
  const directory = join(temporaryDirectory(), 'ledger')
  expect(await anchorLedger(ledgerFolder(directory), copy.folder, copy.checkpoint)).toEqual(
    E.right(undefined),
  )
  expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toBe(copy.note())
  expect(existsSync(join(directory, 'tile'))).toBe(false)
  const older = await ledgerOf(100)
  expect(await anchorLedger(older.folder, copy.folder, copy.checkpoint)).toEqual(E.right(undefined))
  expect(older.note()).toBe(copy.note())
})

test('a folder that knows of more keeps that, and so does one that nobody can read', async () => {
  const copy = await ledgerOf(100)
  const newer = await ledgerOf(300)
  const before = newer.note()
  expect(await anchorLedger(newer.folder, copy.folder, copy.checkpoint)).toEqual(E.right(undefined))
  expect(newer.note()).toBe(before)
  writeFileSync(join(newer.directory, 'checkpoint'), 'damaged')
  expect(await anchorLedger(newer.folder, copy.folder, copy.checkpoint)).toEqual(E.right(undefined))
  expect(newer.note()).toBe('damaged')
})

test('two histories that were both signed are told, and nothing is written', async () => {
  const copy = await ledgerOf(300)
  const fork = await ledgerOf(100, 'other')
  const before = fork.note()
  expect(await anchorLedger(fork.folder, copy.folder, copy.checkpoint)).toEqual(
    E.left(
      `${fork.directory} and ${copy.directory} are not of one history, and both were signed: the first 100 entries have other roots. Find out which is right, and move the other away`,
    ),
  )
  expect(fork.note()).toBe(before)
})
