import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import type { LedgerFolder } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { checkpointText, openCheckpoint, trustIn } from '../../domain/transparency/checkpoint.ts'
import { entryOf, type LoggedEvent } from '../../domain/transparency/entry.ts'
import { cosigner, noteSigner, signaturesOf } from '../../domain/transparency/note.ts'
import { verifyConsistency } from '../../domain/transparency/proof.ts'
import { type LedgerWriter, ledgerWriter, type WrittenCheckpoint } from '../../src/publisher/ledger-writer.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { inBatches, someEvents } from './events.ts'
import { exampleKey } from './small-log.ts'

const KEY = exampleKey('pool.example.com/ledger')

function right<A>(either: E.Either<{ readonly message: string }, A>): A {
  if (E.isLeft(either)) throw new Error(either.left.message)
  return either.right
}

const writerOn = (folder: LedgerFolder, signed: WrittenCheckpoint | null = null): LedgerWriter =>
  ledgerWriter({ folder, origin: KEY.verifier.name, signers: [noteSigner(KEY)], signed })

/** Every entry that the folder's checkpoint promises, each checked against its root. */
async function entriesIn(path: string): Promise<readonly string[]> {
  const source = ledgerFolder(path)
  const checkpoint = right(await readCheckpoint(source, trustIn(KEY.verifier))())
  const texts: string[] = []
  for await (const batch of ledgerReader(source, checkpoint).entries(0, checkpoint.size))
    texts.push(...right(batch).entries.map((entry) => Buffer.from(entry).toString('utf8')))
  return texts
}

const textsOf = (events: readonly LoggedEvent[]): readonly string[] =>
  events.map((event) => {
    const entry = entryOf(event)
    if (E.isLeft(entry)) throw new Error(entry.left)
    return entry.right.text
  })

test('a whole ledger, in any batches, has every event as an entry', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 700 }),
      fc.integer({ min: 1, max: 300 }),
      async (count, size) => {
        const folder = join(temporaryDirectory(), 'ledger')
        const events = someEvents(count)
        const written = right(await publishAll(inBatches(events, size), folder, KEY)())
        expect(written.size).toBe(count)
        expect(await entriesIn(folder)).toEqual(textsOf(events))
      },
    ),
    { numRuns: 12 },
  )
})

test('every checkpoint that was ever signed fits every other, over restarts at any point', async () => {
  const events = someEvents(900)
  const folder = join(temporaryDirectory(), 'ledger')
  const seen: WrittenCheckpoint[] = []
  let end = 0
  for (const sizes of [
    [1, 3, 200],
    [255, 256],
    [257, 511, 513],
    [800, 900],
  ]) {
    const signed = seen.at(-1) ?? null
    const writer = writerOn(ledgerFolder(folder), signed)
    let at = 0
    for (const size of sizes) {
      right(await writer.add(events.slice(at, size)))
      at = size
      if (!writer.isChecked()) continue
      const written = right(await writer.sign())
      seen.push(written)
      end = Math.max(end, written.size)
    }
  }
  expect(end).toBe(900)
  expect(await entriesIn(folder)).toEqual(textsOf(events))
  const reader = ledgerReader(ledgerFolder(folder), seen.at(-1) ?? { size: 0, root: new Uint8Array() })
  const last = seen.at(-1)
  for (const { size, root } of seen)
    expect(
      verifyConsistency(sha256, {
        from: size,
        to: 900,
        proof: right(await reader.consistencyProof(size)()),
        fromRoot: root,
        toRoot: last?.root ?? new Uint8Array(),
      }),
    ).toBe(true)
})

test('partial files are there as long as a reader may ask for them, and gone once the full one is', async () => {
  const folder = join(temporaryDirectory(), 'ledger')
  const events = someEvents(600)
  const writer = writerOn(ledgerFolder(folder))
  const add = async (from: number, to: number) => {
    right(await writer.add(events.slice(from, to)))
    right(await writer.sign())
  }
  await add(0, 10)
  await add(10, 250)
  const at = (path: string) => readdirSync(join(folder, path)).sort()
  expect(at('tile/entries')).toEqual(['000.p'])
  expect(at('tile/entries/000.p')).toEqual(['10', '250'])
  expect(at('tile/0/000.p')).toEqual(['10', '250'])
  await add(250, 600)
  expect(at('tile/entries')).toEqual(['000', '001', '002.p'])
  expect(at('tile/0')).toEqual(['000', '001', '002.p'])
  expect(at('tile/1/000.p')).toEqual(['2'])
})

test('a file of the ledger that is lost or damaged is mended from the log at the next start', async () => {
  const folder = join(temporaryDirectory(), 'ledger')
  const events = someEvents(600)
  const first = right(await publishAll(inBatches(events, 100), folder, KEY)())
  rmSync(join(folder, 'tile/entries/000'))
  writeFileSync(join(folder, 'tile/0/001'), 'damaged')
  const writer = writerOn(ledgerFolder(folder), first)
  right(await writer.add(events))
  expect(await entriesIn(folder)).toEqual(textsOf(events))
})

describe('nothing is signed', () => {
  const published = async (count: number) => {
    const folder = join(temporaryDirectory(), 'ledger')
    const signed = right(await publishAll(inBatches(someEvents(count), 64), folder, KEY)())
    const note = () => readFileSync(join(folder, 'checkpoint'), 'utf8')
    return { folder, signed, note, before: note() }
  }

  test('when an event was changed, and the files that were published stay as they were', async () => {
    const { folder, signed, note, before } = await published(900)
    const writer = writerOn(ledgerFolder(folder), signed)
    const whole = await entriesIn(folder)
    const events = [...someEvents(10), ...someEvents(889, 1000)]
    right(await writer.add(events))
    expect(await writer.add(someEvents(50, 899))).toMatchObject({
      left: {
        kind: 'log',
        message: expect.stringMatching(
          /^The log does not fit the ledger: its first 900 events have another root/,
        ),
      },
    })
    expect(E.isLeft(await writer.sign())).toBe(true)
    expect(note()).toBe(before)
    expect(await entriesIn(folder)).toEqual(whole)
  })

  test('when so many files are not what was signed that it is no accident', async () => {
    const count = 256 * 40
    const { folder, signed, note, before } = await published(count)
    for (let n = 0; n < 40; n++)
      for (const of of ['entries', '0'])
        writeFileSync(join(folder, 'tile', of, String(n).padStart(3, '0')), 'damaged')
    const writer = writerOn(ledgerFolder(folder), signed)
    for await (const batch of inBatches(someEvents(count - 1), 256)) right(await writer.add(batch))
    expect(await writer.add(someEvents(1, count - 1))).toEqual(
      E.left({
        kind: 'folder',
        message: `More than 64 files in ${folder} are not what was signed, and the log is. Remove the folder "tile" in it: it is made again from the log at the next start.`,
      }),
    )
    expect(note()).toBe(before)
    rmSync(join(folder, 'tile'), { recursive: true })
    right(await publishAll(inBatches(someEvents(count + 1), 256), folder, KEY)())
    expect((await entriesIn(folder)).length).toBe(count + 1)
  })

  test('when the log is shorter', async () => {
    const { folder, note, before } = await published(300)
    expect(await publishAll(inBatches(someEvents(299), 64), folder, KEY)()).toMatchObject({
      left: { kind: 'log', message: '300 events are signed in this folder, and there are only 299.' },
    })
    expect(note()).toBe(before)
  })

  test('when something else writes in the folder', async () => {
    const { folder, signed } = await published(5)
    const writer = writerOn(ledgerFolder(folder), signed)
    right(await writer.add(someEvents(6)))
    right(await publishAll(inBatches(someEvents(8), 64), folder, KEY)())
    expect(await writer.sign()).toMatchObject({ left: { kind: 'folder' } })
    expect((await entriesIn(folder)).length).toBe(8)
  })

  test('of an event that has no entry, or too long a one', async () => {
    const folder = join(temporaryDirectory(), 'ledger')
    const [event] = someEvents(1)
    const withData = (data: string) => [{ stream: 's', revision: 4, type: 'T', ...event, data }]
    expect(await publishAll(inBatches(withData('{"b":1,"a":2}'), 1), folder, KEY)()).toMatchObject({
      left: {
        kind: 'log',
        message: 'Event work-0-0@0 (SomethingHappened) has no entry: its data is not canonical JSON.',
      },
    })
    const long = `{"a":"${'x'.repeat(65_535)}"}`
    expect(await publishAll(inBatches(withData(long), 1), folder, KEY)()).toMatchObject({
      left: {
        kind: 'log',
        message: 'Event work-0-0@0 (SomethingHappened) has an entry of 65631 bytes; 65535 is the most.',
      },
    })
    expect(readdirSync(join(folder, '..'))).toEqual([])
  })

  test('by a key that did not sign the folder', async () => {
    const { folder, note, before } = await published(5)
    const other = exampleKey(KEY.verifier.name, 'note', 8)
    expect(await publishAll(inBatches(someEvents(6), 64), folder, other)()).toMatchObject({
      left: { kind: 'folder', message: expect.stringMatching(/^None of the keys given/) },
    })
    expect(note()).toBe(before)
  })
})

test('a disk that fails is tried again, and nothing is missing after', async () => {
  const path = join(temporaryDirectory(), 'ledger')
  const folder = ledgerFolder(path)
  let failing = 0
  const flaky: LedgerFolder = {
    ...folder,
    write: (file, bytes) => async () => {
      const written = await folder.write(file, bytes)()
      // Of every other write nobody knows whether it was done.
      return ++failing % 2 === 1 ? E.left({ kind: 'disk', message: 'No space left.' }) : written
    },
  }
  const writer = writerOn(flaky)
  const untilRight = async (work: () => Promise<E.Either<{ readonly kind: string }, unknown>>) => {
    for (;;) {
      const done = await work()
      if (E.isRight(done)) return
      expect(done.left.kind).toBe('disk')
    }
  }
  const events = someEvents(700)
  for (const [from, to] of [
    [0, 300],
    [300, 301],
    [301, 700],
  ] as const) {
    let rest = events.slice(from, to)
    await untilRight(() => {
      const now = rest
      rest = []
      return writer.add(now)
    })
    await untilRight(writer.sign)
  }
  expect(await entriesIn(path)).toEqual(textsOf(events))
})

test('a cosignature is attached to the checkpoint that it is for, and to no other', async () => {
  const path = join(temporaryDirectory(), 'ledger')
  const witness = exampleKey('witness.example.com', 'cosignature', 9)
  const writer = writerOn(ledgerFolder(path))
  right(await writer.add(someEvents(3)))
  const first = right(await writer.sign())
  const cosign = (checkpoint: WrittenCheckpoint, time: number) => {
    const text = checkpointText(checkpoint)
    const [signature] = signaturesOf(text, [cosigner(witness, time)])
    if (signature === undefined) throw new Error('no signature')
    return writer.cosign(text, signature)
  }
  right(await cosign(first, 100))
  expect(right(await cosign(first, 200))?.size).toBe(3)
  const opened = right(
    openCheckpoint(readFileSync(join(path, 'checkpoint'), 'utf8'), {
      origin: KEY.verifier.name,
      keys: [KEY.verifier],
      witnesses: [witness.verifier],
    }),
  )
  expect(opened.cosignedBy.map(({ cosignature }) => cosignature.time)).toEqual([200])
  right(await writer.add(someEvents(1, 3)))
  right(await writer.sign())
  expect(right(await cosign(first, 300))).toBeUndefined()
})
