/** Any value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Canonical JSON text of a value, the bytes that events and ledger entries are made of.
 *
 * RFC 8785: keys sorted by UTF-16 code units, no white space, strings and numbers as ECMAScript prints them. Narrower than
 * the RFC on numbers: only integers within 2^53 pass, since no figure of the ledger may depend on how a
 * language prints a fraction.
 *
 * @throws RangeError for a fraction, a number outside 2^53, or a lone surrogate: the caller built a bad event.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return integerText(value)
  if (typeof value === 'string') return stringText(value)
  if (isArray(value)) return arrayText(value)
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member !== undefined) members.push(`${stringText(key)}:${canonicalJson(member)}`)
  }
  return `{${members.join(',')}}`
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value)

/** Whether a value of JSON has members. */
export const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !isArray(value)

function arrayText(values: readonly Json[]): string {
  let text = '['
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += canonicalJson(values[i] ?? null)
  }
  return `${text}]`
}

function integerText(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer within 2^53`)
  return Object.is(value, -0) ? '0' : String(value)
}

function stringText(value: string): string {
  if (!value.isWellFormed()) throw new RangeError('a string holds a lone surrogate')
  return JSON.stringify(value)
}
