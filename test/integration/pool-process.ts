import { pino } from 'pino'
import type { Config } from '../../src/config/config.ts'
import { startPool } from '../../src/pool.ts'

/**
 * A pool in a process of its own, to be killed: its configuration comes as JSON in the first argument, the port for miners goes
 * out as its first line. Ends with its standard input, so that it never outlives the test.
 */
const config = JSON.parse(process.argv[2] ?? '') as Config
const pool = await startPool(config, {
  log: pino({ level: 'silent' }),
  software: 'lodebook test',
  devnet: true,
})()
if (pool._tag === 'Left') throw new Error(pool.left.message)
process.stdin.on('end', () => process.exit(1)).resume()
process.stdout.write(`${pool.right.listeners[0]?.port}\n`)
