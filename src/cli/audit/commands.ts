import type { Command } from 'commander'
import type { ConfigFlag } from '../../config/sources.ts'
import { wholeNumber } from '../arguments.ts'
import { configurable } from '../config-flags.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options as commander gives them. */
interface Options {
  readonly key: string
  readonly node?: string | true
  readonly since?: string
  readonly save?: string
  readonly json?: string
  readonly html?: string
  readonly workers?: number
}

/** Threads at most: more than any machine has cores for. */
const WORKERS_MAX = 256

/** Adds `lodebook audit`. `flags` are keys of the configuration that were given: how `--node` reaches its nodes. */
export function addAuditCommand(
  program: Command,
  flags: readonly ConfigFlag[],
  done: (code: ExitCode) => void,
): void {
  configurable(program.command('audit'))
    .summary("recompute everything that a pool's public ledger says, and name what is wrong")
    .description(
      'Reads a whole ledger from a URL or a folder and trusts nothing in it but the key: every signature, proof of work, reward and payout is computed anew. Ends with 0 when everything holds, with 1 when something does not, which is then listed, and with 2 when it could not be finished.',
    )
    .argument('<ledger>', 'URL or folder of the ledger: below it is "checkpoint"')
    .requiredOption('--key <vkey>', "the ledger's verifier key, from somewhere else than the ledger")
    .option(
      '--node [config]',
      'ask the nodes of this configuration (default: as "lodebook run" finds it) about blocks and payouts',
    )
    .option('--since <checkpoint>', 'the ledger must continue what this saved checkpoint signs')
    .option(
      '--save <checkpoint>',
      'save the checkpoint when everything holds, for --since. Beside it, in <checkpoint>.hashed, stands which shares were hashed: they are not hashed again, also when an audit is cut short and repeated',
    )
    .option('--json <file>', 'write the report as JSON')
    .option('--html <file>', 'write the report as one page with charts')
    .option('--workers <count>', 'threads that hash; default: one for each core', wholeNumber(1, WORKERS_MAX))
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook audit https://pool.example/ledger --key pool.example+1a2b3c4d+AYb...
  $ lodebook audit ./ledger --key "$KEY" --save pool.checkpoint --html report.html
  $ lodebook audit http://127.0.0.1:8080/ledger --key "$KEY" --since pool.checkpoint --save pool.checkpoint
  $ lodebook audit ./ledger --key "$KEY" --node lodebook.toml

Manual: docs/auditing.md`,
    )
    .action(async (ledger: string, options: Options) => {
      const { auditCommand } = await import('./audit.ts')
      done(await auditCommand({ ...options, ledger, flags }))
    })
}
