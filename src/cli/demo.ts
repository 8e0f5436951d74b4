import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { encodeAddress } from '../../domain/decred/address.ts'
import { blake256 } from '../../domain/decred/hash.ts'
import { networks } from '../../domain/decred/network.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import type { ConfigFlag } from '../config/sources.ts'
import { type Pool, type PoolOptions, startPool } from '../pool.ts'
import { version } from '../version.ts'
import { type Child, startChild } from './child.ts'
import { settingText } from './config.ts'
import { DevnetReady } from './devnet.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { openLog } from './log.ts'
import { narrate, narrateMoney } from './narration.ts'
import { tryPort } from './port.ts'
import { absolute, readText, tellProblems } from './read-config.ts'
import { stopRequest } from './signals.ts'
import { supervise } from './supervise.ts'
import { complain, paint, print } from './terminal.ts'

/** What the command line says about the demo. */
export interface DemoRequest {
  readonly devnetPort: number
  readonly flags: readonly ConfigFlag[]
}

/** Blocks on a reward before it may be spent: a minute or two, so that miners are paid while somebody looks on. */
const COINBASE_MATURITY = 4

/** A payable address of simnet that nobody has the key of; always the same for one name. */
const addressOf = (owner: string): string =>
  encodeAddress(
    'public-key-hash-ecdsa',
    blake256(Buffer.from(`lodebook demo ${owner}`)).subarray(0, 20),
    networks.simnet,
  )

/**
 * The demo's configuration; flags go on top. Shares of its slow miners are easy from the start, so that there is something
 * to see within seconds.
 */
const SETTINGS = `
[pool]
name = "Lodebook demo"
network = "simnet"
data_directory = "./data/demo"
[[listeners]]
name = "demo"
host = "127.0.0.1"
difficulty.start = 20000
[reward]
fee_addresses = "${addressOf('pool')}"
[payout]
minimum = "0.1"
every_blocks = 3
confirmations = 2
[log]
level = "warn"
format = "text"
`

/** Who mines in the demo: user names without their address, and the dialect each speaks. */
const MINERS = [
  { owner: 'alice', worker: 'garage', dialect: 'plain' },
  { owner: 'alice', worker: 'attic', dialect: 'gominer' },
  { owner: 'bob', worker: 'shed', dialect: 'plain' },
  { owner: 'carol', worker: 'lab', dialect: 'gominer' },
] as const

/** Hashes a second of each of them: together a block in about twenty seconds, and a few percent of one core. */
const MINER_RATE = 25_000

/** `lodebook demo`: a devnet and four miners in processes of their own, and the pool in this one. */
export async function demo({ devnetPort, flags }: DemoRequest): Promise<ExitCode> {
  const fixed = flags.find(
    ({ path }) => path.startsWith('nodes.') || path.startsWith('wallet.') || path === 'pool.network',
  )
  if (fixed !== undefined) {
    complain(`the demo brings its own node and network; leave --${fixed.path} out, or use "lodebook run"`)
    return EXIT.usage
  }
  const loaded = loadConfig({
    file: { name: 'demo', toml: SETTINGS },
    environment: {},
    flags,
    absolute,
    readText,
  })
  if (E.isLeft(loaded)) {
    tellProblems(loaded.left, false)
    return EXIT.usage
  }
  const { config } = loaded.right
  const taken = await takenPorts(config, devnetPort)
  if (taken.length > 0) {
    for (const sentence of taken) complain(sentence)
    return EXIT.failed
  }
  const stop = stopRequest()
  const devnet = startChild([
    ...['devnet', '--json', '--port', String(devnetPort), '--wallet-port', '0'],
    ...['--coinbase-maturity', String(COINBASE_MATURITY)],
    ...['--data-directory', join(config.pool.dataDirectory, 'devnet')],
  ])
  const chain = chainOf(await devnet.ready)
  if (chain === undefined) {
    complain(`the devnet did not start: ${await devnet.ended}`)
    return EXIT.failed
  }
  const settings = loaded.right.settings.map(settingText)
  const code = await withPool({ ...config, ...chain }, settings, devnet, stop)
  await devnet.stop()
  return code
}

/** A sentence for each port that something else has. */
async function takenPorts(config: Config, devnetPort: number): Promise<readonly string[]> {
  const wanted = [
    { what: 'the dashboard', ...config.http, flag: '--http.port' },
    ...config.listeners.map((listener, n) => ({
      what: 'miners',
      ...listener,
      flag: `--listeners.${n}.port`,
    })),
    { what: "the devnet's node", host: '127.0.0.1', port: devnetPort, flag: '--devnet-port' },
  ]
  const sentences: string[] = []
  for (const { what, host, port, flag } of wanted)
    if ((await tryPort(host, port)) !== undefined)
      sentences.push(
        `port ${port} for ${what} is taken; end the program that has it (another demo?), or choose another: npm start -- ${flag} ${port + 1}`,
      )
  return sentences
}

/** The devnet's node and wallet as the pool is told of them. */
function chainOf(line: string | undefined): Pick<Config, 'nodes' | 'wallet'> | undefined {
  if (line === undefined) return undefined
  const ready: unknown = JSON.parse(line)
  if (!DevnetReady.is(ready)) return undefined
  const { address, certificateFile, user, password, wallet } = ready
  return {
    nodes: [{ name: 'devnet', address, certificateFile, user, password }],
    wallet: { ...wallet, account: 'default' },
  }
}

async function withPool(
  config: Config,
  settings: PoolOptions['settings'] & {},
  devnet: Child,
  stop: Promise<string>,
): Promise<ExitCode> {
  const log = openLog(config.log)
  const pool = await startPool(config, {
    log,
    software: `lodebook ${version}`,
    devnet: true,
    coinbaseMaturity: COINBASE_MATURITY,
    settings,
  })()
  if (E.isLeft(pool)) {
    complain(pool.left.message)
    return EXIT.failed
  }
  const miners = startChild(minerWords(pool.right))
  introduce(config, pool.right)
  const quiet = narrate(pool.right.readModels)
  const quietMoney = pool.right.treasury === null ? () => undefined : narrateMoney(pool.right.treasury.news)
  const broken = await Promise.race([
    stop.then(() => undefined),
    pool.right.failed.then(() => undefined),
    devnet.ended.then((why) => `the devnet ended: ${why}`),
    miners.ended.then((why) => `the miners ended: ${why}`),
  ])
  quiet()
  quietMoney()
  if (broken !== undefined) complain(broken)
  print('Stopping: miners, pool, chain. Ctrl-C again ends at once.')
  await miners.stop()
  const code = await supervise(pool.right, Promise.resolve('demo'), log)
  print('Stopped. "npm start" goes on where this ended.')
  return broken === undefined ? code : EXIT.failed
}

function minerWords({ listeners }: Pool): readonly string[] {
  const { host, port } = listeners[0] ?? { host: '127.0.0.1', port: 0 }
  return [
    ...['miner', '--pool', `${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`],
    ...['--network', 'simnet', '--rate', String(MINER_RATE)],
    ...MINERS.flatMap(({ owner, worker }) => ['--user', `${addressOf(owner)}.${worker}`]),
    ...MINERS.flatMap(({ dialect }) => ['--dialect', dialect]),
  ]
}

function introduce(config: Config, pool: Pool): void {
  const { host, port } = pool.listeners[0] ?? { host: '', port: 0 }
  const rows = [
    ['Dashboard', paint('cyan', pool.httpUrl)],
    ['Your miner', `stratum+tcp://${host}:${port}, user ${addressOf('you')}.rig or any address of simnet`],
    ['Chain', `a devnet of its own on ${config.nodes[0]?.address}; its coins are worth nothing`],
    ['Data', config.pool.dataDirectory],
    [
      'Ledger',
      `${pool.httpUrl}/ledger, signed by ${paint('cyan', pool.status().ledger.keys[0] ?? 'no key')}`,
    ],
    ['Stop', 'Ctrl-C; starting again goes on with the same history'],
  ]
  print(
    `${paint('bold', `Lodebook ${version}`)}: a mining pool with four CPU miners on a small Decred chain, to look at.`,
  )
  print('')
  for (const [name, what] of rows) print(`  ${(name ?? '').padEnd(12)}${what}`)
  print('')
}
