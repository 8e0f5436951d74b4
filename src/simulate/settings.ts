import * as E from 'fp-ts/lib/Either.js'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'

/** Ways to share rewards that can be simulated. */
export const SCHEMES = ['pplns', 'pplns-time', 'pps', 'prop', 'solo'] as const
/** One of {@link SCHEMES}. */
export type SimulatedScheme = (typeof SCHEMES)[number]

/** Rules of a simulated pool that change from one of its processes to the next. */
export interface Rules {
  readonly scheme: SimulatedScheme
  readonly feePpm: number
  readonly minimumPayout: string
  readonly feeAddress: string
}

/** DCR that the operator of `pps` puts aside. */
const RESERVE = '10000'

/**
 * The configuration of a simulated pool: what an operator gets who sets nothing but what a small chain needs. Shares wait for each other in
 * simulated time, longer than they ever would in a real pool of so few miners, so that events are as large as those of a large one.
 */
export function simulatedConfig(rules: Rules, sharesPerEvent: number): Config {
  const given: Readonly<Record<string, string | number>> = {
    'pool.network': 'simnet',
    'pool.mode': rules.scheme === 'solo' ? 'solo' : 'public',
    'listeners.0.difficulty.start': 1,
    'journal.batch_shares_target': sharesPerEvent,
    ...(rules.scheme === 'solo' ? {} : { 'reward.scheme': rules.scheme }),
    'reward.period_ms': 3_600_000,
    'reward.reserve': RESERVE,
    'reward.fee_ppm': rules.feePpm,
    'reward.fee_addresses': rules.feeAddress,
    'payout.minimum': rules.minimumPayout,
    'payout.every_blocks': 6,
  }
  const loaded = loadConfig({
    file: null,
    environment: {},
    flags: Object.entries(given).map(([path, value]) => ({ path, text: String(value) })),
    absolute: (path) => path,
    readText: () => E.left('a simulation reads no files'),
  })
  if (E.isLeft(loaded)) throw new Error(loaded.left.map(({ message }) => message).join(' '))
  return loaded.right.config
}
