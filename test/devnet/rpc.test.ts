import { X509Certificate } from 'node:crypto'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockHash } from '../../domain/decred/header.ts'
import { DEMO_MINING_ADDRESS } from '../../src/devnet/demo-key.ts'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet/devnet.ts'
import { type Client, connect, post } from './client.ts'
import { bytes, solveData, type WorkData } from './solve.ts'

const LIMITED = { user: 'guest', password: 'look' }

let devnet: Devnet
let client: Client

async function start(options: DevnetOptions = {}): Promise<void> {
  devnet = await startDevnet({ startDifficulty: 1, retarget: false, limited: LIMITED, ...options })
  client = await connect(devnet)
}

beforeEach(() => start())
afterEach(async () => {
  client.close()
  await devnet.stop()
})

const request = (method: string, ...params: unknown[]): string =>
  JSON.stringify({ jsonrpc: '1.0', id: 7, method, params })

const notFound = { code: -32601, message: 'Method not found' }

describe('who is let in', () => {
  test('nobody with a wrong password, by websocket or POST', async () => {
    const stranger = { user: devnet.user, password: 'guessed' }
    await expect(connect(devnet, stranger)).rejects.toThrow('401')
    const { status, body } = await post(devnet, request('getblockcount'), stranger)
    expect([status, body]).toEqual([401, '401 Unauthorized.\n'])
    expect((await post(devnet, request('getblockcount'), null)).status).toBe(401)
  })

  test('a websocket without a password, once it authenticates; else it is closed', async () => {
    const late = await connect(devnet, null)
    expect((await late.call('authenticate', devnet.user, devnet.password)).text).toBe(
      '{"jsonrpc":"1.0","result":null,"error":null,"id":1}',
    )
    expect(await late.ask('getblockcount')).toBe(1)
    late.close()
    for (const [method, ...params] of [
      ['getblockcount'],
      ['authenticate', devnet.user, 'guessed'],
    ] as const) {
      const refused = await connect(devnet, null)
      void refused.call(method, ...params)
      await refused.closed
    }
  })

  test('the limited user, to look only; the code depends on the way', async () => {
    const guest = await connect(devnet, LIMITED)
    expect(await guest.ask('getbestblockhash')).toBe(devnet.chain.tip.hash)
    expect((await guest.call('notifyblocks')).error).toBeNull()
    const message = 'limited user not authorized for this method'
    for (const method of ['getwork', 'notifywork', 'stopnotifyblocks', 'ping', 'getmininginfo'])
      expect((await guest.call(method)).error, method).toEqual({ code: -32602, message })
    expect((await guest.call('generate')).error?.code).toBe(-8)
    expect((await guest.call('nosuchmethod')).error).toEqual(notFound)
    guest.close()
    const { body } = await post(devnet, request('getwork'), LIMITED)
    expect(JSON.parse(body).error).toEqual({ code: -8, message })
  })

  test('whoever trusts its certificate, and nobody who trusts another', async () => {
    const named = new X509Certificate(devnet.certificate)
    expect(named.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
    const other = await startDevnet({ startDifficulty: 1 })
    await expect(connect({ ...devnet, certificate: other.certificate })).rejects.toThrow('self-signed')
    await expect(connect({ ...devnet, host: 'localhost' })).resolves.toBeDefined()
    await other.stop()
  })

  test('twenty-five websockets at most', async () => {
    const others = await Promise.all(Array.from({ length: 24 }, () => connect(devnet)))
    const surplus = await connect(devnet)
    await surplus.closed
    others.at(0)?.close()
    await others.at(0)?.closed
    for (const other of others) other.close()
  })

  test('a connection that never says a word does no harm', async () => {
    const socket = connectTls({ host: devnet.host, port: devnet.port, ca: devnet.certificate })
    await new Promise<void>((resolve) => socket.once('secureConnect', resolve))
    socket.destroy()
    expect(await client.ask('getblockcount')).toBe(1)
  })

  test('a devnet is on this machine only, and pays addresses of simnet only', async () => {
    await expect(startDevnet({ host: '0.0.0.0' })).rejects.toThrow('this machine only')
    await expect(startDevnet({ miningAddress: 'DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx' })).rejects.toThrow(
      'simnet',
    )
    await expect(startDevnet({ port: devnet.port })).rejects.toThrow('EADDRINUSE')
  })
})

describe('how requests are read', () => {
  test('by POST anywhere, but without what only a websocket has', async () => {
    expect((await post(devnet, request('getblockcount'))).body).toBe(
      '{"jsonrpc":"1.0","result":1,"error":null,"id":7}\n',
    )
    expect(JSON.parse((await post(devnet, request('notifyblocks'))).body).error).toEqual(notFound)
    expect((await post(devnet, '{"method":"getblockcount","id":null}')).body).toBe('\n')
    expect(JSON.parse((await post(devnet, 'garbage')).body).error.code).toBe(-32700)
  })

  test.each([
    [
      '{"jsonrpc":"2.0","id":"a","method":"getblockcount"}',
      '{"jsonrpc":"2.0","result":1,"error":null,"id":"a"}',
    ],
    [
      '{"id":1.5,"method":"getblockcount","params":null}',
      '{"jsonrpc":"1.0","result":1,"error":null,"id":1.5}',
    ],
    [
      '{"jsonrpc":"1.0","id":7}',
      '{"jsonrpc":"1.0","result":null,"error":{"code":-32600,"message":"Invalid request: malformed"},"id":7}',
    ],
    [
      '{"jsonrpc":"1.0","id":7,"method":"getblock","params":["<&>"]}',
      '{"jsonrpc":"1.0","result":null,"error":{"code":-22,"message":"Argument must be hexadecimal string (not \\"\\u003c\\u0026\\u003e\\")"},"id":7}',
    ],
  ])('%s', async (text, answer) => expect(await client.raw(text)).toBe(answer))

  // Every text here was dcrd 2.1.6's own answer.
  test.each([
    ['getblockhash', [], -8, 'Failed to parse request: wrong number of params (expected 1, received 0)'],
    ['getbestblock', ['x'], -8, 'Failed to parse request: wrong number of params (expected 0, received 1)'],
    [
      'gettxout',
      [],
      -8,
      'Failed to parse request: wrong number of params (expected between 3 and 4, received 0)',
    ],
    [
      'gettxout',
      [1, 0, 0],
      -8,
      "Failed to parse request: parameter #1 'txid' must be type string (got number)",
    ],
    [
      'gettxout',
      ['00', 0, 300],
      -8,
      "Failed to parse request: parameter #3 'tree' must be type int8 (got number 300)",
    ],
    ['gettxout', ['00', 0, 7], -8, 'Tx tree must be regular or stake'],
    [
      'getblockhash',
      [1.5],
      -8,
      "Failed to parse request: parameter #1 'index' must be type int64 (got number 1.5)",
    ],
    [
      'getblock',
      ['00', 'true'],
      -8,
      "Failed to parse request: parameter #2 'verbose' must be type bool (got string)",
    ],
    [
      'getrawtransaction',
      ['00', true],
      -8,
      "Failed to parse request: parameter #2 'verbose' must be type int (got bool)",
    ],
    ['getblock', ['00'], -5, `Block not found: ${'0'.repeat(64)}`],
    ['getblockheader', ['00'], -5, 'Block not found: 00'],
    ['getblockheader', ['zz', true], -22, 'Argument must be hexadecimal string (not "zz")'],
    ['getblockhash', [-1], -1, 'Block number out of range: -1'],
    ['getblocksubsidy', [-1, 4], -32603, 'no block at height -1 exists'],
    ['getrawtransaction', ['00', 1], -5, `No information available about transaction ${'0'.repeat(64)}`],
    ['invalidateblock', ['00'], -5, `Block not found: ${'0'.repeat(64)}`],
    [
      'generate',
      [-1],
      -8,
      "Failed to parse request: parameter #1 'numblocks' must be type uint32 (got number -1)",
    ],
    ['getwork', ['ab'], -8, 'Argument must be a hexadecimal string with length 384 (not 2)'],
    ['nosuchmethod', [], -32601, 'Method not found'],
  ])('%s %j is refused', async (method, params, code, message) =>
    expect((await client.call(method, ...params)).error).toEqual({ code, message }),
  )

  test('the genesis block cannot be called invalid', async () => {
    const genesis = await client.ask<string>('getblockhash', 0)
    expect((await client.call('invalidateblock', genesis)).error).toEqual({
      code: -8,
      message: 'invalidating the genesis block is not allowed',
    })
  })
})

describe('what a pool asks', () => {
  test('the reward’s output, as long as its block is approved', async () => {
    const [, hash] = await devnet.generate(2)
    const block = await client.ask<{ tx: string[]; stx: string[] }>('getblock', hash)
    expect(block.stx).toHaveLength(6)
    const output = () => client.ask('gettxout', block.tx[0], 1, 0, false)
    expect(await output()).toEqual({
      bestblock: hash,
      confirmations: 1,
      value: 5,
      scriptPubKey: {
        asm: expect.stringMatching(/^OP_DUP OP_HASH160 [0-9a-f]{40} OP_EQUALVERIFY OP_CHECKSIG$/),
        hex: expect.stringMatching(/^76a914[0-9a-f]{40}88ac$/),
        reqSigs: 1,
        type: 'pubkeyhash',
        addresses: [DEMO_MINING_ADDRESS],
        version: 0,
      },
      coinbase: true,
    })
    expect(await client.ask('gettxout', block.tx[0], 0, 0)).toBeNull()
    expect(await client.ask('gettxout', block.tx[0], 1, 1)).toBeNull()
    // The treasury's income is not an output that is kept; what a vote earned is.
    expect(await client.ask('gettxout', block.stx[0], 0, 1)).toBeNull()
    expect(await client.ask('gettxout', block.stx[1], 2, 1)).toMatchObject({
      value: 89.0002,
      coinbase: false,
    })
    devnet.disapproveTip()
    await devnet.generate(1)
    expect(await output()).toBeNull()
    const { confirmations, nextblockhash } = await client.ask<{
      confirmations: number
      nextblockhash: string
    }>('getblock', hash)
    // Disapproved or not, the block stays in the chain.
    expect([confirmations, nextblockhash]).toEqual([2, devnet.chain.tip.hash])
    expect(await client.ask('getblockheader', nextblockhash)).toMatchObject({ votebits: 0, voters: 5 })
  })

  test('a vote, in full', async () => {
    const [, hash] = await devnet.generate(2)
    const { stx } = await client.ask<{ stx: string[] }>('getblock', hash)
    expect(await client.ask('getrawtransaction', stx[1], 1)).toMatchObject({
      version: 1,
      vin: [
        { stakebase: '0000', amountin: 89 },
        { vout: 0, tree: 1, amountin: 0.0002, scriptSig: { asm: '', hex: '' } },
      ],
      vout: [
        { value: 0, scriptPubKey: { type: 'nulldata' } },
        { value: 0, scriptPubKey: { asm: 'OP_RETURN 010000000000', type: 'nulldata' } },
        { value: 89.0002, scriptPubKey: { type: 'stakegen-pubkeyhash', reqSigs: 1 } },
      ],
      blockhash: hash,
      blockindex: 1,
    })
  })

  test('work, which it solves by either algorithm', async () => {
    for (const powAlgorithm of ['blake3', 'blake256'] as const) {
      const other = await startDevnet({ startDifficulty: 1, powAlgorithm })
      const pool = await connect(other)
      const solution = solveData(await pool.ask<WorkData>('getwork'), powAlgorithm)
      expect(await pool.ask('getwork', solution)).toBe(true)
      expect(other.chain.tip.hash).toBe(blockHash(bytes(solution.slice(0, 360))))
      expect(await pool.ask('getwork', solution)).toBe(false)
      pool.close()
      await other.stop()
    }
  })

  test('no work while the node itself mines, and no second `generate` then', async () => {
    const mining = client.call('generate', 200)
    expect((await client.call('getwork')).error).toEqual({
      code: -1,
      message:
        'getwork polling is disallowed while CPU mining is enabled. Please disable CPU mining and try again.',
    })
    expect((await client.call('generate', 1)).error?.message).toMatch('already discrete mining')
    expect((await mining).result).toHaveLength(200)
  })

  test('more zeros in an odd number of digits, as dcrd puts them', async () => {
    const { data } = await client.ask<WorkData>('getwork')
    expect((await client.call('getwork', data.slice(1))).error).toBeNull()
  })
})

describe('what a pool is told', () => {
  const submit = async (): Promise<string> => {
    const solution = solveData(await client.ask<WorkData>('getwork'), 'blake3')
    expect(await client.ask('getwork', solution)).toBe(true)
    return blockHash(bytes(solution.slice(0, 360)))
  }
  const take = async (count: number): Promise<readonly string[]> => {
    const methods: string[] = []
    while (methods.length < count) methods.push((await client.next()).method)
    return methods
  }

  test('nothing until it asks, and nothing again when it wants no more', async () => {
    await submit()
    await client.call('notifyblocks')
    await client.call('notifywork')
    await submit()
    expect(await take(2)).toEqual(['blockconnected', 'work'])
    await client.call('stopnotifyblocks')
    await submit()
    expect(await take(1)).toEqual(['work'])
    await client.call('stopnotifywork')
    await submit()
    await client.ask('getblockcount')
    expect(client.notifications).toEqual([])
  })

  test('of a block before or after the answer that its submission gets, in turns', async () => {
    await client.call('notifyblocks')
    const orders = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const from = client.texts.length
      await submit()
      await take(1)
      orders.add(
        client.texts
          .slice(from + 1)
          .map((text) => (text.includes('blockconnected') ? 'block' : 'answer'))
          .join(),
      )
    }
    expect(orders).toEqual(new Set(['block,answer', 'answer,block']))
  })

  test('the work on a new block can be solved, whoever found the block', async () => {
    await client.call('notifywork')
    await devnet.generate(1)
    const { params } = await client.next()
    const [data, target, reason] = params as readonly [string, string, string]
    expect(reason).toBe('newparent')
    expect(await client.ask('getwork', solveData({ data, target }, 'blake3'))).toBe(true)
  })

  test('late blocks become side branches for three heights, then they are too late', async () => {
    const work = await client.ask<WorkData>('getwork')
    await devnet.generate(3)
    expect(await client.ask('getwork', solveData(work, 'blake3', true, 100))).toBe(true)
    await devnet.generate(2)
    await client.ask('getwork')
    expect(await client.ask('getwork', solveData(work, 'blake3', true, 10_000))).toBe(false)
  })

  test('a reorganisation, step by step', async () => {
    await devnet.generate(3)
    await client.call('notifyblocks')
    await devnet.reorganize(2)
    expect(await take(6)).toEqual([
      'blockdisconnected',
      'blockdisconnected',
      'blockconnected',
      'blockconnected',
      'blockconnected',
      'reorganization',
    ])
  })

  test('of votes and transactions that change its work', async () => {
    await client.call('notifywork')
    await devnet.generate(1)
    await client.next()
    devnet.newVotes(3)
    devnet.newTransactions()
    devnet.disapproveTip()
    const reasons: unknown[] = []
    for (let i = 0; i < 3; i++) reasons.push((await client.next()).params[2])
    expect(reasons).toEqual(['newvotes', 'newtxns', 'newvotes'])
  })
})

describe('faults on request', () => {
  test('answers held back come later, in order, and notifications do not wait', async () => {
    await client.call('notifywork')
    devnet.pauseAnswers()
    const count = client.call('getblockcount')
    const best = client.call('getbestblockhash')
    devnet.newTransactions()
    expect((await client.next()).method).toBe('work')
    expect(client.texts.filter((text) => !text.includes('"work"'))).toHaveLength(1)
    devnet.resumeAnswers()
    expect([(await count).result, (await best).result]).toEqual([1, devnet.chain.tip.hash])
    expect(await client.ask('getblockcount')).toBe(1)
  })

  test('dropped connections can be made again', async () => {
    devnet.dropConnections()
    await client.closed
    client = await connect(devnet)
    expect(await client.ask('getblockcount')).toBe(1)
  })

  test('a muted blockconnected is lost, the work on the block is not', async () => {
    await client.call('notifyblocks')
    await client.call('notifywork')
    devnet.muteBlockConnected(true)
    await devnet.generate(1)
    expect((await client.next()).method).toBe('work')
    devnet.muteBlockConnected(false)
    await devnet.generate(1)
    expect((await client.next()).method).toBe('blockconnected')
  })

  test('no disapproval below the height where voting begins', async () => {
    const other = await startDevnet({ startDifficulty: 1, stakeValidationHeight: 5 })
    expect(() => other.disapproveTip()).toThrow('no votes below block 5')
    await other.stop()
  })

  test('a template that is waited for holds up the block behind it, as in dcrd', async () => {
    const slow = await startDevnet({ startDifficulty: 1, retarget: false, templateWaitMs: 60_000 })
    const pool = await connect(slow)
    await pool.call('notifywork')
    const work = await pool.ask<WorkData>('getwork')
    expect(await pool.ask('getwork', solveData(work, 'blake3'))).toBe(true)
    const { params } = await pool.next()
    const [data, target] = params as readonly [string, string]
    const order: string[] = []
    const waiting = pool.call('getwork').then(() => order.push('work'))
    const block = pool.call('getwork', solveData({ data, target }, 'blake3')).then(() => order.push('block'))
    expect(await pool.ask('getblockcount')).toBe(2)
    expect(order).toEqual([])
    // A newer template ends the wait.
    slow.newTransactions()
    await Promise.all([waiting, block])
    expect(order).toEqual(['work', 'block'])
    expect(slow.chain.tip.height).toBe(3)
    pool.close()
    await slow.stop()
  })
})
