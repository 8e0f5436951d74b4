import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { Scheme } from '../../domain/events.ts'
import { figuresOf } from '../../src/cli/replay/figures.ts'
import { type Replayed, replay } from '../../src/replay/replay.ts'
import type { Until } from '../../src/replay/until.ts'
import { SCHEMES } from '../../src/simulate/settings.ts'
import { earnedUnder } from './direct.ts'
import { historyOf, modelsOf, replayed, right, simulated, withChanged } from './histories.ts'

const OPTIONS = { shares: 1_500, miners: 12, sharesPerBlock: 30 }
/** Another history under each scheme. */
const SEEDS = { pplns: 1, 'pplns-time': 2, pps: 3, prop: 4, solo: 5 } as const
const PPLNS = { ...OPTIONS, scheme: 'pplns', seed: SEEDS.pplns } as const

/** What pages and API show of everybody's money. */
function publishedMoney(events: readonly RecordedEvent[]) {
  const models = modelsOf(events)
  const { items } = right(models.balances({ after: null, limit: 100 }))
  const { fees, reserve } = right(models.books())
  const miners = items.map(({ account, immature, available, inPayout, paid, chainFees }) => ({
    ...{ account, immature, available, inPayout, paid, chainFees },
  }))
  models.close()
  return { miners: miners.filter(hasMoney).sort(byAccount), fees, reserve }
}

interface Money {
  readonly account: string
  readonly immature: string
  readonly available: string
  readonly inPayout: string
  readonly paid: string
}

const hasMoney = ({ immature, available, inPayout, paid }: Money): boolean =>
  [immature, available, inPayout, paid].some((atoms) => atoms !== '0')
const byAccount = (a: Money, b: Money): number => (a.account < b.account ? -1 : 1)

/** The same, replayed. */
function replayedMoney(outcome: Replayed) {
  const { miners, pool } = figuresOf('', outcome, null)
  return {
    miners: miners
      .map(({ account, immature, available, inPayout, paid, chainFees }) => ({
        ...{ account, immature, available, inPayout, paid, chainFees },
      }))
      .filter(hasMoney)
      .sort(byAccount),
    fees: pool.fees,
    reserve: pool.reserve,
  }
}

describe.each(SCHEMES)('under %s', (scheme) => {
  const options = { ...OPTIONS, scheme, seed: SEEDS[scheme] }

  test('a replay to the end is what was published, to the atom', async () => {
    const { events } = await simulated(options)
    const outcome = await replayed(events)
    expect(replayedMoney(outcome)).toEqual(publishedMoney(events))
    expect(outcome.money.differences).toEqual([])
    expect(outcome.shares).toBe(OPTIONS.shares)
    expect(outcome.money.excesses().size).toBe(0)
    if (scheme !== 'solo') expect(replayedMoney(outcome).miners.length).toBeGreaterThan(5)
  })

  test('and to any entry', async () => {
    const { events } = await simulated(options)
    const money = events.flatMap(({ type }, i) => (/^(Block|Reward|Payout|Work)/.test(type) ? [i] : []))
    const points = [0, ...money.filter((_, i) => i % Math.ceil(money.length / 25) === 0), events.length - 1]
    for (const entry of points) {
      const outcome = await replayed(events, { until: { kind: 'entry', entry } })
      expect(outcome.place.entry).toBe(entry)
      expect({ entry, ...replayedMoney(outcome) }).toEqual({
        entry,
        ...publishedMoney(events.slice(0, entry + 1)),
      })
    }
  })
})

test('one account is told line by line: the lines sum up to its balances', async () => {
  const { events } = await simulated(PPLNS)
  const all = figuresOf('', await replayed(events), null)
  for (const miner of all.miners.slice(0, 3)) {
    const named = await replayed(events, { account: miner.address })
    const { lines, miners } = figuresOf('', named, null)
    expect(miners).toEqual([miner])
    const sum = (of: 'immature' | 'available' | 'inPayout' | 'paid'): string =>
      String((lines ?? []).reduce((total, line) => total + BigInt(line[of]), 0n))
    const { immature, available, inPayout, paid } = miner
    expect({ immature: sum('immature'), available: sum('available'), inPayout: sum('inPayout') }).toEqual({
      ...{ immature, available, inPayout },
    })
    expect(sum('paid')).toBe(paid)
    expect(lines?.filter(({ type }) => type === 'RewardAllocated').length).toBeGreaterThan(5)
    expect(figuresOf('', await replayed(events, { account: miner.account }), null).lines).toEqual(lines)
  }
})

test('the same in batches of any size', async () => {
  const { events } = await simulated({ ...OPTIONS, scheme: 'prop', seed: SEEDS.prop })
  const whole = figuresOf('', await replayed(events), null)
  for (const batch of [1, 7, 1_000_000])
    expect(figuresOf('', await replayed(events, { history: historyOf(events, batch) }), null)).toEqual(whole)
})

describe('under another scheme', () => {
  const others: readonly Scheme[] = [
    { kind: 'pplns', windowPpm: 2_000_000 },
    { kind: 'pplns', windowPpm: 300_000 },
    { kind: 'pplns-time', periodMs: 60_000 },
    { kind: 'prop' },
    { kind: 'pps', reserve: '0' },
    { kind: 'solo' },
  ]
  const cases = (['pplns', 'pps', 'prop'] as const).flatMap((was) =>
    others.map((scheme) => ({ was, scheme, name: JSON.stringify(scheme) })),
  )

  test.each(cases)('$was as $name is what a direct computation says', async ({ was, scheme }) => {
    const { events } = await simulated({ ...OPTIONS, scheme: was, seed: SEEDS[was] })
    const { imagined } = await replayed(events, { scheme })
    const direct = earnedUnder(events, scheme)
    expect(direct.size).toBeGreaterThan(5)
    expect(new Map([...(imagined ?? [])].sort())).toEqual(new Map([...direct].sort()))
  })

  test('the scheme that was in force gives what was earned', async () => {
    const { events } = await simulated(PPLNS)
    const outcome = await replayed(events, { scheme: { kind: 'pplns', windowPpm: 2_000_000 } })
    const { miners } = figuresOf('', outcome, null)
    for (const { earned, imagined } of miners) expect(imagined).toBe(earned)
  })
})

describe('a height', () => {
  test('is as long as work builds on it, and a time up to the first later one', async () => {
    const { events } = await simulated(PPLNS)
    const data = (entry: number) => JSON.parse(events[entry]?.data ?? '{}')
    const places: { readonly until: Until; readonly problem?: never }[] = [5, 10, 20].flatMap((height) => {
      const next = events.findIndex(({ type }, i) => type === 'WorkIssued' && data(i).height > height + 1)
      return [
        { until: { kind: 'height', height } },
        { until: { kind: 'time', at: data(next).at - 1 } },
      ] as const
    })
    for (const { until } of places) {
      const { place } = await replayed(events, { until })
      const last = place.entry ?? 0
      expect(last).toBeGreaterThan(0)
      if (until.kind === 'height') {
        expect(place.height).toBe(until.height)
        expect(data(last + 1).height).toBeGreaterThan(until.height + 1)
      }
      if (until.kind === 'time') {
        expect(events.slice(0, last + 1).every((_, i) => data(i).at <= until.at)).toBe(true)
        expect(data(last + 1).at).toBeGreaterThan(until.at)
      }
    }
  })

  const end = async (until: Until | null, take = (events: readonly RecordedEvent[]) => events) => {
    const { events } = await simulated(PPLNS)
    const history = historyOf(take(events))
    const options = { history, until, scheme: null, account: null, onProgress: () => undefined }
    const outcome = await replay(options)
    return E.isLeft(outcome) ? outcome.left.message : 'replayed'
  }

  test('or a point that is not there is said so', async () => {
    const { events } = await simulated(PPLNS)
    const { place } = await replayed(events)
    const last = events.length - 1
    const lastAt = new Date(place.at ?? 0).toISOString()
    const firstAt = JSON.parse(events[0]?.data ?? '{}').at
    expect(await end({ kind: 'entry', entry: last })).toBe('replayed')
    expect(await end({ kind: 'entry', entry: last + 1 })).toBe(
      `This history has no entry ${last + 1}: its last is ${last}.`,
    )
    expect(await end({ kind: 'height', height: place.height ?? 0 })).toBe('replayed')
    expect(await end({ kind: 'height', height: 1_000 })).toBe(
      `This history has not reached height 1000: it ends at height ${place.height}.`,
    )
    expect(await end({ kind: 'height', height: 0 })).toBe(
      'This history begins at height 1: name that or a later one.',
    )
    expect(await end({ kind: 'time', at: place.at ?? 0 })).toBe('replayed')
    expect(await end({ kind: 'time', at: (place.at ?? 0) + 1 })).toBe(
      `This history does not go on to ${new Date((place.at ?? 0) + 1).toISOString()}: its last entry is of ${lastAt}.`,
    )
    expect(await end({ kind: 'time', at: firstAt - 1 })).toBe(
      `This history begins at ${new Date(firstAt).toISOString()}: name a later time.`,
    )
    expect(await end(null, () => [])).toBe('This history has no entries yet.')
    expect(await end({ kind: 'height', height: 1 }, (events) => events.slice(0, 2))).toBe(
      'This history has no work yet, and so no heights.',
    )
  })

  test('or a history that is none', async () => {
    expect(await end(null, (events) => events.slice(1))).toBe(
      'Entry 0 opens no pool: this is not the history of one, or not from its beginning.',
    )
    const isShares = ({ type }: RecordedEvent): boolean => type === 'SharesAccepted'
    const { events } = await simulated(PPLNS)
    const shares = events.findIndex(isShares)
    expect(await end(null, (events) => events.filter(({ type }) => type !== 'WorkerAuthorized'))).toBe(
      `Entry ${events.slice(0, shares).filter(({ type }) => type !== 'WorkerAuthorized').length}: a share names work or a worker that no entry before it has. "lodebook audit" names all that is wrong.`,
    )
    expect(
      await end(null, (events) => withChanged(events, shares, (data) => Object.assign(data, { v: 9 }))),
    ).toBe(
      `Entry ${shares} can't be read: SharesAccepted v9 is newer than this program. Use a newer version of this program, if there is one.`,
    )
    expect(
      await end(null, (events) =>
        events.map((event, i) => (i === 1 ? { ...event, stream: 'payout-1' } : event)),
      ),
    ).toBe('Entry 1 is a PolicyAdopted in stream "payout-1", where none belongs.')
  })

  test('entries of unknown types are passed over and counted', async () => {
    const { events } = await simulated(PPLNS)
    const more = events.toSpliced(10, 0, { ...events[9], type: 'MoonLanded' } as RecordedEvent)
    const { money, unknown } = await replayed(more)
    expect(unknown).toBe(1)
    expect(money.differences).toEqual([])
  })
})

describe('what was published otherwise is named', () => {
  const indexOf = (events: readonly RecordedEvent[], type: string, nth = 0): number =>
    events.flatMap((event, i) => (event.type === type ? [i] : []))[nth] ?? -1

  test('an allocation changed by an atom, with its entry and its accounts', async () => {
    const { events } = await simulated(PPLNS)
    const index = indexOf(events, 'RewardAllocated', 7)
    const cheated = withChanged(events, index, (data) => {
      const atoms = data['atoms'] as string[]
      atoms[0] = String(BigInt(atoms[0] ?? 0) - 1n)
      atoms[3] = String(BigInt(atoms[3] ?? 0) + 1n)
    })
    const { account, atoms, block } = JSON.parse(events[index]?.data ?? '{}')
    const { published } = figuresOf('', await replayed(cheated), null)
    expect(published.differencesFound).toBe(2)
    expect(published.differences).toEqual(
      [0, 3].map((i) => ({
        ...{ entry: index, kind: 'allocation', what: 'atoms', account: account[i], block },
        ...{ published: String(BigInt(atoms[i]) + (i === 0 ? -1n : 1n)), recomputed: atoms[i] },
      })),
    )
    expect(published.accounts).toHaveLength(2)
    for (const { account: id, entry, published: said, recomputed } of published.accounts) {
      expect(entry).toBe(index)
      expect(BigInt(said) - BigInt(recomputed)).toBe(id === account[0] ? -1n : 1n)
    }
    // The books go on with what is right.
    expect(replayedMoney(await replayed(cheated))).toEqual(publishedMoney(events))
  })

  test('any allocation changed by any amount', async () => {
    const { events } = await simulated(PPLNS)
    const allocations = events.flatMap(({ type }, i) => (type === 'RewardAllocated' ? [i] : []))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...allocations),
        fc.nat(),
        fc.integer({ min: 1, max: 1_000_000 }),
        async (index, seed, by) => {
          const cheated = withChanged(events, index, (data) => {
            const atoms = data['atoms'] as string[]
            const i = seed % atoms.length
            atoms[i] = String(BigInt(atoms[i] ?? 0) + BigInt(by))
          })
          const { money } = await replayed(cheated, { until: { kind: 'entry', entry: index } })
          expect(money.differences.map(({ entry, what }) => [entry, what])).toEqual([[index, 'atoms']])
        },
      ),
      { numRuns: 8 },
    )
  })

  test('a fee, a window, an account that is left out', async () => {
    const { events } = await simulated(PPLNS)
    const index = indexOf(events, 'RewardAllocated', 5)
    const whats = async (change: (data: Record<string, unknown>) => void) => {
      const { money } = await replayed(withChanged(events, index, change))
      return money.differences.filter(({ entry }) => entry === index).map(({ what }) => what)
    }
    expect(
      await whats((data) => Object.assign(data, { fee: String(BigInt(data['fee'] as string) + 1n) })),
    ).toEqual(['fee'])
    expect(
      await whats((data) => Object.assign(data, { window: { ...(data['window'] as object), shares: 1 } })),
    ).toEqual(['window'])
    expect(
      await whats((data) => {
        for (const column of ['account', 'units', 'atoms']) (data[column] as string[]).shift()
      }),
    ).toEqual(['units', 'atoms'])
  })

  test('work that is settled otherwise', async () => {
    const { events } = await simulated({ ...OPTIONS, scheme: 'pps', seed: SEEDS.pps })
    const index = indexOf(events, 'WorkSettled', 3)
    const cheated = withChanged(events, index, (data) => Object.assign(data, { atoms: '1' }))
    const { money } = await replayed(cheated)
    expect(money.differences.map(({ entry, kind, what }) => [entry, kind, what])).toEqual([
      [index, 'settlement', 'atoms'],
    ])
  })

  test('a payout of what nobody has, and all that follows from it', async () => {
    const { events } = await simulated(PPLNS)
    const index = indexOf(events, 'PayoutPlanned')
    const cheated = withChanged(events, index, (data) => {
      const [from, to] = [data['deducted'] as string[], data['atoms'] as string[]]
      from[0] = String(BigInt(from[0] ?? 0) + 900_000_000_000n)
      to[0] = String(BigInt(to[0] ?? 0) + 900_000_000_000n)
      const funding = data['funding'] as { atoms: string[] }
      funding.atoms[0] = String(BigInt(funding.atoms[0] ?? 0) + 900_000_000_000n)
    })
    const { money } = await replayed(cheated)
    const [first] = money.differences
    expect(first).toMatchObject({ entry: index, kind: 'not-due', what: 'PayoutPlanned' })
    expect(first?.recomputed).toMatch(
      /^nothing: Payout 0 takes more than there is from miner:[0-9a-f]{64}:available\.$/,
    )
  })

  test('a reward that was shared twice, and a reversal of nothing', async () => {
    const { events } = await simulated(PPLNS)
    const index = indexOf(events, 'RewardAllocated', 2)
    const again = { ...(events[index] as RecordedEvent), stream: 'settlement-900', revision: 0 }
    const { money } = await replayed(events.toSpliced(index + 1, 0, again))
    expect(money.differences[0]).toMatchObject({ entry: index + 1, kind: 'not-due', what: 'RewardAllocated' })
    const { block, at, account, atoms } = JSON.parse(again.data)
    // Whatever the second one gives is too much.
    expect([...money.excesses()].map(([id, excess]) => [id, String(excess.atoms)]).sort()).toEqual(
      account
        .map((id: string, i: number) => [id, atoms[i]])
        .filter(([, given]: string[]) => given !== '0')
        .sort(),
    )
    const reversal = {
      ...again,
      type: 'RewardReversed',
      data: JSON.stringify({ at, block, v: 1, why: 'disconnected' }),
    }
    const reversed = await replayed(events.toSpliced(index + 1, 0, reversal))
    expect(reversed.money.differences[0]).toMatchObject({
      entry: index + 1,
      kind: 'not-due',
      what: 'RewardReversed',
    })
  })
})
