import { fork } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { openCheckpoint, type SignedCheckpoint, trustIn } from '../../domain/transparency/checkpoint.ts'
import { entryOf } from '../../domain/transparency/entry.ts'
import { verifyConsistency } from '../../domain/transparency/proof.ts'
import { readKeyFile } from '../../src/publisher/key-file.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { right } from './running-publisher.ts'

/**
 * The publisher's process is killed again and again while it works. A checker reads the checkpoint without a pause and keeps every one
 * that it ever saw, also those that were not in their place yet. LODEBOOK_KILLS=100 kills a hundred times.
 */

const KILLS = Number(process.env['LODEBOOK_KILLS'] ?? 10)
/** From the moment at which the process publishes, or from its start for every fourth. */
const LIFE_MS_MAX = 400

const seed = Number(process.env['LODEBOOK_CRASH_SEED'] ?? randomInt(2 ** 31))
const directory = temporaryDirectory()
const folder = join(directory, 'ledger')

test(`never two checkpoints that do not fit together, killed ${KILLS} times`, async () => {
  console.log(`kill times of seed ${seed}; LODEBOOK_CRASH_SEED=${seed} gives the same again`)
  const notes = new Set<string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const random = createHash('sha256').update(`${seed}.${kill}`).digest()
    await oneLife(kill % 4 === 3 ? 'start' : 'publishing', random.readUInt32LE() % LIFE_MS_MAX, notes)
  }
  await lastLife()
  look(notes)

  const key = right(readKeyFile(join(directory, 'ledger.key')))
  if (key === undefined) throw new Error('the key is gone')
  const seen = [...notes]
    .map((note) => right(openCheckpoint(note, trustIn(key.verifier))))
    .sort((a, b) => a.size - b.size)
  const last = seen.at(-1)
  if (last === undefined) throw new Error('nothing was signed')
  console.log(`${seen.length} checkpoints seen, the last of ${last.size} entries`)
  expect(seen.length).toBeGreaterThan(KILLS)

  // Each fits the next, so all fit each other; and the last is what the log says.
  const reader = (checkpoint: SignedCheckpoint) => ledgerReader(ledgerFolder(folder), checkpoint)
  for (const [i, newer] of seen.entries()) {
    const older = seen[i - 1]
    if (older === undefined) continue
    const proof = right(await reader(last).consistencyProof(newer.size)())
    const fits = { proof, from: newer.size, to: last.size, fromRoot: newer.root, toRoot: last.root }
    expect(verifyConsistency(sha256, fits)).toBe(true)
    if (older.size === newer.size) expect(older.root).toEqual(newer.root)
  }
  const published: string[] = []
  for await (const batch of reader(last).entries(0, last.size))
    published.push(...right(batch).entries.map((entry) => Buffer.from(entry).toString('utf8')))
  const logged = await entriesOfLog()
  expect(published.findIndex((entry, i) => entry !== logged[i])).toBe(-1)
  expect(published.length).toBe(logged.length)
}, 600_000)

async function oneLife(from: 'start' | 'publishing', ms: number, notes: Set<string>): Promise<void> {
  const child = fork(new URL('./publishing-process.ts', import.meta.url), [directory], { execArgv: [] })
  const states: { readonly state: string; readonly message: string }[] = []
  child.on('message', (message: { state: string; message: string }) => states.push(message))
  const exited = once(child, 'exit')
  const begun = () => from === 'start' || states.some(({ state }) => state === 'publishing')
  let end = begun() ? performance.now() + ms : null
  while (end === null || performance.now() < end) {
    if (begun()) end ??= performance.now() + ms
    look(notes)
    await sleep(1)
  }
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
  await exited
  look(notes)
  expect(states.filter(({ state }) => state === 'stopped')).toEqual([])
}

/** Publishes what the others left. */
async function lastLife(): Promise<void> {
  const child = fork(new URL('./publishing-process.ts', import.meta.url), [directory, 'end'], {
    execArgv: [],
  })
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
}

function look(notes: Set<string>): void {
  for (const name of ['checkpoint', 'checkpoint.new']) {
    try {
      const note = readFileSync(join(folder, name), 'utf8')
      // One that is being written is not whole yet.
      if (note.endsWith('=\n')) notes.add(note)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
}

async function entriesOfLog(): Promise<readonly string[]> {
  const store = right(await openSqliteEventStore({ file: join(directory, 'lodebook.db') })())
  const texts: string[] = []
  for (let after: number | null = null; ; ) {
    const page: readonly RecordedEvent[] = right(await store.readAll(after, 1000)())
    for (const event of page) {
      const entry = entryOf(event)
      if (E.isLeft(entry)) throw new Error(entry.left)
      texts.push(entry.right.text)
      after = event.position
    }
    if (page.length === 0) break
  }
  await store.close()
  return texts
}
