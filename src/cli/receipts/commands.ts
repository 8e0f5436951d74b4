import { type Command, Option } from 'commander'
import { jsonOption } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'

/** Adds the commands that get and check receipts of shares. */
export function addReceiptCommands(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('receipt')
    .summary('get the receipt of an accepted share from a pool')
    .description(
      'Writes the receipt of one accepted share: a file that proves offline that the share is in the signed ledger. The share is named by its place there, or by its job and nonce as the miner sent them.',
    )
    .requiredOption('--pool <url>', 'address of the pool: https://pool.example')
    .addOption(new Option('--share <entry:position>', 'its place in the ledger').conflicts(['job', 'nonce']))
    .option('--job <id>', 'job that it is of: 12 hex digits')
    .option('--nonce <hex>', 'its nonce: 8 hex digits')
    .option('-o, --output <file>', 'where to write it; default: share-<entry>-<position>.tlog-proof')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook receipt --pool http://127.0.0.1:8080 --share 1042:7
  $ lodebook receipt --pool https://pool.example --job 00030000002a --nonce 1f00a9c4 -o share.tlog-proof`,
    )
    .action(
      async (options: { pool: string; share?: string; job?: string; nonce?: string; output?: string }) => {
        const { receipt } = await import('./receipt.ts')
        done(await receipt(options))
      },
    )
  program
    .command('verify')
    .summary("check the receipt of a share, or all of a pool's answers to a miner")
    .description(
      "Checks a receipt without any connection, and shows each step: signature, place in the ledger, header, proof of work, whose it is. With --answers it checks instead that every share which the pool answered with true is in its ledger, under the miner's address and for its difficulty. Ends with 1 when something does not hold.",
    )
    .argument('[file]', 'receipt of a share')
    .requiredOption('--key <vkey>', "the ledger's verifier key, from somewhere else than the pool")
    .option('--witness <vkey...>', 'verifier keys of witnesses that must have cosigned')
    .option('--answers <file>', 'answers that a miner kept: lodebook miner --answers')
    .option('--ledger <address>', 'ledger to look the answers up in: a URL or a folder')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook verify share-1042-7.tlog-proof --key "$(cat pool.vkey)"
  $ lodebook verify --answers answers.jsonl --ledger https://pool.example/ledger --key "$(cat pool.vkey)"`,
    )
    .action(
      async (
        file: string | undefined,
        options: {
          key: string
          witness?: string[]
          answers?: string
          ledger?: string
          json?: true
        },
      ) => {
        const { verify } = await import('./verify.ts')
        const { json, witness = [], ...rest } = options
        done(await verify({ ...rest, witness, json: json === true, ...(file === undefined ? {} : { file }) }))
      },
    )
}
