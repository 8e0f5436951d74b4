import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { openCheckpoint, trustIn } from '../../domain/transparency/checkpoint.ts'
import { entryOf } from '../../domain/transparency/entry.ts'
import { signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { verifyInclusion } from '../../domain/transparency/proof.ts'
import { parseTlogProof } from '../../domain/transparency/tlog-proof.ts'
import { leafHash } from '../../domain/transparency/tree.ts'
import { cutEntry } from '../../src/replay/cut-entry.ts'
import { lodebook, temporaryDirectory } from '../cli/child.ts'
import { right, type Simulated, simulated } from './histories.ts'
import { publish, webPages } from './published.ts'

const scratch = temporaryDirectory()
afterAll(scratch.remove)

let pool: Simulated
let ledger = ''
let vkey = ''
let entries: readonly string[] = []

beforeAll(async () => {
  pool = await simulated({ shares: 1_200, miners: 8, sharesPerBlock: 40, seed: 7 })
  ledger = await publish(scratch.path, 'ledger', pool.events, pool.key)
  vkey = verifierKeyText(pool.key.verifier)
  entries = pool.events.map((event) => right(entryOf(event)).text)
})

const run = (...words: readonly string[]) => lodebook(['ledger', ...words], { directory: scratch.path })
const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)

describe('cat', () => {
  test('prints every entry as it is published', async () => {
    const { code, stdout, stderr } = await run('cat', ledger, '--key', vkey)
    expect([code, stderr]).toEqual([0, ''])
    expect(lines(stdout)).toEqual(entries)
  })

  test('or some of them: from, to, of a type, of a stream', async () => {
    const from = await run('cat', ledger, '--key', vkey, '--from', '250', '--to', '260')
    expect(lines(from.stdout)).toEqual(entries.slice(250, 261))
    const policies = await run('cat', ledger, '--key', vkey, '--type', 'PolicyAdopted')
    expect(lines(policies.stdout)).toEqual(entries.filter((_, i) => pool.events[i]?.type === 'PolicyAdopted'))
    const stream = await run('cat', ledger, '--key', vkey, '--stream', 'payout-0', '--type', 'PayoutSigned')
    expect(lines(stream.stdout)).toHaveLength(1)
  })

  test('without a key says that nothing vouches for them', async () => {
    const { code, stdout, stderr } = await run('get', ledger, '5')
    expect([code, stdout]).toEqual([0, `${entries[5]}\n`])
    expect(stderr).toBe(
      'lodebook: without --key no signature was checked: this is only what the ledger says; give its verifier key, from somewhere else than the ledger\n',
    )
  })

  test('a reader that wants no more ends it quietly', () => {
    const main = fileURLToPath(new URL('../../src/cli/lodebook.js', import.meta.url))
    const script = `set -o pipefail; "${process.execPath}" "${main}" ledger cat "${ledger}" --key "${vkey}" | head -1`
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(`${entries[0]}\n`)
  })
})

test('head: what is promised, of when, and by whom', async () => {
  const { code, stdout } = await run('head', ledger, '--key', vkey, '--json')
  expect(code).toBe(0)
  const { verifier } = pool.key
  const { size, root } = right(
    openCheckpoint(readFileSync(join(ledger, 'checkpoint'), 'utf8'), trustIn(verifier)),
  )
  expect(JSON.parse(stdout)).toEqual({
    origin: verifier.name,
    size,
    root: Buffer.from(root).toString('base64'),
    lastEntryAt: new Date(JSON.parse(entries.at(-1) ?? '{}').at).toISOString(),
    signatures: [{ name: verifier.name, key: toHex(verifier.id), checked: true }],
  })
  const told = await run('head', ledger, '--key', vkey)
  expect(told.stdout).toContain(`Origin      ${verifier.name}\n`)
  expect(told.stdout).toContain(`Signed by   ${verifier.name}+${toHex(verifier.id)}, verified\n`)
})

test('proof: a file by which anybody sees that the entry is there', async () => {
  for (const index of [0, 300, entries.length - 1]) {
    const { code, stdout } = await run('proof', ledger, String(index), '--key', vkey)
    expect([code, stdout]).toEqual([0, `entry-${index}.tlog-proof\n`])
    const file = join(scratch.path, `entry-${index}.tlog-proof`)
    const { proof, checkpoint } = right(parseTlogProof(readFileSync(file, 'utf8')))
    const { size, root } = right(openCheckpoint(checkpoint, trustIn(pool.key.verifier)))
    const leaf = leafHash(sha256, Buffer.from(entries[index] ?? ''))
    expect(verifyInclusion(sha256, { leaf, index, size, proof, root })).toBe(true)
  }
  const again = await run('proof', ledger, '0', '--key', vkey)
  expect([again.code, again.stderr]).toEqual([
    1,
    "lodebook: entry-0.tlog-proof can't be written: there is one already\n",
  ])
})

describe('what is asked for wrongly', () => {
  const complains = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await run(...words)
    expect(stdout).toBe('')
    return [
      code,
      stderr
        .replace(/^lodebook: without --key .*\n/, '')
        .replace(/^lodebook: /, '')
        .trimEnd(),
    ]
  }

  test('entries that are not there', async () => {
    const last = entries.length - 1
    const missing = [2, `this ledger has no entry ${last + 1}: its last is ${last}`]
    expect(await complains('get', ledger, String(last + 1))).toEqual(missing)
    expect(await complains('cat', ledger, '--from', String(last + 1))).toEqual(missing)
    expect(await complains('cat', ledger, '--to', String(last + 1))).toEqual(missing)
    expect(await complains('proof', ledger, String(last + 1), '--key', vkey)).toEqual(missing)
    expect(await complains('cat', ledger, '--from', '9', '--to', '8')).toEqual([2, '--to is before --from'])
    expect(await complains('get', ledger, 'x')).toEqual([
      2,
      '<index>: found "x", allowed: the index of an entry, from 0; "lodebook ledger get --help" says more',
    ])
  })

  test('a type that there is not, no key, another key, a web page, no ledger', async () => {
    const [code, sentence] = await complains('cat', ledger, '--type', 'SharesAcepted')
    expect(code).toBe(2)
    expect(sentence).toMatch(/^--type: found "SharesAcepted", allowed: AccountOpened, /)
    const [noKey, whence] = await complains('head', ledger)
    expect(noKey).toBe(2)
    expect(whence).toMatch(/^--key <vkey> is missing: .* Whoever runs the pool announces it; /)
    const other = signingKey(pool.key.verifier.name, 'note', new Uint8Array(32).fill(9))
    expect((await complains('head', ledger, '--key', verifierKeyText(other.verifier)))[1]).toMatch(
      /^None of the keys given \(.*\) signed this; .* did\. Look whether the key is that of this ledger\.$/,
    )
    const url = await webPages()
    expect(await complains('cat', url)).toEqual([
      1,
      `${url}/checkpoint is a web page and not the file of a ledger. Give the address below which "checkpoint" is, such as https://pool.example/ledger.`,
    ])
    expect(await complains('cat', scratch.path)).toEqual([
      1,
      `There is no ledger in ${scratch.path}: it has no file "checkpoint". Give the folder that has.`,
    ])
  })
})

describe('an entry is cut into the parts of its event', () => {
  test('as every entry of a history is', () => {
    for (const [i, text] of entries.entries()) {
      const { stream, revision, type, data } = pool.events[i] ?? {
        stream: '',
        revision: 0,
        type: '',
        data: '',
      }
      expect(cutEntry(text)).toEqual({ at: JSON.parse(data).at, stream, revision, type, data })
    }
  })

  test('or it is none', () => {
    expect(cutEntry('')).toBeUndefined()
    expect(cutEntry('{}')).toBeUndefined()
    const opened = entries[0] ?? ''
    for (const stream of ['\u001b[2J', 'pöol', 'po"ol', 'po\\ol'])
      expect([stream, cutEntry(opened.replace('"stream":"pool"', `"stream":"${stream}"`))]).toEqual([
        stream,
        undefined,
      ])
    fc.assert(
      fc.property(fc.constantFrom(...entries.slice(0, 50)), fc.nat(), (text, seed) => {
        // Cut off anywhere, it is no entry.
        expect(cutEntry(text.slice(0, seed % text.length))).toBeUndefined()
      }),
    )
  })
})
