import type { Network } from '../../../domain/decred/network.ts'
import { compactToTarget } from '../../../domain/decred/target.ts'
import type { EventData, RejectReason } from '../../../domain/events.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import { HashQualities, type HashQuality, qualityDeviation } from '../hash-quality.ts'
import { fewer, more } from '../poisson.ts'
import type { References, ResolvedShares } from '../references.ts'
import { TimeSeries } from '../time-series.ts'

/** Luck that is rarer than this by chance is worth a notice: one audit in a thousand has it. */
const RARE = 0.001
/** Multiple of the published rate of shares that variable difficulty never lets stand: it corrects at once what is faster. */
const OVERLOAD = 8
/** Standard deviations off that chance has once in 500 million accounts, and shares from which on they can be reckoned so. */
const SKEW_DEVIATION = 6
const SKEW_SHARES_MIN = 30

/** What the shares let expect, and what came. */
export interface Luck {
  readonly shares: number
  /** Blocks that the work of all shares finds on average. */
  readonly expected: number
  /** Shares that met the network's target. */
  readonly found: number
  /** Probability of so few, and of so many, with honest luck: Poisson. */
  readonly soFew: number
  readonly soMany: number
  /** Accepted shares a minute of a connection, on average; null before any time has passed. */
  readonly sharesPerMinute: number | null
  readonly published: number | null
  readonly rejected: ReadonlyMap<RejectReason | 'others', number>
}

/** A9: whether blocks, rates of shares and refused shares are what the work lets expect. Chance proves nothing: these are notices. */
export class LuckCheck {
  readonly #report: CheckReport
  readonly #references: References
  readonly #perDifficulty = new Map<number, number>()
  readonly #powLimit: number
  readonly #rejected = new Map<RejectReason | 'others', number>()
  /** Blocks expected and found up to a time. */
  readonly series = new TimeSeries(2)
  #shares = 0
  #expected = 0
  #endedMs = 0
  #endedShares = 0
  #published: number | null = null

  constructor(report: Report, references: References, network: Network) {
    this.#report = reportOf('A9', report)
    this.#references = references
    this.#powLimit = Number(network.powLimit)
  }

  policyAdopted({ sharesPerMinute }: EventData<'PolicyAdopted'>): void {
    this.#published = sharesPerMinute
  }

  /** Takes the shares of an entry; `found` is how many solved a block so far. */
  take({ at, columns, runs }: ResolvedShares, found: number): void {
    const { count, difficulty } = columns
    this.#shares += count
    for (const { job, from, to } of runs) {
      if (job === undefined) continue
      const chance = this.#chance(job.bits)
      for (let i = from; i < to; i++) this.#expected += Math.min(1, (difficulty[i] ?? 0) * chance)
    }
    this.series.add(at, [this.#expected, found])
  }

  /** Probability that a share of difficulty 1 is a block of these bits. */
  #chance(bits: number): number {
    const known = this.#perDifficulty.get(bits)
    if (known !== undefined) return known
    const chance = Number(compactToTarget(bits)) / this.#powLimit
    this.#perDifficulty.set(bits, chance)
    return chance
  }

  sharesRejected(gateway: number, data: EventData<'SharesRejected'>): void {
    this.#reject('others', data.others)
    for (const [i, reason] of data.reason.entries()) {
      const count = data.count[i] ?? 0
      this.#reject(reason, count)
      const connection = this.#references.connection(gateway, data.connection[i] ?? -1)
      if (connection !== undefined) connection.rejected += count
    }
  }

  #reject(reason: RejectReason | 'others', count: number): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count)
  }

  connectionEnded(
    entry: number,
    gateway: number,
    number: number,
    { at, rejected }: EventData<'MinerDisconnected'>,
  ): void {
    const connection = this.#references.connection(gateway, number)
    if (connection === undefined) return
    this.#endedMs += Math.max(0, at - connection.atMs)
    this.#endedShares += connection.accepted
    if (connection.rejected > rejected)
      this.#report.wrong(
        'reject-totals',
        entry,
        `Entry ${entry} ends a connection with ${rejected} refused shares.`,
        `${connection.rejected} at least: so many are told of it before.`,
      )
  }

  /** What the log comes to. `found` is how many shares solved a block, of those that were hashed. */
  luck(found: number): Luck {
    const minutes = this.#endedMs / 60_000
    return {
      shares: this.#shares,
      expected: this.#expected,
      found,
      soFew: fewer(found, this.#expected),
      soMany: more(found, this.#expected),
      sharesPerMinute: minutes === 0 ? null : this.#endedShares / minutes,
      published: this.#published,
      rejected: this.#rejected,
    }
  }

  /** Takes how good the hashes of shares were, of those that were hashed. */
  takeQualities(qualities: readonly HashQuality[]): void {
    const whole = new HashQualities()
    for (const each of qualities) whole.add(each)
    for (const quality of whole.list()) {
      const deviation = qualityDeviation(quality)
      if (quality.shares < SKEW_SHARES_MIN || Math.abs(deviation) < SKEW_DEVIATION) continue
      const mean = quality.parts / quality.shares
      this.#report.notice(
        'skewed-hashes',
        null,
        `The hashes of the ${quality.shares} shares of account ${quality.account} are ${mean.toFixed(3)} of their target on average, ${Math.abs(deviation).toFixed(1)} standard deviations from a half.`,
        deviation > 0
          ? 'A half, when each difficulty was fixed before the hash was known: theirs may have been raised to what a hash just reaches.'
          : 'A half, when each difficulty was fixed before the hash was known: theirs may have been lowered, or shares were left out.',
      )
    }
  }

  /** Says what is rare. */
  end(found: number): void {
    const { expected, soFew, soMany, sharesPerMinute, published } = this.luck(found)
    if (Math.min(soFew, soMany) < RARE)
      this.#report.notice(
        'luck',
        null,
        `${found} shares solved a block, and the work of all shares lets expect ${expected.toFixed(2)}.`,
        `Luck that is less rare: so ${soFew < soMany ? 'few' : 'many'} come by chance with probability ${Math.min(soFew, soMany).toExponential(1)}.`,
      )
    if (sharesPerMinute !== null && published !== null && sharesPerMinute > OVERLOAD * published)
      this.#report.notice(
        'share-rate',
        null,
        `Connections that ended sent ${sharesPerMinute.toFixed(1)} shares a minute on average.`,
        `About ${published}, the published aim of variable difficulty; listeners of fixed difficulty are free of it.`,
      )
  }
}
