import { parse, TomlError } from 'smol-toml'
import { nearest } from './nearest.ts'
import { type ConfigProblem, foundText, type Origin, problem } from './problem.ts'
import {
  environmentName,
  externalName,
  flagName,
  type Group,
  type Key,
  type Leaf,
  type List,
  leaves,
  schema,
} from './schema.ts'
import { tomlLines } from './toml-lines.ts'

/** A value that somebody gave to a key, not yet checked. */
export interface Assignment {
  /** External path, `nodes.0.address`. */
  readonly path: string
  readonly value: unknown
  readonly origin: Origin
}

/** What one source says. */
export interface SourceReading {
  readonly assignments: readonly Assignment[]
  /** Origins of list items that were begun, also those without a key: `listeners.0`. */
  readonly items: ReadonlyMap<string, Origin>
  readonly problems: readonly ConfigProblem[]
  /** Environment variables that look like ours and mean nothing: told, not refused, since others may set them. */
  readonly ignored: readonly string[]
}

/** Reads the TOML file's text; `file` is the name that messages use. */
export function readFileSource(file: string, toml: string): SourceReading {
  const reading = {
    assignments: [] as Assignment[],
    items: new Map<string, Origin>(),
    problems: [] as ConfigProblem[],
    ignored: [],
  }
  let tree: unknown
  try {
    tree = parse(toml)
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1
    const why =
      error instanceof Error ? error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') : ''
    reading.problems.push(
      problem('syntax', '', { kind: 'file', file, line }, `this is not TOML: ${why}; correct this line`),
    )
    return reading
  }
  const lines = tomlLines(toml)
  const originOf = (path: string): Origin => ({ kind: 'file', file, line: lines.get(path) ?? 1 })

  const readKnown = (at: Key | Group | List, value: unknown, path: string): void => {
    if (at.kind === 'key') {
      reading.assignments.push({ path, value, origin: originOf(path) })
      return
    }
    const shape = at.kind === 'list' ? `a list of tables, [[${path}]]` : `a table, [${path}]`
    const tables = at.kind === 'list' ? value : [value]
    if (!Array.isArray(tables) || !tables.every(isTable)) {
      reading.problems.push(
        problem('not-allowed', path, originOf(path), `${path}: found ${foundText(value)}, allowed: ${shape}`),
      )
      return
    }
    for (const [index, table] of tables.entries()) {
      const tablePath = at.kind === 'list' ? `${path}.${index}` : path
      if (at.kind === 'list') reading.items.set(tablePath, originOf(tablePath))
      readTable(at.kind === 'list' ? at.item : at, table, tablePath)
    }
  }

  const readTable = (group: Group, table: object, path: string): void => {
    for (const [name, value] of Object.entries(table)) {
      const childPath = path === '' ? name : `${path}.${name}`
      const child = Object.entries(group.keys).find(([inCode]) => externalName(inCode) === name)?.[1]
      if (child !== undefined) readKnown(child, value, childPath)
      else reading.problems.push(unknownKey(childPath, originOf(childPath), childPath, (known) => known))
    }
  }

  if (isTable(tree)) readTable(schema, tree, '')
  return reading
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

const PREFIX = 'LODEBOOK_'
/** Names the file itself. */
export const FILE_VARIABLE = 'LODEBOOK_CONFIG'

/** Reads environment variables. An empty one counts as not set. */
export function readEnvironmentSource(environment: {
  readonly [name: string]: string | undefined
}): SourceReading {
  const assignments: Assignment[] = []
  const problems: ConfigProblem[] = []
  const ignored: string[] = []
  const sections = Object.keys(schema.keys).map((name) => `${PREFIX}${externalName(name).toUpperCase()}_`)
  for (const [variable, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith(PREFIX) || variable === FILE_VARIABLE || text === undefined || text === '')
      continue
    const found = leafFor(variable, environmentName)
    const origin: Origin = { kind: 'environment', variable }
    if (found !== undefined)
      assignments.push({ path: found.path, value: found.leaf.key.fromText(text), origin })
    else if (sections.some((section) => variable.startsWith(section))) {
      const path = variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '.')
      problems.push(unknownKey(path, origin, variable, environmentName))
    } else ignored.push(variable)
  }
  return { assignments, items: new Map(), problems, ignored }
}

/** A flag as it stood on the command line: `--http.port 8080` is `{path: 'http.port', text: '8080'}`. */
export interface ConfigFlag {
  readonly path: string
  readonly text: string
}

/** Reads the flags that name a key; the last of two for the same key wins. */
export function readFlagSource(flags: readonly ConfigFlag[]): SourceReading {
  const assignments: Assignment[] = []
  const problems: ConfigProblem[] = []
  for (const { path, text } of flags) {
    const found = leafFor(path, (known) => known)
    const origin: Origin = { kind: 'flag', flag: flagName(path) }
    if (found !== undefined) assignments.push({ path, value: found.leaf.key.fromText(text), origin })
    else problems.push(unknownKey(path, origin, flagName(path), flagName))
  }
  return { assignments, items: new Map(), problems, ignored: [] }
}

/** The key that `written` names, when names are spelled by `spell`, and its path with the numbers in place. */
function leafFor(
  written: string,
  spell: (path: string) => string,
): { readonly leaf: Leaf; readonly path: string } | undefined {
  for (const leaf of leaves) {
    const pattern = spell(leaf.external.join('.'))
      .replaceAll('.', '\\.')
      .replaceAll('*', '(0|[1-9][0-9]{0,2})')
    const match = new RegExp(`^${pattern}$`).exec(written)
    if (match === null) continue
    const numbers = match.slice(1)
    return { leaf, path: leaf.external.map((name) => (name === '*' ? numbers.shift() : name)).join('.') }
  }
  return undefined
}

/** `written` is how the source spells the unknown name, `spell` how it would spell a known one. */
function unknownKey(
  path: string,
  origin: Origin,
  written: string,
  spell: (path: string) => string,
): ConfigProblem {
  const known = nearestKey(path)
  const hint = known === undefined ? 'see docs/configuration.md' : `did you mean ${spell(known)}?`
  return problem('unknown-key', path, origin, `there is no ${written}; ${hint}`)
}

/** The known path nearest to an unknown one: first a like name, then the same name in another table. */
function nearestKey(path: string): string | undefined {
  const names = path.split('.')
  const index = names.find((name) => /^[0-9]+$/.test(name)) ?? '0'
  const known = leaves.map((leaf) => leaf.external.map((name) => (name === '*' ? index : name)))
  const tables = new Set(known.flatMap((k) => k.slice(0, -1).map((_, n) => k.slice(0, n + 1).join('.'))))
  const parent = names.slice(0, -1).join('.')
  const siblings = [...tables, ...known.map((k) => k.join('.'))].filter(
    (candidate) => parentOf(candidate) === parent,
  )
  const last = names.at(-1) ?? ''
  return (
    nearest(
      path,
      siblings.filter((s) => similar(s, last)),
    ) ??
    nearest(
      path,
      known.map((k) => k.join('.')),
    ) ??
    known.find((k) => k.at(-1) === externalName(last))?.join('.')
  )
}

const parentOf = (path: string): string => path.split('.').slice(0, -1).join('.')

const similar = (path: string, name: string): boolean =>
  nearest(name, [path.split('.').at(-1) ?? '']) !== undefined
