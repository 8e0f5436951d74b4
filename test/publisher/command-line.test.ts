import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseSigningKey, parseVerifierKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { lodebook } from '../cli/child.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { right } from './running-publisher.ts'
import { exampleKey } from './small-log.ts'

const directory = temporaryDirectory()
const run = (...words: readonly string[]) => lodebook(words, { directory })

describe('lodebook keygen', () => {
  test('writes a key for its owner alone and prints the verifier key', async () => {
    const made = await run('keygen', '--name', 'pool.example.com/ledger')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const file = join(directory, 'ledger.key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const key = right(parseSigningKey(readFileSync(file, 'utf8').trim()))
    expect(made.stdout).toBe(`${verifierKeyText(key.verifier)}\n`)
    expect(key.verifier).toMatchObject({ name: 'pool.example.com/ledger', use: 'note' })

    // And never over another.
    expect(await run('keygen', '--name', 'other.example.com')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'lodebook: ledger.key is there already, and a key is never overwritten; name another file\n',
    })
    expect(readFileSync(file, 'utf8')).toContain('pool.example.com/ledger')
  })

  test('prints JSON, makes a witness’s key, and a name that is no address', async () => {
    const made = await run('keygen', '--witness', '--json', 'w.key')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const { file, name, verifierKey } = JSON.parse(made.stdout)
    expect(file).toBe(join(directory, 'w.key'))
    expect(name).toMatch(/^lodebook\.invalid\/[0-9a-f]{16}$/)
    expect(right(parseVerifierKey(verifierKey))).toMatchObject({ name, use: 'cosignature' })
  })

  test('refuses a name that no key may have, and a directory that is not there', async () => {
    expect(await run('keygen', '--name', 'a+b', 'x.key')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'lodebook: --name: found "a+b", allowed: an address without "https://", spaces and plus, such as pool.example.com/ledger\n',
    })
    expect(await run('keygen', 'no/where.key')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^lodebook: no\/where\.key can't be written \(ENOENT: .*\); name another file\n$/,
      ),
    })
  })
})

describe('lodebook witness refuses', () => {
  const LOG = verifierKeyText(exampleKey('log.example.com').verifier)
  beforeAll(async () => {
    await run('keygen', '--witness', '--name', 'w.example.com', 'good.key')
    await run('keygen', '--name', 'p.example.com', 'ledger-of-another.key')
    writeFileSync(join(directory, 'file'), '')
  })

  test.each<[string, readonly string[], number, string]>([
    [
      'a key that is not there',
      ['--key', 'gone.key', '--state', 's', '--log', LOG],
      2,
      'lodebook: --key: gone.key is not there; make it with "lodebook keygen --witness --name <name> gone.key"\n',
    ],
    [
      'the key of a ledger',
      ['--key', 'ledger-of-another.key', '--state', 's', '--log', LOG],
      2,
      'lodebook: --key: ledger-of-another.key is the key of a ledger, and a witness needs one of its own; make it with "lodebook keygen --witness"\n',
    ],
    [
      'a log’s key that is none',
      ['--key', 'good.key', '--state', 's', '--log', 'log.example.com'],
      2,
      'lodebook: --log: "log.example.com" is no verifier key. It looks like "example.com/ledger+530d903a+AekyeR…": a name, an id and base64, with a plus between.\n',
    ],
    [
      'a witness’s key as that of a log',
      [
        '--key',
        'good.key',
        '--state',
        's',
        '--log',
        verifierKeyText(exampleKey('w', 'cosignature').verifier),
      ],
      2,
      'lodebook: --log: the key of "w" is a witness\'s, not a log\'s\n',
    ],
    [
      'a state that is a file',
      ['--key', 'good.key', '--state', 'file', '--log', LOG],
      1,
      "lodebook: the directory file can't be used: there is one already\n",
    ],
    [
      'an address that this machine does not have',
      ['--key', 'good.key', '--state', 's', '--log', LOG, '--listen', '192.0.2.1:80'],
      1,
      "lodebook: The witness can't listen on 192.0.2.1:80: this machine has no such address.\n",
    ],
  ])('%s', async (_, words, code, stderr) => {
    expect(await run('witness', ...words)).toEqual({ code, stdout: '', stderr })
  })
})
