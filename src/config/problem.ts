/** Where a value came from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string }

/** One thing that is wrong with what was configured. */
export interface ConfigProblem {
  readonly kind: 'unreadable-file' | 'syntax' | 'unknown-key' | 'not-allowed' | 'missing' | 'conflict'
  /** External path, `nodes.0.address`; empty for the file as a whole. */
  readonly key: string
  readonly origin: Origin
  /** For people, with the place, what was found and what is allowed. */
  readonly message: string
}

/** An origin in a few words: `lodebook.toml:12`, `environment variable LODEBOOK_HTTP_PORT`, `flag --http.port`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default'
    case 'file':
      return `${origin.file}:${origin.line}`
    case 'environment':
      return `environment variable ${origin.variable}`
    case 'flag':
      return `flag ${origin.flag}`
  }
}

/** A problem whose message begins with the place, unless nobody gave the value. */
export function problem(
  kind: ConfigProblem['kind'],
  key: string,
  origin: Origin,
  sentence: string,
): ConfigProblem {
  const place = origin.kind === 'default' ? '' : `${originText(origin)}: `
  return { kind, key, origin, message: `${place}${sentence}` }
}

/** What was found, as a person would write it. */
export function foundText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a date'
  if (typeof value === 'object' && value !== null) return 'a table'
  return String(value)
}
