import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { dialectNames, dialectOf } from '../../../src/devnet/miner/dialect.ts'
import { startMiner } from '../../../src/devnet/miner/miner.ts'
import { hardDevnet, poolConfig, runningPool, temporaryDirectory } from '../../support/running-pool.ts'

it.each<PowAlgorithm>(['blake3', 'blake256'])(
  'every device that computes %s mines on the pool without one refused share',
  async (powAlgorithm) => {
    const devnet = await hardDevnet({ powAlgorithm })
    const pool = await runningPool(poolConfig(temporaryDirectory(), [devnet]))
    const port = pool.listeners[0]?.port ?? 0
    const names = dialectNames.filter((name) => dialectOf(name, powAlgorithm) !== undefined)
    const miners = names.map((dialect) =>
      startMiner({
        host: '127.0.0.1',
        port,
        user: `SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc.${dialect}`,
        password: '',
        network: 'simnet',
        powAlgorithm,
        dialect,
        connections: 2,
        hashesPerSecondMax: 200,
      }),
    )
    await Promise.all(
      miners.map(({ events }) =>
        firstValueFrom(
          events.pipe(
            filter((event) => event.kind === 'share'),
            take(20),
            toArray(),
          ),
        ),
      ),
    )
    const totals = miners.map((miner) => miner.totals())
    await Promise.all(miners.map((miner) => miner.stop()))
    await pool.stop()
    await devnet.stop()
    for (const [i, { accepted, rejected, faults }] of totals.entries())
      expect({ dialect: names[i], rejected, faults, enough: accepted >= 20 }).toEqual({
        dialect: names[i],
        rejected: new Map(),
        faults: 0,
        enough: true,
      })
  },
)
