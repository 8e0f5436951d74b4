import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { SubsidySplit } from '../../domain/decred/subsidy.ts'

/** A release of dcrd that the devnet answers like: what differs between the two eras of proof of work. */
export interface Release {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** Version of the JSON-RPC interface. */
  readonly api: readonly [major: number, minor: number, patch: number]
  readonly protocolVersion: number
  /** Version field of the blocks it makes. */
  readonly blockVersion: number
  readonly subsidySplit: SubsidySplit
  /** Bytes behind the header in `getwork` data: the padding that ends the last block of the hash. 24 hex digits. */
  readonly workPadding: string
  /** Says in headers what the proof of work hashes to; as long as that was the block's name, there was no such field. */
  readonly showsPowHash: boolean
  /** Still says whether it has an index of addresses. */
  readonly showsAddressIndex: boolean
  /** Consensus changes that the release knows as votes, all active on simnet. Older ones are no votes any more. */
  readonly agendas: readonly string[]
  /** Text of error -8 of a `getwork` submission with `digits` hex digits. */
  readonly wrongLength: (digits: number) => string
  /** What `generate 0` answers: a sentence of refusal, or null without one. */
  readonly generateNone: string | null
}

/** dcrd 2.1.6 for BLAKE3 and 1.7.7, the last whose simnet mines BLAKE-256. */
export const releases: { readonly [A in PowAlgorithm]: Release } = {
  blake3: {
    major: 2,
    minor: 1,
    patch: 6,
    api: [8, 3, 0],
    protocolVersion: 11,
    blockVersion: 12,
    subsidySplit: 'dcp0012',
    workPadding: '00'.repeat(12),
    showsPowHash: true,
    showsAddressIndex: false,
    agendas: [
      'autorevocations',
      'blake3pow',
      'changesubsidysplit',
      'changesubsidysplitr2',
      'explicitverupgrades',
      'fixlnseqlocks',
      'headercommitments',
      'lnfeatures',
      'maxblocksize',
      'maxtreasuryspend',
      'reverttreasurypolicy',
      'sdiffalgorithm',
      'treasury',
    ],
    wrongLength: (digits) => `Argument must be a hexadecimal string with length 384 (not ${digits})`,
    generateNone: null,
  },
  blake256: {
    major: 1,
    minor: 7,
    patch: 7,
    api: [7, 0, 0],
    protocolVersion: 8,
    blockVersion: 9,
    subsidySplit: 'dcp0010',
    workPadding: '8000000100000000000005a0',
    showsPowHash: false,
    showsAddressIndex: true,
    agendas: [],
    wrongLength: (digits) => `Argument must be 192 bytes (not ${Math.ceil(digits / 2)})`,
    generateNone: 'Invalid number of blocks',
  },
}
