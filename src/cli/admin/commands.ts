import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { AdminOrder } from '../../../adapters/http/admin/order.ts'
import { LogLevel } from '../../../domain/events.ts'
import type { ConfigFlag } from '../../config/sources.ts'
import { configOption, jsonOption } from '../arguments.ts'
import { configurable } from '../config-flags.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options of every command here, as commander gives them. */
interface Options {
  readonly config?: string
  readonly json?: true
}

const HOUR_MS = 3_600_000

/** Adds `lodebook admin` and what belongs to it, and `wallet-certificate`. `flags` are keys of the configuration that were given. */
export function addAdminCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  const admin = configurable(program.command('admin'))
    .summary('what an administrator does with a running pool')
    .description(
      'Looks at the running pool and gives it orders, through the control socket in its data directory: whoever may open that is the administrator. Each order is an event of the log. Payouts: "lodebook payout".',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook admin password /etc/lodebook/admin-password
  $ lodebook admin connections
  $ lodebook admin ban 203.0.113.0/24 --hours 24`,
    )
  const request = ({ json, ...options }: Options) => ({ ...options, json: json === true, flags })
  const withPool = (command: Command): Command => command.addOption(configOption()).addOption(jsonOption())
  const give = async (options: Options, order: AdminOrder): Promise<void> => {
    const { giveOrder } = await import('./give-order.ts')
    done(await giveOrder(request(options), order))
  }

  admin
    .command('password')
    .summary("make a password hash for the administrator's pages")
    .description(
      'Asks for a password without showing it, or reads it from standard input, and prints what belongs into admin.password_hash, or writes it to a new file.',
    )
    .argument('[file]', 'where to write it')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook admin password
  $ lodebook admin password /etc/lodebook/admin-password
  $ pass show pool | lodebook admin password`,
    )
    .action(async (file: string | undefined) => {
      const { adminPassword } = await import('./password.ts')
      done(await adminPassword(file))
    })

  withPool(admin.command('connections'))
    .summary('who is connected, and what was refused')
    .description(
      'Prints every connection of the running pool, with the shares that were refused on it and why.',
    )
    .action(async (options: Options) => {
      const { adminConnections } = await import('./look.ts')
      done(await adminConnections(request(options)))
    })
  withPool(admin.command('bans'))
    .summary('who may not mine')
    .description('Prints the bans in force.')
    .action(async (options: Options) => {
      const { adminBans } = await import('./look.ts')
      done(await adminBans(request(options)))
    })
  withPool(admin.command('ban'))
    .summary('ban a miner, an IP address or a range')
    .description(
      'Disconnects a miner, by its address or account id, or everybody from an IP address or range, and refuses them from now on. What was earned is paid. IP addresses are not published.',
    )
    .argument('<who>', "a miner's address or account id, an IP address, or a range as 203.0.113.0/24")
    .addOption(new Option('--hours <n>', 'for so long; for good when left out').argParser(hours))
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook admin ban 203.0.113.0/24 --hours 24
  $ lodebook admin ban DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu`,
    )
    .action(async (who: string, { hours, ...options }: Options & { readonly hours?: number }) => {
      const until = hours === undefined ? null : Date.now() + hours * HOUR_MS
      await give(
        options,
        isRange(who)
          ? { kind: 'ban-address', range: who, until }
          : { kind: 'ban-account', miner: who, until },
      )
    })
  withPool(admin.command('unban'))
    .summary('lift a ban')
    .description('Lifts a ban, named as "admin bans" has it.')
    .argument('<who>', 'as it was banned')
    .action(async (who: string, options: Options) => {
      await give(
        options,
        isRange(who) ? { kind: 'unban-address', range: who } : { kind: 'unban-account', miner: who },
      )
    })
  withPool(admin.command('log-level'))
    .summary("change the running pool's log level")
    .description('Sets the lowest level that is written to the log, until the next restart.')
    .addArgument(new Argument('<level>', 'lowest level').choices(Object.keys(LogLevel.keys)))
    .action(async (level: string, options: Options) => {
      await give(options, { kind: 'set-log-level', level: LogLevel.is(level) ? level : 'info' })
    })
  withPool(admin.command('rebuild'))
    .summary('make the read models anew from the log')
    .description('Folds the whole log again into new read models, while pages and API show the old ones.')
    .action(async (options: Options) => {
      await give(options, { kind: 'rebuild-read-models' })
    })

  program
    .command('wallet-certificate')
    .summary("make the pool's own certificate for dcrwallet")
    .description(
      "Writes wallet-client.crt and wallet-client.key. Add the certificate to the file of dcrwallet's --clientcafile, and name both in [wallet].",
    )
    .argument('[directory]', 'where to write', '.')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook wallet-certificate /etc/lodebook
  $ cat /etc/lodebook/wallet-client.crt >> ~/.dcrwallet/clients.pem`,
    )
    .action(async (directory: string) => {
      const { walletCertificate } = await import('./wallet-certificate.ts')
      done(await walletCertificate(directory))
    })
}

/** Of a miner's address or an account id none has a dot or a colon. */
const isRange = (who: string): boolean => /[.:]/.test(who)

function hours(text: string): number {
  const value = Number(text)
  if (!/^[0-9]{1,6}$/.test(text) || value < 1)
    throw new InvalidArgumentError('Allowed: a whole number of hours.')
  return value
}
