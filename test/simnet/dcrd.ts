import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { temporaryDirectory } from '../support/running-pool.ts'
import { freePort } from './ports.ts'

/** A real dcrd on a simnet of its own, reachable from this machine only. */
export interface Dcrd {
  /** PEM; empty for one without TLS. */
  readonly certificate: string
  /** Of its RPC server. */
  readonly port: number
  readonly user: string
  readonly password: string
  /** Where other nodes connect: host and port. */
  readonly address: string
  /** Asks it over HTTPS. Rejects with its error. */
  readonly call: (method: string, ...params: readonly unknown[]) => Promise<unknown>
  /** Lets it mine blocks by itself; their hashes. */
  readonly generate: (count: number) => Promise<readonly string[]>
  readonly tip: () => Promise<{ readonly hash: string; readonly height: number }>
  /** 1 for the tip, -1 off the main chain. */
  readonly confirmations: (hash: string) => Promise<number>
  /** `kill -9`. Resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** Starts it again, after `kill`, on what it left. */
  readonly restart: () => Promise<void>
}

/** An address of simnet that nobody here spends from. */
export const MINING_ADDRESS = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'

const USER = 'user'
const PASSWORD = 'pass'
const dcrds = new Set<Dcrd>()

/** Kills every dcrd that is still there. For `afterAll`. */
export async function killDcrds(): Promise<void> {
  await Promise.all([...dcrds].map((dcrd) => dcrd.kill()))
}

/** How a dcrd is to be, beside a simnet on this machine. */
export interface DcrdOptions {
  /** {@link MINING_ADDRESS} when not given; null for none, and then there is no work. */
  readonly miningAddress?: string | null
  readonly flags?: readonly string[]
}

/** Starts a dcrd and waits until it answers. */
export async function startDcrd(program: string, options: DcrdOptions = {}): Promise<Dcrd> {
  const directory = temporaryDirectory()
  const port = await freePort()
  const address = `127.0.0.1:${await freePort()}`
  const words = [
    ...['--simnet', '--nobanning', '--txindex', `--appdata=${directory}`],
    ...[`--listen=${address}`, `--rpclisten=127.0.0.1:${port}`, `--rpcuser=${USER}`, `--rpcpass=${PASSWORD}`],
    ...(options.miningAddress === null ? [] : [`--miningaddr=${options.miningAddress ?? MINING_ADDRESS}`]),
    ...[`--piperx=${PIPE}`, ...(options.flags ?? [])],
  ]
  let running = await run(program, words, directory)
  const file = join(directory, 'rpc.cert')
  const certificate = existsSync(file) ? readFileSync(file, 'utf8') : ''

  const call = (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    ask({ port, certificate, method, params })
  const dcrd: Dcrd = {
    certificate,
    port,
    user: USER,
    password: PASSWORD,
    address,
    call,
    generate: async (count) => (await call('generate', count)) as readonly string[],
    tip: async () => (await call('getbestblock')) as { readonly hash: string; readonly height: number },
    confirmations: async (hash) =>
      ((await call('getblockheader', hash)) as { readonly confirmations: number }).confirmations,
    kill: async () => {
      dcrds.delete(dcrd)
      await running.kill()
    },
    restart: async () => {
      running = await run(program, words, directory)
      dcrds.add(dcrd)
    },
  }
  dcrds.add(dcrd)
  return dcrd
}

/** Number of the pipe from this process, at whose end dcrd ends too. */
const PIPE = 3
const READY = /RPC server listening on/

/** Runs dcrd until it is killed; resolves when its RPC server listens. */
async function run(
  program: string,
  words: readonly string[],
  home: string,
): Promise<{ readonly kill: () => Promise<void> }> {
  const child = spawn(program, words, {
    env: { HOME: home },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text
      if (READY.test(said)) resolve()
    }
    child.stdio[1]?.on('data', hear)
    child.stdio[2]?.on('data', hear)
    exited.then(([code]) => reject(new Error(`dcrd ended with ${code}: ${said}`)), reject)
  })
  return {
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

interface Question {
  readonly port: number
  readonly certificate: string
  readonly method: string
  readonly params: readonly unknown[]
}

function ask({ port, certificate, method, params }: Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `https://127.0.0.1:${port}/`,
      { method: 'POST', ca: certificate, agent: false, auth: `${USER}:${PASSWORD}` },
      async (response) => {
        try {
          const { result, error } = JSON.parse(Buffer.concat(await response.toArray()).toString())
          if (error === null) resolve(result)
          else reject(new Error(`dcrd refused ${method}: ${JSON.stringify(error)}`))
        } catch (error) {
          reject(error)
        }
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify({ jsonrpc: '1.0', id: 1, method, params }))
  })
}
