import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { SimulatedScheme } from './settings.ts'

/** What history is made. The same options give the same one, byte for byte. */
export interface SimulationOptions {
  readonly seed: number
  /** Accepted shares, exactly. */
  readonly shares: number
  readonly miners: number
  readonly scheme: SimulatedScheme
  /** Mean shares of the pool for each block that it finds. */
  readonly sharesPerBlock: number
  readonly powAlgorithm: PowAlgorithm
  /** Reorganisations, disapprovals, missing votes and a wallet that does not answer. */
  readonly faults: boolean
  /** Shares that wait for each other to be one event, where they come fast enough: 1 to 600. */
  readonly sharesPerEvent: number
  /** Where chain and wallet are kept, as a devnet keeps them; null forgets them. */
  readonly chainDirectory: string | null
  /** Told now and then how many shares there are. */
  readonly onProgress: (shares: number) => void
}

/** What is made when nothing else is said. */
export const DEFAULT_SIMULATION: Omit<SimulationOptions, 'shares'> = {
  seed: 1,
  miners: 100,
  scheme: 'pplns',
  sharesPerBlock: 1_000,
  powAlgorithm: 'blake3',
  faults: true,
  sharesPerEvent: 32,
  chainDirectory: null,
  onProgress: () => undefined,
}
