import { bucketStart, keptFrom, LEVELS, levelAt } from './hashrate.ts'
import type { Bucket, Gathering, Meter, Scope, StoredMeter, Tally } from './tally.ts'

/** The finest bucket's length, in which shares are gathered before they go to the buckets of every level. */
const FINEST_SECONDS = LEVELS[0].seconds

/** Recent buckets that a meter keeps in memory for each level: the running one, and the one before for late shares. */
const RECENT_BUCKETS = 2

/** The fields of a meter that has counted nothing in this process. */
export const startMeter = <S extends Scope>(
  scope: S,
  stored: StoredMeter,
): Meter & { readonly scope: S } => ({
  ...stored,
  scope,
  buckets: LEVELS.map(() => []),
})

/** Beginning of the finest bucket at a time in Unix ms. */
export const finestStart = (atMs: number): number => bucketStart(Math.floor(atMs / 1_000), FINEST_SECONDS)

/** Nothing gathered. */
export const newGathering = (): Gathering => ({ start: 0, shares: 0, difficulty: 0, squares: 0, lastAt: 0 })

/** Counts accepted shares of one finest bucket. */
export function addShares(tally: Tally, meter: Meter, gathering: Gathering): void {
  const { start, shares, difficulty, squares, lastAt } = gathering
  meter.accepted += shares
  meter.difficulty += BigInt(difficulty)
  if (meter.lastShareAt === null || lastAt > meter.lastShareAt) meter.lastShareAt = lastAt
  addToBuckets(tally, meter, start, shares, difficulty, squares, 0)
}

/** Counts refused shares. */
export function addRejected(tally: Tally, meter: Meter, atMs: number, count: number): void {
  meter.rejected += count
  addToBuckets(tally, meter, finestStart(atMs), 0, 0, 0, count)
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
  for (let level = 0; level < LEVELS.length; level++) {
    const start = bucketStart(finest, levelAt(level).seconds)
    if (start < keptFrom(level, tally.clockMs)) continue
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

/** The bucket of a meter that begins at `start`: from memory, else from what is stored, else a new one. */
function bucketAt(tally: Tally, meter: Meter, level: number, start: number): Bucket {
  const buckets = meter.buckets[level] ?? []
  let place = buckets.length
  while (place > 0) {
    const bucket = buckets[place - 1]
    if (bucket === undefined || bucket.start < start) break
    if (bucket.start === start) return bucket
    place--
  }
  const sums =
    start <= (tally.storedUpTo[level] ?? 0)
      ? tally.stored.bucket(meter.scope, meter.id, level, start)
      : undefined
  const bucket = {
    meter,
    level,
    start,
    difficulty: sums?.difficulty ?? 0,
    squares: sums?.squares ?? 0,
    shares: sums?.shares ?? 0,
    rejected: sums?.rejected ?? 0,
    changed: false,
  }
  buckets.splice(place, 0, bucket)
  return bucket
}

/** Lets go of a meter's older buckets once they are stored. */
export function forgetOldBuckets(tally: Tally, meter: Meter, keep = RECENT_BUCKETS): void {
  for (let level = 0; level < meter.buckets.length; level++) {
    const buckets = meter.buckets[level]
    if (buckets === undefined || buckets.length <= keep) continue
    const gone = buckets.splice(0, buckets.length - keep)
    const newest = gone[gone.length - 1]?.start ?? 0
    tally.storedUpTo[level] = Math.max(tally.storedUpTo[level] ?? 0, newest)
  }
}

/** Says whether a bucket is still worth storing when the log's clock shows `clockMs`. */
export const isKept = (bucket: Bucket, clockMs: number): boolean =>
  bucket.start >= keptFrom(bucket.level, clockMs)
