import { cpSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LedgerAnswer } from '../../adapters/http/api/answers.ts'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerOverHttp } from '../../adapters/ledger/http.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey } from '../../domain/transparency/key.ts'
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
import { right } from './running-publisher.ts'

/** A whole pool, with miners on it, and its ledger as a stranger reads it: over HTTP, with the key alone. */

let devnet: Devnet
beforeAll(async () => {
  devnet = await easyChain()
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const SHARES = { ledger: { checkpointMsMax: 200 } }

/** Mines a share that is a block, too; true when the pool says so. */
async function mineOne(house: House): Promise<void> {
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  expect(await miner.submit(await miner.find('share or block'))).toMatchObject({ result: true })
  await miner.client.close()
}

const ledgerOf = (house: House) => house.api('ledger', LedgerAnswer)

async function readThrough(
  house: House,
): Promise<readonly { readonly type: string; readonly stream: string }[]> {
  const { keys } = await ledgerOf(house)
  const key = right(parseVerifierKey(keys[0] ?? ''))
  const source = ledgerOverHttp(`${house.pool.httpUrl}/ledger`)
  const checkpoint = right(await readCheckpoint(source, trustIn(key))())
  const entries = []
  for await (const batch of ledgerReader(source, checkpoint).entries(0, checkpoint.size))
    entries.push(...right(batch).entries.map((entry) => JSON.parse(Buffer.from(entry).toString('utf8'))))
  return entries
}

test('shares and blocks are under a signed checkpoint, as the log has them, over restarts', async () => {
  const house = await openHouse([devnet], SHARES)
  await mineOne(house)
  const size = () => house.log().length
  await poll(async () => (await ledgerOf(house)).checkpoint?.size === size()).toBe(true)
  const published = await readThrough(house)
  expect(published.map(({ type, stream }) => `${stream} ${type}`)).toEqual(
    house.log().map(({ type, stream }) => `${stream} ${type}`),
  )
  expect(published.map(({ type }) => type)).toEqual(expect.arrayContaining(['SharesAccepted', 'BlockFound']))

  // The log names the ledger and its key.
  const { origin, keys } = await ledgerOf(house)
  expect(house.events('LedgerKeyAdopted').map(({ data }) => [data.origin, data.key])).toEqual([
    [origin, keys[0]],
  ])
  expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(200)
  await house.stop()

  const again = await openHouse([devnet], SHARES, house.directory)
  await poll(async () => (await ledgerOf(again)).state).toBe('publishing')
  await mineOne(again)
  await poll(async () => (await ledgerOf(again)).checkpoint?.size === again.log().length).toBe(true)
  expect((await readThrough(again)).length).toBeGreaterThan(published.length)
  expect(again.events('LedgerKeyAdopted').length).toBe(1)
  await again.stop()
})

test('a log that was put back to an older state: nothing is signed, and the pool mines on', async () => {
  const house = await openHouse([devnet], SHARES)
  await mineOne(house)
  await house.stop()
  const older = newDirectory()
  for (const file of ['lodebook.db', 'ledger.key']) cpSync(join(house.directory, file), join(older, file))
  const newer = await openHouse([devnet], SHARES, house.directory)
  for (let n = 0; n < 5; n++) await mineOne(newer)
  await newer.stop()
  cpSync(join(house.directory, 'ledger'), join(older, 'ledger'), { recursive: true })

  const rolledBack = await openHouse([devnet], SHARES, older)
  await poll(async () => (await ledgerOf(rolledBack)).state).toBe('stopped')
  const ledger = await ledgerOf(rolledBack)
  expect(ledger.message).toMatch(/^The log does not fit the ledger: /)
  const signed = ledger.checkpoint?.size
  for (let n = 0; n < 8; n++) await mineOne(rolledBack)
  expect(rolledBack.log().length).toBeGreaterThan(signed ?? 0)
  expect((await ledgerOf(rolledBack)).checkpoint).toEqual(ledger.checkpoint)

  // Whoever looks is told; whoever sends miners here is not.
  const readiness = await fetch(`${rolledBack.pool.httpUrl}/readyz`)
  expect(readiness.status).toBe(200)
  const metrics = await (await fetch(`${rolledBack.pool.httpUrl}/metrics`)).text()
  expect(metrics).toMatch(/^lodebook_ledger_state\{state="stopped"\} 1$/m)
  expect(metrics).toMatch(new RegExp(`^lodebook_ledger_size ${signed}$`, 'm'))
  const page = await (await fetch(`${rolledBack.pool.httpUrl}/`)).text()
  expect(page).toContain('The public ledger has stopped; shares are counted all the same.')
})

test('without its key the ledger stops, the log says nothing of a new one, and the pool mines', async () => {
  const house = await openHouse([devnet], SHARES)
  await mineOne(house)
  await house.stop()
  const keyFile = join(house.directory, 'elsewhere.key')
  const lost = await openHouse([devnet], { ledger: { keyFile } }, house.directory)
  expect(await ledgerOf(lost)).toMatchObject({ state: 'stopped', origin: null, keys: [], checkpoint: null })
  await mineOne(lost)
  expect(lost.events('LedgerKeyAdopted').length).toBe(1)
  expect(E.isLeft(await ledgerOverHttp(`${lost.pool.httpUrl}/ledger`).checkpoint()())).toBe(false)
})
