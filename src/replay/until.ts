import * as E from 'fp-ts/lib/Either.js'

/**
 * A point in a history. `entry`: that one is the last. `height`: the last entry at which the newest work built on this block of the chain
 * or an earlier one. `time`: the last entry before the first that says a later one, Unix ms.
 */
export type Until =
  | { readonly kind: 'entry'; readonly entry: number }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'time'; readonly at: number }

/** Reads a point as people write it: `1042`, `height:1000` or `2026-11-25T12:00:00Z`. Left: what is allowed, a sentence. */
export function readUntil(text: string): E.Either<string, Until> {
  const [, height] = /^height:(\d{1,10})$/.exec(text) ?? []
  if (height !== undefined) return E.right({ kind: 'height', height: Number(height) })
  if (/^\d{1,15}$/.test(text)) return E.right({ kind: 'entry', entry: Number(text) })
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
  const at = isTime ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return E.right({ kind: 'time', at })
  return E.left(
    `"${text}" is no point in a history; give the index of an entry (1042), a height (height:1000) or a time with its zone (2026-11-25T12:00:00Z)`,
  )
}

/** Where a reading has got to. */
export interface Place {
  /** Index of the newest entry; null before the first. */
  readonly entry: number | null
  /** What it says, Unix ms. */
  readonly at: number | null
  /** Of the block that the newest work builds on; null before any work. */
  readonly height: number | null
}

/** Watches over a reading until it is at its end. Mutable, one owner. */
export class Watch {
  readonly #until: Until | null
  #entry: number | null = null
  #firstAt: number | null = null
  #at: number | null = null
  #firstHeight: number | null = null
  #height: number | null = null
  #isPast = false

  /** Null: to the end of the history. */
  constructor(until: Until | null) {
    this.#until = until
  }

  get place(): Place {
    return { entry: this.#entry, at: this.#at, height: this.#height }
  }

  /**
   * Says whether the next entry is past the end: then it is not to be read. `at` is null where nobody can read it, `height` that of the
   * block that work builds on, and null for anything else.
   */
  isPast(entry: number, at: number | null, height: number | null): boolean {
    this.#firstAt ??= at
    this.#firstHeight ??= height
    if (this.#until !== null && isAfter(this.#until, entry, at, height)) {
      this.#isPast = true
      return true
    }
    this.#entry = entry
    this.#at = at ?? this.#at
    this.#height = height ?? this.#height
    return false
  }

  /** When all was read up to the end: why there is no such point in this history, a sentence. Undefined when there is. */
  problem(): string | undefined {
    const until = this.#until
    const [first, last] = [this.#firstHeight, this.#height]
    if (this.#firstAt === null || this.#entry === null)
      return until?.kind !== 'time' || this.#firstAt === null
        ? 'This history has no entries yet.'
        : `This history begins at ${iso(this.#firstAt)}: name a later time.`
    switch (until?.kind) {
      case undefined:
        return undefined
      case 'entry':
        if (this.#entry === until.entry) return undefined
        return `This history has no entry ${until.entry}: its last is ${this.#entry}.`
      case 'height':
        if (first === null) return 'This history has no work yet, and so no heights.'
        if (until.height < first) return `This history begins at height ${first}: name that or a later one.`
        if (this.#isPast || until.height === last) return undefined
        return `This history has not reached height ${until.height}: it ends at height ${last}.`
      case 'time':
        if (this.#isPast || this.#at === until.at) return undefined
        return `This history does not go on to ${iso(until.at)}: its last entry is of ${iso(this.#at ?? 0)}.`
    }
  }
}

function isAfter(until: Until, entry: number, at: number | null, height: number | null): boolean {
  switch (until.kind) {
    case 'entry':
      return entry > until.entry
    case 'height':
      return height !== null && height > until.height
    case 'time':
      return at !== null && at > until.at
  }
}

const iso = (at: number): string => new Date(at).toISOString()
