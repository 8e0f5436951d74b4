import { type Command, Option } from 'commander'
import type { ConfigFlag } from '../../config/sources.ts'
import type { ExitCode } from '../exit-code.ts'

const WHERE =
  'Reads the figures that the pool keeps in its data directory, while it runs or not, and changes nothing. With --store it reads a whole log instead; the pool must not be running on it.'

/** Options of every command here, as commander gives them. */
interface Options {
  readonly config?: string
  readonly store?: string
  readonly json?: true
}

/** Adds the commands that look at the money. `flags` are keys of the configuration that were given. */
export function addMoneyCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  const looking = (command: Command): Command =>
    command
      .addOption(
        new Option('-c, --config <file>', 'TOML file; default: $LODEBOOK_CONFIG, else ./lodebook.toml'),
      )
      .addOption(new Option('--store <url>', 'read the log of this store instead'))
      .addOption(new Option('--json', 'print the result as JSON'))
  const request = ({ json, ...options }: Options) => ({ ...options, json: json === true, flags })

  looking(program.command('balances'))
    .summary('what every miner is owed, and whether the books agree')
    .description(`Prints what each miner is owed and was paid, and the pool's own accounts. ${WHERE}`)
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook balances
  $ lodebook balances --pool.data_directory ./data/demo
  $ lodebook balances --store sqlite:/backup/lodebook.db --json`,
    )
    .action(async (options: Options) => {
      const { balances } = await import('./balances.ts')
      done(await balances(request(options)))
    })
  looking(program.command('statement'))
    .summary('everything that changed what a miner is owed')
    .description(
      `Prints a miner's earnings and payments, oldest first, with the balance after each. ${WHERE}`,
    )
    .argument('<address>', "the miner's address, or its account id")
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook statement DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu
  $ lodebook statement SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah --pool.data_directory ./data/demo --json`,
    )
    .action(async (address: string, options: Options) => {
      const { statement } = await import('./statement.ts')
      done(await statement({ ...request(options), address }))
    })
  const payout = program
    .command('payout')
    .summary('payouts: where they are')
    .description('Payouts of the pool.')
  looking(payout.command('status'))
    .summary('when the next payout is due, and where the latest are')
    .description(`Prints when the next payout is planned, and the hundred latest ones. ${WHERE}`)
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook payout status
  $ lodebook payout status --json | jq '.payouts[] | select(.phase == "planned")'`,
    )
    .action(async (options: Options) => {
      const { payoutStatus } = await import('./payout-status.ts')
      done(await payoutStatus(request(options)))
    })
}
