/** What dcrd can answer. Integers beyond 2^53 are bigints; a field that is undefined is left out. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

/** Prints as Go does: bigints as plain numbers, `<`, `>` and `&` escaped. */
export function toJson(value: Json): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return JSON.stringify(value).replace(/[<>&]/g, escaped)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(toJson).join(',')}]`
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined ? [] : `${JSON.stringify(name)}:${toJson(field)}`,
  )
  return `{${fields.join(',')}}`
}

const escaped = (character: string): string => `\\u00${character.charCodeAt(0).toString(16)}`

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
