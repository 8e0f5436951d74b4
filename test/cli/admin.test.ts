import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isPassword, readPasswordHash } from '../../adapters/http/admin/password.ts'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { fill, history } from '../store/logs.ts'
import { walletConfig } from '../support/running-pool.ts'
import { lodebook, temporaryDirectory } from './child.ts'

let directory = ''
let remove = () => {}
beforeEach(() => {
  const made = temporaryDirectory()
  directory = made.path
  remove = made.remove
})
afterEach(() => remove())

/** Runs a command with something on its standard input. */
function withInput(
  words: readonly string[],
  input: string,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const main = fileURLToPath(new URL('../../src/cli/lodebook.js', import.meta.url))
  const child = spawn(process.execPath, [main, ...words], {
    cwd: directory,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  child.stdin.end(input)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })))
}

describe('admin password', () => {
  test('hashes what comes by standard input; the hash is of that password alone, and another each time', async () => {
    const made = await withInput(['admin', 'password'], 'correct horse battery\n')
    expect([made.code, made.stderr]).toEqual([0, ''])
    const hash = readPasswordHash(made.stdout.trim())
    if (E.isLeft(hash)) throw new Error(hash.left)
    expect(await isPassword(hash.right, 'correct horse battery')).toBe(true)
    expect(await isPassword(hash.right, 'correct horse batterz')).toBe(false)
    const config = await lodebook(['config', '--json', '--admin.password_hash', made.stdout.trim()], {
      directory,
    })
    expect([config.code, config.stdout.includes('scrypt:')]).toEqual([0, false])
  })

  test('writes it into a file for its owner alone, never over another, which the configuration takes', async () => {
    const made = await withInput(['admin', 'password', 'hash'], 'correct horse battery')
    expect(made.stdout).toBe('Wrote hash. Name it in admin.password_hash_file, then restart the pool.\n')
    expect(statSync(join(directory, 'hash')).mode & 0o777).toBe(0o600)
    expect(await withInput(['admin', 'password', 'hash'], 'correct horse battery')).toMatchObject({
      code: 1,
      stderr:
        'lodebook: hash is there already and is not overwritten; name another file, or remove it first\n',
    })
    expect((await lodebook(['config', '--admin.password_hash_file', 'hash'], { directory })).code).toBe(0)
  })

  test.each([
    ['short\n', 'lodebook: the password has 5 characters; give it 12 or more\n'],
    ['', 'lodebook: standard input holds nothing: give it one line, the password\n'],
    [
      'one line and\nanother line\n',
      'lodebook: standard input holds more than one line: give it one line, the password\n',
    ],
  ])('refuses %j', async (input, stderr) => {
    expect(await withInput(['admin', 'password'], input)).toEqual({ code: 2, stdout: '', stderr })
  })

  test('a configuration with something else for a hash, or half an address, is refused with a sentence', async () => {
    writeFileSync(join(directory, 'hash'), 'hunter2hunter2\n')
    const { code, stderr } = await lodebook(
      ['config', '--admin.password_hash_file', 'hash', '--admin.port', '8081'],
      { directory },
    )
    expect(code).toBe(2)
    expect(stderr).toContain(
      'admin.password_hash_file: hash holds something else; allowed: a line of "lodebook admin password", which begins with scrypt:',
    )
    expect(stderr).toContain('admin.port is given but admin.host is not; an address of its own needs both')
    expect(stderr).not.toContain('hunter2')
    const same = await lodebook(['config', '--admin.host', '127.0.0.1', '--admin.port', '8080'], {
      directory,
    })
    expect(same.stderr).toContain(
      'admin.port: 127.0.0.1:8080 is the address of http already; choose another port',
    )
  })
})

describe('without a pool', () => {
  test('every order says so and ends with 1', async () => {
    const orders = [
      ['payout', 'plan'],
      ['payout', 'approve', '3'],
      ['payout', 'retry'],
      ['admin', 'connections'],
      ['admin', 'ban', '203.0.113.7'],
    ]
    for (const words of orders) {
      const { code, stderr } = await lodebook([...words, '--pool.data_directory', 'nowhere'], { directory })
      expect([code, stderr], words.join(' ')).toEqual([
        1,
        `lodebook: no pool runs on ${join(directory, 'nowhere')}: start it, or name the directory of the one that runs with --pool.data_directory\n`,
      ])
    }
  })

  test('an order that makes no sense is a wrong command line', async () => {
    expect((await lodebook(['payout', 'approve', 'all'], { directory })).code).toBe(2)
    const elsewhere = await lodebook(['payout', 'plan', '--store', 'sqlite:x.db'], { directory })
    expect(elsewhere).toMatchObject({
      code: 2,
      stderr:
        'lodebook: a run is planned by a running pool on its own store; add --dry-run, or leave --store out\n',
    })
    expect((await lodebook(['admin', 'ban', '1.2.3.4', '--hours', 'x'], { directory })).code).toBe(2)
  })
})

describe('backup and restore', () => {
  test('as an operator types them', async () => {
    const store = await openEventStore(`sqlite:${join(directory, 'data', 'lodebook.db')}`)()
    if (E.isLeft(store)) throw new Error(store.left.message)
    await fill(store.right, history())
    await store.right.close()

    const made = await lodebook(['backup', 'b/one.db', '--pool.data_directory', 'data', '--json'], {
      directory,
    })
    expect(made.code).toBe(0)
    expect(JSON.parse(made.stdout)).toMatchObject({
      file: join(directory, 'b', 'one.db'),
      events: history().length,
    })
    expect(readdirSync(join(directory, 'b')).sort()).toEqual(['one.db', 'one.db.json'])
    const again = await lodebook(['backup', 'b/one.db', '--pool.data_directory', 'data'], { directory })
    expect([again.code, again.stderr]).toEqual([
      1,
      `lodebook: ${join(directory, 'b', 'one.db')} is there already and is not overwritten: name another file\n`,
    ])
    const over = await lodebook(['restore', 'b/one.db', '--pool.data_directory', 'data'], { directory })
    expect([over.code, over.stderr]).toEqual([
      1,
      expect.stringContaining('is there already and is not overwritten: move it away first'),
    ])

    const restored = await lodebook(['restore', 'b/one.db', '--pool.data_directory', 'new'], { directory })
    expect(restored.code).toBe(0)
    expect(restored.stdout).toContain(
      `Restored ${history().length.toLocaleString('en-US')} events to sqlite:${join(directory, 'new', 'lodebook.db')}`,
    )
    expect(restored.stdout).toContain(
      'Payouts made since then are not in the books and would be made again: ',
    )
    const verified = await lodebook(['store', 'verify', `sqlite:${join(directory, 'new', 'lodebook.db')}`], {
      directory,
    })
    expect(verified.code).toBe(0)
  })
})

test("doctor looks at the address of the administrator's pages", async () => {
  const admin = async (host: string) => {
    const flags = ['--listeners.0.port', '0', '--http.port', '0', '--admin.host', host, '--admin.port', '0']
    const { stdout } = await lodebook(['doctor', '--json', ...flags], { directory })
    const report: { readonly findings: readonly { subject: string; verdict: string; message: string }[] } =
      JSON.parse(stdout)
    return report.findings
      .filter(({ subject }) => subject === 'admin')
      .map(({ verdict, message }) => [verdict, message])
  }
  expect(await admin('127.0.0.1')).toEqual([['ok', '127.0.0.1:0 is free']])
  expect(await admin('0.0.0.0')).toEqual([
    ['ok', '0.0.0.0:0 is free'],
    ['fail', "the administrator's password would go to 0.0.0.0 without TLS"],
  ])
})

test('wallet-certificate makes a pair that belongs together, the key for its owner alone, never over another', async () => {
  mkdirSync(join(directory, 'tls'))
  const made = await lodebook(['wallet-certificate', 'tls'], { directory })
  expect([made.code, made.stderr]).toEqual([0, ''])
  const certificate = new X509Certificate(readFileSync(join(directory, 'tls', 'wallet-client.crt')))
  expect(certificate.subject).toBe('CN=lodebook')
  expect(statSync(join(directory, 'tls', 'wallet-client.key')).mode & 0o777).toBe(0o600)
  expect(await lodebook(['wallet-certificate', 'tls'], { directory })).toMatchObject({
    code: 1,
    stderr:
      'lodebook: tls has a wallet-client.key or wallet-client.crt already, which is not overwritten; name another directory\n',
  })
})

test('wallet-certificate makes no directory: a mistyped one would never be found again', async () => {
  expect(await lodebook(['wallet-certificate', 'tsl/x'], { directory })).toMatchObject({
    code: 1,
    stderr: 'lodebook: there is no directory tsl/x: make it first, or name one that there is\n',
  })
  expect(existsSync(join(directory, 'tsl'))).toBe(false)
})

describe('doctor on the wallet', () => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await startDevnet()
  })
  afterAll(() => devnet.stop())

  const findings = async (change: Record<string, string>) => {
    const { certificateFile, clientCertificateFile, clientKeyFile, address, passphrase } = walletConfig(
      directory,
      devnet.wallet,
    )
    const keys: Record<string, string> = {
      address,
      certificate_file: certificateFile,
      client_certificate_file: clientCertificateFile,
      client_key_file: clientKeyFile,
      passphrase,
      ...change,
    }
    const flags = Object.entries(keys).flatMap(([key, value]) => [`--wallet.${key}`, value])
    const { stdout } = await lodebook(
      [
        'doctor',
        '--json',
        '--pool.network',
        'simnet',
        '--listeners.0.port',
        '0',
        '--http.port',
        '0',
        ...flags,
      ],
      { directory },
    )
    const report: {
      readonly findings: readonly {
        readonly subject: string
        readonly verdict: string
        readonly message: string
        readonly fix: string | null
      }[]
    } = JSON.parse(stdout)
    return report.findings.filter(({ subject }) => subject === 'wallet' || subject === 'ledger')
  }

  test('that is as it must be', async () => {
    const found = await findings({})
    expect(found.map(({ verdict, message }) => [verdict, message.replace(/\d{4}-\d\d-\d\d/, '…')])).toEqual([
      ['ok', "the pool's own key and certificate are good until …"],
      [
        'ok',
        expect.stringMatching(
          / answers: its certificate and ours, version and network are right, its chain is at block \d+$/,
        ),
      ],
      [
        'ok',
        expect.stringMatching(/^account default can spend [0-9.]+ DCR now and has [0-9.]+ DCR immature$/),
      ],
      ['ok', expect.stringContaining("shows with the pool's first block")],
      ['ok', `${join(directory, 'data', 'ledger.key')} is not there yet and will be made at the first start`],
    ])
  })

  test.each([
    ['an account that it does not have', { account: 'savings' }, /savings/],
    ['a port where nobody is', { address: '127.0.0.1:1' }, /127\.0\.0\.1:1/],
    ['a key of another pair', { client_key_file: 'wrong.key' }, /do not belong together/],
    [
      'no certificate',
      { certificate_file: 'none' },
      /^certificate_file .*none can't be read: there is no such file$/,
    ],
  ])('that has %s', async (_, change, message) => {
    mkdirSync(join(directory, 'other'), { recursive: true })
    await lodebook(['wallet-certificate', 'other'], { directory })
    writeFileSync(join(directory, 'wrong.key'), readFileSync(join(directory, 'other', 'wallet-client.key')))
    const failed = (await findings(change)).filter(({ verdict }) => verdict === 'fail')
    expect(failed).toEqual([
      expect.objectContaining({ message: expect.stringMatching(message), fix: expect.any(String) }),
    ])
  })
})
