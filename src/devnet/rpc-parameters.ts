import * as E from 'fp-ts/lib/Either.js'

/** One parameter of a method, as Go would read it. */
export interface Parameter<A> {
  readonly name: string
  /** Go's name of the type, for the error text. */
  readonly type: string
  readonly optional: boolean
  /** Value when the parameter is missing or null. */
  readonly fallback: A
  /** Left says what was there instead, as Go does. */
  readonly read: (value: unknown) => E.Either<string, A>
}

/** A text that must be given. */
export const text = (name: string): Parameter<string> => ({
  name,
  type: 'string',
  optional: false,
  fallback: '',
  read: (value) => (typeof value === 'string' ? E.right(value) : E.left(goType(value))),
})

/** True or false, when given. */
export const flag = (name: string, fallback: boolean): Parameter<boolean> => ({
  name,
  type: 'bool',
  optional: true,
  fallback,
  read: (value) => (typeof value === 'boolean' ? E.right(value) : E.left(goType(value))),
})

const RANGES = {
  int8: [-128, 127],
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  int: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const

/** A whole number of one of Go's types that must be given. */
export const integer = (name: string, type: keyof typeof RANGES): Parameter<number> => ({
  name,
  type,
  optional: false,
  fallback: 0,
  read: (value) => {
    if (typeof value !== 'number') return E.left(goType(value))
    const [min, max] = RANGES[type]
    return Number.isInteger(value) && value >= min && value <= max
      ? E.right(value)
      : E.left(`number ${value}`)
  },
})

/** Makes a parameter optional. */
export const optional = <A>(parameter: Parameter<A>, fallback: A): Parameter<A> => ({
  ...parameter,
  optional: true,
  fallback,
})

/** The values of a list of parameters, in order. */
export type Values<P extends readonly Parameter<unknown>[]> = {
  readonly [I in keyof P]: P[I] extends Parameter<infer A> ? A : never
}

/** Reads the positional parameters of a request. Left is the text of dcrd's error -8. */
export function readParameters<const P extends readonly Parameter<unknown>[]>(
  parameters: P,
  given: readonly unknown[],
): E.Either<string, Values<P>> {
  const required = parameters.filter((parameter) => !parameter.optional).length
  if (given.length < required || given.length > parameters.length) {
    const expected =
      required === parameters.length ? `${required}` : `between ${required} and ${parameters.length}`
    return E.left(`wrong number of params (expected ${expected}, received ${given.length})`)
  }
  const values: unknown[] = []
  for (const [index, parameter] of parameters.entries()) {
    const value = given[index] ?? undefined
    const read = value === undefined ? E.right(parameter.fallback) : parameter.read(value)
    if (E.isLeft(read))
      return E.left(
        `parameter #${index + 1} '${parameter.name}' must be type ${parameter.type} (got ${read.left})`,
      )
    values.push(read.right)
  }
  return E.right(values as Values<P>)
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
