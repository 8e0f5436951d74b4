import { type Command, Option } from 'commander'
import type { ExitCode } from '../exit-code.ts'

/** Adds `lodebook keygen`. */
export function addKeyCommands(program: Command, done: (code: ExitCode) => void): void {
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
    .addOption(new Option('--json', 'print the result as JSON'))
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
}
