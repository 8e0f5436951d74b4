import type { Command } from 'commander'
import type { ConfigFlag } from '../../config/sources.ts'
import { configOption, jsonOption } from '../arguments.ts'
import { configurable } from '../config-flags.ts'
import type { ExitCode } from '../exit-code.ts'

/** Adds `lodebook keygen` and `begin-ledger`. `flags` are keys of the configuration that were given. */
export function addKeyCommands(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  program
    .command('keygen')
    .summary('make a key that signs the public ledger, or a witness’s')
    .description(
      'Writes a signing key into a file that only you can read, never over another, and prints its verifier key: that is for everybody. The pool makes a key by itself at its first start; this is for a name of your choice and for a change of keys.',
    )
    .option(
      '--name <name>',
      'name of the ledger or witness: its address without https://; one that is no address unless given',
    )
    .option('--witness', 'a key for "lodebook witness"')
    .addOption(jsonOption())
    .argument('[file]', 'where to write', 'ledger.key')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook keygen --name pool.example.com/ledger /etc/lodebook/ledger.key
  $ lodebook keygen --witness --name witness.example.com/w1 witness.key`,
    )
    .action(async (file: string, { name, witness, json }: { name?: string; witness?: true; json?: true }) => {
      const { keygen } = await import('./keygen.ts')
      done(keygen({ file, name, witness: witness === true, json: json === true }))
    })
  configurable(program.command('begin-ledger'))
    .summary('begin the public ledger again, when it is lost')
    .description(
      'For a pool that is stopped, whose log names a ledger that is neither in its folder nor anywhere else: such a pool signs nothing and pays nobody. After this, its next start makes the ledger anew from the log as it is. Look for a copy first: "lodebook restore --ledger" fetches it, and nothing is lost.',
    )
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook begin-ledger --config /etc/lodebook/lodebook.toml`,
    )
    .action(async ({ json, ...options }: { readonly config?: string; readonly json?: true }) => {
      const { beginLedger } = await import('./begin-ledger.ts')
      done(await beginLedger({ ...options, json: json === true, flags }))
    })
}
