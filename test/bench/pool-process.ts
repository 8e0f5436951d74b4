import { type PoolOverrides, poolConfig, runningPool } from '../support/running-pool.ts'

/**
 * A pool in a process of its own, for benchmarks. Forked with one argument, {@link PoolProcessOptions} as JSON. Says `{port, url}` when
 * miners can connect; answers the message `memory` with its resident memory in bytes; stops on `stop`.
 */
export interface PoolProcessOptions {
  readonly directory: string
  readonly devnet: {
    readonly certificate: string
    readonly port: number
    readonly user: string
    readonly password: string
  }
  readonly over: PoolOverrides
}

const options: PoolProcessOptions = JSON.parse(process.argv[2] ?? '')
const pool = await runningPool(poolConfig(options.directory, [options.devnet], options.over))
process.on('message', async (message) => {
  if (message === 'memory') process.send?.({ rss: process.memoryUsage.rss() })
  if (message === 'stop') {
    await pool.stop()
    process.exit(0)
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: pool.listeners[0]?.port, url: pool.httpUrl })
