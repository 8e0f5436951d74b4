import { describe, expect, test } from 'vitest'
import { healthOf, PROJECTION_LAG_MS_MAX, WORK_AGE_MS_MAX } from '../../../adapters/http/health.ts'
import type { NodeHealth, PoolStatus } from '../../../adapters/http/port.ts'
import { poolExample } from './pool-example.ts'

const now = 1_790_000_000_000
const { status } = poolExample(now)
const node = (name: string, state: NodeHealth['state'], message = ''): NodeHealth => ({
  name,
  state,
  message,
  tip: null,
})

describe('health', () => {
  test('is well when nothing is wrong', () => {
    expect(healthOf(status, 0, now)).toEqual({
      level: 'well',
      sentence: 'Everything works: the node is up, work is fresh, shares are stored.',
      findings: [],
    })
  })

  const faults: readonly [string, Partial<PoolStatus>, number, 'impaired' | 'down', RegExp][] = [
    [
      'the only node is down',
      { nodes: [node('main', 'down', 'It refuses the password.')] },
      0,
      'down',
      /^The node is down; .*It refuses the password\.$/,
    ],
    [
      'the only node is starting',
      { nodes: [node('main', 'starting')] },
      0,
      'down',
      /^The node is still starting; /,
    ],
    [
      'all of several nodes are down',
      { nodes: [node('a', 'down'), node('b', 'down')] },
      0,
      'down',
      /^None of the nodes is up/,
    ],
    [
      'one of several nodes is down',
      { nodes: [node('a', 'up'), node('b', 'down', 'gone')] },
      0,
      'impaired',
      /^Node b is down; another one gives work\. gone\.$/,
    ],
    [
      'the ledger has stopped',
      { ledger: { ...status.ledger, state: 'stopped', message: 'The log does not fit.' } },
      0,
      'impaired',
      /^The public ledger has stopped; shares are counted all the same\. The log does not fit\.$/,
    ],
    [
      'the ledger can’t be written',
      { ledger: { ...status.ledger, message: 'No space left.' } },
      0,
      'impaired',
      /^The public ledger can't be written for now; shares are counted all the same\. No space left\.$/,
    ],
    ['there is no node', { nodes: [] }, 0, 'down', /^No node is configured/],
    ['there is no work', { work: null }, 0, 'down', /no work for miners/],
    [
      'work is old',
      { work: { height: 1, issuedAt: now - WORK_AGE_MS_MAX - 1, job: 1, reason: 'refresh' } },
      0,
      'down',
      /^Work is 3 minutes old/,
    ],
    [
      'the store is away',
      { journal: { state: 'store-away', queued: 1812, queueMax: 50_000 } },
      0,
      'impaired',
      /1,812 shares wait .* room for 50,000 shares/,
    ],
    [
      'the queue is full',
      { journal: { state: 'full', queued: 50_000, queueMax: 50_000 } },
      0,
      'down',
      /new ones are refused/,
    ],
    ['the read models are behind', {}, PROJECTION_LAG_MS_MAX + 1000, 'impaired', /11 seconds behind/],
    ['no port is open', { listeners: [] }, 0, 'down', /No port is open for miners/],
  ]
  test.each(faults)('says so when %s', (_, change, lagMs, level, sentence) => {
    const health = healthOf({ ...status, ...change }, lagMs, now)
    expect(health.level).toBe(level)
    expect(health.findings).toHaveLength(1)
    expect(health.sentence).toMatch(sentence)
    expect(health.sentence).toMatch(/[.]$/)
  })

  test('is still well at the very limits', () => {
    const work = { height: 1, issuedAt: now - WORK_AGE_MS_MAX, job: 1, reason: 'refresh' } as const
    expect(healthOf({ ...status, work }, PROJECTION_LAG_MS_MAX, now).level).toBe('well')
  })

  test('puts the worst first', () => {
    const health = healthOf({ ...status, nodes: [node('a', 'up'), node('b', 'down')], work: null }, 0, now)
    expect(health.findings.map((finding) => finding.level)).toEqual(['down', 'impaired'])
    expect(health.level).toBe('down')
  })
})
