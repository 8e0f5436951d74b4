import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../../adapters/ledger/folder.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { trustIn } from '../../../domain/transparency/checkpoint.ts'
import { answered, failed, key, publish, temporaryFolder } from './published.ts'

let folder = temporaryFolder()
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => {
  folder.remove()
})

describe('reading', () => {
  test('the files of a ledger', async () => {
    const [published] = await publish(folder.path, [300])
    const source = ledgerFolder(folder.path)
    const { size, root } = await answered(readCheckpoint(source, trustIn(key.verifier)))
    expect([size, toHex(root)]).toEqual([300, published && toHex(published.root)])
    expect(await answered(source.tile(0, 0, 256))).toHaveLength(8192)
    expect(await answered(source.tile(0, 1, 44))).toHaveLength(44 * 32)
    expect(await answered(source.bundle(1, 44))).toHaveLength(44 * (2 + 13))
    expect(await failed(source.tile(0, 1, 43))).toMatchObject({ kind: 'not-found' })
  })

  test('a folder without a checkpoint, and no folder at all', async () => {
    expect(await failed(ledgerFolder(folder.path).checkpoint())).toEqual({
      kind: 'not-found',
      message: `There is no ledger in ${folder.path}: it has no file "checkpoint". Give the folder that has.`,
    })
    expect(await failed(ledgerFolder(join(folder.path, 'away')).checkpoint())).toMatchObject({
      kind: 'not-found',
    })
  })

  test('a file that is not there', async () => {
    expect(await failed(ledgerFolder(folder.path).tile(0, 7, 256))).toEqual({
      kind: 'not-found',
      message: `${folder.path}/tile/0/007 is not there: this copy of the ledger is not whole. Copy it again, the file "checkpoint" first.`,
    })
  })

  test('a truncated tile', async () => {
    mkdirSync(join(folder.path, 'tile/0'), { recursive: true })
    writeFileSync(join(folder.path, 'tile/0/000'), new Uint8Array(8000))
    expect(await failed(ledgerFolder(folder.path).tile(0, 0, 256))).toEqual({
      kind: 'truncated',
      message: `${folder.path}/tile/0/000 has 8000 bytes and not 8192: it was cut off, or is no tile. Fetch it again; when that does not help, tell whoever publishes the ledger.`,
    })
  })

  test('a file that is too large is not read', async () => {
    writeFileSync(join(folder.path, 'checkpoint'), new Uint8Array(300_000))
    expect(await failed(ledgerFolder(folder.path).checkpoint())).toEqual({
      kind: 'too-large',
      message: `${folder.path}/checkpoint has more than 262144 bytes, the most that such a file can have. It is not the file of a ledger: look whether the address is right.`,
    })
  })

  test('a web page that was saved as a checkpoint', async () => {
    writeFileSync(join(folder.path, 'checkpoint'), '\n<!DOCTYPE html><title>Pool</title>')
    expect(await failed(ledgerFolder(folder.path).checkpoint())).toMatchObject({ kind: 'not-a-ledger' })
  })

  test('a checkpoint that is not UTF-8', async () => {
    writeFileSync(join(folder.path, 'checkpoint'), Uint8Array.of(0xff, 0xfe, 10))
    const question = readCheckpoint(ledgerFolder(folder.path), trustIn(key.verifier))
    await expect(answered(question)).rejects.toThrow(
      `The checkpoint of ${folder.path} is not text. Look whether the address is that of a ledger.`,
    )
  })

  test('a folder where a file should be', async () => {
    mkdirSync(join(folder.path, 'checkpoint'))
    expect(await failed(ledgerFolder(folder.path).checkpoint())).toMatchObject({ kind: 'disk' })
  })
})

describe('writing', () => {
  test('whoever reads meanwhile sees the old file or the new one, never a part', async () => {
    const { write, checkpoint } = ledgerFolder(folder.path)
    const version = (n: number): Uint8Array => Buffer.from(`${n}\n`.repeat(20_000))
    await answered(write('checkpoint', version(0)))
    let isDone = false
    const seen = new Set<string>()
    const reading = (async () => {
      while (!isDone) seen.add(Buffer.from(await answered(checkpoint())).toString())
    })()
    for (let n = 1; n <= 50; n++) await answered(write('checkpoint', version(n)))
    isDone = true
    await reading
    const whole = new Set(Array.from({ length: 51 }, (_, n) => Buffer.from(version(n)).toString()))
    expect(seen.size).toBeGreaterThan(1)
    expect([...seen].filter((text) => !whole.has(text))).toEqual([])
  })

  test('makes the folders that it needs, and leaves nothing else behind', async () => {
    const inside = join(folder.path, 'public/ledger')
    await answered(ledgerFolder(inside).write('tile/0/x001/000', new Uint8Array(8192)))
    const names = readdirSync(folder.path, { recursive: true, encoding: 'utf8' })
    expect(names.sort()).toEqual(
      ['', '/ledger', '/ledger/tile', '/ledger/tile/0', '/ledger/tile/0/x001', '/ledger/tile/0/x001/000'].map(
        (path) => `public${path}`,
      ),
    )
  })

  test('what a crash has left does not matter', async () => {
    writeFileSync(join(folder.path, 'checkpoint.new'), 'half a che')
    const { write, checkpoint } = ledgerFolder(folder.path)
    await answered(write('checkpoint', Buffer.from('whole\n')))
    expect(Buffer.from(await answered(checkpoint())).toString()).toBe('whole\n')
    expect(readdirSync(folder.path)).toEqual(['checkpoint'])
  })

  test('the partial files of a full one are removed, and that may be said twice', async () => {
    await publish(folder.path, [3, 7, 256])
    const { removePartial } = ledgerFolder(folder.path)
    expect(readdirSync(join(folder.path, 'tile/0/000.p')).sort()).toEqual(['3', '7'])
    await answered(removePartial('tile/0/000'))
    await answered(removePartial('tile/0/000'))
    expect(existsSync(join(folder.path, 'tile/0/000.p'))).toBe(false)
    expect(existsSync(join(folder.path, 'tile/0/000'))).toBe(true)
    expect(existsSync(join(folder.path, 'tile/entries/000.p/7'))).toBe(true)
  })

  test('a file in the way says which, and what to look at', async () => {
    writeFileSync(join(folder.path, 'tile'), '')
    chmodSync(join(folder.path, 'tile'), 0o600)
    const error = await failed(ledgerFolder(folder.path).write('tile/0/000', new Uint8Array(8192)))
    expect(error.kind).toBe('disk')
    expect(error.message).toMatch(
      /^\S+\/tile\/0\/000 can't be written \(E(NOTDIR|EXIST): .*\)\. Look at the disk: its space and its rights\.$/,
    )
  })
})
