import type { Command } from 'commander'
import type { ConfigFlag } from '../config/sources.ts'
import { configOption, storeOption, wholeNumber } from './arguments.ts'
import { CONFIG_FLAGS_HELP, configurable, withStoreFlag } from './config-flags.ts'
import type { ExitCode } from './exit-code.ts'

/** Adds `lodebook run` and `demo`. `flags` are keys of the configuration that were given. */
export function addPoolCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  configurable(program.command('run'))
    .summary('run the pool')
    .description(
      `Runs the pool until SIGINT or SIGTERM, then stops within 10 s. A second signal ends it at once. ${CONFIG_FLAGS_HELP}`,
    )
    .addOption(configOption())
    .addOption(storeOption())
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
      done(await run({ ...options, flags: withStoreFlag(flags, store) }))
    })

  configurable(program.command('demo'))
    .summary('a pool with a devnet and four CPU miners, to look at ("npm start")')
    .description(
      `Starts a small Decred chain of its own (a devnet), a pool on it and four CPU miners, all on this machine. It needs nothing else and touches no real chain. Data is kept in ./data/demo: starting again continues the same history. ${CONFIG_FLAGS_HELP}`,
    )
    .option('--devnet-port <port>', "port of the devnet's node", wholeNumber(0, 65_535), 19_556)
    .addOption(storeOption())
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
      done(await demo({ ...options, flags: withStoreFlag(flags, store) }))
    })
}
