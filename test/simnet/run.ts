import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  BLAKE256_VARIABLE,
  findBlake256Dcrd,
  findDcrd,
  findDcrwallet,
  findMiner,
  type Program,
} from './programs.ts'

/**
 * `npm run test:simnet`: says which of Decred's programs are here, and runs the tests that they allow. Other words go to
 * Vitest. Ends with 3 when nothing could be run, or not what was asked for.
 */

const NOT_RUN = 3
const RELEASES = 'https://github.com/decred/decred-binaries/releases'

/** One line about a program: where it is, or what is not tried without it and what to do. */
function tell(name: string, program: Program | undefined, otherwise: string): void {
  console.log(
    program === undefined
      ? `simnet: ${name}: missing. ${otherwise}`
      : `simnet: ${name}: ${program.path} (${program.version})`,
  )
}

const dcrd = findDcrd()
const blake256 = findBlake256Dcrd()
const wallet = findDcrwallet()
const miner = findMiner()
const wanted = process.env[BLAKE256_VARIABLE] || undefined

tell('dcrd', dcrd, `Install the Decred release, 1.8 or newer, and put it on PATH: ${RELEASES}`)
tell('dcrwallet', wallet, 'No wallet is tried. It comes with the Decred release: put it on PATH.')
tell(
  BLAKE256_VARIABLE,
  blake256,
  wanted === undefined
    ? 'No ASIC is tried. Set it to the path of the dcrd of release 1.7.'
    : `${wanted} is no dcrd of release 1.7. Correct it, or unset it.`,
)
tell(
  'miner',
  miner && { ...miner, version: "dcrpool's CPU miner" },
  "No foreign miner is tried. Put dcrpool's on PATH.",
)

if (dcrd === undefined || (wanted !== undefined && blake256 === undefined)) {
  console.log('simnet: nothing was run.')
  process.exit(NOT_RUN)
}

const absent = [
  ...(blake256 === undefined ? ['test/simnet/blake256.test.ts'] : []),
  ...(miner === undefined ? ['test/simnet/foreign-miner.test.ts'] : []),
  ...(wallet === undefined ? ['test/simnet/wallet.test.ts', 'test/simnet/payout.test.ts'] : []),
]
const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    ...['--project', 'simnet'],
    ...absent.flatMap((file) => ['--exclude', file]),
    ...process.argv.slice(2),
  ],
  { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: 'inherit' },
)
process.exit(status ?? 1)
