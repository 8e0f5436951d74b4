import * as t from 'io-ts'

/**
 * The kinds of value a key may have. A codec's name is the sentence that tells an operator what is allowed, since it
 * is what an error prints.
 */
export interface Value<A> {
  readonly codec: t.Type<A>
  /** Reads the text of an environment variable or flag; what it can't read it returns, for the codec to refuse. */
  readonly fromText: (text: string) => unknown
}

const codecOf = <A>(allowed: string, is: (u: unknown) => u is A): t.Type<A> =>
  new t.Type(allowed, is, (u, context) => (is(u) ? t.success(u) : t.failure(u, context)), t.identity)

/** Text that matches a pattern or passes a check; `allowed` says in words what it is. */
export const text = (allowed: string, is: RegExp | ((given: string) => boolean)): Value<string> => ({
  codec: codecOf(
    allowed,
    (u): u is string => typeof u === 'string' && (is instanceof RegExp ? is.test(u) : is(u)),
  ),
  fromText: (given) => given,
})

/** A whole number; `unit` goes into the sentence only. */
export const integer = (min: number, max: number, unit = ''): Value<number> => ({
  codec: codecOf(
    `a whole number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}`,
    (u): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= min && u <= max,
  ),
  fromText: (given) => (/^-?[0-9]+$/.test(given) ? Number(given) : given),
})

/** `true` or `false`. */
export const flag: Value<boolean> = {
  codec: codecOf('true or false', (u): u is boolean => typeof u === 'boolean'),
  fromText: (given) => (given === 'true' ? true : given === 'false' ? false : given),
}

/** One of a few words. */
export const choice = <A extends string>(...words: readonly [A, A, ...A[]]): Value<A> => ({
  codec: codecOf(`${words.slice(0, -1).join(', ')} or ${words.at(-1)}`, (u): u is A =>
    words.some((word) => word === u),
  ),
  fromText: (given) => given,
})

/** A value that may be left out: `null` then. */
export const optional = <A>(value: Value<A>): Value<A | null> => ({
  codec: codecOf(value.codec.name, (u): u is A | null => u === null || value.codec.is(u)),
  fromText: value.fromText,
})
