import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { parseConnectionString } from '../../adapters/event-store/eventstoredb/connection-string.ts'
import { SERVER_VARIABLE, unusable } from './real-server/server.ts'

/**
 * `npm run test:eventstoredb`: the contract of an event store and the pool's scenarios against a real server, on streams of their own. Other words
 * go to Vitest. Ends with 3 when there is no server to try.
 */

const NOT_RUN = 3

const url = process.env[SERVER_VARIABLE] ?? ''
if (url === '') {
  console.log(
    `eventstoredb: no server. Set ${SERVER_VARIABLE} to the connection string of an EventStoreDB or KurrentDB, such as esdb://127.0.0.1:2113?tls=false; ` +
      'any will do, the streams are new ones. Nothing was run; "npm test" has the same tests against the conformance server.',
  )
  process.exit(NOT_RUN)
}
const why = unusable(url)
if (why !== undefined) {
  console.log(`eventstoredb: ${SERVER_VARIABLE} will not do: ${why}. Nothing was run.`)
  process.exit(NOT_RUN)
}
const parsed = parseConnectionString(url)
console.log(`eventstoredb: ${E.isRight(parsed) ? parsed.right.name : ''}`)
const vitest = fileURLToPath(new URL('vitest.mjs', import.meta.resolve('vitest/package.json')))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'eventstoredb', ...process.argv.slice(2)],
  { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: 'inherit' },
)
process.exit(status ?? 1)
