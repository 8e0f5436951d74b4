/**
 * How good the hashes of an account's shares are: for each the hash as a part of its target, which is as likely to be anywhere between 0 and 1 when
 * the difficulty was fixed before the hash was known. Who chooses the difficulty afterwards chooses it close to what the hash reaches.
 */
export interface HashQuality {
  readonly account: string
  shares: number
  /** Sum of the parts. */
  parts: number
}

/** Qualities by account. Mutable, one owner. */
export class HashQualities {
  readonly #byAccount = new Map<string, HashQuality>()

  /** That of an account, to be added to. */
  of(account: string): HashQuality {
    const known = this.#byAccount.get(account) ?? { account, shares: 0, parts: 0 }
    this.#byAccount.set(account, known)
    return known
  }

  add({ account, shares, parts }: HashQuality): void {
    const known = this.of(account)
    known.shares += shares
    known.parts += parts
  }

  list(): readonly HashQuality[] {
    return [...this.#byAccount.values()].filter(({ shares }) => shares > 0)
  }
}

/**
 * By how many standard deviations the mean of the parts is off: positive when hashes are only just good enough for what they are credited
 * with, negative when they are better than that. The mean of n uniform numbers has a standard deviation of 1 / sqrt(12 n).
 */
export const qualityDeviation = ({ shares, parts }: HashQuality): number =>
  (parts / shares - 0.5) * Math.sqrt(12 * shares)
