import type { Command } from 'commander'
import { jsonOption } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'

const URL_HELP =
  'URL is sqlite: and a path, or a connection string of EventStoreDB, as in store.url: esdb://user@host:2113?passwordFile=/run/secrets/store.'

/** Adds `lodebook store` and what belongs to it. */
export function addStoreCommands(program: Command, done: (code: ExitCode) => void): void {
  const store = program
    .command('store')
    .summary('copy a history from one store to another, or verify one')
    .description(
      'Works on the log of events: what is read may have a pool running on it, what is written may not.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook store verify sqlite:/var/lib/lodebook/lodebook.db
  $ lodebook store copy --from sqlite:/var/lib/lodebook/lodebook.db --to 'esdb://db:2113?tls=false'`,
    )
  store
    .command('copy')
    .summary('copy the whole history to another store, and verify the copy')
    .description(
      `Copies every event in order, then compares all of both stores. Killed or failed at any moment, the same command goes on where it was. A target that holds anything else is refused before anything is written. ${URL_HELP}`,
    )
    .requiredOption('--from <url>', 'the store that has the history')
    .requiredOption('--to <url>', 'the store that gets it, made when it is a file that is not there')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook store copy --from sqlite:/var/lib/lodebook/lodebook.db --to 'esdb://pool@db:2113?passwordFile=/run/secrets/store'
  $ lodebook store copy --from 'esdb://db:2113?tls=false' --to sqlite:/backup/lodebook.db --json`,
    )
    .action(async ({ from, to, json }: { from: string; to: string; json?: true }) => {
      const { copyCommand } = await import('./copy.ts')
      done(await copyCommand({ from, to, json: json === true }))
    })
  store
    .command('verify')
    .summary('read a whole store and name everything that is wrong')
    .description(
      `Checks the order of the log, every stream for gaps, every event's id, data and type. Ends with 1 when anything is wrong. ${URL_HELP}`,
    )
    .argument('<url>', 'the store')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook store verify sqlite:/backup/lodebook.db
  $ lodebook store verify --json 'esdb://db:2113?tls=false' | jq .sha256`,
    )
    .action(async (url: string, { json }: { json?: true }) => {
      const { verifyCommand } = await import('./verify.ts')
      done(await verifyCommand({ url, json: json === true }))
    })
}
