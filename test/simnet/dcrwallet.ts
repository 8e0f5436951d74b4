import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realAfter } from '../../adapters/timers.ts'
import type { DcrwalletOptions } from '../../adapters/wallet/dcrwallet/wallet.ts'
import { lodebook } from '../cli/child.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import type { Dcrd } from './dcrd.ts'
import { freePort } from './ports.ts'

/** First address of the wallets' first account. */
export const WALLET_ADDRESS = 'SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah'

/** Everybody knows it: dcrpool's harness has it. */
const SEED = 'b280922d2cffda44648346412c5ec97f429938105003730414f10b01e1402eac'
const PASSPHRASE = '123'

/** How a wallet is started again. */
export interface WalletStart {
  /** Unlocked from the start. */
  readonly unlocked?: boolean
  /** Without opening the wallet. */
  readonly closed?: boolean
}

/** A real dcrwallet beside a dcrd of the test. */
export interface RealWallet {
  /** How the pool gets in. */
  readonly options: DcrwalletOptions
  /** Of its JSON-RPC, which is not for the pool. */
  readonly jsonAddress: string
  /** `kill -9`. Resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** Starts it again, after `kill`. Resolves once it is synced, or once it listens when it is not opened. */
  readonly restart: (start?: WalletStart) => Promise<void>
}

const running = new Set<RealWallet>()

/** Kills every dcrwallet that is still there. For `afterAll`. */
export async function killWallets(): Promise<void> {
  await Promise.all([...running].map((wallet) => wallet.kill()))
}

/** Creates a wallet, starts it and waits until it is synced. Its dcrd has two blocks or more. */
export async function startWallet(program: string, dcrd: Dcrd): Promise<RealWallet> {
  const directory = temporaryDirectory()
  const file = (name: string) => join(directory, name)
  writeFileSync(file('node.cert'), dcrd.certificate)
  const made = await lodebook(['wallet-certificate', directory], { directory })
  if (made.code !== 0) throw new Error(made.stderr)
  const port = await freePort()
  const jsonAddress = `127.0.0.1:${await freePort()}`
  const words = [
    ...['--simnet', `--appdata=${directory}`, `--pass=${PASSPHRASE}`, '--username=user', '--password=pass'],
    ...[`--cafile=${file('node.cert')}`, `--clientcafile=${file('wallet-client.crt')}`, `--piperx=${PIPE}`],
    ...[`--rpcconnect=127.0.0.1:${dcrd.port}`, `--grpclisten=127.0.0.1:${port}`],
    `--rpclisten=${jsonAddress}`,
  ]
  await create(program, words, directory)
  let child = await run(program, words, directory, SYNCED)
  const wallet: RealWallet = {
    options: optionsOf(port, (name) => readFileSync(file(name), 'utf8')),
    jsonAddress,
    kill: async () => {
      running.delete(wallet)
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      child.kill('SIGKILL')
      await gone
    },
    restart: async ({ unlocked = false, closed = false } = {}) => {
      const again = [
        ...words.filter((word) => unlocked || !word.startsWith('--pass=')),
        ...(closed ? ['--noinitialload'] : []),
      ]
      child = await run(program, again, directory, closed ? LISTENS : SYNCED)
      running.add(wallet)
    },
  }
  running.add(wallet)
  return wallet
}

const optionsOf = (port: number, read: (name: string) => string): DcrwalletOptions => ({
  address: `127.0.0.1:${port}`,
  certificate: read('rpc.cert'),
  clientCertificate: read('wallet-client.crt'),
  clientKey: read('wallet-client.key'),
  passphrase: PASSPHRASE,
  network: 'simnet',
  after: realAfter,
})

/** Number of the pipe from this process, at whose end dcrwallet ends too. */
const PIPE = 3
const SYNCED = /Blockchain sync completed, wallet ready/
const LISTENS = /gRPC server listening on/

/**
 * Answers what `--create` asks: take the passphrase of the command line, no other for public data, a seed, no birthday, no
 * account to import.
 */
async function create(program: string, words: readonly string[], home: string): Promise<void> {
  const child = spawn(program, [...words, '--create'], {
    env: { HOME: home },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdio[1]?.on('data', (text: Buffer) => (said += text))
  child.stdio[2]?.on('data', (text: Buffer) => (said += text))
  child.stdin?.end(['y', 'n', 'y', SEED, '', '', '', ''].join('\n'))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`dcrwallet --create ended with ${code}: ${said}`)
}

/** Runs dcrwallet; resolves when it has said so much. */
async function run(
  program: string,
  words: readonly string[],
  home: string,
  until: RegExp,
): Promise<ChildProcess> {
  const child = spawn(program, words, { env: { HOME: home }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text
      if (until.test(said)) resolve()
    }
    child.stdio[1]?.on('data', hear)
    child.stdio[2]?.on('data', hear)
    exited.then(([code]) => reject(new Error(`dcrwallet ended with ${code}: ${said}`)), reject)
  })
  return child
}
