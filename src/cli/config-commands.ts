import type { Command } from 'commander'
import type { ConfigFlag } from '../config/sources.ts'
import { configOption, jsonOption, storeOption } from './arguments.ts'
import { CONFIG_FLAGS_HELP, configurable, withStoreFlag } from './config-flags.ts'
import type { ExitCode } from './exit-code.ts'

/** Options of the commands that look at a configuration, as commander gives them. */
interface Options {
  readonly config?: string
  readonly store?: string
  readonly json?: true
}

/** Adds `lodebook config` and what belongs to it, and `doctor`. `flags` are keys of the configuration that were given. */
export function addConfigCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  const config = configurable(program.command('config'))
    .summary('print the configuration in force, or write a commented file')
    .description(
      `Prints every key with the value in force and where it came from. Secrets are hidden. ${CONFIG_FLAGS_HELP}`,
    )
    .addOption(configOption())
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook config
  $ lodebook config --json --config /etc/lodebook/lodebook.toml
  $ lodebook config init /etc/lodebook/lodebook.toml`,
    )
    .action(async ({ store, ...options }: Options) => {
      const { showConfig } = await import('./config.ts')
      done(showConfig({ ...options, json: options.json === true, flags: withStoreFlag(flags, store) }))
    })
  config
    .command('init')
    .description('Writes a file with every key explained, at its default. Never overwrites one.')
    .argument('[file]', 'where to write', 'lodebook.toml')
    .action(async (file: string) => {
      const { initConfig } = await import('./config.ts')
      done(initConfig(file))
    })

  configurable(program.command('doctor'))
    .summary('look for what would keep the pool from working, and say what to do')
    .description(
      `Checks configuration, nodes, certificates, wallet, mining address, ledger key, clock, ports, disk and store, in the way the pool would use them. Ends with 3 when something must be mended. ${CONFIG_FLAGS_HELP}`,
    )
    .addOption(configOption())
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook doctor
  $ lodebook doctor --json | jq '.findings[] | select(.verdict != "ok")'`,
    )
    .action(async ({ store, ...options }: Options) => {
      const { doctor } = await import('./doctor/doctor.ts')
      done(await doctor({ ...options, json: options.json === true, flags: withStoreFlag(flags, store) }))
    })
}
