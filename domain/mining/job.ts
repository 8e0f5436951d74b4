import type { PowAlgorithm } from '../decred/proof-of-work.ts'
import type { IssueReason } from '../events.ts'

/** A piece of work as the pool hands it out. Shared by every connection that was sent it. */
export interface Job {
  /** Counts up from 0 within a gateway. */
  readonly number: number
  /** As miners see it: 12 hex characters, gateway and number, so that a job of an earlier process is never mistaken for one of ours. */
  readonly id: string
  /** 180 bytes, nonce and extra data cleared. Never written to. */
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly height: number
  /** Unix seconds in the header: the earliest time a share may carry. */
  readonly timestamp: number
  /** Network target, 32 bytes little-endian. */
  readonly target: Uint8Array
  /** floor(powLimit / network target): no share need be harder. */
  readonly networkDifficulty: number
  /**
   * The same for every job whose headers could coincide: same bytes but for time, nonce and extra data. Duplicates are looked
   * for among all of them, since a miner may roll one job's time into another's.
   */
  readonly template: number
  /** The first job of that template: from where on its headers can be searched. */
  readonly templateJob: number
  /** Display hash of the parent. */
  readonly parent: string
  readonly reason: IssueReason
  readonly issuedAtMs: number
}

/** Wire id of a job: 4 hex of the gateway's ordinal, 8 of the number. */
export const jobId = (gateway: number, number: number): string =>
  (gateway % 0x1_0000).toString(16).padStart(4, '0') + number.toString(16).padStart(8, '0')
