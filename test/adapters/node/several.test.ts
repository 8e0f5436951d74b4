import * as E from 'fp-ts/lib/Either.js'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Node, NodeError, NodeEvent, Work } from '../../../adapters/node/port.ts'
import { BEHIND_MS_MAX, severalNodes } from '../../../adapters/node/several.ts'
import { type ScriptedNode, scriptedNode } from '../../support/scripted-node.ts'
import { mine, type TestBlock } from './chain.ts'
import { type ManualTimers, manualTimers } from './manual-timers.ts'

const gone: NodeError = { kind: 'unreachable', message: 'gone' }

let east: ScriptedNode
let west: ScriptedNode
let both: Node
let timers: ManualTimers
let heard: NodeEvent[]

beforeEach(() => {
  east = scriptedNode('east')
  west = scriptedNode('west')
  timers = manualTimers()
  both = severalNodes([east.node, west.node], timers.after)
  heard = []
  both.events.subscribe((event) => heard.push(event))
})

const genesis = mine(undefined)
const tipOf = ({ hash, height }: TestBlock) => ({ hash, height })
const workOn = (block: TestBlock, reason: Work['reason'] = 'new-parent'): Work => ({
  header: mine(block).header,
  powAlgorithm: 'blake3',
  reason,
})
const up = (script: ScriptedNode, block: TestBlock) =>
  script.push({ kind: 'up', node: script.node.name, tip: tipOf(block) })
const down = (script: ScriptedNode) => script.push({ kind: 'down', node: script.node.name, error: gone })
const give = (script: ScriptedNode, block: TestBlock, reason?: Work['reason']) =>
  script.push({ kind: 'work', node: script.node.name, work: workOn(block, reason) })
const connected = (script: ScriptedNode, { header }: TestBlock) =>
  script.push({ kind: 'block-connected', node: script.node.name, header })
const disconnected = (script: ScriptedNode, { header }: TestBlock) =>
  script.push({ kind: 'block-disconnected', node: script.node.name, header })

/** What was heard since last asked: `east up 100`, `west work 101 asked`. */
function said(): string[] {
  return heard.splice(0).map((event) => {
    switch (event.kind) {
      case 'up':
        return `${event.node} up ${event.tip.height}`
      case 'work':
        return `${event.node} work ${event.work.reason}`
      default:
        return `${event.node} ${event.kind}`
    }
  })
}

describe('events', () => {
  test('come from the first that gives work, whatever the others say', () => {
    up(east, genesis)
    give(east, genesis, 'asked')
    up(west, genesis)
    give(west, genesis, 'asked')
    const block = mine(genesis)
    connected(west, block)
    connected(east, block)
    give(west, block)
    give(east, block)
    expect(said()).toEqual(['east up 100', 'east work asked', 'east block-connected', 'east work new-parent'])
  })

  test('when it goes down the next one takes over, from its own tip, with its work', () => {
    up(east, genesis)
    give(east, genesis)
    up(west, genesis)
    give(west, genesis)
    const block = mine(genesis)
    connected(west, block)
    give(west, block, 'new-transactions')
    said()
    down(east)
    expect(heard).toEqual([
      { kind: 'down', node: 'east', error: gone },
      { kind: 'up', node: 'west', tip: tipOf(block) },
      { kind: 'work', node: 'west', work: workOn(block, 'asked') },
    ])
  })

  test('its tip follows blocks that left the chain', () => {
    up(east, genesis)
    give(east, genesis)
    const block = mine(genesis)
    up(west, block)
    disconnected(west, block)
    said()
    down(east)
    expect(heard[1]).toEqual({ kind: 'up', node: 'west', tip: tipOf(genesis) })
  })

  test('it is used again as soon as it gives work, not before', () => {
    up(east, genesis)
    give(east, genesis)
    up(west, genesis)
    give(west, genesis)
    down(east)
    said()
    const block = mine(genesis)
    up(east, block)
    connected(west, block)
    expect(said()).toEqual(['west block-connected'])
    give(east, block, 'asked')
    expect(said()).toEqual(['east up 101', 'east work asked'])
    connected(west, mine(block))
    expect(said()).toEqual([])
  })

  test('a node that is up without work is better than none', () => {
    up(west, genesis)
    up(east, genesis)
    expect(said()).toEqual(['west up 100'])
    give(east, genesis)
    expect(said()).toEqual(['east up 100', 'east work asked'])
  })

  test('down is told of the one in use, and of all while none is', () => {
    down(west)
    down(east)
    expect(said()).toEqual(['west down', 'east down'])
    up(east, genesis)
    down(west)
    expect(said()).toEqual(['east up 100'])
    down(east)
    expect(said()).toEqual(['east down'])
  })

  test('an up again of the one in use goes through', () => {
    up(east, genesis)
    give(east, genesis)
    said()
    up(east, mine(genesis))
    expect(said()).toEqual(['east up 101'])
  })

  test('through any failover, whoever follows ends at the tip and hears each block in order', () => {
    const chain = [genesis]
    for (let i = 0; i < 8; i++) chain.push(mine(chain.at(-1)))
    const at = (height: number): TestBlock => chain[height - 100] ?? genesis
    let tip: string | undefined
    both.events.subscribe((event) => {
      if (event.kind === 'up') tip = event.tip.hash
      if (event.kind !== 'block-connected') return
      const block = chain.find(({ header }) => header === event.header)
      expect(at((block?.height ?? 0) - 1).hash).toBe(tip)
      tip = block?.hash
    })
    up(east, at(100))
    give(east, at(100))
    up(west, at(100))
    give(west, at(100))
    connected(west, at(101))
    connected(east, at(101))
    connected(east, at(102))
    down(east)
    connected(west, at(102))
    connected(west, at(103))
    up(east, at(104))
    connected(west, at(104))
    give(east, at(104))
    connected(east, at(105))
    connected(west, at(105))
    down(west)
    connected(east, at(106))
    expect(tip).toBe(at(106).hash)
  })
})

describe('a node that stays up on an old tip', () => {
  const next = mine(genesis)
  const afterNext = mine(next)

  beforeEach(() => {
    for (const script of [east, west]) {
      up(script, genesis)
      give(script, genesis)
    }
    said()
  })

  test('is left once another was higher for some seconds, and used again when it is as high', () => {
    connected(west, next)
    give(west, next)
    timers.advance(BEHIND_MS_MAX - 1)
    expect(said()).toEqual([])
    timers.advance(1)
    expect(said()).toEqual(['west up 101', 'west work asked'])
    connected(west, afterNext)
    give(west, afterNext)
    connected(east, next)
    give(east, next)
    expect(said()).toEqual(['west block-connected', 'west work new-parent'])
    connected(east, afterNext)
    expect(said()).toEqual(['east up 102', 'east work asked'])
    give(east, afterNext)
    timers.advance(BEHIND_MS_MAX)
    expect(said()).toEqual(['east work new-parent'])
  })

  test('is not left when it hears of the block a little later', () => {
    connected(west, next)
    give(west, next)
    timers.advance(BEHIND_MS_MAX - 1)
    connected(east, next)
    give(east, next)
    connected(west, afterNext)
    give(west, afterNext)
    timers.advance(BEHIND_MS_MAX - 1)
    expect(said()).toEqual(['east block-connected', 'east work new-parent'])
  })

  test('is not gone back to when it was down meanwhile', () => {
    connected(west, next)
    give(west, next)
    down(east)
    expect(said()).toEqual(['east down', 'west up 101', 'west work asked'])
    up(east, genesis)
    give(east, genesis)
    timers.advance(BEHIND_MS_MAX)
    expect(said()).toEqual([])
  })

  test('is kept where the other one gives no work', () => {
    down(west)
    up(west, afterNext)
    timers.advance(BEHIND_MS_MAX)
    expect(said()).toEqual([])
    give(west, afterNext)
    timers.advance(BEHIND_MS_MAX)
    expect(said()).toEqual(['west up 102', 'west work asked'])
    down(west)
    expect(said()).toEqual(['west down', 'east up 100', 'east work asked'])
  })
})

describe('blocks go to all', () => {
  test('one verdict for each', async () => {
    east.verdicts.push('rejected')
    expect(await both.submit(genesis.header, 'blake256')).toEqual([
      { node: 'east', verdict: 'rejected', message: 'rejected' },
      { node: 'west', verdict: 'accepted', message: 'accepted' },
    ])
    for (const script of [east, west])
      expect(script.submitted).toEqual([{ header: genesis.header, powAlgorithm: 'blake256' }])
  })

  test('also when one is away', async () => {
    east.failure = gone
    expect(await both.submit(genesis.header, 'blake3')).toMatchObject([
      { verdict: 'failed' },
      { verdict: 'accepted' },
    ])
  })
})

describe('questions', () => {
  beforeEach(() => {
    east.tip = { hash: 'ee', height: 1 }
    west.tip = { hash: 'bb', height: 2 }
  })

  test('go to the one in use', async () => {
    expect(await both.tip()()).toEqual(E.right(east.tip))
    up(west, genesis)
    expect(await both.tip()()).toEqual(E.right(west.tip))
  })

  test('go on to the next when it can not answer', async () => {
    east.failure = gone
    expect(await both.tip()()).toEqual(E.right(west.tip))
    expect(await both.workSubsidy(5, 5)()).toEqual(E.right(5_00000000n))
  })

  test('end with an answer, and that a block is not known is one', async () => {
    const hash = '22'.repeat(32)
    west.rawBlocks.set(hash, genesis.header)
    expect(await both.rawBlock(hash)()).toMatchObject(E.left({ kind: 'not-found' }))
    east.failure = gone
    expect(await both.rawBlock(hash)()).toEqual(E.right(genesis.header))
    expect(await both.block(hash)()).toMatchObject(E.left({ kind: 'not-found' }))
  })

  test('end with the error of the first when none can answer', async () => {
    east.failure = gone
    west.failure = { kind: 'timeout', message: 'slow' }
    expect(await both.hashAt(3)()).toEqual(E.left(gone))
    expect(await both.currentWork()()).toEqual(E.left(gone))
  })

  test('of a view go to the node in use when it was taken, and to no other', async () => {
    const before = both.view()
    east.failure = gone
    expect(await before.tip()()).toEqual(E.left(gone))
    expect(await before.block('22'.repeat(32))()).toEqual(E.left(gone))
    up(west, genesis)
    expect(await before.tip()()).toEqual(E.left(gone))
    expect(await both.view().tip()()).toEqual(E.right(west.tip))
    expect(await both.view().hashAt(3)()).toMatchObject(E.left({ kind: 'not-found' }))
  })

  test('are asked of each once', async () => {
    const asked: string[] = []
    const counting = ({ node }: ScriptedNode): Node => ({
      ...node,
      tip: () => async () => {
        asked.push(node.name)
        return E.left(gone)
      },
    })
    up(west, genesis)
    const counted = severalNodes([counting(east), counting(west)])
    up(west, genesis)
    await counted.tip()()
    expect(asked).toEqual(['west', 'east'])
  })
})

test('starts and stops all, and ends its events', async () => {
  let isComplete = false
  both.events.subscribe({ complete: () => (isComplete = true) })
  both.start()
  expect([east.phase, west.phase]).toEqual(['started', 'started'])
  await both.stop()
  expect([east.phase, west.phase]).toEqual(['stopped', 'stopped'])
  expect(isComplete).toBe(true)
  expect(heard).toEqual([])
})

test('is named after all; no nodes, or two networks, are a mistake of the program', () => {
  expect(both).toMatchObject({ name: 'east, west', network: 'simnet' })
  expect(() => severalNodes([])).toThrow('no nodes')
  expect(() => severalNodes([east.node, scriptedNode('north', 'mainnet').node])).toThrow('different networks')
})
