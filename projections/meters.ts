import { bucketStart, keptFrom, LEVELS, levelAt } from './hashrate.ts'
import type { Account, Bucket, Gathering, Meter, Scope, StoredMeter, Tally, Worker } from './tally.ts'

/** The finest bucket's length, in which shares are gathered before they go to the buckets of every level. */
const FINEST_SECONDS = LEVELS[0].seconds

/** The fields of a meter that has counted nothing in this process. */
export const startMeter = <S extends Scope>(
  scope: S,
  stored: StoredMeter,
): Meter & { readonly scope: S } => ({
  ...stored,
  scope,
  newDifficulty: 0,
  newest: LEVELS.map(() => undefined),
  earlier: [],
  changed: false,
})

/** Beginning of the finest bucket at a time in Unix ms. */
export const finestStart = (atMs: number): number => bucketStart(Math.floor(atMs / 1_000), FINEST_SECONDS)

/** End (Unix ms, exclusive) of the finest bucket that begins at `start`. */
export const finestEndMs = (start: number): number => (start + FINEST_SECONDS) * 1_000

/** Nothing gathered. */
export const newGathering = (): Gathering => ({ start: 0, shares: 0, difficulty: 0, squares: 0, lastAt: 0 })

/** Counts accepted shares of one finest bucket. */
export function addShares(tally: Tally, meter: Meter, gathering: Gathering): void {
  const { start, shares, difficulty, squares, lastAt } = gathering
  meter.accepted += shares
  meter.newDifficulty += difficulty
  if (meter.newDifficulty > NEW_DIFFICULTY_MAX) settleDifficulty(meter)
  if (meter.lastShareAt === null || lastAt > meter.lastShareAt) meter.lastShareAt = lastAt
  addToBuckets(tally, meter, start, shares, difficulty, squares, 0)
}

/** Counts refused shares. */
export function addRejected(tally: Tally, meter: Meter, atMs: number, count: number): void {
  meter.rejected += count
  addToBuckets(tally, meter, finestStart(atMs), 0, 0, 0, count)
}

/** Far enough below 2^53 that what one event adds stays exact. */
const NEW_DIFFICULTY_MAX = 2 ** 52

/** Sums up and answers the difficulty of all accepted shares of a meter. */
export function settleDifficulty(meter: Meter): bigint {
  meter.difficulty += BigInt(meter.newDifficulty)
  meter.newDifficulty = 0
  return meter.difficulty
}

function addToBuckets(
  tally: Tally,
  meter: Meter,
  finest: number,
  shares: number,
  difficulty: number,
  squares: number,
  rejected: number,
): void {
  const starts = startsOf(tally, finest)
  for (let level = 0; level < starts.length; level++) {
    const start = starts[level] ?? TOO_OLD
    if (start === TOO_OLD) continue
    const bucket = bucketAt(tally, meter, level, start)
    bucket.shares += shares
    bucket.difficulty += difficulty
    bucket.squares += squares
    bucket.rejected += rejected
    if (!bucket.changed) {
      bucket.changed = true
      tally.changes.buckets.push(bucket)
    }
  }
}

const TOO_OLD = -1

/** By level, the beginning of the bucket that a finest one lies in. Hundreds of meters ask for the same one after the other. */
function startsOf(tally: Tally, finest: number): readonly number[] {
  const { asked } = tally
  if (asked.finest === finest && asked.clockMs === tally.clockMs) return asked.starts
  asked.finest = finest
  asked.clockMs = tally.clockMs
  for (let level = 0; level < LEVELS.length; level++) {
    const start = bucketStart(finest, levelAt(level).seconds)
    asked.starts[level] = start < keptFrom(level, tally.clockMs) ? TOO_OLD : start
  }
  return asked.starts
}

/** The bucket of a meter that begins at `start`: from memory, else from what is stored, else a new one. */
function bucketAt(tally: Tally, meter: Meter, level: number, start: number): Bucket {
  const newest = meter.newest[level]
  if (newest?.start === start) return newest
  if (newest !== undefined && newest.start > start) return earlierBucket(tally, meter, level, start)
  const bucket = startBucket(tally, meter, level, start)
  meter.newest[level] = bucket
  if (newest !== undefined) meter.earlier.push(newest)
  return bucket
}

/** The bucket of a share that came late. */
function earlierBucket(tally: Tally, meter: Meter, level: number, start: number): Bucket {
  const known = meter.earlier.findLast((bucket) => bucket.start === start && bucket.level === level)
  if (known !== undefined) return known
  const bucket = startBucket(tally, meter, level, start)
  meter.earlier.push(bucket)
  return bucket
}

function startBucket(tally: Tally, meter: Meter, level: number, start: number): Bucket {
  const sums =
    start <= (tally.storedUpTo[level] ?? 0)
      ? tally.stored.bucket(meter.scope, meter.id, level, start)
      : undefined
  return {
    meter,
    level,
    start,
    difficulty: sums?.difficulty ?? 0,
    squares: sums?.squares ?? 0,
    shares: sums?.shares ?? 0,
    rejected: sums?.rejected ?? 0,
    changed: false,
  }
}

/** Marks an account or worker as changed. The pool's own meter is stored each time. */
export function markChanged(tally: Tally, meter: Account | Worker): void {
  if (meter.changed) return
  meter.changed = true
  tally.changes.meters.push(meter)
}

/** Lets go of a meter's earlier buckets, which are stored; late shares find them there. */
export function releaseEarlier(tally: Tally, meter: Meter): void {
  for (const bucket of meter.earlier) isStored(tally, bucket)
  meter.earlier.length = 0
}

/** Lets go of all buckets of a meter, which are stored. */
export function releaseBuckets(tally: Tally, meter: Meter): void {
  releaseEarlier(tally, meter)
  for (const bucket of meter.newest) if (bucket !== undefined) isStored(tally, bucket)
  meter.newest.fill(undefined)
}

function isStored(tally: Tally, { level, start }: Bucket): void {
  if (start > (tally.storedUpTo[level] ?? 0)) tally.storedUpTo[level] = start
}

/** Says whether a bucket is still worth storing when the log's clock shows `clockMs`. */
export const isKept = (bucket: Bucket, clockMs: number): boolean =>
  bucket.start >= keptFrom(bucket.level, clockMs)
