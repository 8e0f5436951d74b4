import { type Command, InvalidArgumentError, Option } from 'commander'
import { eventTypes } from '../../../domain/events.ts'
import { jsonOption } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CatRequest } from './cat.ts'

const WHERE = 'URL or folder of the ledger: below it is "checkpoint"'
const KEY = "the ledger's verifier key, from somewhere else than the ledger"

/** Adds the commands that read a published ledger. */
export function addLedgerCommands(program: Command, done: (code: ExitCode) => void): void {
  const ledger = program
    .command('ledger')
    .summary('read a published ledger: its checkpoint, entries and proofs')
    .description('Reads a published ledger from a URL or a folder.')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook ledger head https://pool.example/ledger --key "$KEY"
  $ lodebook ledger cat ./ledger --key "$KEY" --type PolicyAdopted | jq .data`,
    )
  ledger
    .command('cat')
    .summary('print entries as lines of JSON')
    .description(
      'Prints entries exactly as they are published, one a line. With --key the signature is checked first, and each entry against it; without it nothing vouches for them, and standard error says so.',
    )
    .argument('<ledger>', WHERE)
    .option('--key <vkey>', KEY)
    .option('--from <index>', 'first entry', entryIndex)
    .option('--to <index>', 'last entry', entryIndex)
    .addOption(new Option('--type <name>', 'only events of this type').choices(eventTypes))
    .option('--stream <name>', 'only events of this stream')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook ledger cat https://pool.example/ledger --key "$KEY" | head
  $ lodebook ledger cat ./ledger --key "$KEY" --stream pool
  $ lodebook ledger cat ./ledger --key "$KEY" --from 1000 --to 1999 --type SharesAccepted | jq -c .data.difficulty`,
    )
    .action(async (address: string, options: Omit<CatRequest, 'ledger'>) => {
      const { cat } = await import('./cat.ts')
      done(await cat({ ...options, ledger: address }))
    })
  ledger
    .command('get')
    .summary('print one entry')
    .description('Prints one entry exactly as it is published. About --key: see "ledger cat".')
    .argument('<ledger>', WHERE)
    .argument('<index>', 'index of the entry, from 0', entryIndex)
    .option('--key <vkey>', KEY)
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook ledger get https://pool.example/ledger 1042 --key "$KEY" | jq`,
    )
    .action(async (address: string, index: number, options: { readonly key?: string }) => {
      const { cat } = await import('./cat.ts')
      done(await cat({ ...options, ledger: address, from: index, to: index }))
    })
  ledger
    .command('head')
    .summary('print the newest checkpoint: origin, size, root, signatures')
    .description('Checks and prints the newest checkpoint, with the time of the last entry that it holds.')
    .argument('<ledger>', WHERE)
    .requiredOption('--key <vkey>', KEY)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook ledger head https://pool.example/ledger --key "$KEY"
  $ lodebook ledger head ./ledger --key "$KEY" --json | jq .size`,
    )
    .action(async (address: string, options: { readonly key: string; readonly json?: true }) => {
      const { head } = await import('./head.ts')
      done(await head({ ledger: address, key: options.key, json: options.json === true }))
    })
  ledger
    .command('proof')
    .summary('write the proof that an entry is in the ledger')
    .description(
      'Writes a tlog-proof file (C2SP): by it anybody who has the entry and the key sees offline that the entry is in the ledger.',
    )
    .argument('<ledger>', WHERE)
    .argument('<index>', 'index of the entry, from 0', entryIndex)
    .requiredOption('--key <vkey>', KEY)
    .option('-o, --output <file>', 'where to write it; default: entry-<index>.tlog-proof')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook ledger proof https://pool.example/ledger 1042 --key "$KEY"
  $ lodebook ledger proof ./ledger 1042 --key "$KEY" --output allocation.tlog-proof`,
    )
    .action(
      async (address: string, index: number, options: { readonly key: string; readonly output?: string }) => {
        const { proof } = await import('./proof.ts')
        done(await proof({ ...options, ledger: address, index }))
      },
    )
}

function entryIndex(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError('Allowed: the index of an entry, from 0.')
  return Number(text)
}
