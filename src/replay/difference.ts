import type { EventData, ShareReference } from '../../domain/events.ts'

/** Something that was published and does not follow from the shares by the rules. */
export interface Difference {
  /** The entry that says it. */
  readonly entry: number
  readonly kind: /** A block's reward is shared otherwise. */
    | 'allocation'
    /** Work of `pps` is settled otherwise. */
    | 'settlement'
    /** What it moves is not there to be moved, or not due. */
    | 'not-due'
  /** What differs: `atoms` of an account, `fee`, `window`. */
  readonly what: string
  readonly account: string | null
  readonly block: string | null
  readonly published: string
  readonly recomputed: string
}

/** A part of an allocation and the entry that it is. */
export interface PublishedPart {
  readonly entry: number
  readonly data: EventData<'RewardAllocated'>
}

/** What differs between an allocation as it was published, all parts of it, and as it should be. */
export function allocationDifferences(
  published: readonly PublishedPart[],
  recomputed: readonly EventData<'RewardAllocated'>[],
): readonly Difference[] {
  const [said] = published
  const [due] = recomputed
  if (said === undefined || due === undefined) return []
  const { block } = said.data
  const differences: Difference[] = []
  const add = (entry: number, what: string, account: string | null, a: string, b: string): void => {
    if (a !== b)
      differences.push({ entry, kind: 'allocation', what, account, block, published: a, recomputed: b })
  }
  for (const what of ['height', 'policy', 'reward', 'fee', 'reserve'] as const)
    add(said.entry, what, null, String(said.data[what]), String(due[what]))
  add(said.entry, 'window', null, windowText(said.data.window), windowText(due.window))
  const there = rowsOf(published)
  const should = rowsOf(recomputed.map((data) => ({ entry: said.entry, data })))
  for (const account of [...new Set([...there.keys(), ...should.keys()])].sort()) {
    const a = there.get(account) ?? { ...NOTHING, entry: said.entry }
    const b = should.get(account) ?? { ...NOTHING, entry: said.entry }
    add(a.entry, 'units', account, a.units, b.units)
    add(a.entry, 'atoms', account, a.atoms, b.atoms)
  }
  return differences
}

const NOTHING = { units: '0', atoms: '0' }

interface Row {
  readonly entry: number
  readonly units: string
  readonly atoms: string
}

const rowsOf = (parts: readonly PublishedPart[]): ReadonlyMap<string, Row> =>
  new Map(
    parts.flatMap(({ entry, data: { account, units, atoms } }) =>
      account.map((id, i) => [id, { entry, units: units[i] ?? '0', atoms: atoms[i] ?? '0' }] as const),
    ),
  )

const windowText = (window: EventData<'RewardAllocated'>['window']): string =>
  window === null
    ? 'none'
    : `${placeText(window.from)} to ${placeText(window.to)}, ${window.shares} shares, ${window.units} units`

const placeText = ({ stream, revision, index }: ShareReference): string =>
  `share ${index} of ${stream}@${revision}`

/** What differs between a settlement of work as it was published and as it should be. */
export function settlementDifferences(
  entry: number,
  published: EventData<'WorkSettled'>,
  recomputed: EventData<'WorkSettled'>,
): readonly Difference[] {
  const texts = (data: EventData<'WorkSettled'>): readonly (readonly [string, string])[] => [
    ...(['policy', 'height', 'shares', 'units', 'accounts', 'atoms', 'credits'] as const).map(
      (what) => [what, String(data[what])] as const,
    ),
    ...(['from', 'to'] as const).map((what) => [what, placeText(data[what])] as const),
  ]
  const due = new Map(texts(recomputed))
  return texts(published).flatMap(([what, said]) => {
    const should = due.get(what) ?? ''
    return said === should
      ? []
      : [
          {
            ...({ entry, kind: 'settlement', what, account: null, block: null } as const),
            published: said,
            recomputed: should,
          },
        ]
  })
}
