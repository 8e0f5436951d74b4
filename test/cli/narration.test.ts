import { describe, expect, test } from 'vitest'
import { type EventData, event } from '../../domain/events.ts'
import type { BlockSummary } from '../../projections/views.ts'
import { blockLine, moneyLine } from '../../src/cli/narration.ts'

const block = (state: BlockSummary['state'], parts: Partial<BlockSummary> = {}): BlockSummary => ({
  hash: '00'.repeat(32),
  height: 12,
  state,
  foundAt: 0,
  effort: 0.84,
  finder: { account: null, address: null, worker: 'attic', connection: 1 },
  reward: { transaction: '11'.repeat(32), output: 2, atoms: '150000000' },
  decidedBy: null,
  confirmations: 1,
  maturity: 16,
  ...parts,
})

describe('a line about a block', () => {
  test('once when it is found, whatever it is seen as first', () => {
    const found = 'Block 12 found by attic with 84.0 % of the expected work'
    expect(blockLine(block('found'), undefined)).toBe(found)
    expect(blockLine(block('connected'), undefined)).toBe(found)
    expect(blockLine(block('submitted'), 'found')).toBeUndefined()
    expect(blockLine(block('connected'), 'submitted')).toBeUndefined()
    expect(blockLine(block('found', { finder: null }), undefined)).toContain('found by a miner')
  })

  test('for what becomes of it, once', () => {
    expect(blockLine(block('matured'), 'approved')).toBe('Block 12 is mature: 1.50000000 DCR may be spent')
    expect(blockLine(block('matured'), 'matured')).toBeUndefined()
    expect(blockLine(block('disapproved'), 'connected')).toContain('disapproved')
    expect(blockLine(block('orphaned'), 'disconnected')).toContain('orphaned for good')
    expect(blockLine(block('approved'), 'connected')).toBeUndefined()
  })
})

describe('a line about money', () => {
  const plan: EventData<'PayoutPlanned'> = {
    v: 1,
    at: 1,
    policy: 1,
    height: 9,
    mode: 'automatic',
    bearer: 'miners',
    address: ['a', 'b'],
    deducted: ['700000000', '530000000'],
    atoms: ['700000000', '530000000'],
    poolFee: null,
    fee: '0',
    feeFromPoolFee: '0',
    feeFromReserve: '0',
    funding: { transaction: [], output: [], tree: [], atoms: [] },
    change: null,
  }

  test('for a payout on its way, over, or returned', () => {
    const of = (step: Parameters<typeof moneyLine>[0]['event']) =>
      moneyLine({ kind: 'payout', payout: 3, event: step, plan })
    expect(of(event('PayoutPlanned', plan))).toBeUndefined()
    expect(of(event('PayoutPublished', { v: 1, at: 1 }))).toBe('Payout 3: 12.3 DCR to 2 miners, on its way')
    expect(of(event('PayoutConfirmed', { v: 1, at: 1, block: '00', confirmations: 2 }))).toBe(
      'Payout 3: 12.3 DCR to 2 miners, confirmed',
    )
    expect(of(event('PayoutReturned', { v: 1, at: 1, why: 'rejected', conflict: null }))).toBe(
      'Payout 3: 12.3 DCR to 2 miners, returned (rejected)',
    )
  })

  test('for a reward that is shared, and one that is taken back', () => {
    const shared = event('RewardAllocated', {
      ...{
        v: 1,
        at: 1,
        block: '00',
        height: 12,
        policy: 1,
        reward: '500000000',
        fee: '5000000',
        reserve: '0',
      },
      ...{ window: null, part: 1, parts: 1, account: ['a'], units: ['1'], atoms: ['495000000'] },
    })
    expect(moneyLine({ kind: 'settlement', event: shared })).toBe('Block 12 is shared: 4.95 DCR to 1 miner')
    const reversed = event('RewardReversed', { v: 1, at: 1, block: '00', why: 'disapproved' })
    expect(moneyLine({ kind: 'settlement', event: reversed })).toBe(
      'A reward is taken back: its block was disapproved',
    )
  })
})
