/**
 * Variable difficulty: finds, for each connection, the integer difficulty at which it sends the wanted number of shares a minute.
 *
 * Works on a decaying sum of difficulty per second, which is the miner's speed whatever difficulties it was given, so a change of
 * difficulty does not upset the estimate. After ckpool's `stratifier`, with its time bias for a young connection.
 */

/** Difficulties a connection may have. All integers of at least 1; `max` is Infinity where only the network bounds it. */
export interface DifficultyBounds {
  readonly min: number
  readonly max: number
}

/** What is remembered of a connection's speed. Mutable: one for each connection, touched by every share. */
export interface SpeedEstimate {
  /** Decayed sum of difficulty, as of `atMs`. */
  work: number
  atMs: number
  readonly sinceMs: number
  /** Shares and time since the difficulty last changed. */
  shares: number
  changedAtMs: number
}

/** Time constant of the decay: speed follows the last few minutes. */
const DECAY_MS = 120_000
/** No decision on fewer shares than this (their count has a standard error of 29 %) before a minute has passed. */
const SHARES_MIN = 12
const QUIET_MS_MIN = 60_000
/** An estimate within these of the difficulty in force leaves it alone. */
const HYSTERESIS_LOW = 0.6
const HYSTERESIS_HIGH = 1.7
const UP_MAX = 4
const DOWN_MAX = 2
/**
 * Shares at more than this multiple of the wanted rate do not wait for the next job. Twelve by chance in the time of one and a half
 * happen once in ten million.
 */
const OVERLOAD = 8

/** A connection of which nothing is known yet. */
export const newSpeedEstimate = (nowMs: number): SpeedEstimate => ({
  work: 0,
  atMs: nowMs,
  sinceMs: nowMs,
  shares: 0,
  changedAtMs: nowMs,
})

/** Notes an accepted share. */
export function noteShare(speed: SpeedEstimate, difficulty: number, nowMs: number): void {
  decayTo(speed, nowMs)
  speed.work += difficulty
  speed.shares += 1
}

function decayTo(speed: SpeedEstimate, nowMs: number): void {
  const elapsedMs = nowMs - speed.atMs
  if (elapsedMs <= 0) return
  speed.work *= Math.exp(-elapsedMs / DECAY_MS)
  speed.atMs = nowMs
}

/** A difficulty to go to. `urgent`: the miner is so far too fast that it should not wait for the next regular job. */
export interface Retarget {
  readonly difficulty: number
  readonly urgent: boolean
}

/** Decides whether a connection's difficulty should change now; null to leave it. Marks the change when it says one. */
export function retarget(
  speed: SpeedEstimate,
  difficulty: number,
  nowMs: number,
  sharesPerMinute: number,
  bounds: DifficultyBounds,
): Retarget | null {
  const quietMs = nowMs - speed.changedAtMs
  const urgent = speed.shares >= SHARES_MIN && speed.shares * 60_000 > OVERLOAD * sharesPerMinute * quietMs
  if (!urgent && speed.shares < SHARES_MIN && quietMs < QUIET_MS_MIN) return null
  decayTo(speed, nowMs)
  const ideal = urgent
    ? (difficulty * speed.shares * 60_000) / (sharesPerMinute * Math.max(quietMs, 1))
    : idealOf(speed, nowMs, sharesPerMinute)
  const ratio = ideal / difficulty
  if (ratio > HYSTERESIS_LOW && ratio < HYSTERESIS_HIGH) {
    restart(speed, nowMs)
    return null
  }
  const wanted = clampDifficulty(
    Math.min(difficulty * UP_MAX, Math.max(difficulty / DOWN_MAX, ideal)),
    bounds,
  )
  restart(speed, nowMs)
  return wanted === difficulty ? null : { difficulty: wanted, urgent }
}

function restart(speed: SpeedEstimate, nowMs: number): void {
  speed.shares = 0
  speed.changedAtMs = nowMs
}

/** Difficulty at which the estimated speed gives the wanted rate of shares. */
function idealOf(speed: SpeedEstimate, nowMs: number, sharesPerMinute: number): number {
  const ageMs = Math.max(1, nowMs - speed.sinceMs)
  const windowMs = DECAY_MS * (1 - Math.exp(-ageMs / DECAY_MS))
  return (speed.work / windowMs) * (60_000 / sharesPerMinute)
}

/** The integer within the bounds that is nearest from below. */
export const clampDifficulty = (difficulty: number, bounds: DifficultyBounds): number =>
  Math.min(bounds.max, Math.max(bounds.min, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(difficulty))))

/**
 * First difficulty of a device whose speed is only assumed: shares at the wanted rate if the assumption holds.
 * `hashesPerDifficulty` is the expected number of hashes for one share of difficulty 1.
 */
export const startDifficulty = (
  hashesPerSecond: number,
  hashesPerDifficulty: number,
  sharesPerMinute: number,
  bounds: DifficultyBounds,
): number => clampDifficulty((hashesPerSecond * 60) / (sharesPerMinute * hashesPerDifficulty), bounds)
