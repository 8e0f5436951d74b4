import { type PoolOverrides, poolConfig, runningPool } from '../support/running-pool.ts'

/**
 * A pool in a process of its own, to be killed. Forked with {@link PoolProcessOptions} as JSON in its only argument; sends
 * {@link PoolProcessReady} once miners can connect, and ends by itself only when the process that forked it does.
 */
export interface PoolProcessOptions {
  readonly directory: string
  readonly devnet: Parameters<typeof poolConfig>[1][number]
  /** Address of the store; null for one in the directory. */
  readonly store: string | null
  readonly over: PoolOverrides
}

/** Where miners connect. */
export interface PoolProcessReady {
  readonly port: number
}

process.on('disconnect', () => process.exit())
const { directory, devnet, store, over }: PoolProcessOptions = JSON.parse(process.argv[2] ?? '')
const config = poolConfig(directory, [devnet], over)
const pool = await runningPool(
  store === null ? config : { ...config, store: { url: store } },
  over.coinbaseMaturity,
)
process.send?.({ port: pool.listeners[0]?.port ?? 0 } satisfies PoolProcessReady)
