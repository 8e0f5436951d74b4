import { type Command, Option } from 'commander'
import { hostAndPort, untilStdinEndsOption } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'

/** Options of `lodebook witness`, as commander gives them. */
interface Options {
  readonly key: string
  readonly state: string
  readonly log: readonly string[]
  readonly listen: { readonly host: string; readonly port: number }
  readonly json?: true
  readonly untilStdinEnds?: true
}

/** Adds `lodebook witness`. */
export function addWitnessCommand(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('witness')
    .summary('sign that other ledgers only grow (C2SP tlog-witness)')
    .description(
      'Serves add-checkpoint for the logs that you name, of any program that speaks C2SP tlog-witness. It signs a checkpoint only when the log has grown from the last one that it signed, which it never forgets. Prints its own verifier key.',
    )
    .requiredOption('--key <file>', 'its key, made with "lodebook keygen --witness"')
    .requiredOption(
      '--state <directory>',
      'where it remembers what it signed; lose it and the key must not be used again',
    )
    .requiredOption(
      '--log <vkey...>',
      'verifier key of a log to witness; "<origin> <vkey>" for one whose origin is not the name of its key',
    )
    .addOption(
      new Option('--listen <host:port>', 'where to listen; TLS is for a web server in front')
        .argParser(hostAndPort)
        .default({ host: '127.0.0.1', port: 8090 }, '127.0.0.1:8090'),
    )
    .option('--json', 'print where it is as one line of JSON')
    .addOption(untilStdinEndsOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook witness --key witness.key --state /var/lib/witness --log pool.example.com/ledger+30a44657+AQkJ...
  $ lodebook witness --key witness.key --state ./witness --log 'go.sum database tree sum.golang.org+033de0ae+Ac4z...'`,
    )
    .action(async ({ log, json, untilStdinEnds, ...options }: Options) => {
      const { witness } = await import('./witness.ts')
      done(
        await witness({
          ...options,
          logs: log,
          json: json === true,
          untilStdinEnds: untilStdinEnds === true,
        }),
      )
    })
}
