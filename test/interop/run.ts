import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildReference, FSCK, findGo, hasSshAgent, install, LITEWITNESS } from './programs.ts'

/**
 * `npm run test:interop`: shows our ledgers, notes and proofs to programs that were not written here, and theirs to us. Gets those from Go's
 * modules first, and says which can't be had. Other words go to Vitest. Ends with 3 when nothing could be run.
 */

const NOT_RUN = 3

const go = findGo()
if (go === undefined) {
  console.log('interop: Go is missing. Install Go 1.25 or newer and put it on PATH. Nothing was run.')
  process.exit(NOT_RUN)
}
console.log(`interop: ${go}`)

/** Says in one line where a program is, or what is not tried without it. Returns the test files to leave out. */
function tell(name: string, missing: string | undefined, file: string): readonly string[] {
  console.log(
    missing === undefined ? `interop: ${name}` : `interop: ${name}: not to be had, so not tried. ${missing}`,
  )
  return missing === undefined ? [] : [file]
}

const absent = [
  ...tell(
    "Go's sumdb/note and transparency-dev's proofs",
    buildReference(),
    'test/interop/reference.test.ts',
  ),
  ...tell(`tessera's fsck ${FSCK.version}`, install(FSCK), 'test/interop/fsck.test.ts'),
  ...tell(
    `litewitness ${LITEWITNESS.version}`,
    hasSshAgent() ? install(LITEWITNESS) : 'Install OpenSSH, whose agent holds its key.',
    'test/interop/witness.test.ts',
  ),
]
if (absent.length === 3) {
  console.log('interop: nothing was run.')
  process.exit(NOT_RUN)
}

const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    ...['--project', 'interop'],
    ...absent.flatMap((file) => ['--exclude', file]),
    ...process.argv.slice(2),
  ],
  { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: 'inherit' },
)
process.exit(status ?? 1)
