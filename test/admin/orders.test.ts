import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openControl } from '../../adapters/http/admin/control.ts'
import { accountId } from '../../domain/decred/address.ts'
import { readRange } from '../../src/admin/bans.ts'
import { type RunningPool, runningPoolOf } from '../../src/cli/admin/control-client.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import {
  address,
  easyChain,
  type House,
  newDirectory,
  openHouse,
  poll,
  stopHouses,
} from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { connectStratum } from '../support/stratum-client.ts'

/** A real pool whose administrator comes by its control socket, as the command line does. */

const MATURITY = 3
let devnet: Devnet
let house: House
let admin: RunningPool
beforeAll(async () => {
  devnet = await easyChain({ coinbaseMaturity: MATURITY, startDifficulty: 64 })
  house = await openHouse([devnet], {
    wallet: true,
    coinbaseMaturity: MATURITY,
    payout: { mode: 'manual', everyBlocks: 1_000 },
  })
  admin = runningPoolOf(house.directory)
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const acts = () => house.events('AdministratorActed').map(({ data }) => [data.way, data.act])
const money = () => house.pool.status().money

/** A block of one miner, matured. */
async function mineMatureBlock(n: number): Promise<void> {
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(n) })
  expect((await miner.submit(await miner.find('share'))).result).toBe(true)
  const found = await miner.find('block')
  expect((await miner.submit(found)).result).toBe(true)
  await house.block(found.hash, ({ state }) => state === 'connected')
  miner.client.close()
  await devnet.generate(MATURITY + 2)
  await house.block(found.hash, ({ state }) => state === 'matured')
}

describe('the control socket', () => {
  test('is for its owner alone, and gone when the pool is', async () => {
    expect(statSync(join(house.directory, 'control.sock')).mode & 0o777).toBe(0o600)
    const other = await openHouse([devnet], {})
    const socket = join(other.directory, 'control.sock')
    expect(existsSync(socket)).toBe(true)
    await other.stop()
    expect(existsSync(socket)).toBe(false)
    expect(await runningPoolOf(other.directory).order({ kind: 'retry' })).toEqual(
      E.left(
        `no pool runs on ${other.directory}: start it, or name the directory of the one that runs with --pool.data_directory`,
      ),
    )
  })

  test('that a killed pool has left is taken over; one that answers, or whose path is too long, is not', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'control.sock'), 'left')
    const pool = await openHouse([devnet], {}, directory)
    expect(statSync(join(directory, 'control.sock')).isSocket()).toBe(true)
    const taken = await openControl(join(directory, 'control.sock'), never(), never())
    expect(taken).toEqual(
      E.left({ message: `Another pool serves ${join(directory, 'control.sock')} already: stop it.` }),
    )
    await pool.stop()

    const deep = join(directory, 'd'.repeat(100))
    mkdirSync(deep)
    const long = await openControl(join(deep, 'control.sock'), never(), never())
    expect(long).toEqual(
      E.left({
        message: expect.stringContaining(
          'is too long for a socket, 103 bytes at most: choose a shorter pool.data_directory.',
        ),
      }),
    )
  })

  test('takes no order that there is not, and none that is large', async () => {
    const wrong = { kind: 'give-away', payout: 1 } as never
    expect(await admin.order(wrong)).toEqual(E.left('This orders nothing that there is.'))
    const large = { kind: 'retry', x: 'x'.repeat(10_000) } as never
    expect(E.isLeft(await admin.order(large))).toBe(true)
    expect(acts()).toEqual([])
  })
})

describe('payouts', () => {
  test('are planned, approved and rejected by order, and each order is an event before it is done', async () => {
    await mineMatureBlock(1)
    const planned = await admin.order({ kind: 'plan-payouts' })
    expect(planned).toEqual(E.right(expect.stringMatching(/^Payout 0 is planned: [0-9.]+ DCR\.$/)))
    expect(await admin.order({ kind: 'plan-payouts' })).toEqual(
      E.right('Nothing was planned: nobody has the minimum available that is not in a payout already.'),
    )
    expect(await admin.order({ kind: 'reject-payout', payout: 0 })).toEqual(
      E.right('Payout 0 is rejected: its money is back with its miners.'),
    )
    expect(await admin.order({ kind: 'approve-payout', payout: 0 })).toEqual(
      E.left('There is no open payout 0.'),
    )
    expect(E.isRight(await admin.order({ kind: 'plan-payouts' }))).toBe(true)
    expect(await admin.order({ kind: 'approve-payout', payout: 1 })).toEqual(
      E.right('Payout 1 is approved and goes out.'),
    )
    await poll(() => house.events('PayoutPublished').map(({ stream }) => stream)).toEqual(['payout-1'])
    expect(await admin.order({ kind: 'reject-payout', payout: 1 })).toEqual(
      E.left('Payout 1 is published: there is nothing to decide.'),
    )
    expect(await admin.order({ kind: 'retry' })).toEqual(E.right('Nothing was in the way.'))
    expect(acts()).toEqual([
      ['command-line', { kind: 'plan-payouts' }],
      ['command-line', { kind: 'plan-payouts' }],
      ['command-line', { kind: 'reject-payout', payout: 0 }],
      ['command-line', { kind: 'plan-payouts' }],
      ['command-line', { kind: 'approve-payout', payout: 1 }],
      ['command-line', { kind: 'retry' }],
    ])
    const order = house.log().map(({ type }) => type)
    expect(order.lastIndexOf('AdministratorActed')).toBeGreaterThan(order.indexOf('PayoutApproved'))
    expect(order.indexOf('AdministratorActed')).toBeLessThan(order.indexOf('PayoutPlanned'))
    await devnet.generate(3)
    await poll(() => money()?.payouts).toEqual([])
  })

  test('that a wallet keeps from being planned are tried again when it is back', async () => {
    await mineMatureBlock(2)
    await devnet.wallet.goAway()
    const kept = await admin.order({ kind: 'plan-payouts' })
    expect(kept).toEqual(E.left(expect.stringMatching(/dcrwallet|wallet/)))
    const again = await admin.order({ kind: 'retry' })
    expect(E.isLeft(again)).toBe(true)
    await devnet.wallet.comeBack()
    expect(await admin.order({ kind: 'retry' })).toEqual(E.right('What was in the way has passed.'))
    expect(money()?.payouts).toMatchObject([{ phase: 'planned' }])
    const { payout = 0 } = money()?.payouts[0] ?? {}
    expect(E.isRight(await admin.order({ kind: 'approve-payout', payout }))).toBe(true)
    await poll(() => money()?.payouts).toMatchObject([{ phase: 'published' }])
    await devnet.generate(4)
    await poll(() => money()?.payouts).toEqual([])
  })
})

describe('reserves', () => {
  const Books = t.type({
    reserves: t.union([
      t.null,
      t.type({
        isCovered: t.boolean,
        owed: t.string,
        onTheWay: t.string,
        wallet: t.type({ total: t.string }),
      }),
    ]),
  })

  test('of the wallet are in the API beside what is owed, and in the metrics', async () => {
    await expect
      .poll(async () => (await house.api('books', Books)).reserves, { timeout: 20_000 })
      .toMatchObject({ isCovered: true, owed: expect.any(String) })
    const metrics = await (await fetch(`${house.pool.httpUrl}/metrics`)).text()
    expect(metrics).toMatch(/^lodebook_reserves_short 0$/m)
    expect(metrics).toMatch(/^lodebook_wallet_atoms [1-9]\d+$/m)
  })
})

describe('bans', () => {
  test('of a miner end its connections, refuse it with a sentence, are public, and can be lifted', async () => {
    const banned = await startMiner({ port: house.port, device: cpuMiner, user: `${address(3)}.rig` })
    const free = await startMiner({ port: house.port, device: cpuMiner, user: `${address(4)}.rig` })
    expect(await admin.order({ kind: 'ban-account', miner: address(3), until: null })).toEqual(
      E.right(`${address(3)} is banned for good. What it has earned stays its own.`),
    )
    await banned.client.closed
    const live = await admin.read(
      '/connections',
      t.array(t.type({ workers: t.array(t.type({ user: t.string })), address: t.string })),
    )
    expect(E.isRight(live) && live.right).toMatchObject([
      { workers: [{ user: `${address(4)}.rig` }], address: '127.0.0.1' },
    ])
    const again = await connectStratum({ port: house.port })
    await again.request('mining.subscribe', ['x'])
    expect(await again.request('mining.authorize', [address(3), 'x'])).toMatchObject({
      error: [24, "Unauthorized worker: the pool's operator has banned this account for good", null],
    })
    again.close()
    expect(acts().at(-1)).toEqual([
      'command-line',
      { kind: 'ban-account', account: accountId(address(3)), until: null },
    ])
    expect(await admin.order({ kind: 'unban-account', miner: address(3) })).toEqual(
      E.right(`${address(3)} may mine again.`),
    )
    const back = await startMiner({ port: house.port, device: cpuMiner, user: address(3) })
    back.client.close()
    free.client.close()
    expect(await admin.order({ kind: 'ban-account', miner: 'nobody', until: null })).toEqual(
      E.left(expect.stringContaining('address')),
    )
  })

  test('of a range end its connections and answer the first line of others; the range is in no event', async () => {
    const before = await startMiner({ port: house.port, device: cpuMiner, user: address(5) })
    const until = Date.now() + 3_600_000
    expect(await admin.order({ kind: 'ban-address', range: '127.0.0.0/8', until })).toEqual(
      E.right(expect.stringMatching(/^127\.0\.0\.0\/8 is banned until 20\d\d-/)),
    )
    await before.client.closed
    const client = await connectStratum({ port: house.port })
    expect(await client.request('mining.subscribe', ['x'])).toMatchObject({
      error: [24, expect.stringMatching(/^The pool's operator has banned this IP address until 20/), null],
    })
    await client.closed
    expect(acts().at(-1)).toEqual(['command-line', { kind: 'ban-address', until }])
    expect(readFileSync(join(house.directory, 'lodebook.db-wal')).includes('127.0.0.0/8')).toBe(false)
    expect(JSON.parse(readFileSync(join(house.directory, 'bans.json'), 'utf8'))).toMatchObject([
      { range: '127.0.0.0/8' },
    ])
    expect(await admin.order({ kind: 'unban-address', range: '127.0.0.0/8' })).toEqual(
      E.right('127.0.0.0/8 may connect again.'),
    )
    expect(await admin.order({ kind: 'unban-address', range: '127.0.0.0/8' })).toEqual(
      E.left('There is no ban of 127.0.0.0/8'),
    )
    const after = await startMiner({ port: house.port, device: cpuMiner, user: address(5) })
    after.client.close()
  })

  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['here', '"here" is no IP address or range: write 203.0.113.7 or 203.0.113.0/24'],
    ['203.0.113.0/33', 'The range "203.0.113.0/33" must end with /8 to /32'],
    ['0.0.0.0/0', 'The range "0.0.0.0/0" must end with /8 to /32'],
    ['::/0', 'The range "::/0" must end with /16 to /128'],
    ['10.0.0.0/8/8', 'The range "10.0.0.0/8/8" must end with /8 to /32'],
  ])('a range %s is read as %s', (text, expected) => {
    const read = readRange(text)
    expect(E.isRight(read) ? read.right : read.left).toBe(expected)
  })
})

describe('the machine', () => {
  test('changes its log level, and says which it has', async () => {
    expect(await admin.order({ kind: 'set-log-level', level: 'fatal' })).toEqual(
      E.right('The log is written from level fatal on, until the pool is restarted.'),
    )
    const machine = await admin.read('/machine', t.type({ logLevel: t.string, store: t.string }))
    expect(machine).toEqual(E.right(expect.objectContaining({ logLevel: 'fatal' })))
  })

  test('makes its read models anew while it is asked, and they come to the same', async () => {
    const books = t.type({ agrees: t.boolean, coinbases: t.string, paid: t.string })
    const before = await house.api('books', books)
    let changes = 0
    const watching = house.pool.readModels.changes.subscribe(() => changes++)
    expect(E.isRight(await admin.order({ kind: 'rebuild-read-models' }))).toBe(true)
    const Machine = t.type({ rebuilding: t.boolean })
    await poll(async () => await admin.read('/machine', Machine)).toMatchObject(
      E.right({ rebuilding: false }),
    )
    await poll(() => house.api('books', books)).toMatchObject({
      agrees: true,
      coinbases: before.coinbases,
      paid: before.paid,
    })
    const seen = changes
    await mineMatureBlock(6)
    expect(changes).toBeGreaterThan(seen)
    watching.unsubscribe()
    expect(existsSync(join(house.directory, 'read-models.db.rebuilding'))).toBe(false)
  })
})

const never = () => ({}) as never
