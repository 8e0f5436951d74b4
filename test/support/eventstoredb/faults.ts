import type { GrpcStatus } from './grpc.ts'
import type { Refusal } from './refusals.ts'

/** What is wrong with a node at the moment. Services look here; tests set it through `ConformanceServer.faults`. */
export interface FaultState {
  /** How many of the next appends are refused, and with what. */
  refusing: { count: number; readonly refusal: Refusal } | undefined
  /** What happens to the next append instead of, or beside, being written and answered. */
  nextAppend: 'as-usual' | 'cut-before-writing' | 'lose-answer' | 'swallow-answer' | 'conflict'
  /** Writing ends the process. */
  isDiskFull: boolean
  answerDelayMs: number
  /** Each subscription ends after so many events. */
  subscriptionLimit: { readonly events: number; readonly status: GrpcStatus } | undefined
}

/** Nothing is wrong. */
export const noFaults = (): FaultState => ({
  refusing: undefined,
  nextAppend: 'as-usual',
  isDiskFull: false,
  answerDelayMs: 0,
  subscriptionLimit: undefined,
})
