import { toHex } from '../../../domain/decred/hex.ts'
import type { Transaction } from '../../../domain/decred/transaction.ts'
import { type Branch, type Keys, paidKey, type WalletKey } from './keys.ts'

/** Keys behind the last used one that a wallet looks out for: what was given out but not used yet. dcrwallet's default. */
const GAP = 20

/** One row of keys: an account's addresses, or its change. */
interface Row {
  readonly account: number
  readonly branch: Branch
  /** Keys up to the last one that was ever paid. */
  used: number
  /** Addresses given out since one was used. */
  given: number
  /** Keys that are looked out for. */
  watched: number
}

/** The keys of a wallet that somebody may have paid. Found again from the chain alone, as long as no gap is wider than 20. */
export class AddressBook {
  readonly #keys: Keys
  readonly #rows: readonly Row[]
  /** By the hash in the script that pays it. */
  readonly #watched = new Map<string, WalletKey>()

  /** @param accounts how many there are */
  constructor(keys: Keys, accounts: number) {
    this.#keys = keys
    this.#rows = Array.from({ length: accounts }, (_, account) => account).flatMap((account) =>
      (['external', 'internal'] as const).map((branch) => ({
        account,
        branch,
        used: 0,
        given: 0,
        watched: 0,
      })),
    )
    for (const row of this.#rows) this.#watch(row)
  }

  /** The wallet's key that a script pays, if it pays one. */
  find(script: Uint8Array): WalletKey | undefined {
    const hash = paidKey(script)
    return hash === undefined ? undefined : this.#watched.get(hash)
  }

  /** Takes note of what a transaction pays. */
  note({ outputs }: Transaction): void {
    for (const { script } of outputs) {
      const key = this.find(script)
      const row = key && this.#row(key.account, key.branch)
      if (key === undefined || row === undefined || key.index < row.used) continue
      row.used = key.index + 1
      row.given = 0
      this.#watch(row)
    }
  }

  /** Gives out an address: another one each time, until the gap is full and it begins again. */
  give(account: number, branch: Branch): WalletKey | undefined {
    const row = this.#row(account, branch)
    return row && this.#keys.at({ account, branch, index: row.used + (row.given++ % GAP) })
  }

  /** How many addresses were used or given out. */
  count(account: number, branch: Branch): number {
    const row = this.#row(account, branch)
    return row === undefined ? 0 : row.used + Math.min(row.given, GAP)
  }

  #row(account: number, branch: Branch): Row | undefined {
    return this.#rows.find((row) => row.account === account && row.branch === branch)
  }

  #watch(row: Row): void {
    for (; row.watched < row.used + GAP; row.watched++) {
      const key = this.#keys.at({ account: row.account, branch: row.branch, index: row.watched })
      this.#watched.set(toHex(key.hash), key)
    }
  }
}
