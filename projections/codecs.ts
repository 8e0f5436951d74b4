import * as t from 'io-ts'

/** Codec of text that matches a pattern. */
export const text = (name: string, pattern: RegExp): t.Type<string> =>
  new t.Type(
    name,
    (u): u is string => typeof u === 'string' && pattern.test(u),
    (u, c) => (typeof u === 'string' && pattern.test(u) ? t.success(u) : t.failure(u, c)),
    t.identity,
  )

const number = (name: string, holds: (value: number) => boolean): t.Type<number> =>
  new t.Type(
    name,
    (u): u is number => typeof u === 'number' && holds(u),
    (u, c) => (typeof u === 'number' && holds(u) ? t.success(u) : t.failure(u, c)),
    t.identity,
  )

const natural = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/** Non-negative integer as decimal text: hashes per second, atoms, sums of difficulty. */
export const Decimal = text('Decimal', /^(0|[1-9][0-9]*)$/)
/** 32 bytes, lower case: a block hash or transaction id as explorers print it, or an account id. */
export const Hash = text('Hash', /^[0-9a-f]{64}$/)
/** Integer from 0 to 2^53 - 1. */
export const Count = number('Count', natural)
/** Unix milliseconds. */
export const Time = number('Time', natural)
/** Non-negative fraction, six decimals: 1 is what was to be expected. */
export const Ratio = number('Ratio', (value) => Number.isFinite(value) && value >= 0)

/** Codec of something that may be missing. */
export const orNull = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null])
