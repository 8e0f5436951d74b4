import { afterEach, expect, test } from 'vitest'
import { networks } from '../../domain/decred/network.ts'
import type { ProfileName } from '../../domain/stratum/profile.ts'
import type { DialectName } from '../../src/devnet/miner/dialect.ts'
import { type House, openHouse, stopHouses } from '../support/house.ts'
import { killDcrds, startDcrd } from './dcrd.ts'
import { blockOnceIt, eventually, type FoundBlock, foundBlocks, mine } from './mining.ts'
import { findBlake256Dcrd, needed } from './programs.ts'

/** The ASICs' dialects on a dcrd of their time, whose proof of work is theirs. */

const program = needed(findBlake256Dcrd())

afterEach(async () => {
  await stopHouses()
  await killDcrds()
})

/** On simnet half of all wrong headers would pass for a share by luck: so many in a row pass when all are right. */
const SHARES = 20
/** Error of a share that came after a block. */
const STALE = 21

test.each<[DialectName, ProfileName]>([
  ['innosilicon-d9', 'innosilicon-d9'],
  ['antminer-dr3', 'antminer-dr3-dr5'],
  ['antminer-dr5', 'antminer-dr3-dr5'],
  ['whatsminer-d1', 'whatsminer-d1'],
  ['obelisk-dcr1', 'obelisk-dcr1'],
  ['plain', 'plain'],
  ['ccminer', 'ccminer'],
  ['nicehash', 'nicehash'],
])('shares of %s count, dcrd accepts its blocks, and they mature', async (dialect, profile) => {
  const dcrd = await startDcrd(program)
  await dcrd.generate(1)
  const house = await openHouse([dcrd])
  const miner = mine(house.port, { dialect, powAlgorithm: 'blake256' })
  const connected = (): FoundBlock | undefined =>
    foundBlocks(house).find(({ hash }) => isConnected(house, hash))
  const found = await eventually(
    house,
    connected,
    (block) => block !== undefined && miner.totals().accepted >= SHARES,
  )
  await miner.stop()
  const { faults, rejected } = miner.totals()
  expect(faults).toBe(0)
  expect([...rejected.keys()].filter((code) => code !== STALE)).toEqual([])
  expect(house.events('MinerIdentified').map(({ data }) => data.profile)).toEqual([profile])

  if (found === undefined) throw new Error('no block')
  expect(found.powAlgorithm).toBe('blake256')
  expect(await dcrd.call('getblockheader', found.hash, false)).toBe(found.header)
  await dcrd.generate(networks.simnet.coinbaseMaturity)
  const confirmations = await dcrd.confirmations(found.hash)
  await blockOnceIt(
    house,
    found.hash,
    (block) => block.state === 'matured' && block.confirmations === confirmations,
  )
})

const isConnected = (house: House, hash: string): boolean =>
  house.events('BlockConnected').some(({ stream }) => stream === `block-${hash}`)
