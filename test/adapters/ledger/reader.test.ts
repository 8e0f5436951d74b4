import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerFolder } from '../../../adapters/ledger/folder.ts'
import type { LedgerError, LedgerSource } from '../../../adapters/ledger/port.ts'
import { type LedgerReader, ledgerReader } from '../../../adapters/ledger/reader.ts'
import { sha256 } from '../../../adapters/ledger/sha256.ts'
import type { Checkpoint } from '../../../domain/transparency/checkpoint.ts'
import { verifyConsistency, verifyInclusion } from '../../../domain/transparency/proof.ts'
import { leafHash } from '../../../domain/transparency/tree.ts'
import { answered, entryAt, failed, publish, temporaryFolder } from './published.ts'

const SIZES = [1, 255, 256, 700, 66_000]
const folder = temporaryFolder()
let checkpoints: readonly Checkpoint[] = []
beforeAll(async () => {
  checkpoints = await publish(folder.path, SIZES)
})
afterAll(() => {
  folder.remove()
})

const at = (size: number): Checkpoint => {
  const checkpoint = checkpoints.find((candidate) => candidate.size === size)
  if (checkpoint === undefined) throw new Error(`no checkpoint of ${size}`)
  return checkpoint
}

/** All entries of a range, or the error that ended them. */
async function read(
  reader: LedgerReader,
  from: number,
  to: number,
): Promise<LedgerError | readonly string[]> {
  const texts: string[] = []
  for await (const batch of reader.entries(from, to)) {
    if (E.isLeft(batch)) return batch.left
    expect(batch.right.first).toBe(from + texts.length)
    texts.push(...batch.right.entries.map((entry) => Buffer.from(entry).toString()))
  }
  return texts
}

const expected = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => Buffer.from(entryAt(from + i)).toString())

describe('entries', () => {
  test.each([
    [66_000, 0, 66_000],
    [66_000, 255, 257],
    [66_000, 65_900, 66_000],
    [66_000, 512, 512],
    [700, 0, 700],
    [256, 0, 256],
    [255, 250, 255],
    [1, 0, 1],
  ])('of a ledger of %i, from %i to %i', async (size, from, to) => {
    expect(await read(ledgerReader(ledgerFolder(folder.path), at(size)), from, to)).toEqual(
      expected(from, to),
    )
  })

  test('of the empty ledger', async () => {
    const empty = { size: 0, root: sha256(new Uint8Array()) }
    expect(await read(ledgerReader(ledgerFolder(folder.path), empty), 0, 0)).toEqual([])
  })

  test('beyond the end are a mistake', async () => {
    const reader = ledgerReader(ledgerFolder(folder.path), at(700))
    await expect(read(reader, 0, 701)).rejects.toThrow(RangeError)
  })

  test('no more than some bundles are fetched ahead, and none after the reader leaves', async () => {
    const asked: number[] = []
    const inner = ledgerFolder(folder.path)
    const counting: LedgerSource = {
      ...inner,
      bundle: (index, width) => {
        asked.push(index)
        return inner.bundle(index, width)
      },
    }
    for await (const batch of ledgerReader(counting, at(66_000)).entries(0, 66_000)) {
      expect(E.isRight(batch)).toBe(true)
      break
    }
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})

describe('proofs', () => {
  test.each(SIZES)('every kind of index, in a ledger of %i', async (size) => {
    const { root } = at(size)
    const reader = ledgerReader(ledgerFolder(folder.path), at(size))
    for (const index of [0, 1, 254, 255, 256, 699, 65_535, 65_999].filter((i) => i < size)) {
      const proof = await answered(reader.inclusionProof(index))
      const leaf = leafHash(sha256, entryAt(index))
      expect(verifyInclusion(sha256, { leaf, index, size, proof, root })).toBe(true)
    }
    for (const { size: from, root: fromRoot } of checkpoints.filter((old) => old.size <= size)) {
      const proof = await answered(reader.consistencyProof(from))
      expect(verifyConsistency(sha256, { from, to: size, proof, fromRoot, toRoot: root })).toBe(true)
    }
  })

  test('of what is not there are a mistake', () => {
    const reader = ledgerReader(ledgerFolder(folder.path), at(256))
    expect(() => reader.inclusionProof(256)).toThrow(RangeError)
    expect(() => reader.consistencyProof(257)).toThrow(RangeError)
  })
})

describe('a copy', () => {
  /** Works on a copy of the ledger. */
  async function copied(
    work: (path: string, reader: (size: number) => LedgerReader) => Promise<void>,
  ): Promise<void> {
    const copy = temporaryFolder()
    cpSync(folder.path, copy.path, { recursive: true })
    try {
      await work(copy.path, (size) => ledgerReader(ledgerFolder(copy.path), at(size)))
    } finally {
      copy.remove()
    }
  }

  /** Changes one byte of a file. */
  function change(path: string, offset: number): void {
    const bytes = readFileSync(path)
    bytes[offset] = (bytes[offset] ?? 0) ^ 1
    writeFileSync(path, bytes)
  }

  test('without the partial files that the full ones replaced is as good', async () => {
    await copied(async (path, reader) => {
      for (const gone of [
        'tile/0/000.p',
        'tile/0/002.p',
        'tile/1/000.p',
        'tile/entries/000.p',
        'tile/entries/002.p',
      ]) {
        rmSync(join(path, gone), { recursive: true })
      }
      expect(await read(reader(700), 0, 700)).toEqual(expected(0, 700))
      expect(await read(reader(255), 0, 255)).toEqual(expected(0, 255))
      expect(await answered(reader(255).inclusionProof(3))).toHaveLength(8)
    })
  })

  test('with an entry that was changed names the bundle, and gives those before it', async () => {
    await copied(async (path, reader) => {
      change(join(path, 'tile/entries/005'), 9)
      expect(await read(reader(66_000), 0, 1280)).toEqual(expected(0, 1280))
      expect(await read(reader(66_000), 0, 66_000)).toEqual({
        kind: 'not-under-root',
        message: `tile/entries/005 of ${path} is not what the checkpoint of 66000 entries promises: it was changed after signing, or damaged. Compare it with another copy of the ledger.`,
      })
    })
  })

  test.each([
    ['tile/entries/257.p/208', (reader: LedgerReader) => read(reader, 65_990, 66_000)],
    ['tile/0/005', (reader: LedgerReader) => failed(reader.inclusionProof(5 * 256 + 3))],
    ['tile/1/000', (reader: LedgerReader) => failed(reader.inclusionProof(7))],
    ['tile/1/000', (reader: LedgerReader) => read(reader, 0, 1)],
    ['tile/0/257.p/208', (reader: LedgerReader) => failed(reader.consistencyProof(700))],
  ])('with a changed %s', async (file, question) => {
    await copied(async (path, reader) => {
      change(join(path, file), 40)
      const error = await question(reader(66_000))
      expect(error).toMatchObject({ kind: 'not-under-root' })
      expect(JSON.stringify(error)).toContain(file)
    })
  })

  test('with a bundle that is cut off', async () => {
    await copied(async (path, reader) => {
      const file = join(path, 'tile/entries/001')
      writeFileSync(file, readFileSync(file).subarray(0, -1))
      expect(await read(reader(66_000), 256, 300)).toEqual({
        kind: 'truncated',
        message: `tile/entries/001 of ${path} is no bundle of 256 entries: it ends in the middle of an entry. Fetch it again; when that does not help, tell whoever publishes the ledger.`,
      })
    })
  })

  test('with a file missing says which; when it is there again, it is read', async () => {
    await copied(async (path, reader) => {
      const file = join(path, 'tile/1/000')
      const bytes = readFileSync(file)
      rmSync(file)
      const one = reader(66_000)
      expect(await failed(one.inclusionProof(0))).toMatchObject({ kind: 'not-found' })
      writeFileSync(file, bytes)
      expect(await answered(one.inclusionProof(0))).toHaveLength(17)
    })
  })

  test('of another root is nothing but wrong', async () => {
    const reader = ledgerReader(ledgerFolder(folder.path), { size: 700, root: at(256).root })
    expect(await read(reader, 0, 1)).toMatchObject({ kind: 'not-under-root' })
    expect(await failed(reader.inclusionProof(0))).toMatchObject({ kind: 'not-under-root' })
  })
})
