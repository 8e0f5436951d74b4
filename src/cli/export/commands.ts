import { type Command, Option } from 'commander'
import { TABLES, type TableName } from '../../export/tables.ts'
import { FORMATS, type Format } from '../../export/writer.ts'
import { jsonOption } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options as commander gives them. */
interface Options {
  readonly key?: string
  readonly store?: string
  readonly format: Format
  readonly output: string
  readonly table?: readonly TableName[]
  readonly json?: true
}

/** Adds `lodebook export`. */
export function addExportCommand(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('export')
    .summary('write the history as tables: CSV, JSON lines, SQLite or Parquet')
    .description(
      'Writes shares, blocks, allocations, payments and more as tables, for spreadsheets and SQL, from a published ledger or a store. Files are written whole or not at all, and none is overwritten.',
    )
    .argument('[ledger]', 'URL or folder of a ledger: below it is "checkpoint"')
    .option('--key <vkey>', "the ledger's verifier key, from somewhere else than the ledger")
    .option('--store <url>', 'read the log of this store instead')
    .addOption(new Option('--format <name>', 'format').choices(FORMATS).makeOptionMandatory())
    .requiredOption('--output <path>', 'a file for sqlite or a single --table, else a directory')
    .addOption(new Option('--table <name...>', 'only these tables; default: all').choices(TABLES))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook export https://pool.example/ledger --key "$KEY" --format csv --output ./tables
  $ lodebook export --store sqlite:/backup/lodebook.db --format sqlite --output pool.db
  $ lodebook export ./ledger --key "$KEY" --format parquet --table shares --output shares.parquet

Manual: docs/replaying.md`,
    )
    .action(async (ledger: string | undefined, options: Options) => {
      const { exportCommand } = await import('./export.ts')
      const { json, table, ...rest } = options
      done(
        await exportCommand({
          ...rest,
          ...(ledger === undefined ? {} : { ledger }),
          tables: TABLES.filter((name) => table === undefined || table.includes(name)),
          json: json === true,
        }),
      )
    })
}
