import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balanceOf } from '../../domain/bookkeeping/ledger.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { rawLog } from '../support/history.ts'
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
import { checkMoney, onChain, recordsOf } from '../support/money-check.ts'
import type { PoolOverrides } from '../support/running-pool.ts'

/** The whole pool on a devnet: miners over TCP, the wallet over gRPC with TLS. */

const MATURITY = 3
/** Payouts wait for checkpoints, and blocks come fast here: the reward becomes less at height 128. */
const OVER: PoolOverrides = {
  wallet: true,
  coinbaseMaturity: MATURITY,
  ledger: { checkpointMsMax: 100 },
}

let devnet: Devnet
beforeAll(async () => {
  devnet = await easyChain({ coinbaseMaturity: MATURITY, startDifficulty: 64 })
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

/** Two miners with addresses of their own send shares, and the first finds a block. Its hash. */
async function mineBlock(house: House, base: number): Promise<string> {
  const [a, b] = await Promise.all(
    [base, base + 1].map((n) => startMiner({ port: house.port, device: cpuMiner, user: address(n) })),
  )
  if (a === undefined || b === undefined) throw new Error('no miners')
  for (const miner of [a, a, b]) expect((await miner.submit(await miner.find('share'))).result).toBe(true)
  const found = await a.find('block')
  expect((await a.submit(found)).result).toBe(true)
  await house.block(found.hash, ({ state }) => state === 'connected')
  a.client.close()
  b.client.close()
  return found.hash
}

const money = ({ pool }: House) => pool.status().money
/** The log, the chain, and the books that the API shows, which another program folded, agree. */
async function check(house: House): Promise<void> {
  const log = rawLog(house.directory).map((each, i) => ({ ...each, position: i + 1 }))
  checkMoney(log, devnet.chain, false)
  const { books } = recordsOf(log)
  await poll(() => house.api('books', BooksAnswer)).toMatchObject({
    agrees: true,
    refused: [],
    paid: String(balanceOf(books.balances, 'chain:paid')),
    reserve: String(balanceOf(books.balances, 'pool:reserve')),
  })
}
const BooksAnswer = t.type({
  agrees: t.boolean,
  refused: t.UnknownArray,
  paid: t.string,
  reserve: t.string,
})

/** The chain goes on until so many payouts are confirmed and none is open. */
async function untilPaid(house: House, count = 1): Promise<void> {
  for (let blocks = 0; blocks < 20; blocks++) {
    if (house.events('PayoutConfirmed').length >= count && money(house)?.payouts.length === 0) return
    await devnet.generate(1)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  throw new Error(`not paid: ${JSON.stringify(money(house))}`)
}

describe('miners are paid', () => {
  for (const [i, scheme] of (['pplns', 'pplns-time', 'prop', 'pps'] as const).entries())
    test(`under ${scheme}`, async () => {
      const base = 10 + 10 * i
      const house = await openHouse([devnet], { ...OVER, reward: { scheme } })
      const hash = await mineBlock(house, base)
      await devnet.generate(1)
      await poll(() => house.events('RewardAllocated').map(({ data }) => data.block)).toEqual([hash])
      expect(house.events('PolicyAdopted').map(({ data }) => data.scheme.kind)).toEqual([scheme])
      await devnet.generate(MATURITY)
      await untilPaid(house)
      await check(house)
      const [a, b] = [onChain(devnet.chain, address(base)), onChain(devnet.chain, address(base + 1))]
      expect(a).toBeGreaterThan(b)
      expect(b).toBeGreaterThan(0n)
      expect(house.events('WorkSettled').length > 0).toBe(scheme === 'pps')
      expect(money(house)).toMatchObject({ state: 'ready', message: '', wallet: true, problems: [] })
      await house.stop()
    })

  test('and nobody in mode solo, whose log has no money in it', async () => {
    const house = await openHouse([devnet], { ...OVER, pool: { mode: 'solo' } })
    await mineBlock(house, 60)
    await devnet.generate(MATURITY + 2)
    await poll(() => house.events('BlockMatured').length).toBe(1)
    expect(house.events('PolicyAdopted').map(({ data }) => data.scheme)).toEqual([{ kind: 'solo' }])
    expect(house.log().filter(({ stream }) => /^(settlement|payout)-/.test(stream))).toEqual([])
    expect(money(house)).toBeNull()
    await house.stop()
  })

  test('not without a wallet: everything is booked, and the status says so', async () => {
    const house = await openHouse([devnet], { ...OVER, wallet: false })
    await mineBlock(house, 70)
    await devnet.generate(MATURITY + 2)
    await poll(() => house.events('BlockMatured').length).toBe(1)
    await poll(() => house.events('RewardAllocated').length).toBe(1)
    expect(money(house)).toMatchObject({ state: 'ready', wallet: false, payouts: [] })
    expect(money(house)?.message).toContain('no [wallet] section')
    expect(house.events('PayoutPlanned')).toEqual([])
    await house.stop()
  })
})

describe('the wallet', () => {
  test('goes away and comes back, and loses its answers after it has acted: each is paid once', async () => {
    const house = await openHouse([devnet], OVER)
    await mineBlock(house, 80)
    await devnet.wallet.goAway()
    await devnet.generate(MATURITY + 2)
    await poll(() => money(house)?.problems.map(({ kind }) => kind)).toEqual(['away'])
    const metrics = await (await fetch(`${house.pool.httpUrl}/metrics`)).text()
    expect(metrics).toMatch(/lodebook_wallet_errors_total\{kind="away"\} [1-9]/)
    expect(metrics).toMatch(/lodebook_money_problems 1/)
    expect(house.events('PayoutPlanned')).toEqual([])
    await devnet.wallet.comeBack()
    await devnet.generate(1)
    devnet.wallet.loseAnswers(true)
    await devnet.generate(1)
    await new Promise((resolve) => setTimeout(resolve, 500))
    devnet.wallet.loseAnswers(false)
    house.pool.treasury?.payNow()
    await untilPaid(house)
    await check(house)
    expect(money(house)?.problems).toEqual([])
    await house.stop()
  })

  test('refuses the passphrase: said so, and paid when it is right', async () => {
    const directory = newDirectory()
    const wrong = await openHouse(
      [{ ...devnet, wallet: { ...devnet.wallet, passphrase: 'no' } }],
      OVER,
      directory,
    )
    await mineBlock(wrong, 90)
    await devnet.generate(MATURITY + 2)
    await poll(() => money(wrong)?.problems.map(({ about, kind }) => `${about}: ${kind}`)).toEqual([
      'payout 0: wrong-passphrase',
    ])
    expect(JSON.stringify(money(wrong))).not.toContain('"no"')
    await wrong.stop()
    const right = await openHouse([devnet], OVER, directory)
    await untilPaid(right)
    await check(right)
    await right.stop()
  })
})

describe('an operator', () => {
  test('approves a plan of manual mode', async () => {
    const house = await openHouse([devnet], { ...OVER, payout: { mode: 'manual' } })
    await mineBlock(house, 100)
    await devnet.generate(MATURITY + 2)
    await poll(() => money(house)?.payouts.map(({ phase }) => phase)).toEqual(['planned'])
    await devnet.generate(2)
    expect(house.events('PayoutSigned')).toEqual([])
    expect(await house.pool.treasury?.approve(0)).toEqual(E.right(undefined))
    await untilPaid(house)
    await check(house)
    await house.stop()
  })

  test('changes the fee at a restart, not the scheme in mid-round', async () => {
    const directory = newDirectory()
    const first = await openHouse([devnet], OVER, directory)
    await mineBlock(first, 110)
    await first.stop()
    await expect(openHouse([devnet], { ...OVER, reward: { scheme: 'prop' } }, directory)).rejects.toThrow(
      /^\d+ shares are waiting for blocks that pplns is to share among them, and another scheme would take that/,
    )
    await expect(openHouse([devnet], { ...OVER, payout: { minimum: '0.00001' } }, directory)).rejects.toThrow(
      'A payout of 1000 atoms is dust',
    )
    await expect(
      openHouse([devnet], { ...OVER, reward: { feeAddresses: 'DsNoAddress' } }, directory),
    ).rejects.toThrow("Fee address 1 of 1 can't be paid")
    const second = await openHouse([devnet], { ...OVER, reward: { feePpm: 20_000 } }, directory)
    const third = second.events('PolicyAdopted').map(({ data }) => data.feePpm)
    expect(third).toEqual([10_000, 20_000])
    await second.stop()
    const again = await openHouse([devnet], { ...OVER, reward: { feePpm: 20_000 } }, directory)
    expect(again.events('PolicyAdopted')).toHaveLength(2)
    // The block goes by the rules at its share.
    await devnet.generate(MATURITY + 2)
    await poll(() => again.events('RewardAllocated').map(({ data }) => data.fee)).toEqual(['5000000'])
    await again.stop()
  })
})
