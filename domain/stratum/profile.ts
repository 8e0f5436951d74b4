import type { PowAlgorithm } from '../decred/proof-of-work.ts'

/**
 * How one kind of miner speaks stratum. Two families of extranonce exist: the pool's extranonce1 first and the miner's
 * counter after it, or an area whose length the sent extranonce1 defines, in which the device counts at the front and keeps
 * the pool's four bytes at the end, and which comes back whole. Source: dcrpool's handlers and their repairs; a mainnet
 * block of each family (432100 is one of the second).
 */
export interface Profile {
  readonly name: ProfileName
  /** For people. */
  readonly title: string
  /** Decides on the user agent of `mining.subscribe`. */
  readonly recognises: (agent: string) => boolean
  /** Proofs of work the device can compute. */
  readonly powAlgorithms: readonly PowAlgorithm[]
  /** Hashes a second of one device: the first difficulty before anything is known. */
  readonly hashesPerSecond: number
  /** No easier than this, whatever vardiff finds: NiceHash refuses a pool below 128. */
  readonly difficultyMin: number
  readonly wire: (algorithm: PowAlgorithm) => Wire
}

/** Names of the profiles, as events and pages give them. */
export type ProfileName =
  | 'plain'
  | 'gominer'
  | 'innosilicon-d9'
  | 'antminer-dr3-dr5'
  | 'whatsminer-d1'
  | 'obelisk-dcr1'
  | 'ccminer'
  | 'nicehash'

/** Byte orders and lengths on the wire. Two profiles with the same wire get the very same notify line. */
export interface Wire {
  readonly name: WireName
  /** `mining.notify` gives the previous block with the bytes of each 4-byte word reversed. */
  readonly wordSwappedPrevious: boolean
  /** `mining.notify` gives bits and time as big-endian hex instead of as serialized. */
  readonly bigEndianNotify: boolean
  /** `mining.submit` returns time and nonce as big-endian hex. */
  readonly bigEndianSubmit: boolean
  /** genTx1 ends after the nonce (byte 143) and genTx2 is the stake version, or genTx1 is all the rest of the header. */
  readonly split: boolean
  readonly extranonce: ExtranonceLayout
}

/** Names of the wires: one notify line is made for each. */
export type WireName =
  | 'plain-whole'
  | 'plain-split'
  | 'swapped'
  | 'swapped-echo-12'
  | 'd1'
  | 'nicehash-swapped'

/** Where extranonce1 and extranonce2 go in the 32 bytes of extra data, and what the miner is told and sends. */
export interface ExtranonceLayout {
  /** `before`: extranonce1 ++ extranonce2. `after`: the miner sends counter ++ extranonce1 and it is kept whole. */
  readonly extranonce1: 'before' | 'after'
  /** Bytes of zeros sent in front of extranonce1, so that its length covers the miner's whole area. */
  readonly padBytes: number
  /** extranonce2 size told in the answer to subscribe. */
  readonly toldBytes: number
  /** Lengths of the submitted extranonce2 that are taken; the header has zeros after a shorter one. */
  readonly submittedBytes: readonly number[]
}

/** Bytes of extranonce1. */
export const EXTRANONCE1_BYTES = 4

const FOUR_AND_FOUR: ExtranonceLayout = {
  extranonce1: 'before',
  padBytes: 0,
  toldBytes: 4,
  submittedBytes: [4],
}

const plain: Omit<Wire, 'name' | 'split'> = {
  wordSwappedPrevious: false,
  bigEndianNotify: false,
  bigEndianSubmit: false,
  extranonce: FOUR_AND_FOUR,
}
const swapped: Omit<Wire, 'name' | 'extranonce'> = {
  wordSwappedPrevious: true,
  bigEndianNotify: true,
  bigEndianSubmit: true,
  split: true,
}

/** Everything as serialized. Miners of the BLAKE3 chain rebuild the header from genTx1 alone. */
const PLAIN_WHOLE: Wire = { ...plain, name: 'plain-whole', split: false }

/**
 * The wires of a device, by the one that it has on a BLAKE-256 chain. On BLAKE3 all have the same, whatever a miner says that it is:
 * with one place for extranonce1 each header belongs to one session.
 */
export const wires =
  (blake256: Wire) =>
  (algorithm: PowAlgorithm): Wire =>
    algorithm === 'blake3' ? PLAIN_WHOLE : blake256

/** The wire of miners that take everything as serialized. */
export const PLAIN_SPLIT_WIRE: Wire = { ...plain, name: 'plain-split', split: true }

/** The wire of the D9 and the DCR1. */
export const SWAPPED_WIRE: Wire = { ...swapped, name: 'swapped', extranonce: FOUR_AND_FOUR }

/** The wire of the Antminers and of ccminer: twelve bytes that come back whole. */
export const SWAPPED_ECHO_12_WIRE: Wire = {
  ...swapped,
  name: 'swapped-echo-12',
  extranonce: { extranonce1: 'after', padBytes: 8, toldBytes: 8, submittedBytes: [12] },
}

/** The D1 is told little-endian numbers and answers big-endian ones. */
export const D1_WIRE: Wire = {
  ...swapped,
  name: 'd1',
  bigEndianNotify: false,
  extranonce: { extranonce1: 'after', padBytes: 4, toldBytes: 4, submittedBytes: [8] },
}

/** NiceHash takes one byte of ours for each of its sellers: they see five bytes and seven. */
export const NICEHASH_WIRE: Wire = {
  ...swapped,
  name: 'nicehash-swapped',
  extranonce: { extranonce1: 'before', padBytes: 0, toldBytes: 8, submittedBytes: [8, 4] },
}

/** True when the agent's name (the part before `/`) is this one, whatever its version and case. */
export const agentNamed =
  (name: string) =>
  (agent: string): boolean =>
    agent.toLowerCase().split('/', 1)[0]?.trim() === name
