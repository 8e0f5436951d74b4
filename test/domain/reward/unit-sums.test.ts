import { expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import { LotTable } from '../../../domain/reward/lot-table.ts'
import { CHUNK_SHARES, ShareChunk } from '../../../domain/reward/share-chunk.ts'
import { UnitSums } from '../../../domain/reward/unit-sums.ts'
import { shareUnits } from '../../../domain/reward/units.ts'
import { bitsOf } from './windows.ts'

const { mainnet } = networks
const BITS = bitsOf(mainnet, 1_000_003)
/** Nearly as hard as a block, with units that use all of their bits. */
const DIFFICULTIES = [999_983, 777_777, 999_979]

test('exact beyond 2^53 in either half, for millions of shares as hard as a block', () => {
  const lots = new LotTable(mainnet)
  const chunk = new ShareChunk(0, lots, 0)
  chunk.begin({ stream: 's', revision: 0, atMs: 0 })
  for (let i = 0; i < CHUNK_SHARES; i++) chunk.add(i % 2, lots.lotOf(BITS, DIFFICULTIES[i % 3] ?? 1))
  const each = DIFFICULTIES.map((difficulty) => shareUnits(mainnet, BITS, difficulty))
  const expected = [0n, 0n]
  for (let i = 0; i < CHUNK_SHARES; i++) expected[i % 2] = (expected[i % 2] ?? 0n) + (each[i % 3] ?? 0n)
  const sums = new UnitSums(3)
  const TIMES = 600
  for (let time = 0; time < TIMES; time++) sums.add(chunk, 0, CHUNK_SHARES)
  sums.addUnits(2, 7n)
  expect(sums.result()).toEqual([...expected.map((units) => units * BigInt(TIMES)), 7n])
  chunk.seal()
  expect(chunk.unitsOf(0, CHUNK_SHARES)).toBe((expected[0] ?? 0n) + (expected[1] ?? 0n))
})
