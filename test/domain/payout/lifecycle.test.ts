import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import type { ReturnReason } from '../../../domain/events.ts'
import {
  firstPhase,
  isOver,
  type PayoutEvent,
  type PayoutPhase,
  type PayoutStepEvent,
  payoutMachine,
  phaseAfter,
} from '../../../domain/payout/lifecycle.ts'
import {
  type MissingReward,
  mayReturn,
  nextPayoutStep,
  type PayoutObservation,
  type PayoutStep,
  payoutRecord,
} from '../../../domain/payout/next-step.ts'

const ID = 'aa'.repeat(32)
const BLOCK = 'bb'.repeat(32)
const THIEF = { transaction: 'cc'.repeat(32), block: 'dd'.repeat(32), confirmations: 1 }

const planned = (mode: 'automatic' | 'manual'): PayoutEvent => ({
  type: 'PayoutPlanned',
  data: {
    v: 1,
    at: 1,
    policy: 1,
    height: 5,
    mode,
    bearer: 'miners',
    address: [],
    deducted: [],
    atoms: [],
    poolFee: null,
    fee: '0',
    feeFromPoolFee: '0',
    feeFromReserve: '0',
    funding: { transaction: [], output: [], tree: [], atoms: [] },
    change: null,
  },
})
const approved: PayoutStepEvent = { type: 'PayoutApproved', data: { v: 1, at: 2 } }
const signed: PayoutStepEvent = {
  type: 'PayoutSigned',
  data: { v: 1, at: 3, transaction: ID, bytes: '0102' },
}
const published: PayoutStepEvent = { type: 'PayoutPublished', data: { v: 1, at: 4 } }
const confirmed: PayoutStepEvent = {
  type: 'PayoutConfirmed',
  data: { v: 1, at: 5, block: BLOCK, confirmations: 2 },
}
const back = (why: ReturnReason): PayoutStepEvent => ({
  type: 'PayoutReturned',
  data: { v: 1, at: 6, why, conflict: why === 'rejected' || why === 'funding-lost' ? null : THIEF },
})

const steps = {
  approved,
  signed,
  published,
  confirmed,
  rejected: back('rejected'),
  gone: back('funding-gone'),
  conflict: back('conflict'),
  lost: back('funding-lost'),
}
const PHASES: readonly PayoutPhase[] = ['planned', 'approved', 'signed', 'published', 'confirmed', 'returned']

test('what can follow what', () => {
  const table = Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      Object.fromEntries(
        Object.entries(steps).flatMap(([name, event]) => {
          const after = phaseAfter(phase, event)
          return after === undefined ? [] : [[name, after]]
        }),
      ),
    ]),
  )
  expect(table).toEqual({
    planned: { approved: 'approved', rejected: 'returned', gone: 'returned' },
    approved: { signed: 'signed', rejected: 'returned', gone: 'returned' },
    signed: { published: 'published', conflict: 'returned', lost: 'returned' },
    published: { confirmed: 'confirmed', conflict: 'returned', lost: 'returned' },
    confirmed: {},
    returned: {},
  })
  expect(PHASES.filter(isOver)).toEqual(['confirmed', 'returned'])
  expect([firstPhase('manual'), firstPhase('automatic')]).toEqual(['planned', 'approved'])
})

test('an actor of the machine goes the same way, and ends', () => {
  const actor = createActor(payoutMachine)
  actor.start()
  for (const event of [approved, signed, published, confirmed]) actor.send({ type: event.type } as never)
  expect(actor.getSnapshot()).toMatchObject({ value: 'confirmed', status: 'done' })
})

describe('the record of a stream', () => {
  test('at each point', () => {
    const all: readonly PayoutEvent[] = [planned('manual'), approved, signed, published, confirmed]
    expect(all.map((_, i) => payoutRecord(all.slice(0, i + 1))?.phase)).toEqual([
      'planned',
      'approved',
      'signed',
      'published',
      'confirmed',
    ])
    expect(payoutRecord([])).toBeUndefined()
    expect(payoutRecord(all.slice(0, 2))).toMatchObject({ transaction: null, bytes: null })
    expect(payoutRecord(all.slice(0, 3))).toMatchObject({ transaction: ID, bytes: '0102' })
  })

  test('what can not follow changes nothing', () => {
    expect(payoutRecord([signed])).toBeUndefined()
    expect(payoutRecord([planned('manual'), signed])).toMatchObject({ phase: 'planned', transaction: null })
    expect(payoutRecord([planned('automatic'), signed, signed, confirmed])).toMatchObject({ phase: 'signed' })
    const twice = payoutRecord([planned('automatic'), planned('manual')])
    expect(twice).toMatchObject({ mode: 'automatic', phase: 'approved' })
  })
})

const nothing: PayoutObservation = { transaction: { kind: 'unknown' }, conflict: null, missing: null }
const known: PayoutObservation = { transaction: { kind: 'known' }, conflict: null, missing: null }
const inBlock = (confirmations: number): PayoutObservation => ({
  transaction: { kind: 'in-block', block: BLOCK, confirmations },
  conflict: null,
  missing: null,
})
const taken = (confirmations: number): PayoutObservation => ({
  ...nothing,
  conflict: { ...THIEF, confirmations },
})
const REQUIRED = 2
const MISSING: MissingReward = {
  transaction: 'ee'.repeat(32),
  block: 'ff'.repeat(32),
  displacedBy: REQUIRED,
  isGivenUp: true,
}
const unfunded: PayoutObservation = { ...nothing, missing: MISSING }

const TELL = { kind: 'unfunded', missing: MISSING }

describe('what to do next', () => {
  const after = (...events: readonly PayoutEvent[]) => payoutRecord(events)
  const auto = planned('automatic')
  const recorded = (type: string, more: object = {}): unknown => ({
    kind: 'record',
    event: { type, data: { at: 9, ...more } },
  })

  test.each<[string, ReturnType<typeof payoutRecord>, PayoutObservation, unknown]>([
    ['planned by hand: an operator is asked', after(planned('manual')), nothing, { kind: 'await-approval' }],
    ['approved: sign', after(planned('manual'), approved), nothing, { kind: 'sign' }],
    ['planned by itself: sign', after(auto), nothing, { kind: 'sign' }],
    [
      'its money is gone before it is signed: give it back',
      after(auto),
      taken(1),
      recorded('PayoutReturned', { why: 'funding-gone' }),
    ],
    [
      'the same while an operator is asked',
      after(planned('manual')),
      taken(1),
      recorded('PayoutReturned', { why: 'funding-gone' }),
    ],
    ['signed: publish', after(auto, signed), nothing, { kind: 'publish' }],
    ['signed, published before a crash: record it', after(auto, signed), known, recorded('PayoutPublished')],
    ['signed, in a block already', after(auto, signed), inBlock(7), recorded('PayoutPublished')],
    ['published: wait for a block', after(auto, signed, published), known, { kind: 'watch' }],
    ['published, in one block: wait for more', after(auto, signed, published), inBlock(1), { kind: 'watch' }],
    [
      'published and deep enough',
      after(auto, signed, published),
      inBlock(2),
      recorded('PayoutConfirmed', { block: BLOCK, confirmations: 2 }),
    ],
    ['published and not seen: publish again', after(auto, signed, published), nothing, { kind: 'publish' }],
    [
      'its money went elsewhere: stop and tell',
      after(auto, signed, published),
      taken(1),
      { kind: 'alarm', conflict: { ...THIEF } },
    ],
    [
      'the same before it was published',
      after(auto, signed),
      taken(1),
      { kind: 'alarm', conflict: { ...THIEF } },
    ],
    [
      'and it is deep: give back what was to be paid',
      after(auto, signed, published),
      taken(2),
      recorded('PayoutReturned', { why: 'conflict' }),
    ],
    [
      'in a block of its own: no conflict is believed',
      after(auto, signed, published),
      { ...inBlock(1), conflict: THIEF },
      { kind: 'watch' },
    ],
    ['a reward that it spends is not there: tell', after(auto, signed, published), unfunded, TELL],
    ['the same before it was published', after(auto, signed), unfunded, TELL],
    [
      'and when it went out again at this height',
      after(auto, signed, published),
      { ...known, missing: MISSING },
      TELL,
    ],
    ['and before it is signed: it is not', after(auto), unfunded, TELL],
    ['and while an operator is asked', after(planned('manual')), unfunded, TELL],
    [
      'in a block of its own: nothing is missing',
      after(auto, signed, published),
      { ...inBlock(1), missing: MISSING },
      { kind: 'watch' },
    ],
    [
      'spent by something else: that decides',
      after(auto, signed, published),
      { ...taken(1), missing: MISSING },
      { kind: 'alarm', conflict: { ...THIEF } },
    ],
    ['confirmed: done', after(auto, signed, published, confirmed), nothing, { kind: 'done' }],
    ['returned: done', after(auto, back('rejected')), known, { kind: 'done' }],
  ])('%s', (_, record, seen, step) => {
    if (record === undefined) throw new Error('no record')
    expect(nextPayoutStep(record, seen, REQUIRED, 9)).toMatchObject(step as PayoutStep)
  })
})

test.each<[string, PayoutObservation, boolean]>([
  ['all that it takes', unfunded, true],
  ['it was published at this height', { ...known, missing: MISSING }, true],
  ['nothing is missing', nothing, false],
  ['the block in its place is not deep', { ...nothing, missing: { ...MISSING, displacedBy: 1 } }, false],
  ['a block that pays it may come back', { ...nothing, missing: { ...MISSING, isGivenUp: false } }, false],
  ['it is in a block', { ...inBlock(1), missing: MISSING }, false],
  ['something else has the money', { ...taken(9), missing: MISSING }, false],
])('money of a signed payout may be put back by an operator: %s', (_, seen, may) => {
  expect(mayReturn(seen, REQUIRED)).toBe(may)
})

/** A world with one payout's transaction: published or not, mined or not, and how often it was sent. */
interface World {
  published: boolean
  depth: number
}

/**
 * A payout's actor that dies whenever `dies` says so: between deciding and acting, between acting and recording. What is
 * recorded stays, what the world did stays.
 */
function live(
  mode: 'automatic' | 'manual',
  dies: readonly boolean[],
): { log: readonly PayoutEvent[]; ids: Set<string> } {
  const log: PayoutEvent[] = [planned(mode)]
  const world: World = { published: false, depth: 0 }
  const ids = new Set<string>()
  let moment = 0
  const dead = (): boolean => dies[moment++] ?? false
  for (let turn = 0; turn < 100; turn++) {
    const record = payoutRecord(log)
    if (record === undefined) throw new Error('no record')
    const seen = world.depth > 0 ? inBlock(world.depth) : world.published ? known : nothing
    const step = nextPayoutStep(record, seen, REQUIRED, turn)
    if (dead()) continue
    switch (step.kind) {
      case 'await-approval':
        log.push(approved)
        break
      case 'sign':
        if (!dead()) log.push(signed)
        break
      case 'publish':
        if (record.transaction !== null) ids.add(record.transaction)
        world.published = true
        if (!dead() && record.phase === 'signed') log.push(published)
        break
      case 'watch':
        world.depth++
        break
      case 'record':
        log.push(step.event)
        break
      case 'alarm':
      case 'unfunded':
        throw new Error('nobody took the money')
      case 'done':
        return { log, ids }
    }
  }
  throw new Error('the payout never ended')
}

test('however often it dies, at whatever point, a payout ends the same way and is one transaction', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('automatic', 'manual'),
      fc.array(fc.boolean(), { maxLength: 40 }),
      (mode, dies) => {
        const { log, ids } = live(mode, dies)
        expect(log.map(({ type }) => type)).toEqual(
          ['PayoutPlanned', 'PayoutApproved', 'PayoutSigned', 'PayoutPublished', 'PayoutConfirmed'].filter(
            (type) => mode === 'manual' || type !== 'PayoutApproved',
          ),
        )
        expect([...ids]).toEqual([ID])
      },
    ),
  )
})
