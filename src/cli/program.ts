import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { NetworkName } from '../../domain/decred/network.ts'
import type { ConfigFlag } from '../config/sources.ts'
import { dialectNames } from '../devnet/miner/dialect.ts'
import { version } from '../version.ts'
import { addAdminCommands } from './admin/commands.ts'
import { addAuditCommand } from './audit/commands.ts'
import { addBackupCommands } from './backup/commands.ts'
import { commandsOf } from './command-tree.ts'
import { completionScript, SHELLS, type Shell } from './completion.ts'
import { splitConfigFlags } from './config-flags.ts'
import type { DevnetRequest } from './devnet.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { addExportCommand } from './export/commands.ts'
import { addLedgerCommands } from './ledger/commands.ts'
import { addKeyCommands } from './ledger-keys/commands.ts'
import type { MinerRequest } from './miner.ts'
import { addMoneyCommands } from './money/commands.ts'
import { addReceiptCommands } from './receipts/commands.ts'
import { addReplayCommand } from './replay/commands.ts'
import { addSimulateCommand } from './simulate/commands.ts'
import { addStoreCommands } from './store/commands.ts'
import { complain, print } from './terminal.ts'
import { usageSentence } from './usage.ts'
import { addWitnessCommand } from './witness/commands.ts'

/** Commands that take a key of the configuration as a flag: `--http.port 8081`. */
const CONFIGURABLE: ReadonlySet<string> = new Set([
  'run',
  'demo',
  'config',
  'doctor',
  'audit',
  'balances',
  'statement',
  'payout',
  'admin',
  'backup',
  'restore',
  'begin-ledger',
])

/** Runs one command line (without `node` and the script) to its end and gives the exit code. */
export async function main(given: readonly string[]): Promise<ExitCode> {
  endQuietlyWithoutReader()
  const faultCode = codeOfFault(given)
  endOnFault(faultCode)
  const split = splitConfigFlags(given)
  if (E.isLeft(split)) {
    complain(split.left)
    return EXIT.usage
  }
  const { rest, flags } = split.right
  let code: ExitCode = EXIT.ok
  const program = buildProgram(flags, (ended) => {
    code = ended
  })
  try {
    await program.parseAsync([...rest], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok
      // It has printed the help by itself where no command was named.
      if (error.code !== 'commander.help') complain(usageSentence(error.message, program, rest))
      return EXIT.usage
    }
    complain(internalFault(error))
    return faultCode
  }
}

/** For `audit` and `replay` 1 says that something in the ledger is wrong: a fault of the program is not that. */
const codeOfFault = (given: readonly string[]): ExitCode =>
  given.some((word) => word === 'audit' || word === 'replay') ? EXIT.unfinished : EXIT.failed

/** `lodebook config | head` closes the pipe early: that is no fault. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
}

/** A fault of the program in one line: what, and where in our own source. */
function internalFault(error: unknown): string {
  if (!(error instanceof Error)) return `internal fault: ${String(error)}; please report it`
  const frames = error.stack?.split('\n').slice(1) ?? []
  const where = frames.find((frame) => !/node:|node_modules/.test(frame)) ?? frames[0] ?? ''
  return `internal fault: ${error.message} (${where.trim()}); please report it with this line`
}

/** What nobody caught ends the process, with a sentence: state that is not understood must not go on serving miners. */
function endOnFault(code: ExitCode): void {
  process.on('uncaughtException', (error) => {
    complain(internalFault(error))
    process.exit(code)
  })
}

const CONFIG_HELP =
  'Every key of the configuration is a flag too: --http.port 8081. All of them: docs/configuration.md.'

/** The program's commands. `flags` are keys of the configuration from the command line; `done` is told the exit code. */
export function buildProgram(flags: readonly ConfigFlag[], done: (code: ExitCode) => void): Command {
  const program = new Command('lodebook')
    .description('A mining pool for Decred whose books anyone can check.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a command')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook demo                         a pool, a small chain and four miners, to look at
  $ lodebook config init                  write lodebook.toml with every key explained
  $ lodebook doctor                       is everything as the pool needs it?
  $ lodebook run --config /etc/lodebook/lodebook.toml

Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 3 doctor found problems, 130 ended by a second signal.
Manual: docs/command-line.md, docs/operators.md`,
    )
    .hook('preAction', (_, action) => {
      const name = topLevelName(action)
      if (flags.length > 0 && !CONFIGURABLE.has(name))
        program.error(`"lodebook ${name}" takes no keys of the configuration; leave --${flags[0]?.path} out`)
    })

  const configFile = () =>
    new Option('-c, --config <file>', 'TOML file; default: $LODEBOOK_CONFIG, else ./lodebook.toml')
  const store = () => new Option('--store <url>', 'where the log is; short for --store.url')
  const json = () => new Option('--json', 'print the result as JSON')

  program
    .command('run')
    .summary('run the pool')
    .description(
      `Runs the pool until SIGINT or SIGTERM, then stops within 10 s. A second signal ends it at once. ${CONFIG_HELP}`,
    )
    .addOption(configFile())
    .addOption(store())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook run
  $ lodebook run --config /etc/lodebook/lodebook.toml --log.format json
  $ LODEBOOK_NODES_0_PASSWORD=... lodebook run`,
    )
    .action(async ({ store, ...options }: { config?: string; store?: string }) => {
      const { run } = await import('./run.ts')
      done(await run({ ...options, flags: withStore(flags, store) }))
    })

  program
    .command('demo')
    .summary('a pool with a devnet and four CPU miners, to look at ("npm start")')
    .description(
      `Starts a small Decred chain of its own (a devnet), a pool on it and four CPU miners, all on this machine. It needs nothing else and touches no real chain. Data is kept in ./data/demo: starting again continues the same history. ${CONFIG_HELP}`,
    )
    .option('--devnet-port <port>', "port of the devnet's node", wholeNumber(0, 65_535), 19_556)
    .addOption(store())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook demo
  $ lodebook demo --http.port 8081 --listeners.0.port 5551 --devnet-port 19557
  $ npm start -- --pool.data_directory /tmp/demo`,
    )
    .action(async ({ store, ...options }: { devnetPort: number; store?: string }) => {
      const { demo } = await import('./demo.ts')
      done(await demo({ ...options, flags: withStore(flags, store) }))
    })

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
    .addOption(untilStdinEnds())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook devnet
  $ lodebook devnet --pow blake256 --port 19656 --data-directory /tmp/old-chain`,
    )
    .action(
      async (
        options: Omit<DevnetRequest, 'json' | 'untilStdinEnds'> & { json?: true; untilStdinEnds?: true },
      ) => {
        const { devnet } = await import('./devnet.ts')
        done(
          await devnet({
            ...options,
            json: options.json === true,
            untilStdinEnds: options.untilStdinEnds === true,
          }),
        )
      },
    )

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
    .addOption(untilStdinEnds())
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

  const config = program
    .command('config')
    .summary('print the configuration in force, or write a commented file')
    .description(
      `Prints every key with the value in force and where it came from. Secrets are hidden. ${CONFIG_HELP}`,
    )
    .addOption(configFile())
    .addOption(store())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook config
  $ lodebook config --json --config /etc/lodebook/lodebook.toml
  $ lodebook config init /etc/lodebook/lodebook.toml`,
    )
    .action(async ({ store, ...options }: { config?: string; store?: string; json?: true }) => {
      const { showConfig } = await import('./config-command.ts')
      done(showConfig({ ...options, json: options.json === true, flags: withStore(flags, store) }))
    })
  config
    .command('init')
    .description('Writes a file with every key explained, at its default. Never overwrites one.')
    .argument('[file]', 'where to write', 'lodebook.toml')
    .action(async (file: string) => {
      const { initConfig } = await import('./config-command.ts')
      done(initConfig(file))
    })

  program
    .command('doctor')
    .summary('look for what would keep the pool from working, and say what to do')
    .description(
      `Checks configuration, nodes, certificates, wallet, mining address, ledger key, clock, ports, disk and store, in the way the pool would use them. Ends with 3 when something must be mended. ${CONFIG_HELP}`,
    )
    .addOption(configFile())
    .addOption(store())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook doctor
  $ lodebook doctor --json | jq '.findings[] | select(.verdict != "ok")'`,
    )
    .action(async ({ store, ...options }: { config?: string; store?: string; json?: true }) => {
      const { doctor } = await import('./doctor/doctor.ts')
      done(await doctor({ ...options, json: options.json === true, flags: withStore(flags, store) }))
    })

  addMoneyCommands(program, flags, done)
  addReceiptCommands(program, done)
  addReplayCommand(program, done)
  addLedgerCommands(program, done)
  addExportCommand(program, done)
  addAdminCommands(program, flags, done)
  addBackupCommands(program, flags, done)
  addStoreCommands(program, done)
  addSimulateCommand(program, done)
  addAuditCommand(program, flags, done)
  addKeyCommands(program, flags, done)
  addWitnessCommand(program, hostAndPort, done)

  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands, options and keys of the configuration.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(lodebook completion bash)
  $ lodebook completion fish > ~/.config/fish/completions/lodebook.fish`,
    )
    .action((shell: Shell) => {
      print(completionScript(shell, commandsOf(program, CONFIGURABLE)).trimEnd())
      done(EXIT.ok)
    })

  program
    .command('man')
    .summary('print the manual page')
    .description('Prints the manual page of this version, in roff.')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook man | man -l -
  $ lodebook man > /usr/local/share/man/man1/lodebook.1`,
    )
    .action(async () => {
      const { manPage } = await import('./man.ts')
      print(manPage(commandsOf(program, CONFIGURABLE), version).trimEnd())
      done(EXIT.ok)
    })

  return program
}

const withStore = (flags: readonly ConfigFlag[], url: string | undefined): readonly ConfigFlag[] =>
  url === undefined ? flags : [...flags, { path: 'store.url', text: url }]

/** Name of the command under `lodebook` that an action belongs to: `config` for `config init`. */
function topLevelName(action: Command): string {
  return action.parent === null || action.parent.parent === null ? action.name() : topLevelName(action.parent)
}

/** Options of `miner` as commander gives them: what is off is left out. */
type MinerOptions = Omit<MinerRequest, 'tls' | 'json' | 'untilStdinEnds'> & {
  readonly tls?: true
  readonly json?: true
  readonly untilStdinEnds?: true
  readonly listDialects?: true
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Allowed: host:port, an IPv6 address in brackets.')
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

/** Proof of work of a chain, as devnet and miner know it. */
const powOption = () =>
  new Option('--pow <algorithm>', "proof of work: blake3 is today's, blake256 that of the ASICs until 2023")
    .choices(['blake3', 'blake256'])
    .default('blake3')

/** For programs that start this one. */
const untilStdinEnds = () => new Option('--until-stdin-ends').hideHelp()

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^[0-9]+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`)
    return value
  }
