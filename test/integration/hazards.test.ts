import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeAddress } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { AccountView } from '../../projections/views.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { blake256Devices, cpuMiner, device, submissionOf } from '../support/devices.ts'
import { address, type House, hardChain, mixedChain, openHouse, poll, stopHouses } from '../support/house.ts'
import { miner, refused, startKnownMiner, startMiner, taken } from '../support/miner.ts'
import { connectStratum } from '../support/stratum-client.ts'

/** What miners, broken ones and hostile ones do to a pool: each of these hurt or killed another pool. */

const SHARE = 8
const fixedShare = { difficulty: { start: null, min: 1, max: null, fixed: SHARE } }

let devnet: Devnet
let house: House
/** Begun first, since its ten seconds may pass beside everything else. */
let halfLine: Promise<number>

beforeAll(async () => {
  devnet = await mixedChain()
  house = await openHouse([devnet], { listener: fixedShare })
  halfLine = sendHalfALine()
})
afterAll(async () => {
  await stopHouses()
  await Promise.all([devnet, ...others].map((each) => each.stop()))
})

const others: Devnet[] = []
async function kept(chain: Promise<Devnet>): Promise<Devnet> {
  others.push(await chain)
  return chain
}

const begin = (n: number, over: Partial<Parameters<typeof startMiner>[0]> = {}) =>
  startMiner({ port: house.port, device: cpuMiner, user: address(n), ...over })
const beginKnown = (n: number) => startKnownMiner({ port: house.port, device: cpuMiner, user: address(n) })

const account = (n: number) => house.api(`miners/${address(n)}?after=${house.log().length - 1}`, AccountView)

async function sendHalfALine(): Promise<number> {
  const rig = await beginKnown(1)
  const began = performance.now()
  rig.client.sendRaw('{"id":99,"method":"mining.su')
  await rig.client.closed
  return performance.now() - began
}

/** How a pool's connections ended, newest last. */
const endings = (of: House) => of.events('MinerDisconnected').map(({ data }) => data.reason)

describe('a share', () => {
  test('before subscribe is answered 25, before authorize 24, and the miner may go on', async () => {
    const client = await connectStratum({ port: house.port })
    const share = [address(2), '000000000000', '00000000', '00000000', '00000000']
    expect((await client.request('mining.submit', share)).error).toEqual([
      25,
      'Not subscribed: send mining.subscribe first',
      null,
    ])
    const subscribed = await client.request('mining.subscribe', [cpuMiner.agent])
    const unauthorized = [24, 'Unauthorized worker: send mining.authorize first', null]
    expect((await client.request('mining.submit', share)).error).toEqual(unauthorized)
    expect(await client.request('mining.authorize', ['nobody', 'x'])).toMatchObject(refused(24))
    expect((await client.request('mining.submit', share)).error).toEqual(unauthorized)
    expect(await client.request('mining.authorize', [address(2), 'x'])).toMatchObject(taken)
    const rig = miner(client, cpuMiner, address(2), subscribed)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await client.close()
  })

  test('sent again is answered 22 and credited once, however its letters are written', async () => {
    const rig = await begin(3)
    const share = await rig.find('share')
    const upper = share.submission.map((text, i) => (i === 0 ? text : text.toUpperCase()))
    const line = (id: number, fields: readonly string[]) =>
      `${JSON.stringify({ id, method: 'mining.submit', params: [rig.user, ...fields] })}\n`
    rig.client.sendRaw(
      line(50, upper) + line(51, share.submission) + line(52, upper) + line(53, share.submission),
    )
    const answers = [50, 51, 52, 53].map(async (id) => (await rig.client.answer(id)).error?.[0] ?? 'true')
    expect(await Promise.all(answers)).toEqual(['true', 22, 22, 22])
    await rig.client.close()
    await poll(async () => (await account(3)).shares.accepted).toBe(1)
  })

  test('is the same share in a later job of the same template', async () => {
    const own = await openHouse([devnet], { listener: fixedShare, mining: { refreshMs: 1 } })
    const rig = await startMiner({ port: own.port, device: cpuMiner, user: address(4) })
    const first = await rig.job()
    const { submission } = await rig.find('share', { ...first, time: first.time + 100 })
    const [, ...solution] = submission
    const submitFor = (job: string) => rig.client.request('mining.submit', [rig.user, job, ...solution])
    const second = await rig.jobAfter(first)
    expect(second.header.subarray(0, 136)).toEqual(first.header.subarray(0, 136))
    expect(await submitFor(first.id)).toMatchObject(taken)
    expect(await submitFor(second.id)).toMatchObject(refused(22))
    await poll(() => own.events('WorkIssued').map(({ data }) => data.reason)).toContain('refresh')
  })

  describe('that two kinds of miner can reach', () => {
    /** Bytes 144 and on in hex, which the sessions of a plain miner and of one that counts in front can both have. */
    const layouts = [
      ['whatsminer/d1-v1.0', 'cpuminer/1.0.0', (a: string, b: string) => a + b],
      ['cgminer/4.9.0', 'NiceHash/1.0.0', (a: string, b: string) => `${a}0badcafe${b}`],
    ] as const

    test.each(layouts)(
      'with %s and %s counts for neither, as long as there are both',
      async (inFront, behind, areaOf) => {
        const asics = await kept(hardChain({ powAlgorithm: 'blake256' }))
        const own = await openHouse([asics], { limits: { resumeGraceMs: 1 } })
        await poll(() => own.pool.status().work).not.toBe(null)
        const start = (agent: string, n: number) =>
          startMiner({ port: own.port, device: device(agent, blake256Devices), user: address(n) })
        const [one, two] = [await start(behind, 1), await start(inFront, 2)]
        const area = areaOf(one.extranonce1, two.extranonce1.slice(-8))
        const jobs = [await one.job(), await two.job()] as const
        expect(jobs[0].header).toEqual(jobs[1].header)

        /** A share of this area: the header's hash must meet difficulty 1, every second does. */
        const share = (from: number) => {
          const header = Buffer.from(jobs[0].header)
          header.write(area, 144, 'hex')
          for (let nonce = from; ; nonce++) {
            header.writeUInt32LE(nonce, 140)
            if ((powHash('blake256', header)[31] ?? 0) >= 0x80) continue
            const attempt = { counter: 0, nonce, time: jobs[0].time }
            return jobs.map((job, i) => {
              const rig = i === 0 ? one : two
              const [id, , ntime, word] = submissionOf(rig.device, job, rig.extranonce1, attempt)
              return [rig.user, id, i === 0 ? area.slice(8) : area, ntime, word]
            })
          }
        }
        const [mine, theirs] = share(0)
        expect(await one.client.request('mining.submit', mine ?? [])).toMatchObject(refused(20))
        expect(await two.client.request('mining.submit', theirs ?? [])).toMatchObject(refused(20))

        await one.client.close()
        await poll(() => own.pool.status().connections).toBe(1)
        const three = await start(behind, 3)
        expect(three.extranonce1).not.toBe(one.extranonce1)
        expect(await two.client.request('mining.submit', theirs ?? [])).toMatchObject(taken)
        await poll(() => own.events('SharesAccepted')).toHaveLength(1)
      },
    )
  })

  test('for work on a block that is no longer the tip is answered 21', async () => {
    const rig = await begin(5)
    const old = await rig.find('share')
    const [tip] = await devnet.generate(1)
    const job = await rig.job(tip)
    expect((await rig.submit(old)).error).toEqual([
      21,
      `Stale job: a block was found since, the work is now on ${tip}`,
      null,
    ])
    expect(await rig.submit(await rig.find('share', job))).toMatchObject(taken)
    await rig.client.close()
  })

  test('in flight when a block was found counts within the time of grace, where there is one', async () => {
    const own = await openHouse([devnet], { listener: fixedShare, mining: { lateShareGraceMs: 60_000 } })
    const rig = await startMiner({ port: own.port, device: cpuMiner, user: address(9) })
    const first = await rig.job()
    const [late, later] = [await rig.find('share', first), await rig.find('share', first)]
    const [, tip] = [await rig.submit(late), ...(await devnet.generate(1))]
    await rig.job(tip)
    expect(await rig.submit(later)).toMatchObject(taken)
    expect(await rig.submit(later)).toMatchObject(refused(22))
    const [next] = await devnet.generate(1)
    await rig.job(next)
    expect(await rig.submit(await rig.find('share', first))).toMatchObject(refused(21))
  })

  test('of wrong shape, job or time is refused in words, and changes nothing', async () => {
    const rig = await begin(6)
    const job = await rig.job()
    const { submission } = await rig.find('share', job)
    const [id, extranonce2, ntime, nonce] = submission
    const time = (seconds: number): string => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(job.time + seconds)
      return bytes.toString('hex')
    }
    const wrong: readonly (readonly [readonly unknown[], number, RegExp])[] = [
      [[id, '', ntime, nonce], 20, /extranonce2 must be 8 hex characters, got 0/],
      [[id, '000000', ntime, nonce], 20, /extranonce2 must be 8 hex characters, got 6/],
      [[id, `${extranonce2}00`, ntime, nonce], 20, /extranonce2 must be 8 hex characters, got 10/],
      [[id, 'zzzzzzzz', ntime, nonce], 20, /extranonce2 must be 8 hex/],
      [[id, '0x000001', ntime, nonce], 20, /extranonce2 must be 8 hex/],
      [[id, extranonce2, ntime.slice(1), nonce], 20, /ntime must be 8 hex characters, got 7/],
      [[id, extranonce2, '        ', nonce], 20, /ntime must be 8 hex/],
      [[id, extranonce2, ntime, `${nonce}0`], 20, /nonce must be 8 hex characters, got 9/],
      [[id, extranonce2, ntime, ''], 20, /nonce must be 8 hex/],
      [[id, extranonce2, time(-1), nonce], 20, /ntime must be \d+ to \d+, got/],
      [[id, extranonce2, time(7_300), nonce], 20, /ntime must be \d+ to \d+, got/],
      [[id, extranonce2, 'ffffffff', nonce], 20, /ntime must be/],
      [['', extranonce2, ntime, nonce], 21, /Stale or unknown job/],
      [['000000009999', extranonce2, ntime, nonce], 21, /000000009999 is not a job/],
      [['x'.repeat(3_000), extranonce2, ntime, nonce], 21, /: x{24} is not a job/],
      [[id, extranonce2, ntime], 20, /submit needs/],
      [[id, 7, ntime, nonce], 20, /submit needs/],
      [[id, null, ntime, nonce], 20, /submit needs/],
      [[], 20, /submit needs/],
    ]
    for (const [fields, code, text] of wrong) {
      const { error, result } = await rig.client.request('mining.submit', [rig.user, ...fields])
      expect([error?.[0], result], JSON.stringify(fields)).toEqual([code, false])
      expect(error?.[1]).toMatch(text)
    }
    expect(await rig.client.request('mining.submit', [rig.user, ...submission, 'more'])).toMatchObject(taken)
    await rig.client.close()
    await poll(async () => (await account(6)).shares.accepted).toBe(1)
  })

  test('may have a time that the miner rolled', async () => {
    const rig = await begin(7)
    const job = await rig.job()
    const late = { ...job, time: job.time + 7_000 }
    const share = await rig.find('share', late)
    expect(await rig.submit(share)).toMatchObject(taken)
    const row = house.events('SharesAccepted').at(-1)?.data
    expect([row?.nonce.at(-1), row?.ntime.at(-1)]).toEqual([share.attempt.nonce, 7_000])
    await rig.client.close()
  })

  test('whose answer its miner does not wait for counts in its farewell too', async () => {
    const rig = await begin(8)
    const shares = [await rig.find('share'), await rig.find('share'), await rig.find('share')]
    for (const { submission } of shares)
      rig.client.sendRaw(
        `${JSON.stringify({ id: 1, method: 'mining.submit', params: [rig.user, ...submission] })}\n`,
      )
    rig.client.socket.end()
    await rig.client.closed
    await poll(() => farewellOf(rig.extranonce1)).toMatchObject({
      accepted: 3,
      difficulty: String(3 * SHARE),
    })
    expect((await account(8)).shares).toMatchObject({ accepted: 3, difficulty: String(3 * SHARE) })
  })

  /** What the log says at the end of the connection that had an extranonce1. */
  function farewellOf(extranonce1: string) {
    const stream = house.events('MinerConnected').find(({ data }) => data.extranonce1 === extranonce1)?.stream
    return house.events('MinerDisconnected').find((each) => each.stream === stream)?.data
  }
})

describe('what is no stratum', () => {
  test.each([
    [
      'a line of 5 000 bytes',
      Buffer.from(`{"id":1,"method":"mining.ping","params":["${'x'.repeat(5_000)}"]}\n`),
    ],
    ['a million bytes without a newline', Buffer.alloc(1_000_000, 'x')],
    ['what is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d, 10])],
    ['ten lines that are no JSON', Buffer.from('{"id":1,\n'.repeat(10))],
    ['ten lines that are no objects', Buffer.from('[]\n1\n"x"\nnull\ntrue\n[{}]\n-1\n1e999\n""\n[[]]\n')],
    ['a greeting of another protocol', Buffer.from(`GET / HTTP/1.1\r\n${'Host: pool\r\n'.repeat(12)}\r\n`)],
  ])('%s ends that connection alone', async (_, bytes) => {
    const [rig, bystander] = [await beginKnown(10), await begin(11)]
    const before = endings(house).length
    rig.client.sendRaw(bytes)
    await rig.client.closed
    await poll(() => endings(house).slice(before)).toEqual(['bad-input'])
    expect(await bystander.submit(await bystander.find('share'))).toMatchObject(taken)
    await bystander.client.close()
    await poll(() => endings(house).length).toBe(before + 2)
  })

  test('is answered in words as long as it may be a mistake', async () => {
    const rig = await begin(12)
    const { client } = rig
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    const lines = [
      'no json',
      '[1,2,3]',
      '42',
      'null',
      '{}',
      `{"id":7,"method":"mining.ping","params":${nested(1_900)}}`,
      `{"id":8,"method":"mining.submit","params":${nested(1_900)}}`,
      `{"id":9,"method":"__proto__","params":[]}`,
      `{"id":10,"method":"constructor"}`,
      `{"id":11,"method":"mining.authorize","params":{"length":2}}`,
      `{"id":12,"method":7}`,
      `{"__proto__":{"method":"mining.ping"},"id":13}`,
      `{"id":14,"result":true,"error":null}`,
    ]
    client.sendRaw(`${lines.join('\n')}\n`)
    await client.request('mining.ping', [], 'last')
    const heard = client.messages.filter(({ method }) => method === undefined).slice(2)
    expect(heard.map(({ id, error, result }) => [id, error?.[1] ?? result])).toEqual([
      [null, 'not JSON'],
      [null, 'not a JSON object'],
      [null, 'not a JSON object'],
      [null, 'not a JSON object'],
      [null, 'no method'],
      [7, 'pong'],
      [8, 'submit needs worker, job, extranonce2, ntime and nonce, all strings'],
      [9, 'unknown method __proto__'],
      [10, 'unknown method constructor'],
      [11, 'params must be an array'],
      [12, 'no method'],
      [13, 'no method'],
      ['last', 'pong'],
    ])
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await client.close()
  })

  test('an id comes back as it went, whatever it is', async () => {
    const client = await connectStratum({ port: house.port })
    const ids: readonly (readonly [string, unknown])[] = [
      ['"text"', 'text'],
      ['"\\u0000 \\" \\\\ \\ud83d\\ude00"', '\u0000 " \\ 😀'],
      ['""', ''],
      ['null', null],
      ['0', 0],
      ['-5', -5],
      ['1.5', 1.5],
      ['9007199254740991', 9007199254740991],
      ['[1]', null],
      ['{"a":1}', null],
      ['true', null],
      ['1e999', null],
    ]
    for (const [sent, expected] of ids) {
      client.sendRaw(`{"id":${sent},"method":"mining.ping"}\n`)
      const last = await new Promise((resolve) => {
        client.socket.once('data', () => resolve(client.messages.at(-1)))
      })
      expect(last, sent).toEqual({ id: expected, error: null, result: 'pong' })
    }
    client.sendRaw('{"method":"mining.ping"}\n')
    expect(await client.answer(null)).toMatchObject({ result: 'pong' })
    await client.close()
  })
})

describe('an address', () => {
  const { simnet, mainnet, testnet3 } = networks
  const twenty = Uint8Array.of(...Buffer.alloc(19), 1)
  const key = Uint8Array.of(2, ...Buffer.alloc(31), 1)
  const slip = address(1).replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))
  const use = 'Use an address that begins with Ss (any wallet gives one) or Sc (a script).'

  test.each([
    ['of mainnet', encodeAddress('public-key-hash-ecdsa', twenty, mainnet), use],
    ['of testnet', encodeAddress('script-hash', twenty, testnet3), use],
    ['of a public key', encodeAddress('public-key-ecdsa', key, simnet), use],
    ['of an Ed25519 key', encodeAddress('public-key-hash-ed25519', twenty, simnet), use],
    ['of a Schnorr key', encodeAddress('public-key-hash-schnorr', twenty, simnet), use],
    ['of another coin', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', use],
    ['that is too long', 'S'.repeat(150), use],
    ['that has no end', 'S'.repeat(3_000), 'a user name has 200 characters at most'],
    ['that is no address', 'worker1', use],
    ['that is not there', '', use],
    ['with a slip of the pen', slip, 'a typing error. Copy it again from your wallet'],
    ['of letters that are in none', slip.replace(/.$/, 'I'), 'without 0, O, I and l. Copy it again'],
  ])('%s is refused in words that help', async (_, text, help) => {
    const client = await connectStratum({ port: house.port })
    await client.request('mining.subscribe', [cpuMiner.agent])
    const { error, result } = await client.request('mining.authorize', [`${text}.rig`, 'x'])
    expect([error?.[0], result]).toEqual([24, false])
    expect(error?.[1]).toMatch(/^Unauthorized worker: /)
    expect(error?.[1]).toContain(help)
    expect(error?.[1].length).toBeLessThan(300)
    await client.close()
  })

  test('of a script is taken', async () => {
    const rig = await begin(20, { user: `${encodeAddress('script-hash', twenty, simnet)}.rig` })
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await rig.client.close()
  })

  test('is not taken as authorized by what was refused before', async () => {
    const client = await connectStratum({ port: house.port })
    const subscribed = await client.request('mining.subscribe', [cpuMiner.agent])
    await client.request('mining.authorize', [`${address(21)}.good`, 'x'])
    await client.request('mining.authorize', ['bad', 'x'])
    const rig = miner(client, cpuMiner, `${address(21)}.good`, subscribed)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await client.close()
  })

  test('is one of 32 on a connection at most', async () => {
    const rig = await begin(22)
    for (let n = 1; n < 32; n++)
      expect(await rig.client.request('mining.authorize', [`${address(22)}.${n}`, 'x'])).toMatchObject(taken)
    expect(await rig.client.request('mining.authorize', [`${address(22)}.32`, 'x'])).toMatchObject(
      refused(24),
    )
    expect(await rig.client.request('mining.authorize', [`${address(22)}.31`, 'x'])).toMatchObject(taken)
    await rig.client.close()
  })
})

describe('many connections', () => {
  /** A socket without a client's machinery, and the lines it hears. */
  async function bare(
    port: number,
  ): Promise<{ readonly socket: Socket; readonly next: () => Promise<string> }> {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setEncoding('utf8').on('error', () => undefined)
    const lines: string[] = []
    let wake: () => void = () => undefined
    let held = ''
    socket.on('data', (text: string) => {
      const cut = (held + text).split('\n')
      held = cut.pop() ?? ''
      lines.push(...cut)
      wake()
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return {
      socket,
      next: async () => {
        for (;;) {
          const line = lines.shift()
          if (line !== undefined) return line
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
    }
  }

  test('2 000 of them have 2 000 extranonces, and those who come after them have others', async () => {
    const join = async () => {
      const { socket, next } = await bare(house.port)
      socket.write('{"id":1,"method":"mining.subscribe","params":["cpuminer/1.0.0"]}\n')
      const [, extranonce1] = JSON.parse(await next()).result
      return { socket, next, extranonce1: String(extranonce1) }
    }
    const first = await Promise.all(Array.from({ length: 2_000 }, join))
    expect(new Set(first.map(({ extranonce1 }) => extranonce1)).size).toBe(2_000)
    // Half of the others mine before they go: what they were given stays theirs for the time of grace.
    const leaving = first.slice(0, 1_000)
    await Promise.all(
      leaving.slice(0, 500).map(async ({ socket, next }) => {
        socket.write(`{"id":2,"method":"mining.authorize","params":["${address(30)}","x"]}\n`)
        await next()
      }),
    )
    for (const { socket } of leaving) socket.destroy()
    await poll(() => house.pool.status().connections).toBeLessThanOrEqual(1_010)
    const second = await Promise.all(Array.from({ length: 1_000 }, join))
    const taken = [...leaving.slice(0, 500), ...first.slice(1_000), ...second]
    expect(new Set(taken.map(({ extranonce1 }) => extranonce1)).size).toBe(2_500)
    for (const { socket } of [...first, ...second]) socket.destroy()
    await poll(() => house.pool.status().connections).toBeLessThanOrEqual(10)
  })

  test('that say nothing are ended in time, leave nothing in the log and keep nobody waiting', async () => {
    const quiet = await openHouse([devnet], {
      listener: fixedShare,
      limits: { preAuthorizationMsMax: 1_000 },
    })
    const rig = await startKnownMiner({ port: quiet.port, device: cpuMiner, user: address(31) })
    const before = quiet.log().length
    const sockets = await Promise.all(Array.from({ length: 3_000 }, () => bare(quiet.port)))
    const began = performance.now()
    // Some do say a little; it is not enough.
    for (const { socket } of sockets.slice(0, 500)) socket.write('{"id":1,"method":"mining.subscribe"}\n')
    await poll(() => quiet.pool.status().connections).toBeGreaterThan(2_000)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await Promise.all(sockets.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))))
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(quiet.pool.status().connections).toBe(1)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    expect(
      quiet
        .log()
        .slice(before)
        .map(({ type }) => type),
    ).toEqual(['SharesAccepted', 'SharesAccepted'])
  })

  test('1 000 of them that come, authorize and leave again leave nothing in the log', async () => {
    const own = await openHouse([devnet], { listener: fixedShare })
    await poll(() => own.events('WorkIssued').length).toBe(1)
    const before = own.log()
    const comeAndGo = async (n: number): Promise<void> => {
      const { socket, next } = await bare(own.port)
      socket.write('{"id":1,"method":"mining.subscribe","params":["cpuminer/1.0.0"]}\n')
      socket.write(`{"id":2,"method":"mining.authorize","params":["${address(32)}.${n}","x"]}\n`)
      let line = ''
      while (!line.includes('mining.notify')) line = await next()
      await new Promise((resolve) => {
        socket.once('close', resolve).destroy()
      })
    }
    for (let round = 0; round < 20; round++)
      await Promise.all(Array.from({ length: 50 }, (_, i) => comeAndGo(50 * round + i)))
    await poll(() => own.pool.status().connections).toBe(0)
    expect(await own.stop()).toBe(true)
    expect(own.log()).toEqual(before)
  })

  test('more than one address may have are turned away', async () => {
    const few = await openHouse([devnet], { limits: { connectionsPerAddressMax: 3 } })
    const three = await Promise.all([1, 2, 3].map(() => connectStratum({ port: few.port })))
    const fourth = await connectStratum({ port: few.port })
    await fourth.closed
    expect((await three[0]?.request('mining.ping', []))?.result).toBe('pong')
    await three[1]?.close()
    await poll(async () => {
      const next = await connectStratum({ port: few.port })
      return next.request('mining.ping', []).then(
        ({ result }) => result,
        () => 'turned away',
      )
    }).toBe('pong')
  })
})

test('miners that do not read are dropped and delay nobody', async () => {
  const own = await openHouse([devnet], { listener: fixedShare })
  const rig = await startMiner({ port: own.port, device: cpuMiner, user: address(40) })
  await rig.job()

  const newsMs = async (): Promise<number> => {
    const began = performance.now()
    devnet.newVotes(4)
    await rig.jobAfter(await rig.job())
    return performance.now() - began
  }
  const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
  const alone: number[] = []
  for (let i = 0; i < 9; i++) alone.push(await newsMs())

  const stalled = await Promise.all(
    Array.from({ length: 20 }, () =>
      startKnownMiner({ port: own.port, device: cpuMiner, user: address(41) }),
    ),
  )
  for (const { client } of stalled) client.socket.pause()
  const beside: number[] = []
  for (let i = 0; i < 9; i++) beside.push(await newsMs())
  // Each asks for 4 MB of answers and takes none of them.
  const question = `${JSON.stringify({ id: 'x'.repeat(3_900), method: 'mining.ping' })}\n`
  for (let i = 0; i < 50; i++) {
    for (const { client } of stalled) client.sendRaw(question.repeat(18))
    if (i % 5 === 0) beside.push(await newsMs())
  }
  await poll(() => endings(own).filter((reason) => reason === 'slow-reader').length).toBe(20)
  expect(own.pool.status().connections).toBe(1)
  expect(median(beside)).toBeLessThan(median(alone) + 250)
  expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
  for (const { client } of stalled) client.socket.destroy()
})

test('a flood of refused shares costs its senders their connections, and the log a line', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const heapBytes = (): number => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const own = await openHouse([devnet], { listener: fixedShare })
  const honest = await startKnownMiner({ port: own.port, device: cpuMiner, user: address(50) })
  const before = heapBytes()

  const flooders = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const rig = await startKnownMiner({ port: own.port, device: cpuMiner, user: `${address(51)}.${i}` })
      return { rig, low: await rig.find('low') }
    }),
  )
  const logged = own.log().length
  const line = (submission: readonly string[]) =>
    `${JSON.stringify({ id: 1, method: 'mining.submit', params: ['x', ...submission] })}\n`
  const PER_CONNECTION = 499
  const acks: number[] = []
  for (const { rig, low } of flooders) {
    const [job, extranonce2, ntime, nonce] = low.submission
    const bad = [
      line(low.submission),
      line(['nonsense', extranonce2, ntime, nonce]),
      line([job, '0', ntime, nonce]),
      line([job, extranonce2, '00000000', nonce]),
    ]
    rig.client.sendRaw(Array.from({ length: PER_CONNECTION }, (_, i) => bad[i % bad.length]).join(''))
  }
  for (let i = 0; i < 10; i++) {
    const share = await honest.find('share')
    const began = performance.now()
    expect(await honest.submit(share)).toMatchObject(taken)
    acks.push(performance.now() - began)
  }
  await Promise.all(
    flooders.map(async ({ rig }) => {
      await rig.client.request('mining.ping', [], 'all heard')
    }),
  )
  expect(Math.max(...acks)).toBeLessThan(2_000)
  expect(
    own
      .log()
      .slice(logged)
      .map(({ type }) => type),
  ).toEqual(Array(10).fill('SharesAccepted'))

  // The one too many.
  for (const { rig, low } of flooders) rig.client.sendRaw(line(low.submission))
  await Promise.all(flooders.map(({ rig }) => rig.client.closed))
  for (const { rig } of flooders) (rig.client.messages as unknown[]).length = 0
  await poll(() => own.events('MinerDisconnected').length).toBe(60)
  expect(new Set(endings(own))).toEqual(new Set(['bad-input']))
  expect(heapBytes() - before).toBeLessThan(30_000_000)
  expect(await honest.submit(await honest.find('share'))).toMatchObject(taken)

  await own.stop()
  const summaries = own.events('SharesRejected')
  const refused = summaries.flatMap(({ data }) => [...data.count, data.others])
  expect(refused.reduce((sum, count) => sum + count, 0)).toBe(60 * (PER_CONNECTION + 1))
  expect(summaries).toHaveLength(1)
  expect(JSON.stringify(summaries).length).toBeLessThan(60_000)
})

test('what a miner calls itself is published short and clean', async () => {
  const hostile = `<script>alert(1)</script>\u0000\u202e${'é'.repeat(100)}`
  const client = await connectStratum({ port: house.port })
  const subscribed = await client.request('mining.subscribe', [hostile])
  await client.request('mining.authorize', [`${address(60)}.${hostile}`, 'x'])
  const rig = miner(client, cpuMiner, address(60), subscribed)
  expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
  await poll(() => house.events('MinerIdentified').at(-1)?.data.agent).toBe(
    `<script>alert(1)</script>??${'?'.repeat(37)}`,
  )
  expect(house.events('WorkerAuthorized').at(-1)?.data.worker).toMatch(/^[\x20-\x7e]{0,64}$/)
  expect(JSON.stringify(house.log())).not.toContain('127.0.0.1')
  await client.close()
})

test('half a line and then silence is given up', async () => {
  expect(await halfLine).toBeGreaterThan(9_000)
  await poll(() => endings(house)).toContain('idle')
}, 20_000)
