import { type Command, Option } from 'commander'
import { DEFAULT_SIMULATION } from '../../simulate/options.ts'
import { SCHEMES } from '../../simulate/settings.ts'
import { jsonOption, wholeNumber } from '../arguments.ts'
import type { ExitCode } from '../exit-code.ts'
import type { SimulateRequest } from './simulate.ts'

/** Adds `lodebook simulate`. */
export function addSimulateCommand(program: Command, done: (code: ExitCode) => void): void {
  const { seed, miners, sharesPerBlock, sharesPerEvent } = DEFAULT_SIMULATION
  program
    .command('simulate')
    .summary("make a pool's history of any size, with its ledger, to try things on")
    .description(
      "Makes the data directory of a pool that never was: its own engine works for simulated miners in simulated time, on a small chain of its own. Proofs of work, blocks, signatures and the ledger are real, the network is simnet's and the money is play. The same options give the same history, byte for byte.",
    )
    .requiredOption('--data <directory>', 'where it is written; no history may be there yet')
    .option('--shares <count>', 'accepted shares, exactly', wholeNumber(1, 1_000_000_000), 100_000)
    .option('--seed <number>', 'each gives another history', wholeNumber(0, Number.MAX_SAFE_INTEGER), seed)
    .option('--miners <count>', 'miners, most with one device', wholeNumber(1, 100_000), miners)
    .addOption(
      new Option('--scheme <name>', 'how rewards are shared')
        .choices(SCHEMES)
        .default(DEFAULT_SIMULATION.scheme),
    )
    .option(
      '--shares-per-block <count>',
      'shares for each block that the pool finds, on average',
      wholeNumber(1, 1_000_000_000),
      sharesPerBlock,
    )
    .option(
      '--shares-per-event <count>',
      'shares that wait for each other; 600 makes the smallest log',
      wholeNumber(1, 600),
      sharesPerEvent,
    )
    .addOption(
      new Option('--pow <algorithm>', 'proof of work; blake256 brings the ASICs of its time')
        .choices(['blake3', 'blake256'])
        .default(DEFAULT_SIMULATION.powAlgorithm),
    )
    .option('--no-faults', 'no reorganisation, disapproval or missing vote, and a wallet that always answers')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook simulate --data /tmp/history
  $ lodebook simulate --data /tmp/large --shares 10000000 --shares-per-block 10000 --shares-per-event 600
  $ lodebook simulate --data /tmp/pps --seed 7 --scheme pps --miners 20 --json`,
    )
    .action(async (options: Options) => {
      const { simulateCommand } = await import('./simulate.ts')
      const { pow, json, ...rest } = options
      done(await simulateCommand({ ...rest, powAlgorithm: pow, json: json === true }))
    })
}

/** Options as commander gives them. */
type Options = Omit<SimulateRequest, 'powAlgorithm' | 'json'> & {
  readonly pow: SimulateRequest['powAlgorithm']
  readonly json?: true
}
