import { type Command, Option } from 'commander'
import type { ConfigFlag } from '../../config/sources.ts'
import { configOption, jsonOption } from '../arguments.ts'
import { configurable } from '../config-flags.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options of both commands, as commander gives them. */
interface Options {
  readonly config?: string
  readonly json?: true
}

/** Adds `lodebook backup` and `restore`. `flags` are keys of the configuration that were given. */
export function addBackupCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  configurable(program.command('backup'))
    .summary('back up the log, while the pool runs')
    .description(
      'Writes the whole log into one SQLite file, itself a store, while the pool runs or not; then opens it and reads it to its end. Never over another file. With an EventStoreDB it copies every event; that server has backups of its own, too.',
    )
    .argument('<file>', 'where to write, best on another disk')
    .addOption(configOption())
    .addOption(new Option('--store <url>', 'back up this store instead'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook backup /backup/lodebook-$(date +%F).db
  $ lodebook backup /backup/demo.db --pool.data_directory ./data/demo --json`,
    )
    .action(async (file: string, { json, ...options }: Options & { readonly store?: string }) => {
      const { backup } = await import('./backup.ts')
      done(await backup({ ...options, file, json: json === true, flags }))
    })
  configurable(program.command('restore'))
    .summary('put a backup in the place of a store that is gone')
    .description(
      'Puts a backup where the configuration has its store, which must not be there, after it was read to its end. Then continues it from the public ledger in the data directory, or at another address: what was signed after the backup is not lost.',
    )
    .argument('<file>', 'the backup')
    .addOption(configOption())
    .addOption(new Option('--ledger <address>', 'folder or URL of a copy of the ledger to continue from'))
    .addOption(new Option('--no-ledger', 'restore what is in the backup alone'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook restore /backup/lodebook-2026-11-25.db --config /etc/lodebook/lodebook.toml
  $ lodebook restore /backup/lodebook-2026-11-25.db --ledger https://mirror.example/pool`,
    )
    .action(async (file: string, { json, ...options }: Options & { readonly ledger?: string | boolean }) => {
      const { restore } = await import('./restore.ts')
      done(await restore({ ...options, file, json: json === true, flags }))
    })
}
