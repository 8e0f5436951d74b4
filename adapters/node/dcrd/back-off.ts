import { RETRY_FIRST_MS, RETRY_MS_MAX } from './limits.ts'

/** Milliseconds to wait before each next try. */
export interface BackOff {
  readonly next: () => number
  readonly reset: () => void
}

/**
 * Doubles from {@link RETRY_FIRST_MS} to {@link RETRY_MS_MAX}; each wait is shortened by up to half, so that pools that
 * lost one node do not come back in step. `random` gives numbers from 0 up to 1.
 */
export function backOff(random: () => number): BackOff {
  let ms = RETRY_FIRST_MS
  return {
    next: () => {
      const wait = ms * (1 - random() / 2)
      ms = Math.min(2 * ms, RETRY_MS_MAX)
      return wait
    },
    reset: () => {
      ms = RETRY_FIRST_MS
    },
  }
}
