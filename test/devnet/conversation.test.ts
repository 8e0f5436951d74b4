import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blockHash } from '../../domain/decred/header.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'
import { type Client, connect } from './client.ts'
import { bytes, solveData, type WorkData } from './solve.ts'

interface Frame {
  readonly from: 'pool' | 'node'
  readonly text: string
}

interface Recording {
  readonly algorithm: PowAlgorithm
  readonly file: string
  /** Height of the chain when the conversation began. */
  readonly height: number
}

const RECORDINGS: readonly Recording[] = [
  { algorithm: 'blake3', file: 'dcrd-conversation.json', height: 100 },
  { algorithm: 'blake256', file: 'dcrd-conversation-blake256.json', height: 2 },
]

/** All that two chains cannot have in common: hashes, times, difficulty, build. Keys, order, texts and amounts stay. */
function normalized(text: string): string {
  return text
    .replace(/[0-9a-f]{384}/g, (work) => `<header>${work.slice(360)}`)
    .replace(/[0-9a-f]{25,}/g, (hex) => `<${hex.length} hex digits>`)
    .replace(/OP_RETURN [0-9a-f]{24}/g, 'OP_RETURN <height and chance>')
    .replace(/"(time|mediantime|blocktime|nonce|difficulty|difficultyratio)":[0-9.]+/g, '"$1":<number>')
    .replace(/"sessionid":(<[^>]*>|[0-9]+)/, '"sessionid":<number>')
    .replace(/"bits":"[0-9a-f]{8}"/g, '"bits":<bits>')
    .replace(/"(versionstring|buildmetadata)":"[^"]*(release|devnet)[^"]*"/g, '"$1":<build>')
    .replace(/"errors":"[^"]*"/, '"errors":<warning>')
}

/** Plays the pool of a recording to a devnet: what it sent then, said in terms of this chain. */
class Player {
  readonly #client: Client
  readonly #algorithm: PowAlgorithm
  /** What stands here for a hash of the recording. */
  readonly #hashes = new Map<string, string>()
  /** Work of this chain for work of the recording, by all of it that a miner may not change. */
  readonly #work = new Map<string, WorkData>()
  /** Submissions here for those of the recording. */
  readonly #submissions = new Map<string, string>()

  constructor(client: Client, algorithm: PowAlgorithm) {
    this.#client = client
    this.#algorithm = algorithm
  }

  /** Sends a recorded request, and learns from its recorded and its present answer what stands for what. */
  async ask(request: string, recorded: string): Promise<string> {
    const { method, params } = JSON.parse(request)
    const { result } = JSON.parse(recorded)
    const given = method === 'getwork' ? params.map((p: string) => this.#submission(p, result)) : params
    const reply = await this.#client.call(
      method,
      ...given.map((p: unknown) => (typeof p === 'string' ? (this.#hashes.get(p) ?? p) : p)),
    )
    if (method === 'getwork' && params.length === 0) this.learnWork(result, reply.result as WorkData)
    this.#learnHashes(result, reply.result)
    return reply.text
  }

  learnWork(recorded: WorkData, here: WorkData): void {
    this.#work.set(fixed(recorded.data), here)
  }

  #submission(recorded: string, accepted: unknown): string {
    const again = this.#submissions.get(recorded)
    if (again !== undefined) return again
    const work = this.#work.get(fixed(recorded)) ?? [...this.#work.values()].at(-1)
    if (work === undefined) throw new Error('the recording submits before it gets work')
    if (recorded.length !== work.data.length) return work.data.slice(0, recorded.length)
    if (recorded.startsWith('zz')) return `zz${work.data.slice(2)}`
    const data = solveData(work, this.#algorithm, accepted === true)
    this.#submissions.set(recorded, data)
    this.#hashes.set(blockHash(bytes(recorded.slice(0, 360))), blockHash(bytes(data.slice(0, 360))))
    return data
  }

  #learnHashes(recorded: unknown, here: unknown): void {
    if (typeof recorded === 'string' && typeof here === 'string') {
      if (/^[0-9a-f]{64}$/.test(recorded)) this.#hashes.set(recorded, here)
    } else if (isObject(recorded) && isObject(here))
      for (const [key, value] of Object.entries(recorded)) this.#learnHashes(value, here[key])
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null

/** Version to vote bits: what no miner changes. */
const fixed = (data: string): string => data.slice(0, 272)

describe.each(RECORDINGS)('the conversation with a dcrd that mines $algorithm', (recording) => {
  const { frames } = JSON.parse(
    readFileSync(new URL(`../vectors/${recording.file}`, import.meta.url), 'utf8'),
  ) as { frames: readonly Frame[] }
  const requests = frames.filter((frame) => frame.from === 'pool')
  const told = frames.filter((frame) => frame.from === 'node')
  const recordedAnswer = (request: string): string => {
    const { id } = JSON.parse(request)
    const answer = told.find((frame) => JSON.parse(frame.text).id === id)
    if (answer === undefined) throw new Error(`request ${id} has no answer`)
    return answer.text
  }
  const recordedNotifications = told
    .map((frame) => frame.text)
    .filter((text) => JSON.parse(text).method !== undefined)

  let devnet: Devnet
  let client: Client
  beforeAll(async () => {
    devnet = await startDevnet({
      powAlgorithm: recording.algorithm,
      startDifficulty: 1,
      retarget: false,
      stakeValidationHeight: 144,
      miningAddress: 'SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah',
    })
    await devnet.generate(recording.height - 1)
    client = await connect(devnet)
  })
  afterAll(async () => {
    client.close()
    await devnet.stop()
  })

  test('is answered alike, to the order of keys, and the same is told in the same order', async () => {
    const player = new Player(client, recording.algorithm)
    let notifications = 0
    for (const { text } of requests) {
      const recorded = recordedAnswer(text)
      const answer = await player.ask(text, recorded)
      expect(normalized(answer), text.slice(0, 200)).toBe(normalized(recorded))
      // What the recording's answer brought about must have come before the next request, as it had then.
      while (notifications < recordedNotifications.length && isBefore(notifications, text)) {
        const here = await client.next()
        const then = recordedNotifications[notifications++] ?? ''
        expect(normalized(here.text)).toBe(normalized(then))
        if (here.method === 'work') player.learnWork(workOf(then), workOf(here.text))
      }
    }
    expect(notifications).toBe(recordedNotifications.length)
    expect(client.notifications).toEqual([])
  })

  /** Says whether the recording's n-th notification came before the request that followed this one. */
  function isBefore(n: number, request: string): boolean {
    const next = requests[requests.findIndex((frame) => frame.text === request) + 1]
    const position = frames.findIndex((frame) => frame.text === recordedNotifications[n])
    return next === undefined || position < frames.indexOf(next)
  }
})

function workOf(notification: string): WorkData {
  const [data, target] = JSON.parse(notification).params
  return { data, target }
}
