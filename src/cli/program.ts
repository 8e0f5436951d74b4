import { Command, CommanderError } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import type { ConfigFlag } from '../config/sources.ts'
import { version } from '../version.ts'
import { addAdminCommands } from './admin/commands.ts'
import { addAuditCommand } from './audit/commands.ts'
import { addBackupCommands } from './backup/commands.ts'
import { addConfigCommands } from './config-commands.ts'
import { isConfigurable, splitConfigFlags } from './config-flags.ts'
import { addDevnetCommands } from './devnet-commands.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { addExportCommand } from './export/commands.ts'
import { addLedgerCommands } from './ledger/commands.ts'
import { addKeyCommands } from './ledger-keys/commands.ts'
import { addManualCommands } from './manual-commands.ts'
import { addMoneyCommands } from './money/commands.ts'
import { addPoolCommands } from './pool-commands.ts'
import { addReceiptCommands } from './receipts/commands.ts'
import { addReplayCommand } from './replay/commands.ts'
import { addSimulateCommand } from './simulate/commands.ts'
import { addStoreCommands } from './store/commands.ts'
import { complain } from './terminal.ts'
import { usageSentence } from './usage.ts'
import { addWitnessCommand } from './witness/commands.ts'

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
      const [flag] = flags
      if (flag !== undefined && !isConfigurable(action))
        program.error(
          `"lodebook ${topLevelName(action)}" takes no keys of the configuration; leave --${flag.path} out`,
        )
    })

  addPoolCommands(program, flags, done)
  addDevnetCommands(program, done)
  addConfigCommands(program, flags, done)
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
  addWitnessCommand(program, done)
  addManualCommands(program, done)
  return program
}

/** Name of the command under `lodebook` that an action belongs to: `config` for `config init`. */
function topLevelName(action: Command): string {
  return action.parent === null || action.parent.parent === null ? action.name() : topLevelName(action.parent)
}
