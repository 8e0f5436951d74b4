import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { accountId } from '../../domain/decred/address.ts'
import { type SigningKey, signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { figuresOf } from '../../src/cli/replay/figures.ts'
import { ledgerHistory } from '../../src/replay/history.ts'
import { lodebook, temporaryDirectory } from '../cli/child.ts'
import { replayed, type Simulated, simulated, withChanged } from './histories.ts'
import { publish, storeOf, webPages } from './published.ts'

const scratch = temporaryDirectory()
afterAll(scratch.remove)

let pool: Simulated
let ledger = ''
let store = ''
let vkey = ''
let other: SigningKey

beforeAll(async () => {
  pool = await simulated({ shares: 1_200, miners: 8, sharesPerBlock: 40, seed: 7 })
  ledger = await publish(scratch.path, 'ledger', pool.events, pool.key)
  store = await storeOf(scratch.path, 'lodebook.db', pool.events)
  vkey = verifierKeyText(pool.key.verifier)
  other = signingKey(pool.key.verifier.name, 'note', new Uint8Array(32).fill(9))
})

const run = (...words: readonly string[]) => lodebook(['replay', ...words], { directory: scratch.path })
const complaints = async (...words: readonly string[]) => {
  const { code, stdout, stderr } = await run(...words)
  expect(stdout).toBe('')
  return { code, stderr }
}

test('a ledger and a store say the same as the events themselves', async () => {
  const expected = figuresOf('', await replayed(pool.events), null)
  const fromLedger = await run(ledger, '--key', vkey, '--diff', '--json')
  const fromStore = await run('--store', store, '--diff', '--json')
  expect([fromLedger.stderr, fromStore.stderr]).toEqual(['', ''])
  expect([fromLedger.code, fromStore.code]).toEqual([0, 0])
  expect(JSON.parse(fromLedger.stdout)).toEqual({ ...expected, history: ledger })
  expect(JSON.parse(fromStore.stdout)).toEqual({ ...expected, history: store })
})

test('balances as a table, and that what was published is right', async () => {
  const { code, stdout } = await run(ledger, '--key', vkey, '--diff')
  expect(code).toBe(0)
  const { miners, pool: own } = figuresOf('', await replayed(pool.events), null)
  for (const { address, paid } of miners) {
    expect(stdout).toContain(address)
    expect(stdout).toContain(
      `${BigInt(paid) / 100_000_000n}.${String(BigInt(paid) % 100_000_000n).padStart(8, '0')}`,
    )
  }
  expect(stdout).toContain(`Reserve    0.00000000 DCR`)
  expect(own.reserve).toBe('0')
  expect(stdout).toMatch(
    /^Replayed up to entry [\d,]+, at .* UTC, height \d+: 1,200 shares, \d+ blocks shared\.$/m,
  )
  expect(stdout.trimEnd().endsWith('Every reward and every balance is as it was published.')).toBe(true)
})

test('without a key it says that nobody vouches for it', async () => {
  const { code, stderr, stdout } = await run(ledger)
  expect(code).toBe(0)
  expect(stdout).toContain('Replayed up to entry')
  expect(stderr).toBe(
    'lodebook: without --key no signature was checked: this is only what the ledger says; give its verifier key, from somewhere else than the ledger\n',
  )
})

test('another scheme beside what was earned, and one account line by line', async () => {
  const { miners } = figuresOf('', await replayed(pool.events), null)
  const address = miners[0]?.address ?? ''
  const { stdout } = await run(
    ledger,
    '--key',
    vkey,
    '--scheme',
    'pplns',
    '--window-ppm',
    '500000',
    '--account',
    address,
  )
  expect(stdout).toMatch(/^Miner +Earned +Under pplns 500000 +Difference$/m)
  expect(stdout).toMatch(new RegExp(`^${address}( +-?\\d+\\.\\d{8}){3}$`, 'm'))
  expect(stdout).toMatch(
    /^ *\d+ {2}\d{4}-.* UTC {2}RewardAllocated +height \d+ +\d+\.\d{4} % +\d+\.\d{8} +0\.00000000 +0\.00000000$/m,
  )
  expect(stdout).toMatch(/PayoutPlanned {4}payout 0 /)
  const others = miners.slice(1).map((miner) => miner.address ?? '')
  for (const name of others) expect(stdout).not.toContain(name)
})

describe('a ledger whose own pool signs something else', () => {
  let cheated = ''
  let index = 0
  let account = ''

  beforeAll(async () => {
    index = pool.events.findIndex(({ type }, i) => type === 'RewardAllocated' && i > 200)
    account = JSON.parse(pool.events[index]?.data ?? '{}').account[1]
    const events = withChanged(pool.events, index, (data) => {
      const atoms = data['atoms'] as string[]
      atoms[1] = String(BigInt(atoms[1] ?? 0) - 1n)
    })
    cheated = await publish(scratch.path, 'cheated', events, pool.key)
  })

  test('by one atom: --diff names the entry and ends with 1', async () => {
    const { code, stdout } = await run(cheated, '--key', vkey, '--diff')
    expect(code).toBe(1)
    expect(stdout).toContain('1 difference to what was published. The first:')
    expect(stdout).toMatch(
      new RegExp(
        `^ {2}entry ${index}: atoms of account ${account} for block [0-9a-f]{64} \\d+, by the rules \\d+$`,
        'm',
      ),
    )
    expect(stdout).toMatch(
      new RegExp(
        `^ {2}account ${account} from entry ${index} on: earned \\d+\\.\\d{8} DCR as published, \\d+\\.\\d{8} DCR by the rules$`,
        'm',
      ),
    )
  })

  test('before that entry there is nothing to name', async () => {
    const { code } = await run(cheated, '--key', vkey, '--diff', '--until', String(index - 1))
    expect(code).toBe(0)
  })

  test('without --diff it is told on standard error', async () => {
    const { code, stdout, stderr } = await run(cheated, '--key', vkey, '--json')
    expect(code).toBe(0)
    expect(stderr).toBe('lodebook: what was published is otherwise in 1 place: --diff names them\n')
    expect(JSON.parse(stdout).published).toEqual({ agrees: false, differencesFound: 1 })
  })
})

test('what is not under the root of its checkpoint is not read', async () => {
  const source = ledgerFolder(ledger)
  const checkpoint = { size: 100, root: new Uint8Array(32) }
  const batches = ledgerHistory(source, checkpoint).batches()
  const { value } = await batches.next()
  const why = value === undefined || E.isRight(value) ? '' : value.left.message
  expect(why).toMatch(/ is not what the checkpoint of 100 entries promises: /)
  expect((await batches.next()).done).toBe(true)
})

describe('what is asked for wrongly', () => {
  test.each([
    [[], 'Give the address of a ledger, with --key to have it checked, or --store.'],
    [
      ['x', '--store', 'sqlite:y'],
      'Give the address of a ledger, with --key to have it checked, or --store.',
    ],
    [
      ['x', '--until', 'yesterday'],
      '--until: "yesterday" is no point in a history; give the index of an entry (1042), a height (height:1000) or a time with its zone (2026-11-25T12:00:00Z)',
    ],
    [
      ['x', '--until', '2026-13-45T00:00:00Z'],
      '--until: "2026-13-45T00:00:00Z" is no point in a history; give the index of an entry (1042), a height (height:1000) or a time with its zone (2026-11-25T12:00:00Z)',
    ],
    [['x', '--window-ppm', '5'], '--window-ppm is for --scheme pplns'],
    [['x', '--scheme', 'prop', '--period-ms', '5'], '--period-ms is for --scheme pplns-time'],
    [['x', '--key', 'pool'], /^--key: /],
    [['--store', 'postgres://x'], /^--store: /],
    [['nowhere'], 'There is no ledger in nowhere: it has no file "checkpoint". Give the folder that has.'],
    [['--store', 'sqlite:nowhere.db'], /nowhere\.db is not there: name the file of a store$/],
  ])('%j', async (words, sentence) => {
    const { code, stderr } = await complaints(...words)
    expect(code).toBe(2)
    const said = stderr.replace(/^lodebook: /, '').trimEnd()
    if (typeof sentence === 'string') expect(said).toBe(sentence)
    else expect(said).toMatch(sentence)
  })

  test('a point after the end, an unknown account', async () => {
    const last = pool.events.length - 1
    expect(await complaints(ledger, '--key', vkey, '--until', String(last + 1))).toEqual({
      code: 2,
      stderr: `lodebook: This history has no entry ${last + 1}: its last is ${last}.\n`,
    })
    expect(await complaints(ledger, '--key', vkey, '--until', 'height:99999')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^lodebook: This history has not reached height 99999: it ends at height \d+\.\n$/,
      ),
    })
    expect(await complaints(ledger, '--key', vkey, '--account', 'SsNobody')).toEqual({
      code: 2,
      stderr:
        'lodebook: SsNobody is no miner of this pool by then: give the address as the miner was connected with, or its account id.\n',
    })
    const nobody = accountId('SsNobody')
    expect((await complaints('--store', store, '--account', nobody)).stderr).toContain(
      `${nobody} is no miner`,
    )
  })

  test('another key, a web page', async () => {
    const { stderr, code } = await complaints(ledger, '--key', verifierKeyText(other.verifier))
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^lodebook: None of the keys given \(.*\) signed this; .* did\. Look whether the key is that of this ledger\.\n$/,
    )
    const url = await webPages()
    expect(await complaints(`${url}/ledger`, '--key', vkey)).toEqual({
      code: 2,
      stderr: `lodebook: ${url}/ledger/checkpoint is a web page and not the file of a ledger. Give the address below which "checkpoint" is, such as https://pool.example/ledger.\n`,
    })
  })
})
