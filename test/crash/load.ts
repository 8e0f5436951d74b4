import { powHash } from '../../domain/decred/pow-hash.ts'
import { cpuMiner } from '../support/devices.ts'
import { address } from '../support/house.ts'
import { type Found, foundWith, type Miner, startMiner } from '../support/miner.ts'

/** What miners remember of a pool that is killed again and again. Shares are named by the header that was hashed, in hex. */
export interface Memory {
  readonly sent: Set<string>
  /** Answered `true`, each answer. */
  readonly acknowledged: string[]
  /** Refused, by error code. */
  readonly refused: Map<number, number>
}

/** A miner that outlives its pool. */
export interface LoadMiner {
  /** Mines on the pool at a port until the connection is gone, whether the pool is or it never was. */
  readonly mine: (port: number) => Promise<void>
}

/** Shares on their way at once on each connection. */
const WINDOW = 4

/** A miner with an account of its own that comes back with its old session and with the shares that nobody answered. */
export function loadMiner(n: number, memory: Memory): LoadMiner {
  const unanswered = new Map<string, Found>()
  let session: string | undefined
  let nonce = 0

  async function submit(miner: Miner, found: Found): Promise<void> {
    const header = found.header.toString('hex')
    memory.sent.add(header)
    unanswered.set(header, found)
    const { result, error } = await miner.submit(found)
    unanswered.delete(header)
    if (result === true) memory.acknowledged.push(header)
    else {
      const code = error?.[0] ?? 0
      memory.refused.set(code, (memory.refused.get(code) ?? 0) + 1)
    }
  }

  async function searchOn(miner: Miner): Promise<never> {
    for (;;) {
      const job = await miner.job()
      await submit(miner, nextShare(miner, job))
    }
  }

  function nextShare(miner: Miner, job: Awaited<ReturnType<Miner['job']>>): Found {
    for (;;) {
      nonce++
      const attempt = { counter: nonce >>> 6, nonce, time: job.time + (nonce % 3) }
      const found = foundWith(cpuMiner, job, miner.extranonce1, attempt)
      if (isShare(powHash('blake3', found.header))) return found
    }
  }

  return {
    mine: async (port) => {
      try {
        const options = { port, device: cpuMiner, user: `${address(n)}.crash` }
        const miner = await startMiner(session === undefined ? options : { ...options, session })
        session = miner.session
        for (const found of [...unanswered.values()]) await submit(miner, found)
        await Promise.all(Array.from({ length: WINDOW }, () => searchOn(miner)))
      } catch (error) {
        if (!(error instanceof Error) || !GONE.test(error.message)) throw error
      }
    },
  }
}

/** Solves a block and sends it, on a connection of its own. */
export async function sendBlock(port: number, n: number, memory: Memory): Promise<void> {
  const miner = await startMiner({ port, device: cpuMiner, user: `${address(n)}.crash` })
  const found = await miner.find('block')
  memory.sent.add(found.header.toString('hex'))
  const [job, ...rest] = found.submission
  miner.client.sendRaw(
    `${JSON.stringify({ id: 99, method: 'mining.submit', params: [miner.user, job, ...rest] })}\n`,
  )
}

/** What a connection says that its pool was killed under. */
const GONE = /the connection is gone|ECONNREFUSED|ECONNRESET|EPIPE/

/** Difficulty 1 of simnet: its first bit, in the last byte, is zero. */
const isShare = (hash: Uint8Array): boolean => (hash[31] ?? 0xff) < 0x80
