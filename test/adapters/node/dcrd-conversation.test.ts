import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dcrdNode } from '../../../adapters/node/dcrd/node.ts'
import type { Node } from '../../../adapters/node/port.ts'
import { realAfter } from '../../../adapters/timers.ts'
import { blockHash, HEADER_BYTES, headerHeight } from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { type FakeDcrd, fakeDcrd, makeCertificate } from './fake-dcrd.ts'
import { type Listener, listen } from './listen.ts'

interface Frame {
  readonly from: 'pool' | 'node'
  readonly text: string
}

/** A recorded request and everything that the node sent until the next. */
interface Exchange {
  readonly method: string
  readonly params: readonly unknown[]
  readonly sent: readonly string[]
}

function readExchanges(file: string): Exchange[] {
  const frames: readonly Frame[] = JSON.parse(readFileSync(`test/vectors/${file}`, 'utf8')).frames
  const exchanges: { method: string; params: unknown[]; sent: string[] }[] = []
  for (const { from, text } of frames) {
    if (from === 'pool') exchanges.push({ ...JSON.parse(text), sent: [] })
    else exchanges.at(-1)?.sent.push(text)
  }
  return exchanges
}

const isAnswer = (text: string) => !text.endsWith('"id":null}')
const answerOf = ({ sent }: Exchange) => JSON.parse(sent.find(isAnswer) ?? '{}')

/** A pool's call, replayed: header of the submit, or undefined when it is none. */
const submitted = ({ method, params: [data] }: Exchange): Uint8Array | undefined =>
  method === 'getwork' && typeof data === 'string' && /^[0-9a-f]{384}$/.test(data)
    ? fromHex(data.slice(0, 2 * HEADER_BYTES))
    : undefined

describe.each<[string, PowAlgorithm, number]>([
  ['dcrd-conversation.json', 'blake3', 100],
  ['dcrd-conversation-blake256.json', 'blake256', 2],
])('%s', (file, powAlgorithm, startHeight) => {
  const exchanges = readExchanges(file)
  const left = [...exchanges]
  const works: string[] = []
  let server: FakeDcrd
  let node: Node
  let heard: Listener

  /** Takes the next recorded exchange for a request and sends what the node sent, verbatim but for the id. */
  async function replay() {
    for (;;) {
      const call = await server.nextHeld()
      const key = JSON.stringify([call.method, call.params])
      const found = left.findIndex(({ method, params }) => JSON.stringify([method, params]) === key)
      const [exchange] = found < 0 ? [] : left.splice(found, 1)
      if (exchange === undefined) call.reply({ error: { code: -1, message: `not recorded: ${key}` } })
      for (const text of exchange?.sent ?? []) {
        if (isAnswer(text)) call.send(text.replace(/"id":\d+}$/, `"id":${call.id}}`))
        else server.say(text)
      }
    }
  }

  beforeAll(async () => {
    const certificate = await makeCertificate()
    server = await fakeDcrd(certificate)
    for (const { method } of exchanges) server.answers.set(method, () => 'hold')
    void replay()
    node = dcrdNode({
      name: 'recorded',
      address: server.address,
      certificate: certificate.cert,
      user: 'user',
      password: 'pass',
      network: 'simnet',
      after: realAfter,
      random: () => 0,
    })
    heard = listen(node)
    node.start()
  })
  afterAll(async () => {
    await node.stop()
    await server.stop()
  })

  test('comes up with the tip and the first work', async () => {
    const up = await heard.next('up')
    const best = exchanges.find(({ method }) => method === 'getbestblock')
    expect(up.tip).toEqual(best && answerOf(best).result)
    expect(up.tip.height).toBe(startHeight)
    const { work } = await heard.next('work')
    expect(work).toMatchObject({ powAlgorithm, reason: 'asked' })
    expect(headerHeight(work.header)).toBe(startHeight + 1)
    works.push(toHex(work.header))
  })

  test('every submit, every notification, in the recorded order', async () => {
    const verdicts = new Map<unknown, string[]>()
    for (const exchange of exchanges) {
      const header = submitted(exchange)
      const notifications = exchange.sent.filter((text) => !isAnswer(text)).map((text) => JSON.parse(text))
      if (header !== undefined) {
        const [verdict] = await node.submit(header, powAlgorithm)
        expect(verdict?.verdict).toBe(answerOf(exchange).result ? 'accepted' : 'rejected')
        const [data] = exchange.params
        verdicts.set(data, [...(verdicts.get(data) ?? []), verdict?.verdict ?? ''])
      } else {
        // Something that a pool never asks, such as invalidateblock: only what came of it is played.
        for (const notification of notifications) server.say(JSON.stringify(notification))
      }
      for (const { method, params } of notifications) {
        if (method === 'reorganization') continue
        if (method === 'work') {
          const { work } = await heard.next('work')
          expect(work).toMatchObject({ powAlgorithm, reason: 'new-parent' })
          expect(toHex(work.header)).toBe(
            params[0].slice(0, 280) + '00'.repeat(36) + params[0].slice(352, 360),
          )
          works.push(toHex(work.header))
        } else {
          const kind = method === 'blockconnected' ? 'block-connected' : 'block-disconnected'
          const { header } = await heard.next(kind)
          expect(toHex(header)).toBe(params[0])
        }
      }
    }
    expect([...verdicts.values()].filter(([first]) => first === 'accepted').length).toBeGreaterThanOrEqual(4)
    expect([...verdicts.values()]).toContainEqual(['accepted', 'rejected'])
    expect(heard.all.filter(({ kind }) => kind === 'block-disconnected')).toHaveLength(1)
    expect(heard.unread()).toEqual([])
    expect(new Set(works).size).toBe(works.length)
  })

  test('questions', async () => {
    const header = exchanges.find(({ method, params }) => method === 'getblockheader' && params[1] === true)
    const hash = String(header?.params[0])
    const info = header && answerOf(header).result
    const block = await node.block(hash)()
    expect(block).toMatchObject(
      E.right({ hash, height: info.height, confirmations: info.confirmations, next: null }),
    )
    if (E.isRight(block)) expect(blockHash(block.right.header)).toBe(hash)

    const raw = exchanges.find(({ method, params }) => method === 'getblock' && params[1] === false)
    expect(await node.rawBlock(hash)()).toEqual(E.right(raw && fromHex(answerOf(raw).result)))

    const hashes = exchanges.filter(({ method }) => method === 'getblockhash')
    expect(await node.hashAt(1)()).toEqual(E.right(hashes[0] && answerOf(hashes[0]).result))
    expect(await node.hashAt(99_999_999)()).toMatchObject(E.left({ kind: 'not-found' }))

    const subsidy = exchanges.find(({ method }) => method === 'getblocksubsidy')
    expect(await node.workSubsidy(startHeight + 2, 5)()).toEqual(
      E.right(BigInt(subsidy && answerOf(subsidy).result.pow)),
    )
    expect(await node.workSubsidy(1_000_000, 5)()).toEqual(E.right(0n))
  })

  test('a block on a side chain has -1 confirmations and no next', async () => {
    const side = exchanges
      .filter(({ method, params }) => method === 'getblockheader' && params[1] === true)
      .at(-1)
    const result = side && answerOf(side).result
    expect(result.confirmations).toBe(-1)
    // Only the verbose answer was recorded for this block.
    server.answers.set('getblockheader', ([, verbose]) => ({
      result: verbose ? result : '00'.repeat(HEADER_BYTES),
    }))
    expect(await node.block(result.hash)()).toMatchObject(
      E.right({ confirmations: -1, next: null, height: result.height }),
    )
  })

  test('work that was asked for later', async () => {
    const last = left.find(({ method, params }) => method === 'getwork' && params.length === 0)
    const work = await node.currentWork()()
    expect(work).toMatchObject(E.right({ powAlgorithm, reason: 'asked' }))
    if (E.isRight(work))
      expect(toHex(work.right.header)).toBe(last && answerOf(last).result.data.slice(0, 360))
  })
})
