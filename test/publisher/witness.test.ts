import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCheckpoint, signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import type { WitnessedLogs } from '../../src/cli/witness/add-checkpoint.ts'
import { openWitnessRecords } from '../../src/cli/witness/records.ts'
import { serveWitness } from '../../src/cli/witness/server.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { exampleKey, smallLog } from './small-log.ts'

const ORIGIN = 'pool.example.com/ledger'
const LOG_KEY = exampleKey(ORIGIN)
const WITNESS_KEY = exampleKey('witness.example.com/w1', 'cosignature', 9)
const LOGS: WitnessedLogs = new Map([[ORIGIN, [LOG_KEY.verifier]]])
const NOW_MS = 1_790_000_000_000

async function startWitness(directory = temporaryDirectory()) {
  const records = openWitnessRecords(directory)
  if (E.isLeft(records)) throw new Error(records.left)
  const parts = { key: WITNESS_KEY, logs: LOGS, records: records.right, nowMs: () => NOW_MS }
  const server = await serveWitness(parts, '127.0.0.1', 0, (error) => expect(error).toBeUndefined())
  if (E.isLeft(server)) throw new Error(server.left)
  const stop = async () => {
    await server.right.stop()
    records.right.close()
  }
  onTestFinished(() => stop().catch(() => undefined))
  const url = `http://127.0.0.1:${server.right.port}`
  const add = async (body: string) => {
    const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    }
  }
  return { url, add, stop, directory }
}

test('it signs a log that grows, and its signature is good', async () => {
  const log = smallLog(ORIGIN, LOG_KEY)
  const { add } = await startWitness()
  for (const [from, to] of [
    [0, 5],
    [5, 5],
    [5, 8],
    [8, 1000],
  ] as const) {
    const answer = await add(log.request(from, to))
    expect(answer).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' })
    expect(answer.body).toMatch(/^— witness\.example\.com\/w1 \S+\n$/)
    const opened = openCheckpoint(log.note(to) + answer.body, {
      origin: ORIGIN,
      keys: [LOG_KEY.verifier],
      witnesses: [WITNESS_KEY.verifier],
    })
    expect(E.isRight(opened) && opened.right.cosignedBy[0]?.cosignature.time).toBe(NOW_MS / 1000)
  }
})

describe('it refuses', () => {
  const log = smallLog(ORIGIN, LOG_KEY)
  const fork = smallLog(ORIGIN, LOG_KEY, 'another')
  const stranger = smallLog('stranger.example.com', exampleKey('stranger.example.com'))
  const impostor = smallLog(ORIGIN, exampleKey(ORIGIN, 'note', 8))
  const falseNote = log.note(9).replace('\n9\n', '\n10\n')

  test.each<[string, string, number, RegExp]>([
    ['a log that it does not know: 404', stranger.request(0, 3), 404, /does not know the log/],
    ['a log signed by another key: 403', impostor.request(5, 9), 403, /None of the keys given/],
    ['a signature that is false: 403', `old 5\n\n${falseNote}`, 403, /is false/],
    ['an old size above the new one: 400', `old 10\n\n${log.note(9)}`, 400, /old size is larger/],
    ['no size: 400', `old 05\n\n${log.note(9)}`, 400, /first line is "old"/],
    ['no empty line: 400', `old 5\n`, 400, /first line is "old"/],
    ['a proof that is no base64: 400', `old 5\nxyz\n\n${log.note(9)}`, 400, /no hash/],
    [
      'a proof that is too long: 400',
      `old 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${log.note(9)}`,
      400,
      /at most 63 lines/,
    ],
    ['what is no note: 400', 'old 5\n\nhello\n', 400, /no signed note/],
    ['a proof of another log: 422', fork.request(5, 9), 422, /does not show/],
    ['a missing proof: 422', `old 5\n\n${log.note(9)}`, 422, /does not show/],
    ['another root at the same size: 422', fork.request(5, 5), 422, /does not show/],
    ['an older size: 409', log.request(3, 9), 409, /^5\n$/],
  ])('%s', async (_, request, status, body) => {
    const { add } = await startWitness()
    expect((await add(log.request(0, 5))).status).toBe(200)
    const answer = await add(request)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatch(body)
    expect(answer.type).toBe(status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8')
    // And it has not moved.
    expect((await add(log.request(5, 9))).status).toBe(200)
  })

  test('a proof for an empty log, and an empty log with a root', async () => {
    const { add } = await startWitness()
    const line = `${Buffer.alloc(32).toString('base64')}\n`
    expect((await add(`old 0\n${line}\n${log.note(5)}`)).status).toBe(422)
    const empty = signCheckpoint({ origin: ORIGIN, size: 0, root: new Uint8Array(32) }, [noteSigner(LOG_KEY)])
    expect((await add(`old 0\n\n${empty}`)).status).toBe(422)
    expect((await add(log.request(0, 0))).status).toBe(200)
  })

  test('a request that is longer than any can be, and another method', async () => {
    const { add, url } = await startWitness()
    expect((await add('x'.repeat(400_000))).status).toBe(413)
    expect((await fetch(`${url}/add-checkpoint`)).status).toBe(405)
    expect((await fetch(`${url}/`, { method: 'POST' })).status).toBe(405)
  })
})

test('it remembers over a restart, and two processes on one directory never sign two branches', async () => {
  const log = smallLog(ORIGIN, LOG_KEY)
  const fork = smallLog(ORIGIN, LOG_KEY, 'another')
  const first = await startWitness()
  expect((await first.add(log.request(0, 5))).status).toBe(200)
  const second = await startWitness(first.directory)
  expect(await second.add(fork.request(0, 7))).toMatchObject({ status: 409, body: '5\n' })
  const both = await Promise.all([first.add(log.request(5, 8)), second.add(log.request(5, 9))])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  await Promise.all([first.stop(), second.stop()])
  const third = await startWitness(first.directory)
  const answer = await third.add(log.request(5, 10))
  expect(answer.status).toBe(409)
  expect(['8\n', '9\n']).toContain(answer.body)
})

test('monitors get the last checkpoint with the signatures of the log and the witness', async () => {
  const log = smallLog(ORIGIN, LOG_KEY)
  const { add, url } = await startWitness()
  const path = `${url}/${createHash('sha256').update(ORIGIN).digest('hex')}/checkpoint`
  expect((await fetch(path)).status).toBe(404)
  const { body } = await add(log.request(0, 5))
  const stranger = '— stranger.example.com AAAAAAAAAAAA\n'
  const more = await add(`${log.request(5, 6)}${stranger}`)
  expect(more.status).toBe(200)
  const served = await fetch(path)
  expect(await served.text()).toBe(log.note(6) + more.body)
  expect(body).not.toBe(more.body)
})
