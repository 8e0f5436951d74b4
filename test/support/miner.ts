import { expect } from 'vitest'
import { blockHash } from '../../domain/decred/header.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { type Attempt, type Device, type DeviceJob, headerOf, readJob, submissionOf } from './devices.ts'
import {
  connectStratum,
  type StratumClient,
  type StratumClientOptions,
  type StratumMessage,
} from './stratum-client.ts'

/**
 * How good a hash is to be: for the pool but not for the network, for the network, for one of them, for difficulty 1 but no
 * better than half of what is asked, not even for the pool, or however it comes.
 */
export type Quality = 'share' | 'block' | 'share or block' | 'weak share' | 'low' | 'any'

/** A solution, and what it was for. */
export interface Found {
  readonly job: DeviceJob
  readonly attempt: Attempt
  /** The 180 bytes that were hashed. */
  readonly header: Buffer
  /** Hash of the block that it would be. */
  readonly hash: string
  /** What to submit behind the user name. */
  readonly submission: readonly [string, string, string, string]
}

/** A device on the wire. */
export interface Miner {
  readonly client: StratumClient
  readonly device: Device
  readonly user: string
  /** What it was told in `mining.subscribe`. */
  readonly extranonce1: string
  readonly session: string
  /** The newest job it was sent, once there is one; on this block, when one is given. */
  readonly job: (previous?: string) => Promise<DeviceJob>
  /** The newest job, once it is another than this one. */
  readonly jobAfter: (job: DeviceJob) => Promise<DeviceJob>
  /** Difficulty it was told for a job. */
  readonly difficulty: (job: DeviceJob) => number
  /** Searches on until a hash is of a quality; never the same twice. */
  readonly find: (
    quality: Quality,
    job?: DeviceJob,
    difficulty?: number,
  ) => Promise<Found & { readonly isBlock: boolean }>
  readonly submit: (found: Found, user?: string) => Promise<StratumMessage>
}

/** How to begin. */
export interface MinerOptions extends StratumClientOptions {
  readonly device: Device
  readonly user: string
  readonly password?: string
  /** To resume. */
  readonly session?: string
  readonly order?: 'subscribe first' | 'authorize first'
}

/** Connects a device: subscribed and authorized when it resolves. */
export async function startMiner(options: MinerOptions): Promise<Miner> {
  const { device, user, password = 'x', session, order = 'subscribe first' } = options
  const client = await connectStratum(options)
  const subscribe = () =>
    client.request('mining.subscribe', [device.agent, ...(session === undefined ? [] : [session])])
  const authorize = () => client.request('mining.authorize', [user, password])
  const early = order === 'authorize first' ? await authorize() : undefined
  const subscribed = await subscribe()
  const authorized = early ?? (await authorize())
  if (authorized.result !== true) throw new Error(`not authorized: ${JSON.stringify(authorized)}`)
  return miner(client, device, user, subscribed)
}

/** The same, with a share behind it: from then on its connection is in the log. */
export async function startKnownMiner(options: MinerOptions): Promise<Miner> {
  const known = await startMiner(options)
  const answer = await known.submit(await known.find('share'))
  if (answer.result !== true) throw new Error(`its share is not taken: ${JSON.stringify(answer)}`)
  return known
}

/** A device on a connection that has subscribed already. */
export function miner(
  client: StratumClient,
  device: Device,
  user: string,
  subscribed: StratumMessage,
): Miner {
  const [[[, id]], extranonce1] = subscribed.result as [[[string, string], [string, string]], string, number]
  let nonce = NONCES_APART * miners++

  const newest = (): DeviceJob | undefined => {
    const last = client.messages.findLast(({ method }) => method === 'mining.notify')
    return last?.params === undefined ? undefined : readJob(device, last.params)
  }

  /** One for all who wait for it: a notification is told to one only. */
  let coming: Promise<unknown> | null = null
  function nextJob(): Promise<unknown> {
    coming ??= client.notification('mining.notify').finally(() => {
      coming = null
    })
    return coming
  }

  async function jobThat(isWanted: (job: DeviceJob) => boolean): Promise<DeviceJob> {
    for (;;) {
      const known = newest()
      if (known !== undefined && isWanted(known)) return known
      await nextJob()
    }
  }

  const job = (previous?: string) => jobThat((each) => previous === undefined || each.previous === previous)

  function difficulty({ id }: DeviceJob): number {
    const sent = client.messages.findLastIndex(
      ({ method, params }) => method === 'mining.notify' && params?.[0] === id,
    )
    const told = client.messages.slice(0, sent).findLast(({ method }) => method === 'mining.set_difficulty')
    const [value] = told?.params ?? []
    if (typeof value !== 'number') throw new Error(`no difficulty was told before job ${id}`)
    return value
  }

  async function find(quality: Quality, on?: DeviceJob, at?: number) {
    const work = on ?? (await job())
    const share = (2n ** 255n - 1n) / BigInt(at ?? difficulty(work))
    const network = target(work.bits)
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const attempt = { counter: COUNTER, nonce: nonce++, time: work.time }
      const header = headerOf(device, work, extranonce1, attempt)
      const hash = littleEndian(powHash(device.algorithm, header))
      const fits = {
        any: true,
        low: hash > share,
        'weak share': hash > 2n * share && hash < 2n ** 255n,
        share: hash <= share && hash > network,
        block: hash <= network,
        'share or block': hash <= share || hash <= network,
      }[quality]
      if (fits) return { ...foundWith(device, work, extranonce1, attempt), isBlock: hash <= network }
    }
    throw new Error(`no ${quality} in ${TRIES_MAX} hashes`)
  }

  return {
    client,
    device,
    user,
    extranonce1,
    session: id,
    job,
    jobAfter: (last) => jobThat(({ id }) => id !== last.id),
    difficulty,
    find,
    submit: ({ submission }, as = user) => client.request('mining.submit', [as, ...submission]),
  }
}

const TRIES_MAX = 1_000_000
/** With letters in its hex, and bytes that tell which way round they are. */
const COUNTER = 0x00c0ffee
/** Each miner searches nonces of its own, so that one that resumes a session finds nothing twice. */
const NONCES_APART = 2 * TRIES_MAX
let miners = 0

/** An attempt as a device hashes and submits it. */
export function foundWith(device: Device, job: DeviceJob, extranonce1: string, attempt: Attempt): Found {
  const header = headerOf(device, job, extranonce1, attempt)
  return {
    job,
    attempt,
    header,
    hash: blockHash(header),
    submission: submissionOf(device, job, extranonce1, attempt),
  }
}

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

/** A compact target: an exponent of 256 in the first byte, three bytes of mantissa. */
const target = (bits: number): bigint => BigInt(bits & 0x7fffff) << (8n * BigInt((bits >>> 24) - 3))

/** An answer that takes a share or a request; a failure shows the whole answer. */
export const taken = { error: null, result: true }

/** An answer that refuses, with this code. */
export const refused = (code: number) => ({ error: expect.arrayContaining([code]), result: false })
