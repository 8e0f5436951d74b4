import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ConfigFlag } from '../../config/sources.ts'
import { configOption, jsonOption } from '../arguments.ts'
import { configurable } from '../config-flags.ts'
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
      .addOption(configOption())
      .addOption(new Option('--store <url>', 'read the log of this store instead'))
      .addOption(jsonOption())
  const request = ({ json, ...options }: Options) => ({ ...options, json: json === true, flags })

  looking(configurable(program.command('balances')))
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
  looking(configurable(program.command('statement')))
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
  const payout = configurable(program.command('payout'))
    .summary('payouts: where they are, and what is decided about them')
    .description(
      'Payouts of the pool. What decides anything is done by the running pool, through the control socket in its data directory, and is an event of the log.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook payout status
  $ lodebook payout plan --dry-run
  $ lodebook payout approve 3`,
    )
  const ordering = (command: Command): Command => command.addOption(configOption()).addOption(jsonOption())
  looking(payout.command('plan'))
    .summary('plan a run of payouts now')
    .description(
      'Has the running pool plan a run of payouts now, whether one is due or not. In mode manual each waits for "payout approve" then.',
    )
    .option('--dry-run', 'only print what a run would pay; needs no running pool')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook payout plan --dry-run
  $ lodebook payout plan --pool.data_directory ./data/demo`,
    )
    .action(async (options: Options & { readonly dryRun?: true }) => {
      const { payoutPlan } = await import('./payout-plan.ts')
      done(await payoutPlan({ ...request(options), dryRun: options.dryRun === true }))
    })
  const deciding = (
    name: 'approve' | 'reject',
    kind: 'approve-payout' | 'reject-payout',
    summary: string,
    description: string,
  ): Command =>
    ordering(payout.command(name))
      .summary(summary)
      .description(description)
      .argument('<number>', 'number of the payout, as "payout status" has it', payoutNumber)
      .addHelpText(
        'after',
        `
Examples:
  $ lodebook payout ${name} 3
  $ lodebook payout ${name} 3 --pool.data_directory ./data/demo --json`,
      )
      .action(async (payout: number, options: Options) => {
        const { giveOrder } = await import('../admin/give-order.ts')
        done(await giveOrder(request(options), { kind, payout }))
      })
  deciding('approve', 'approve-payout', 'let a planned payout go out', 'Lets a payout of mode manual go out.')
  deciding(
    'reject',
    'reject-payout',
    'put the money of a planned payout back',
    'Puts the money of a payout that is not signed yet, or that can never be paid, back to its miners; the next run plans it again.',
  )
  ordering(payout.command('retry'))
    .summary('try again what is in the way of payouts')
    .description(
      'Has the running pool try again what a problem keeps: a wallet that was locked or away, a coinbase that it did not know.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook payout retry`,
    )
    .action(async (options: Options) => {
      const { giveOrder } = await import('../admin/give-order.ts')
      done(await giveOrder(request(options), { kind: 'retry' }))
    })
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

function payoutNumber(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('Allowed: the number of a payout.')
  return Number(text)
}
