import { describe, expect, test } from 'vitest'
import type { BlockSummary } from '../../projections/views.ts'
import { blockLine } from '../../src/cli/narration.ts'

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
