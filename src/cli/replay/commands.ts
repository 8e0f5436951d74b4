import { type Command, Option } from 'commander'
import { jsonOption, wholeNumber } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options as commander gives them. */
interface Options {
  readonly key?: string
  readonly store?: string
  readonly until?: string
  readonly scheme?: 'pplns' | 'pplns-time' | 'prop' | 'pps' | 'solo'
  readonly windowPpm?: number
  readonly periodMs?: number
  readonly account?: string
  readonly diff?: true
  readonly json?: true
}

/** Adds `lodebook replay`. */
export function addReplayCommand(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('replay')
    .summary('fold the history again: balances at any point, or what another scheme would have given')
    .description(
      "Computes a pool's books anew from its published ledger or its store, up to any point: every reward from the shares, by the rules in force. With --diff it ends with 1 when something that was published is otherwise. A history that can't be replayed to the end ends with 2.",
    )
    .argument('[ledger]', 'URL or folder of a ledger: below it is "checkpoint"')
    .option('--key <vkey>', "the ledger's verifier key, from somewhere else than the ledger")
    .option('--store <url>', 'read the log of this store instead')
    .option(
      '--until <point>',
      'last entry (1042), last block of the chain (height:1000) or time (2026-11-25T12:00:00Z); default: the end',
    )
    .addOption(
      new Option('--scheme <name>', 'what each miner would have earned under another scheme').choices([
        'pplns',
        'pplns-time',
        'prop',
        'pps',
        'solo',
      ]),
    )
    .option(
      '--window-ppm <count>',
      'window of --scheme pplns, in millionths of the work that finds a block; default: 2000000',
      wholeNumber(1, 100_000_000),
    )
    .option(
      '--period-ms <ms>',
      'period of --scheme pplns-time; default: 86400000, a day',
      wholeNumber(1, 366 * 86_400_000),
    )
    .option('--account <address>', 'one miner, line by line: its address or account id')
    .option('--diff', 'compare with what was published, and name every difference')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook replay https://pool.example/ledger --key "$KEY" --diff
  $ lodebook replay ./ledger --key "$KEY" --until height:1000
  $ lodebook replay --store sqlite:/backup/lodebook.db --account DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu
  $ lodebook replay ./ledger --key "$KEY" --scheme pps --json

Manual: docs/replaying.md`,
    )
    .action(async (ledger: string | undefined, options: Options) => {
      const { replayCommand } = await import('./replay.ts')
      const { diff, json, ...rest } = options
      done(
        await replayCommand({
          ...rest,
          ...(ledger === undefined ? {} : { ledger }),
          ...{ diff: diff === true, json: json === true },
        }),
      )
    })
}
