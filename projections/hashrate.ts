import type { HashrateWindow } from './views.ts'

/** Buckets of one length in which accepted difficulty is summed, and how long they are kept. */
export interface Level {
  readonly seconds: number
  readonly keptSeconds: number
}

/**
 * Lengths of the buckets, finest first; each length divides the next. Kept as long as a window or chart needs them and a bit
 * more, since the log's clock is not the reader's. A meter that is always on has 9 + 120 + 288 + 744 buckets of about
 * 30 bytes: 35 KB; a pool of 1 000 workers 35 MB, of which hours for charts of a month are two thirds.
 */
export const LEVELS = [
  { seconds: 10, keptSeconds: 90 },
  { seconds: 60, keptSeconds: 7_200 },
  { seconds: 600, keptSeconds: 172_800 },
  { seconds: 3_600, keptSeconds: 2_678_400 },
] as const satisfies readonly Level[]

/** The coarsest of the levels. */
export const COARSEST_LEVEL = LEVELS.length - 1

/**
 * A level by its number.
 *
 * @throws RangeError when there is none.
 */
export function levelAt(number: number): Level {
  const level = LEVELS[number]
  if (level === undefined) throw new RangeError(`there is no level ${number}`)
  return level
}

/** The windows that are shown and the level each is summed from, so that alignment adds a sixth of it at most. */
export const WINDOWS = {
  minute: { seconds: 60, level: 0 },
  tenMinutes: { seconds: 600, level: 1 },
  hour: { seconds: 3_600, level: 1 },
  day: { seconds: 86_400, level: 2 },
} as const satisfies { readonly [name: string]: { readonly seconds: number; readonly level: number } }

/** Beginning (Unix seconds) of the bucket that a time (Unix seconds) falls in. */
export const bucketStart = (seconds: number, bucketSeconds: number): number =>
  seconds - (seconds % bucketSeconds)

/** Buckets of a level that begin before this (Unix seconds) are gone when the log's clock shows `clockMs`. */
export const keptFrom = (level: number, clockMs: number): number =>
  Math.floor(clockMs / 1_000) - levelAt(level).keptSeconds

/**
 * Sums over accepted shares: their difficulties d, d^2, how many, and how many were refused beside them. `difficulty` is exact
 * up to 2^53, which one hour reaches at 10^22 hashes a second; `squares` makes only the error bar and is a double, summed in
 * the log's order so that the same log gives the same bits.
 */
export interface WorkSums {
  readonly difficulty: number
  readonly squares: number
  readonly shares: number
  readonly rejected: number
}

/** Sums of nothing. */
export const NO_WORK: WorkSums = { difficulty: 0, squares: 0, shares: 0, rejected: 0 }

/** Adds up what two meters or two buckets counted. */
export const addSums = (a: WorkSums, b: WorkSums): WorkSums => ({
  difficulty: a.difficulty + b.difficulty,
  squares: a.squares + b.squares,
  shares: a.shares + b.shares,
  rejected: a.rejected + b.rejected,
})

/**
 * Estimates the hashrate behind accepted shares: sum(d) * H / T, H being the hashes that one difficulty takes on average. A
 * share of difficulty d is a Poisson event of weight d, so the variance of the sum is sum(d^2) and the standard error
 * sqrt(sum(d^2)) * H / T: with n equal shares one part in sqrt(n).
 */
export function estimateHashrate(
  sums: WorkSums,
  seconds: number,
  hashesPerDifficulty: number,
): HashrateWindow {
  const hashes = BigInt(sums.difficulty) * BigInt(hashesPerDifficulty)
  return {
    seconds,
    hashesPerSecond: (hashes / BigInt(seconds)).toString(),
    standardError: BigInt(Math.round((Math.sqrt(sums.squares) * hashesPerDifficulty) / seconds)).toString(),
    shares: sums.shares,
    rejected: sums.rejected,
  }
}

/**
 * Time that a window ending now covers, Unix seconds: from the beginning of the bucket in which it begins, but not from before
 * the meter began; at least one second.
 */
export function windowSpan(
  window: { readonly seconds: number; readonly level: number },
  nowMs: number,
  sinceMs: number,
): { readonly fromBucket: number; readonly seconds: number } {
  const now = Math.floor(nowMs / 1_000)
  const fromBucket = bucketStart(Math.max(0, now - window.seconds), levelAt(window.level).seconds)
  const from = Math.max(fromBucket, Math.floor(sinceMs / 1_000))
  return { fromBucket, seconds: Math.max(1, now - from) }
}
