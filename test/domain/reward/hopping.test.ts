import { beforeAll, describe, expect, test } from 'vitest'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { Scheme, ShareReference } from '../../../domain/events.ts'
import { allocate } from '../../../domain/reward/allocation.ts'
import { ShareWindow, type WindowSums } from '../../../domain/reward/share-window.ts'
import { BLOCK_UNITS, shareUnits } from '../../../domain/reward/units.ts'
import { windowLimit } from '../../../domain/reward/window-limit.ts'
import { rewardVectors } from './vectors.ts'
import { bitsOf, newest, sumsOf } from './windows.ts'

/**
 * A pool emulated share by share through the real window and the real split, against theory. Seeded: the figures are the same
 * each time.
 */

const network = networks.mainnet
/** Shares for one block on average. */
const DIFFICULTY = 100
const BITS = bitsOf(network, DIFFICULTY)
/** Chance that a share is a block. */
const CHANCE = Number(shareUnits(network, BITS, 1)) / Number(BLOCK_UNITS)
const REWARD = toAtoms(1_000_000_000_000n)
const FAIR = CHANCE * Number(REWARD)
const pplns = (windowPpm: number): Scheme => ({ kind: 'pplns', windowPpm })
const prop: Scheme = { kind: 'prop' }
const { proportional, pplns_window: windows } = rewardVectors.reward_system_tables

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Plays rounds: whose share comes next by `next`, and what is told of each block. */
function play(
  scheme: Scheme,
  blocks: number,
  seed: number,
  next: (random: () => number, ageInBlocks: number) => string,
  found: (sums: WindowSums, round: number) => void,
): void {
  const random = randomOf(seed)
  const window = new ShareWindow(network, true)
  let previous: ShareReference | null = null
  for (let block = 0; block < blocks; block++) {
    const account: string[] = []
    do account.push(next(random, account.length * CHANCE))
    while (random() >= CHANCE)
    const ones = new Array<number>(account.length).fill(1)
    window.append({
      stream: 'shares-0-0',
      revision: block,
      atMs: block,
      account,
      bits: ones.map(() => BITS),
      difficulty: ones,
    })
    const find = newest(window)
    const limit = windowLimit(scheme, block, null, previous)
    if (limit === undefined) throw new Error('no window')
    found(sumsOf(window, find, limit), account.length)
    window.trim(null, limit)
    previous = find
  }
}

/** What a hopper with a twentieth of the others' speed earns for each share, here and elsewhere, where it mines for itself. */
function hopper(scheme: Scheme, blocks: number) {
  const share = 0.05
  let inside = 0
  let outside = 0
  let earned = 0
  play(
    scheme,
    blocks,
    42,
    (random, age) => {
      if (age >= proportional.hopThreshold_x) {
        outside += share
        return 'honest'
      }
      if (random() >= share / (1 + share)) return 'honest'
      inside++
      return 'hopper'
    },
    (sums) => {
      const credits = allocate(scheme, REWARD, 0, sums)?.credits ?? []
      earned += Number(credits.find(({ account }) => account === 'hopper')?.atoms ?? 0n)
    },
  )
  return {
    inPool: earned / (inside * FAIR),
    overall: (earned + outside * FAIR) / ((inside + outside) * FAIR),
  }
}

describe('a hopper', () => {
  test('gains about 28 % under prop', () => {
    const gain = hopper(prop, 40_000)
    expect(gain.overall).toBeGreaterThan(proportional.hopperVsSolo_overall - 0.015)
    expect(gain.overall).toBeLessThan(proportional.hopperVsSolo_overall + 0.015)
    expect(gain.inPool).toBeGreaterThan(proportional.hopperWhileInPool - 0.04)
    expect(gain.inPool).toBeLessThan(proportional.hopperWhileInPool + 0.04)
  })

  test('gains less than 1 % under pplns', () => {
    const gain = hopper(pplns(2_000_000), 40_000)
    expect(gain.overall).toBeLessThan(1.01)
    expect(gain.overall).toBeGreaterThan(0.99)
    expect(gain.inPool).toBeLessThan(1.02)
    expect(gain.inPool).toBeGreaterThan(0.98)
  })
})

describe('theory: prop', () => {
  const paid = new Float64Array(5 * DIFFICULTY)
  const seen = new Float64Array(5 * DIFFICULTY)
  beforeAll(() => {
    play(
      prop,
      60_000,
      7,
      () => 'all',
      ({ units }, round) => {
        for (let age = 0; age < Math.min(round, paid.length); age++) {
          seen[age] = (seen[age] ?? 0) + 1
          paid[age] = (paid[age] ?? 0) + Number(units) / Number(BLOCK_UNITS) / CHANCE / round / round
        }
      },
    )
  })

  // At half a share's age more: the formula is for a point, a share covers one hundredth of a block.
  test.each(
    Object.entries(proportional.valueRelativeToFair).filter(([x]) => Number(x) >= 0.1 && Number(x) <= 2),
  )('a share at age %s is worth %f of a fair one', (x, value) => {
    const age = Math.round(Number(x) * DIFFICULTY)
    const at = (i: number): number => (paid[i] ?? 0) / (seen[i] ?? 1) / CHANCE
    expect((at(age - 1) + at(age)) / 2 / value).toBeGreaterThan(0.97)
    expect((at(age - 1) + at(age)) / 2 / value).toBeLessThan(1.03)
  })
})

describe('theory: pplns', () => {
  test.each(windows.table.filter(({ X }) => X <= 5))('a window of X = $X', (row) => {
    const finds: { from: number; to: number }[] = []
    let shares = 0
    play(
      pplns(row.X * 1_000_000),
      8_000,
      11,
      () => 'all',
      (sums, round) => {
        shares += round
        finds.push({ from: shares - sums.shares, to: shares })
      },
    )
    const times = new Int32Array(shares + 1)
    for (const { from, to } of finds) {
      times[from] = (times[from] ?? 0) + 1
      times[to] = (times[to] ?? 0) - 1
    }
    let now = 0
    let never = 0
    let sum = 0
    let squares = 0
    // The first and last windows are not full.
    const edge = Math.ceil(row.X * DIFFICULTY)
    for (let i = 0; i < shares; i++) {
      now += times[i] ?? 0
      if (i < edge || i >= shares - edge) continue
      if (now === 0) never++
      sum += now
      squares += now * now
    }
    const all = shares - 2 * edge
    const mean = sum / all
    expect(Math.abs(never / all - row.probShareNeverPaid)).toBeLessThan(0.015)
    // The share that is cut counts as whole here.
    const cut = 1 / (row.X * DIFFICULTY)
    expect(Math.abs(mean / row.expectedTimesPaid - 1)).toBeLessThan(0.03 + cut)
    expect(Math.abs(Math.sqrt(squares / all - mean * mean) / mean / row.perShareCV - 1)).toBeLessThan(0.04)
  })
})
