import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import {
  type BlockEventType,
  type BlockObservation,
  type BlockPhase,
  type BlockRecord,
  blockMachine,
  decideBlock,
} from '../../../domain/block/lifecycle.ts'
import type { PoolEvent } from '../../../domain/events.ts'

const MATURITY = 16
const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const reward = { transaction: 'cc'.repeat(32), output: 1, atoms: '500000000' }
const unknown: BlockObservation = { known: false, confirmations: 0, displacedBy: 0, next: null, reward: null }
const at = (confirmations: number, next: BlockObservation['next'] = null): BlockObservation => ({
  known: true,
  confirmations,
  displacedBy: 0,
  next,
  reward,
})
const displaced = (displacedBy: number): BlockObservation => ({ ...unknown, displacedBy })
const sideChain = (displacedBy: number): BlockObservation => ({ ...displaced(displacedBy), known: true })

/** A block followed through observations; what was written, and the phase by the machine. */
function follow(observations: readonly BlockObservation[], refusedByAll = false) {
  const actor = createActor(blockMachine)
  actor.start()
  let decidedBy: string | null = null
  const written: PoolEvent[] = []
  for (const seen of observations) {
    const record: BlockRecord = { decidedBy, refusedByAll }
    for (const event of decideBlock(actor.getSnapshot().value, record, seen, MATURITY, 1)) {
      written.push(event)
      const before: BlockPhase = actor.getSnapshot().value
      actor.send({ type: event.type as BlockEventType })
      if (event.type === 'BlockApproved' || event.type === 'BlockDisapproved') decidedBy = event.data.by
      else expect(actor.getSnapshot().value).not.toBe(before)
      if (event.type === 'BlockDisconnected') decidedBy = null
    }
  }
  return { types: written.map(({ type }) => type), phase: actor.getSnapshot().value }
}

const approved = { hash: A, approves: true }
const disapproved = { hash: A, approves: false }

test.each<[string, readonly BlockObservation[], readonly string[], BlockPhase]>([
  [
    'a good life',
    [at(1), at(2, approved), at(17, approved)],
    ['BlockConnected', 'BlockApproved', 'BlockMatured'],
    'matured',
  ],
  [
    'not mature a block too early',
    [at(1), at(16, approved)],
    ['BlockConnected', 'BlockApproved'],
    'approved',
  ],
  [
    'nobody watched while it lived',
    [at(40, approved)],
    ['BlockConnected', 'BlockApproved', 'BlockMatured'],
    'matured',
  ],
  [
    'disapproved, which never matures',
    [at(1), at(2, disapproved), at(60, disapproved)],
    ['BlockConnected', 'BlockDisapproved'],
    'disapproved',
  ],
  [
    'another child decides otherwise',
    [at(2, approved), at(1), at(2, { hash: B, approves: false })],
    ['BlockConnected', 'BlockApproved', 'BlockDisapproved'],
    'disapproved',
  ],
  [
    'reorganised away and back',
    [at(2, approved), sideChain(3), at(4, approved)],
    ['BlockConnected', 'BlockApproved', 'BlockDisconnected', 'BlockConnected', 'BlockApproved'],
    'approved',
  ],
  [
    'lost for good',
    [at(1), sideChain(16), sideChain(17)],
    ['BlockConnected', 'BlockDisconnected', 'BlockOrphaned'],
    'orphaned',
  ],
  [
    'reorganised away deeper than it was mature, and back',
    [at(17, approved), sideChain(6), at(17, approved)],
    ['BlockConnected', 'BlockApproved', 'BlockMatured', 'BlockDisconnected'].concat([
      'BlockConnected',
      'BlockApproved',
      'BlockMatured',
    ]),
    'matured',
  ],
  [
    'lost for good after it was mature',
    [at(17, approved), sideChain(17)],
    ['BlockConnected', 'BlockApproved', 'BlockMatured', 'BlockDisconnected', 'BlockOrphaned'],
    'orphaned',
  ],
  [
    'mature, and another child decides otherwise',
    [at(17, approved), at(20, { hash: B, approves: false })],
    ['BlockConnected', 'BlockApproved', 'BlockMatured', 'BlockDisapproved'],
    'disapproved',
  ],
  ['never connected', [sideChain(1), sideChain(17)], ['BlockOrphaned'], 'orphaned'],
  ['not known to the node that came back', [unknown, unknown], [], 'found'],
  [
    'not known to a node that has not come so far',
    [at(1), unknown, at(2, approved), unknown, at(17, approved), unknown],
    ['BlockConnected', 'BlockApproved', 'BlockMatured'],
    'matured',
  ],
  [
    'on a side chain while no other block is in its place',
    [at(2, approved), sideChain(0)],
    ['BlockConnected', 'BlockApproved'],
    'approved',
  ],
  [
    'never known, and another one is deep in its place',
    [at(2, approved), displaced(16), displaced(17)],
    ['BlockConnected', 'BlockApproved', 'BlockDisconnected', 'BlockOrphaned'],
    'orphaned',
  ],
])('%s', (_, observations, types, phase) => {
  expect(follow(observations)).toEqual({ types, phase })
})

test('refused by every node: given up at the same depth, and says so if it is unknown', () => {
  expect(follow([unknown, displaced(16)], true)).toEqual({ types: [], phase: 'found' })
  expect(follow([at(1)], true)).toEqual({ types: ['BlockConnected'], phase: 'connected' })
  const why = (seen: BlockObservation, refusedByAll: boolean) =>
    decideBlock('found', { decidedBy: null, refusedByAll }, seen, MATURITY, 1).map(({ data }) => data)
  const deep = 'another block of its height is deep enough'
  expect(why(displaced(17), true)).toMatchObject([{ why: 'refused by every node' }])
  expect(why(sideChain(17), true)).toMatchObject([{ why: deep }])
  expect(why(displaced(17), false)).toMatchObject([{ why: deep }])
})

test('asking twice is the same as asking once, and the end is for ever', () => {
  const next = fc.option(fc.record({ hash: fc.constantFrom(A, B), approves: fc.boolean() }))
  const observation = fc.oneof(
    fc.constant(unknown),
    fc.integer({ min: 0, max: 40 }).map(sideChain),
    fc.integer({ min: 0, max: 40 }).map(displaced),
    fc.tuple(fc.integer({ min: 1, max: 40 }), next).map(([n, by]) => at(n, n === 1 ? null : by)),
  )
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 12 }), (observations) => {
      const once = follow(observations)
      expect(follow(observations.flatMap((each) => [each, each]))).toEqual(once)
      const end = once.types.indexOf('BlockOrphaned')
      expect(end).toBe(end < 0 ? -1 : once.types.length - 1)
    }),
  )
})
