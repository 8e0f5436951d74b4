import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { WorkReason } from '../../adapters/node/port.ts'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { type NodeWatcher, watchNode } from '../../src/actors/node-watcher.ts'
import { scriptedNode } from '../support/scripted-node.ts'

const SLOW = { kind: 'timeout', message: 'getblocksubsidy took too long' } as const

const open: NodeWatcher[] = []
beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  for (const watcher of open.splice(0)) watcher.stop()
  vi.useRealTimers()
})

function desk() {
  const script = scriptedNode()
  /** Heights of the work that was given out, and `held`. */
  const given: (number | 'held')[] = []
  const watcher = watchNode({
    node: script.node,
    members: [script.node],
    nodeGoneMsMax: 60_000,
    work: ({ header }) => given.push(new DataView(header.buffer).getUint32(128, true)),
    holdWork: () => given.push('held'),
    chainMoved: () => undefined,
    blockConnected: async () => undefined,
    catchUpBlocksMax: 1,
    onError: () => undefined,
    log: pino({ level: 'silent' }),
  })
  open.push(watcher)
  return {
    script,
    given,
    watcher,
    up: () => script.push({ kind: 'up', node: 'scripted', tip: script.tip }),
    down: () =>
      script.push({ kind: 'down', node: 'scripted', error: { kind: 'unreachable', message: 'away' } }),
    work: (height: number, reason: WorkReason = 'new-parent') => {
      const header = new Uint8Array(HEADER_BYTES)
      new DataView(header.buffer).setUint32(128, height, true)
      script.push({ kind: 'work', node: 'scripted', work: { header, powAlgorithm: 'blake3', reason } })
    },
  }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('work whose subsidy the node does not say', () => {
  test('is given out as soon as it says it, and asked for ever less often', async () => {
    const { script, given, up, work } = desk()
    up()
    script.failure = SLOW
    const asked = vi.spyOn(script.node, 'workSubsidy')
    work(7)
    await pass(60_000)
    expect(given).toEqual([])
    expect(asked.mock.calls.length).toBeLessThan(20)
    script.failure = undefined
    await pass(5_000)
    expect(given).toEqual([7])
    await pass(60_000)
    expect(given).toEqual([7])
  })

  test('is given out a quarter of a second later when it was away for a moment', async () => {
    const { script, given, up, work } = desk()
    up()
    script.failure = SLOW
    work(7)
    await pass(100)
    script.failure = undefined
    await pass(200)
    expect(given).toEqual([7])
  })

  test('is not given out when there is newer work, or its node went away', async () => {
    const { script, given, up, down, work } = desk()
    up()
    script.failure = SLOW
    work(7)
    await pass(100)
    script.failure = undefined
    work(8)
    await pass(10_000)
    expect(given).toEqual([8])
    script.failure = SLOW
    work(19)
    await pass(100)
    down()
    script.failure = undefined
    await pass(10_000)
    expect(given).toEqual([8])
  })

  test('nor when the pool has stopped', async () => {
    const { script, given, up, work, watcher } = desk()
    up()
    script.failure = SLOW
    work(7)
    await pass(100)
    watcher.stop()
    script.failure = undefined
    await pass(10_000)
    expect(given).toEqual([])
  })
})

test('work is held once there has been no node for the time that is set, each time', async () => {
  const { given, up, down, work } = desk()
  await pass(59_000)
  up()
  work(1)
  await pass(0)
  down()
  await pass(59_000)
  up()
  await pass(100_000)
  expect(given).toEqual([1])
  down()
  await pass(61_000)
  expect(given).toEqual([1, 'held'])
  up()
  work(2)
  await pass(0)
  down()
  await pass(61_000)
  expect(given).toEqual([1, 'held', 2, 'held'])
})
