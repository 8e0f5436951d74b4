import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { WORK_AGE_MS_MAX } from '../../../adapters/http/health.ts'
import type { PoolStatus } from '../../../adapters/http/port.ts'
import { runningExample } from './running.ts'

describe('/healthz', () => {
  test('says that the process is alive, whatever else is wrong', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, nodes: [], work: null }
      example.fault = E.left({ kind: 'damaged', message: 'broken' })
    })
    const response = await pool.get('/healthz')
    expect([response.status, await response.json()]).toEqual([200, { alive: true }])
  })
})

describe('/readyz', () => {
  test('is ready when all is well', async () => {
    const pool = await runningExample()
    const response = await pool.get('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      ready: true,
      reasons: [],
      checks: { node: true, work: true, store: true, projections: true },
    })
  })

  const faults: readonly [string, string, (status: PoolStatus, now: number) => Partial<PoolStatus>][] = [
    [
      'no node is up',
      'node',
      (status) => ({ nodes: status.nodes.map((node) => ({ ...node, state: 'down' as const })) }),
    ],
    ['there is no work', 'work', () => ({ work: null })],
    [
      'work is stale',
      'work',
      (_, now) => ({ work: { height: 1, issuedAt: now - WORK_AGE_MS_MAX - 1, job: 1, reason: 'refresh' } }),
    ],
    ['the store is away', 'store', () => ({ journal: { state: 'store-away', queued: 1, queueMax: 10 } })],
    ['the queue is full', 'store', () => ({ journal: { state: 'full', queued: 10, queueMax: 10 } })],
  ]
  test.each(faults)('is not when %s', async (_, check, change) => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, ...change(example.status, example.now) }
    })
    const response = await pool.get('/readyz')
    expect(response.status).toBe(503)
    const answer = await response.json()
    expect(answer).toMatchObject({ ready: false, checks: { [check]: false } })
    expect(answer).toHaveProperty('reasons.0.message', expect.stringMatching(/\.$/))
  })

  test('is still ready when the ledger has stopped: miners lose nothing by it', async () => {
    const pool = await runningExample((example) => {
      const ledger = { ...example.status.ledger, state: 'stopped', message: 'The log does not fit.' } as const
      example.status = { ...example.status, ledger }
    })
    expect((await pool.get('/readyz')).status).toBe(200)
    const metrics = await (await pool.get('/metrics')).text()
    expect(metrics).toMatch(/^lodebook_ledger_state\{state="stopped"\} 1$/m)
    expect(metrics).toMatch(/^lodebook_ledger_state\{state="publishing"\} 0$/m)
    expect(metrics).toMatch(/^lodebook_ledger_size 901$/m)
    expect(metrics).toMatch(/^lodebook_ledger_checkpoint_age_seconds 0\.4$/m)
  })

  test('is still ready when one of two nodes is down', async () => {
    const pool = await runningExample((example) => {
      const down = { name: 'second', state: 'down', message: '', tip: null } as const
      example.status = { ...example.status, nodes: [...example.status.nodes, down] }
    })
    expect((await pool.get('/readyz')).status).toBe(200)
  })

  test('is not when the read models stay behind the log', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, projections: { position: 5, head: 900 } }
    })
    let response = await pool.get('/readyz')
    while (response.status === 200) {
      pool.now += 11_000
      const work = { height: 1, issuedAt: pool.now, job: 1, reason: 'refresh' } as const
      pool.status = { ...pool.status, work }
      response = await pool.get('/readyz')
    }
    expect(await response.json()).toMatchObject({ checks: { node: true, projections: false } })
  })
})

describe('/metrics', () => {
  test('has the pool, the log and the program', async () => {
    const pool = await runningExample()
    await pool.get('/api/v1/blocks/xyz')
    await pool.get('/nowhere')
    const response = await pool.get('/metrics')
    expect(response.headers.get('Content-Type')).toMatch(/^text\/plain; version=0.0.4/)
    const text = await response.text()
    for (const line of [
      'lodebook_hashes_per_second{window="tenMinutes"} 48213000000000',
      'lodebook_connections 46',
      'lodebook_miners 20',
      'lodebook_workers 43',
      'lodebook_round_effort 0.371204',
      'lodebook_blocks{state="matured"} 33',
      'lodebook_journal_queued 3',
      'lodebook_store_writable 1',
      'lodebook_node_up{node="main"} 1',
      'lodebook_projection_lag_seconds 0',
      'lodebook_work_age_seconds 12',
      'lodebook_work_height 1042311',
      'lodebook_shares_accepted_total 0',
      'lodebook_shares_rejected_total{reason="stale"} 0',
      'lodebook_store_errors_total{kind="unavailable"} 0',
      'lodebook_node_errors_total{kind="timeout"} 0',
      'lodebook_http_seconds_count{route="/api/v1/blocks/:hash",status="400"} 1',
      'lodebook_http_seconds_count{route="none",status="404"} 1',
    ])
      expect(text.split('\n')).toContain(line)
    expect(text).toContain('nodejs_eventloop_lag_seconds ')
    expect(text).toContain('lodebook_commit_seconds_bucket{le="0.005"} 0')
  })

  test('keeps its last figures while the log cannot be read', async () => {
    const pool = await runningExample()
    await pool.get('/metrics')
    pool.fault = E.left({ kind: 'unavailable', message: 'away' })
    pool.status = { ...pool.status, work: null, connections: 2 }
    const text = await (await pool.get('/metrics')).text()
    expect(text).toContain('lodebook_miners 20')
    expect(text).toContain('lodebook_connections 2')
    expect(text).toContain('lodebook_work_age_seconds -1')
  })
})
