import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'

/**
 * How a kind of device speaks stratum, from the device's side. Written from what the devices do and not from the pool's
 * profiles, so that each proves the other. Sources: the firmware families' own clients (cgminer, sgminer, ccminer), gominer,
 * dcrpool's CPU miner and its handlers.
 */
export interface Dialect {
  /** User agent that the device sends. */
  readonly agent: string
  /** Bytes of each 4-byte word of the previous block are reversed in a job. */
  readonly swapsPrevious: boolean
  /** Bits and time of a job are big-endian hex. */
  readonly bigEndianJobs: boolean
  /** Time and nonce of a share are written as big-endian hex. */
  readonly bigEndianShares: boolean
  readonly extranonce: DeviceExtranonce
  /** Authorizes without waiting for the answer to subscribe. */
  readonly hasty: boolean
  /** Moves the time of a job forward with the clock. */
  readonly rollsTime: boolean
  /** Asks for its old session when it comes back. */
  readonly resumes: boolean
  /** Sends `mining.extranonce.subscribe`. */
  readonly asksForExtranonces: boolean
}

/**
 * Where the device counts. `leading`: extranonce1 as it was sent, then a counter of the size told, or of 4 bytes whatever is told.
 * `trailing`: what was sent as extranonce1 is the whole area; its last 4 bytes stay, the device counts in front of them from
 * `counterAt` on, and sends all of it back.
 */
export type DeviceExtranonce =
  | { readonly kind: 'leading'; readonly size: 'as-told' | 4 }
  | { readonly kind: 'trailing'; readonly counterAt: 0 | 4 }

const cpu: Dialect = {
  agent: 'cpuminer/1.0.0',
  swapsPrevious: false,
  bigEndianJobs: false,
  bigEndianShares: false,
  extranonce: { kind: 'leading', size: 4 },
  hasty: false,
  rollsTime: false,
  resumes: true,
  asksForExtranonces: false,
}

/** What the ASICs have in common. */
const asic: Dialect = {
  ...cpu,
  swapsPrevious: true,
  bigEndianJobs: true,
  bigEndianShares: true,
}

const antminer: Dialect = {
  ...asic,
  agent: 'cgminer/4.9.0',
  extranonce: { kind: 'trailing', counterAt: 0 },
}

const nicehash: Dialect = {
  ...cpu,
  agent: 'NiceHash/1.0.0',
  extranonce: { kind: 'leading', size: 'as-told' },
  asksForExtranonces: true,
}

const gominer: Dialect = {
  ...cpu,
  agent: 'decred-gominer/2.0.0',
  hasty: true,
  rollsTime: true,
  resumes: false,
}

const whatsminer: Dialect = {
  ...asic,
  agent: 'whatsminer/d1-v1.0',
  bigEndianJobs: false,
  extranonce: { kind: 'trailing', counterAt: 0 },
}

const ccminer: Dialect = {
  ...asic,
  agent: 'ccminer/2.3.1',
  extranonce: { kind: 'trailing', counterAt: 4 },
  asksForExtranonces: true,
}

/** Every dialect by its name, for each proof of work that its device can compute. */
const DIALECTS = {
  plain: { blake3: cpu, blake256: cpu },
  gominer: { blake3: gominer },
  'innosilicon-d9': { blake256: { ...asic, agent: 'sgminer/4.4.2', asksForExtranonces: true } },
  'antminer-dr3': { blake256: antminer },
  'antminer-dr5': { blake256: antminer },
  'whatsminer-d1': { blake256: whatsminer },
  'obelisk-dcr1': { blake256: { ...asic, agent: 'cgminer/4.10.0' } },
  ccminer: { blake256: ccminer },
  nicehash: {
    blake3: nicehash,
    blake256: { ...nicehash, swapsPrevious: true, bigEndianJobs: true, bigEndianShares: true },
  },
} satisfies Readonly<Record<string, { readonly [A in PowAlgorithm]?: Dialect }>>

/** Name of a dialect. */
export type DialectName = keyof typeof DIALECTS

/** Every name of a dialect, in the order in which to show them. */
export const dialectNames: readonly DialectName[] = Object.keys(DIALECTS).filter(isDialectName)

/** Tells the name of a dialect from any other text. */
export function isDialectName(text: string): text is DialectName {
  return Object.hasOwn(DIALECTS, text)
}

/** The dialect of a device on a chain; undefined when the device can't compute that proof of work. */
export function dialectOf(name: DialectName, algorithm: PowAlgorithm): Dialect | undefined {
  const byAlgorithm: { readonly [A in PowAlgorithm]?: Dialect } = DIALECTS[name]
  return byAlgorithm[algorithm]
}
