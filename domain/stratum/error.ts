import type { RejectReason } from '../events.ts'

/**
 * Stratum's error codes: the six that every pool uses. Source: the stratum mining protocol as dcrpool and its peers speak it.
 */
export const ERROR_CODE = {
  other: 20,
  staleOrUnknownJob: 21,
  duplicate: 22,
  lowDifficulty: 23,
  unauthorized: 24,
  notSubscribed: 25,
} as const

/** One of the six codes. */
export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE]

/** What a miner is told when a request is refused: code, and text that says what was needed and what was got. */
export interface StratumError {
  readonly code: ErrorCode
  readonly text: string
}

/** The code that goes with each reason for refusing a share. */
export const codeOf: { readonly [R in RejectReason]: ErrorCode } = {
  malformed: ERROR_CODE.other,
  'unknown-job': ERROR_CODE.staleOrUnknownJob,
  stale: ERROR_CODE.staleOrUnknownJob,
  duplicate: ERROR_CODE.duplicate,
  'low-difficulty': ERROR_CODE.lowDifficulty,
  'time-out-of-range': ERROR_CODE.other,
  'foreign-extranonce': ERROR_CODE.other,
  'too-many': ERROR_CODE.other,
  unauthorized: ERROR_CODE.unauthorized,
  'not-subscribed': ERROR_CODE.notSubscribed,
  'store-unavailable': ERROR_CODE.other,
}
