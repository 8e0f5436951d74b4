import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HEALTH_EVERY_MS } from '../../../adapters/node/dcrd/limits.ts'
import { dcrdNode } from '../../../adapters/node/dcrd/node.ts'
import { NODE_DEADLINE_MS, type Node } from '../../../adapters/node/port.ts'
import { headerHeight, NONCE_OFFSET, STAKE_VERSION_OFFSET } from '../../../domain/decred/header.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { mine, type TestBlock, workOn } from './chain.ts'
import { type Certificate, type FakeDcrd, fakeDcrd, makeCertificate, serveSimnet } from './fake-dcrd.ts'
import { type Listener, listen } from './listen.ts'
import { type ManualTimers, manualTimers } from './manual-timers.ts'

const BLAKE256_PADDING = '8000000100000000000005a0'
const GREETING = [
  'version',
  'getcurrentnet',
  'getblockchaininfo',
  'notifyblocks',
  'notifywork',
  'getbestblock',
]

let certificate: Certificate
let server: FakeDcrd
let timers: ManualTimers
let node: Node
let heard: Listener
/** Tip of the server's chain. */
let tip: TestBlock
let stopped: boolean

beforeAll(async () => {
  certificate = await makeCertificate()
})
beforeEach(async () => {
  tip = mine(undefined)
  stopped = false
  timers = manualTimers()
  server = await serve()
  node = dcrdNode({
    name: 'east',
    address: server.address,
    certificate: certificate.cert,
    user: 'user',
    password: 'pass',
    network: 'simnet',
    after: timers.after,
    random: () => 0,
  })
  heard = listen(node)
})
afterEach(async () => {
  await node.stop()
  if (!stopped) await server.stop()
})

async function serve(options?: Parameters<typeof fakeDcrd>[1]): Promise<FakeDcrd> {
  const made = await fakeDcrd(certificate, options)
  serveSimnet(made, () => tip)
  return made
}

/** Starts the node and takes its first events. */
async function comeUp(): Promise<void> {
  node.start()
  await heard.next('up')
  await heard.next('work')
}

/** The server's chain grows by a block, and all are told. */
function connectBlock(salt = 0): TestBlock {
  tip = mine(tip, salt)
  server.notify('blockconnected', toHex(tip.header), null)
  return tip
}

const notifyWork = (parent: TestBlock, reason: string, salt = 0) =>
  server.notify('work', workOn(parent, salt), '00'.repeat(32), reason)

/** All that was said so far has arrived once this call is answered. */
const settle = () => node.tip()()

/** Lets time go by while the node answers pings. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 4_000) {
    timers.advance(Math.min(left, 4_000))
    await settle()
  }
}

const portOf = ({ address }: FakeDcrd) => Number(address.split(':')[1])

describe('events', () => {
  test('greets in order, then up with the tip, then the work that was asked for', async () => {
    node.start()
    expect(await heard.next('up')).toEqual({
      kind: 'up',
      node: 'east',
      tip: { hash: tip.hash, height: tip.height },
    })
    const { work } = await heard.next('work')
    expect(work).toMatchObject({ reason: 'asked', powAlgorithm: 'blake3' })
    expect(headerHeight(work.header)).toBe(tip.height + 1)
    expect(server.requests).toEqual([...GREETING, 'https getwork'])
  })

  test("reasons of work; others than dcrd's are ignored", async () => {
    await comeUp()
    for (const reason of ['newparent', 'unknown', 'newvotes', 'somethingelse', 'newtxns'])
      notifyWork(tip, reason)
    await settle()
    expect(heard.unread().map((event) => event.kind === 'work' && event.work.reason)).toEqual([
      'new-parent',
      'new-transactions',
      'new-votes',
      'new-transactions',
    ])
  })

  test('nonce and extra data of work are cleared, all else is kept', async () => {
    await comeUp()
    const template = `${'ab'.repeat(128)}66000000${'ab'.repeat(48)}`
    server.notify('work', template + '00'.repeat(12), '', 'newvotes')
    const { work } = await heard.next('work')
    const text = toHex(work.header)
    expect(text.slice(2 * NONCE_OFFSET, 2 * STAKE_VERSION_OFFSET)).toBe('00'.repeat(36))
    expect(text.slice(0, 2 * NONCE_OFFSET)).toBe(template.slice(0, 2 * NONCE_OFFSET))
    expect(text.slice(2 * STAKE_VERSION_OFFSET)).toBe(template.slice(2 * STAKE_VERSION_OFFSET))
  })

  test('blocks that come and go', async () => {
    await comeUp()
    const genesis = tip
    const first = connectBlock()
    expect((await heard.next('block-connected')).header).toEqual(first.header)
    server.notify('blockdisconnected', toHex(first.header))
    tip = genesis
    expect((await heard.next('block-disconnected')).header).toEqual(first.header)
    const other = connectBlock(1)
    expect((await heard.next('block-connected')).header).toEqual(other.header)
  })

  test('other notifications are ignored', async () => {
    await comeUp()
    server.notify('reorganization', 'x', 1, 'y', 2)
    server.notify('newtickets', {}, [])
    await settle()
    expect(heard.unread()).toEqual([])
  })

  test('work that was told is not overtaken by the answer to getwork', async () => {
    server.answers.set('getwork', () => 'hold')
    node.start()
    await heard.next('up')
    const asked = await server.nextHeld()
    notifyWork(tip, 'newvotes', 1)
    await heard.next('work')
    asked.reply({ result: { data: workOn(tip, 2), target: '' } })
    await asked.abandoned
    expect(E.isRight(await settle())).toBe(true)
    expect(heard.unread()).toEqual([])
  })

  test('work that was told for a lower height is replaced by the answer to getwork', async () => {
    server.answers.set('getwork', () => 'hold')
    node.start()
    await heard.next('up')
    const asked = await server.nextHeld()
    notifyWork(tip, 'newvotes')
    await heard.next('work')
    asked.reply({ result: { data: workOn(mine(tip)), target: '' } })
    expect((await heard.next('work')).work.reason).toBe('asked')
  })

  test('a failed getwork is no news when work was told meanwhile', async () => {
    server.answers.set('getwork', () => 'hold')
    node.start()
    await heard.next('up')
    const asked = await server.nextHeld()
    notifyWork(tip, 'newparent')
    await heard.next('work')
    asked.reply({ error: { code: -1, message: 'no work is available' } })
    await asked.abandoned
    await settle()
    expect(heard.unread()).toEqual([])
  })

  test('work told later ends the lack of work', async () => {
    server.answers.set('getwork', () => ({ error: { code: -1, message: 'no work is available' } }))
    node.start()
    await heard.next('up')
    expect((await heard.next('down')).error.kind).toBe('no-work')
    const block = connectBlock()
    notifyWork(tip, 'newparent')
    // The block was told while the node was down, so its `up` is beyond it.
    expect((await heard.next('up')).tip).toEqual({ hash: block.hash, height: block.height })
    await heard.next('work')
    const connections = server.connections()
    await pass(8_000)
    await server.knock()
    expect(server.connections()).toBe(connections + 1)
    expect(heard.unread()).toEqual([])

    tip = mine(tip)
    connectBlock()
    await heard.next('up')
    await heard.next('down')
    await timers.armed(250)
  })

  test('a node that loses its peers says nothing, and is asked now and then', async () => {
    await comeUp()
    await pass(HEALTH_EVERY_MS)
    await timers.armed(HEALTH_EVERY_MS)
    expect(server.requests.filter((request) => request === 'https getwork')).toHaveLength(2)
    expect(heard.unread()).toEqual([])
    server.answers.set('getwork', () => ({ error: { code: -9, message: 'Decred is not connected' } }))
    await pass(HEALTH_EVERY_MS)
    expect((await heard.next('down')).error.kind).toBe('not-synced')
    notifyWork(tip, 'newtxns')
    await settle()
    expect(heard.unread()).toEqual([])
    server.answers.set('getwork', () => ({ result: { data: workOn(tip), target: '00' } }))
    await timers.armed(250)
    timers.advance(250)
    await heard.next('up')
    await heard.next('work')
  })

  test('but not for a node without peers, which would refuse the block', async () => {
    server.answers.set('getwork', () => ({ error: { code: -9, message: 'Decred is not connected' } }))
    node.start()
    await heard.next('up')
    expect((await heard.next('down')).error.kind).toBe('not-synced')
    notifyWork(tip, 'newparent')
    await settle()
    expect(heard.unread()).toEqual([])
  })
})

describe('no block twice, none left out', () => {
  test('a block told while the tip is asked comes after up, unless the tip has it', async () => {
    const [early, late] = [mine(tip), mine(mine(tip))]
    server.answers.set('getbestblock', () => 'hold')
    node.start()
    const asked = await server.nextHeld()
    server.notify('blockconnected', toHex(early.header), null)
    server.notify('blockconnected', toHex(late.header), null)
    asked.reply({ result: { hash: early.hash, height: early.height } })
    expect((await heard.next('up')).tip.hash).toBe(early.hash)
    expect((await heard.next('block-connected')).header).toEqual(late.header)
    await heard.next('work')
    server.answers.delete('getbestblock')
    await settle()
    expect(heard.unread()).toEqual([])
  })

  test('the tip told late is not told again', async () => {
    await comeUp()
    server.notify('blockconnected', toHex(tip.header), null)
    await settle()
    expect(heard.unread()).toEqual([])
  })

  test('after a gap up comes again, with work, whatever was told before', async () => {
    await comeUp()
    notifyWork(mine(mine(mine(tip))), 'newparent')
    await heard.next('work')
    tip = mine(tip)
    const next = connectBlock()
    expect((await heard.next('up')).tip).toEqual({ hash: next.hash, height: next.height })
    expect((await heard.next('work')).work.reason).toBe('asked')
    const after = connectBlock()
    expect((await heard.next('block-connected')).header).toEqual(after.header)
  })

  test('work asked for before a gap is told once, after the gap', async () => {
    server.answers.set('getwork', () => 'hold')
    node.start()
    await heard.next('up')
    const asked = await server.nextHeld()
    tip = mine(tip)
    connectBlock()
    await heard.next('up')
    asked.reply({ result: { data: workOn(tip), target: '' } })
    await heard.next('work')
    await settle()
    expect(heard.unread()).toEqual([])
  })

  test('and never before the up that it belongs to', async () => {
    server.answers.set('getwork', () => 'hold')
    node.start()
    await heard.next('up')
    const work = await server.nextHeld()
    server.answers.set('getbestblock', () => 'hold')
    tip = mine(tip)
    connectBlock()
    const best = await server.nextHeld()
    work.reply({ result: { data: workOn(tip), target: '' } })
    await work.abandoned
    await server.knock()
    expect(heard.unread()).toEqual([])
    serveSimnet(server, () => tip)
    best.reply({ result: { hash: tip.hash, height: tip.height } })
    await heard.next('up')
    await heard.next('work')
  })

  test('a flood of news without an answer where the chain stands ends the connection', async () => {
    server.answers.set('getbestblock', () => 'hold')
    node.start()
    await server.nextHeld()
    for (let i = 0; i < 2_001; i++) connectBlock()
    expect((await heard.next('down')).error.message).toContain('tells news faster')
  })

  test('after a reorganisation that was half heard up comes again', async () => {
    await comeUp()
    server.notify('blockdisconnected', toHex(mine(tip, 7).header))
    await settle()
    expect(heard.unread()).toEqual([])
    server.notify('blockdisconnected', toHex(mine(mine(tip, 7)).header))
    expect((await heard.next('up')).tip.hash).toBe(tip.hash)
  })
})

describe('submit', () => {
  const header = mine(undefined).header

  test('pads for the proof of work; true and false', async () => {
    await comeUp()
    const seen: unknown[] = []
    server.answers.set('getwork', ([data]) => {
      seen.push(data)
      return { result: seen.length === 1 }
    })
    expect(await node.submit(header, 'blake3')).toMatchObject([{ node: 'east', verdict: 'accepted' }])
    expect(await node.submit(header, 'blake256')).toMatchObject([{ node: 'east', verdict: 'rejected' }])
    expect(seen).toEqual([toHex(header) + '00'.repeat(12), toHex(header) + BLAKE256_PADDING])
  })

  test('a refusal is no verdict, and what may be published names no address', async () => {
    await comeUp()
    server.answers.set('getwork', () => ({ error: { code: -32603, message: 'disk full on 192.0.2.1' } }))
    expect(await node.submit(header, 'blake3')).toEqual([
      { node: 'east', verdict: 'failed', message: 'no verdict: no-work' },
    ])
  })

  test('cuts a getwork that is under way, which is made anew after the verdict', async () => {
    await comeUp()
    server.answers.set('getwork', () => 'hold')
    const work = node.currentWork()()
    const asked = await server.nextHeld()
    const first = node.submit(header, 'blake3')
    const second = node.submit(header, 'blake3')
    await asked.abandoned
    const solved = await server.nextHeld()
    expect([asked.via, solved.via]).toEqual(['https', 'websocket'])
    solved.reply({ result: true })
    expect(await first).toMatchObject([{ verdict: 'accepted' }])
    // The second is still with dcrd: no request for work before it has its verdict.
    const connections = server.connections()
    await server.knock()
    expect(server.connections()).toBe(connections + 1)
    const last = await server.nextHeld()
    last.reply({ result: false })
    expect(await second).toMatchObject([{ verdict: 'rejected' }])
    const again = await server.nextHeld()
    expect(again.via).toBe('https')
    again.reply({ result: { data: workOn(tip), target: '' } })
    expect(await work).toMatchObject({ right: { reason: 'asked' } })
  })

  test('work asked for meanwhile waits for the verdict', async () => {
    await comeUp()
    server.answers.set('getwork', () => 'hold')
    const verdict = node.submit(header, 'blake3')
    const solved = await server.nextHeld()
    const connections = server.connections()
    const work = node.currentWork()()
    await server.knock()
    expect(server.connections()).toBe(connections + 1)
    solved.reply({ result: true })
    await verdict
    const asked = await server.nextHeld()
    asked.reply({ result: { data: workOn(tip), target: '' } })
    expect(E.isRight(await work)).toBe(true)
  })

  test('an answer lost with the connection is failed, and nothing is sent again', async () => {
    await comeUp()
    server.answers.set('getwork', ([data]) =>
      data === undefined ? { result: { data: workOn(tip) } } : 'hold',
    )
    const verdict = node.submit(header, 'blake3')
    await server.nextHeld()
    server.cut()
    expect(await verdict).toEqual([{ node: 'east', verdict: 'failed', message: 'no verdict: unreachable' }])
    await heard.next('down')
    timers.advance(250)
    await heard.next('up')
    await heard.next('work')
    await settle()
    expect(server.requests.filter((request) => request === 'getwork')).toHaveLength(1)
    expect(server.held).toEqual([])
  })

  test('while the node is away it fails at once', async () => {
    expect(await node.submit(header, 'blake3')).toMatchObject([{ verdict: 'failed' }])
  })

  test('is not held up by questions that wait', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => 'hold')
    const questions = Array.from({ length: 20 }, (_, height) => node.hashAt(height)())
    expect(await node.submit(header, 'blake3')).toMatchObject([{ verdict: 'accepted' }])
    await server.holds(16)
    expect(server.held).toHaveLength(16)
    server.held.shift()?.reply({ result: tip.hash })
    expect(await questions[0]).toEqual(E.right(tip.hash))
    await server.holds(16)
    for (const call of server.held.splice(0)) call.reply({ result: tip.hash })
    await server.holds(3)
    for (const call of server.held.splice(0)) call.reply({ result: tip.hash })
    expect(await Promise.all(questions)).toEqual(questions.map(() => E.right(tip.hash)))
  })
})

describe('slow and broken nodes', () => {
  test('an answer after the deadline is a timeout, and ignored when it comes', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => 'hold')
    const question = node.hashAt(5)()
    const call = await server.nextHeld()
    await pass(NODE_DEADLINE_MS)
    expect(await question).toMatchObject(
      E.left({ kind: 'timeout', message: expect.stringContaining('getblockhash') }),
    )
    call.reply({ result: tip.hash })
    expect(await settle()).toMatchObject(E.right({ hash: tip.hash }))
    expect(heard.unread()).toEqual([])
  })

  test('getwork without an answer is a timeout too, and is cut', async () => {
    await comeUp()
    server.answers.set('getwork', () => 'hold')
    const work = [node.currentWork()(), node.currentWork()()]
    const call = await server.nextHeld()
    await pass(NODE_DEADLINE_MS)
    expect(await Promise.all(work)).toMatchObject([E.left({ kind: 'timeout' }), E.left({ kind: 'timeout' })])
    await call.abandoned
    expect(server.held).toEqual([])
  })

  test('more questions than can wait are refused at once', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => 'hold')
    const questions = Array.from({ length: 1_017 }, (_, height) => node.hashAt(height)())
    expect(await questions[1_016]).toMatchObject(
      E.left({ kind: 'timeout', message: expect.stringContaining('1000 requests') }),
    )
    server.cut()
    expect(await questions[1_015]).toMatchObject(E.left({ kind: 'unreachable' }))
  })

  test('gone in the middle of a question', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => 'hold')
    const question = node.hashAt(5)()
    await server.nextHeld()
    server.cut()
    expect(await question).toMatchObject(E.left({ kind: 'unreachable' }))
    expect((await heard.next('down')).error.kind).toBe('unreachable')
    expect(await node.tip()()).toMatchObject(E.left({ kind: 'unreachable' }))
  })

  test('a node that answers no ping is given up', async () => {
    const port = portOf(server)
    await server.stop()
    server = await serve({ port, mute: true })
    await comeUp()
    timers.advance(5_000)
    expect(heard.unread()).toEqual([])
    timers.advance(5_000)
    expect((await heard.next('down')).error.message).toContain('answers no more')
  })

  test.each([
    ['no JSON', 'hello'],
    ['half of a message', '{"jsonrpc":"1.0","result":'],
    ['JSON of something else', '[1,2,3]'],
    ['an answer without error', '{"id":1,"result":null}'],
    ['an answer to a question never asked', '{"jsonrpc":"1.0","result":null,"error":null,"id":4000}'],
    [
      'an error without id',
      '{"jsonrpc":"1.0","result":null,"error":{"code":-32700,"message":"x"},"id":null}',
    ],
    ['work that is no hex', '{"jsonrpc":"1.0","method":"work","params":["zz","","newparent"],"id":null}'],
    [
      'work of the wrong length',
      `{"jsonrpc":"1.0","method":"work","params":["${'00'.repeat(191)}","","newparent"],"id":null}`,
    ],
    [
      'work with a padding unknown',
      `{"jsonrpc":"1.0","method":"work","params":["${'00'.repeat(191)}01","","newparent"],"id":null}`,
    ],
    [
      'work for BLAKE-256 where BLAKE3 is active',
      `{"jsonrpc":"1.0","method":"work","params":["${'00'.repeat(180)}${BLAKE256_PADDING}","","newparent"],"id":null}`,
    ],
    [
      'a block that is no header',
      '{"jsonrpc":"1.0","method":"blockconnected","params":["00",null],"id":null}',
    ],
    ['a block that is missing', '{"jsonrpc":"1.0","method":"blockdisconnected","params":[],"id":null}'],
    [
      'a message over the limit',
      `{"jsonrpc":"1.0","method":"any","params":["${'x'.repeat(8 * 2 ** 20)}"],"id":null}`,
    ],
  ])('%s: a protocol error, and the connection is made anew', async (_what, text) => {
    await comeUp()
    server.say(text)
    expect((await heard.next('down')).error.kind).toBe('protocol')
    timers.advance(250)
    await heard.next('up')
    await heard.next('work')
  })

  test('nothing is told after the end, whatever came with it', async () => {
    server.answers.set('getbestblock', () => 'hold')
    node.start()
    const best = await server.nextHeld()
    server.together(() => {
      best.reply({ result: { hash: tip.hash, height: tip.height } })
      server.notify('work', 'garbage')
    })
    while (!heard.all.some(({ kind }) => kind === 'down')) await server.knock()
    await server.knock()
    expect(heard.all.at(-1)?.kind).toBe('down')
    expect(server.requests).not.toContain('https getwork')
  })

  test('nor between news that were held back', async () => {
    server.answers.set('getbestblock', () => 'hold')
    node.start()
    const best = await server.nextHeld()
    server.notify('work', '00'.repeat(180) + BLAKE256_PADDING, '', 'newparent')
    server.notify('blockconnected', toHex(mine(tip).header), null)
    best.reply({ result: { hash: tip.hash, height: tip.height } })
    await heard.next('up')
    expect((await heard.next('down')).error.kind).toBe('protocol')
    await server.knock()
    expect(heard.unread()).toEqual([])
    expect(server.requests).not.toContain('https getwork')
  })

  test('an answer of the wrong shape fails its question and the connection', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => ({ result: 12 }))
    expect(await node.hashAt(1)()).toMatchObject(E.left({ kind: 'protocol' }))
    expect((await heard.next('down')).error.kind).toBe('protocol')
  })

  test('work for BLAKE-256 is fine where BLAKE3 is not active', async () => {
    server.answers.set('getblockchaininfo', () => ({
      result: { blocks: 1, headers: 1, initialblockdownload: false, deployments: {} },
    }))
    server.answers.set('getwork', () => ({ result: { data: workOn(tip).slice(0, 360) + BLAKE256_PADDING } }))
    node.start()
    await heard.next('up')
    expect((await heard.next('work')).work.powAlgorithm).toBe('blake256')
  })
})

describe('coming back', () => {
  test('everything is checked and subscribed to again; up has the tip of now', async () => {
    await comeUp()
    server.cut()
    await heard.next('down')
    tip = mine(mine(tip))
    timers.advance(250)
    expect((await heard.next('up')).tip).toEqual({ hash: tip.hash, height: tip.height })
    expect((await heard.next('work')).work.reason).toBe('asked')
    expect(server.requests).toEqual([...GREETING, 'https getwork', ...GREETING, 'https getwork'])
  })

  test('pauses double from 0.25 s to 5 s, and start anew after a connection that lasted', async () => {
    await comeUp()
    const port = portOf(server)
    await server.stop()
    await heard.next('down')
    for (const pause of [250, 500, 1_000, 2_000, 4_000, 5_000]) {
      await timers.armed(pause)
      timers.advance(pause)
    }
    await timers.armed(5_000)
    server = await serve({ port })
    timers.advance(5_000)
    expect((await heard.next('down')).error.message).toContain('refuses connections')
    await heard.next('up')
    await heard.next('work')

    server.cut()
    await heard.next('down')
    await timers.armed(5_000)
    timers.advance(5_000)
    await heard.next('up')
    await heard.next('work')
    timers.advance(5_000)
    await settle()
    server.cut()
    await heard.next('down')
    await timers.armed(250)
  })

  test('another network after a restart is refused', async () => {
    await comeUp()
    server.answers.set('getcurrentnet', () => ({ result: 0xb194aa75 }))
    server.cut()
    await heard.next('down')
    timers.advance(250)
    expect((await heard.next('down')).error).toMatchObject({
      kind: 'wrong-network',
      message: expect.stringContaining('testnet3'),
    })
  })
})

describe('stop', () => {
  async function expectNoConnection() {
    await server.knock()
    const connections = server.connections()
    timers.advance(60_000)
    await server.knock()
    expect(server.connections()).toBe(connections + 1)
  }

  test('ends the events, answers what waits, leaves no connection', async () => {
    await comeUp()
    server.answers.set('getblockhash', () => 'hold')
    server.answers.set('getwork', () => 'hold')
    let isComplete = false
    node.events.subscribe({ complete: () => (isComplete = true) })
    const waiting = [node.hashAt(1)(), node.currentWork()()]
    const calls = [await server.nextHeld(), await server.nextHeld()]
    await node.stop()
    expect(await Promise.all(waiting)).toMatchObject([E.left({ kind: 'closed' }), E.left({ kind: 'closed' })])
    await Promise.all(calls.map(({ abandoned }) => abandoned))
    expect(isComplete).toBe(true)
    expect(await node.tip()()).toMatchObject(E.left({ kind: 'closed' }))
    expect(server.clients.size).toBe(0)
    await expectNoConnection()
  })

  test('while it connects', async () => {
    node.start()
    await node.stop()
    await expectNoConnection()
    expect(heard.all).toEqual([])
  })

  test('before it was started, and starting after has no effect', async () => {
    await node.stop()
    node.start()
    await expectNoConnection()
  })
})
