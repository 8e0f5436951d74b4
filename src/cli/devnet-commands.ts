import { type Command, Option } from 'commander'
import { NetworkName } from '../../domain/decred/network.ts'
import { dialectNames } from '../devnet/miner/dialect.ts'
import { hostAndPort, untilStdinEndsOption, wholeNumber } from './arguments.ts'
import type { DevnetRequest } from './devnet.ts'
import type { ExitCode } from './exit-code.ts'
import type { MinerRequest } from './miner.ts'

/** Options of `devnet` as commander gives them: what is off is left out. */
type DevnetOptions = Omit<DevnetRequest, 'json' | 'untilStdinEnds'> & {
  readonly json?: true
  readonly untilStdinEnds?: true
}

/** Options of `miner` as commander gives them: what is off is left out. */
type MinerOptions = Omit<MinerRequest, 'tls' | 'json' | 'untilStdinEnds'> & {
  readonly tls?: true
  readonly json?: true
  readonly untilStdinEnds?: true
  readonly listDialects?: true
}

/** Adds `lodebook devnet` and `miner`: a chain and miners to try a pool with. */
export function addDevnetCommands(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('devnet')
    .summary('a small Decred chain that answers like dcrd, for trying a pool')
    .description(
      'Serves a small chain of its own and its wallet on this machine, over the interfaces of dcrd and dcrwallet: the pool needs no other configuration for them than for the real ones. Its money is play.',
    )
    .option('--data-directory <directory>', 'where the chain and its certificates are kept', './data/devnet')
    .option('--port <port>', 'port on 127.0.0.1; 0 takes any free one', wholeNumber(0, 65_535), 19_556)
    .option(
      '--wallet-port <port>',
      "the wallet's port; two above --port unless given",
      wholeNumber(0, 65_535),
    )
    .addOption(powOption())
    .option('--block-seconds <seconds>', 'seconds between blocks on average', wholeNumber(1, 3600))
    .option(
      '--coinbase-maturity <blocks>',
      'blocks on a reward before it may be spent; a pool expects 16',
      wholeNumber(1, 10_000),
    )
    .option('--mining-address <address>', 'simnet address that rewards go to')
    .option('--json', 'print where it is as one line of JSON')
    .addOption(untilStdinEndsOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook devnet
  $ lodebook devnet --pow blake256 --port 19656 --data-directory /tmp/old-chain`,
    )
    .action(async (options: DevnetOptions) => {
      const { devnet } = await import('./devnet.ts')
      done(
        await devnet({
          ...options,
          json: options.json === true,
          untilStdinEnds: options.untilStdinEnds === true,
        }),
      )
    })

  program
    .command('miner')
    .summary('mine on a pool with the processor, for trying it')
    .description(
      'Connects to a pool as miners do and hashes for real, in the dialect of a device of your choice. With --seconds it ends with 1 when no share was accepted.',
    )
    .addOption(
      new Option('--pool <host:port>', 'where the pool is')
        .argParser(hostAndPort)
        .default({ host: '127.0.0.1', port: 5550 }, '127.0.0.1:5550'),
    )
    .option('--tls', 'speak TLS, and take any certificate, as miners do')
    .option(
      '--user <name...>',
      'address, address.worker, or what the pool wants; several are miners of their own',
      ['test'],
    )
    .option('--password <text>', 'most pools ignore it; d=1000 asks for a difficulty', 'x')
    .addOption(
      new Option('--dialect <name...>', 'whose stratum to speak; one for each user, the last repeats')
        .default(['plain'])
        .choices(dialectNames),
    )
    .option('--connections <count>', 'connections of each user', wholeNumber(1, 10_000), 1)
    .addOption(powOption())
    .addOption(
      new Option('--network <name>', "network, for its difficulty's unit")
        .choices(Object.keys(NetworkName.keys))
        .default('mainnet'),
    )
    .option(
      '--rate <hashes>',
      'hashes a second of each connection at most; 0 only connects',
      wholeNumber(0, 1e12),
    )
    .option('--seconds <count>', 'end after so many', wholeNumber(1, 1e7))
    .option('--answers <file>', 'add what the pool answers to each share to a file, for lodebook verify')
    .option('--json', 'print sums as lines of JSON')
    .option('--list-dialects', 'print the names of all dialects')
    .addOption(untilStdinEndsOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook miner --pool 127.0.0.1:5550 --network simnet --user SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah.test
  $ lodebook miner --dialect gominer --connections 4 --rate 20000 --seconds 60
  $ lodebook miner --network simnet --user SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah.test --answers answers.jsonl
  $ lodebook miner --list-dialects`,
    )
    .action(async (options: MinerOptions) => {
      const { listDialects, mine } = await import('./miner.ts')
      const { tls = false, json = false, untilStdinEnds = false } = options
      done(
        options.listDialects === true
          ? listDialects()
          : await mine({ ...options, tls, json, untilStdinEnds }),
      )
    })
}

/** Proof of work of a chain, as devnet and miner know it. */
const powOption = () =>
  new Option('--pow <algorithm>', "proof of work: blake3 is today's, blake256 that of the ASICs until 2023")
    .choices(['blake3', 'blake256'])
    .default('blake3')
