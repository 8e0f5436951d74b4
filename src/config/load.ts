import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { withoutPassword } from '../store/store-url.ts'
import { complete } from './complete.ts'
import type { Config } from './config.ts'
import { type ConfigProblem, foundText, type Origin, problem } from './problem.ts'
import { type ConfigDraft, externalName, type Group, type Key, type List, leaves, schema } from './schema.ts'
import {
  type Assignment,
  type ConfigFlag,
  readEnvironmentSource,
  readFileSource,
  readFlagSource,
} from './sources.ts'

/** All that a configuration is made from, in rising precedence after the defaults. */
export interface Sources {
  /** `name` is what messages call it. */
  readonly file: { readonly name: string; readonly toml: string } | null
  readonly environment: { readonly [name: string]: string | undefined }
  readonly flags: readonly ConfigFlag[]
  readonly absolute: (path: string) => string
  readonly readText: (path: string) => E.Either<string, string>
}

/** One line of the effective configuration. */
export interface Setting {
  /** External path: `nodes.0.address`. */
  readonly key: string
  /** `null` when not set; a secret's value is never here, and no password in another's. */
  readonly value: string | number | boolean | null | { readonly hidden: true }
  readonly origin: Origin
}

/** A complete configuration and how it came about. */
export interface LoadedConfig {
  readonly config: Config
  readonly settings: readonly Setting[]
  /** Environment variables that begin like ours and mean nothing. */
  readonly ignored: readonly string[]
}

/** Reads every source and decodes what they add up to; the left holds all that is wrong, in the order of the sources. */
export function loadConfig(sources: Sources): E.Either<readonly ConfigProblem[], LoadedConfig> {
  const readings = [
    ...(sources.file === null ? [] : [readFileSource(sources.file.name, sources.file.toml)]),
    readEnvironmentSource(sources.environment),
    readFlagSource(sources.flags),
  ]
  const given = new Map<string, Assignment>()
  const items = new Map<string, Origin>()
  for (const reading of readings) {
    for (const [path, origin] of reading.items) items.set(path, origin)
    for (const assignment of reading.assignments) {
      given.set(assignment.path, assignment)
      const item = /^[a-z_]+\.[0-9]+/.exec(assignment.path)?.[0]
      if (item !== undefined && !items.has(item)) items.set(item, assignment.origin)
    }
  }
  const originOf = (path: string): Origin => given.get(path)?.origin ?? items.get(path) ?? { kind: 'default' }

  const problems = [...readings.flatMap((reading) => reading.problems), ...gaps(items)]
  const decoded = ConfigDraftCodec.decode(plant(schema, '', given, items, () => undefined))
  const refused = new Set<string>()
  if (E.isLeft(decoded))
    for (const error of decoded.left) {
      const found = decodeProblem(error, originOf)
      refused.add(found.key)
      problems.push(found)
    }
  // What was refused is replaced, so that disagreements among the rest are reported in the same run.
  for (const path of refused) given.delete(path)
  const draft = E.isRight(decoded)
    ? decoded
    : ConfigDraftCodec.decode(plant(schema, '', given, items, (key) => key.example))
  if (E.isLeft(draft)) return E.left(inOrder(problems))
  const { absolute, readText } = sources
  const config = complete(draft.right, { absolute, readText, originOf })
  if (E.isLeft(config)) problems.push(...config.left.filter(({ key }) => !refused.has(key)))
  if (problems.length > 0 || E.isLeft(config)) return E.left(inOrder(problems))
  return E.right({
    config: config.right,
    settings: settingsOf(config.right, draft.right, originOf),
    ignored: readings.flatMap((reading) => reading.ignored),
  })
}

/** The table as one io-ts codec. */
const ConfigDraftCodec = codecFor(schema) as t.Type<ConfigDraft, unknown, unknown>

function codecFor(at: Key | Group | List): t.Mixed {
  switch (at.kind) {
    case 'key':
      return at.codec
    case 'group':
      return t.type(
        Object.fromEntries(Object.entries(at.keys).map(([name, child]) => [name, codecFor(child)])),
      )
    case 'list':
      return t.readonlyArray(codecFor(at.item))
  }
}

/** The tree to decode: what was given, and the default of everything else; `missing` stands in for required keys. */
function plant(
  at: Key | Group | List,
  path: string,
  given: ReadonlyMap<string, Assignment>,
  items: ReadonlyMap<string, Origin>,
  missing: (key: Key) => unknown,
): unknown {
  switch (at.kind) {
    case 'key': {
      const assignment = given.get(path)
      if (assignment !== undefined) return assignment.value
      if (at.fallback.kind === 'value') return at.fallback.value
      return at.fallback.kind === 'required' ? missing(at) : null
    }
    case 'group':
      return Object.fromEntries(
        Object.entries(at.keys).map(([name, child]) => [
          name,
          plant(
            child,
            path === '' ? externalName(name) : `${path}.${externalName(name)}`,
            given,
            items,
            missing,
          ),
        ]),
      )
    case 'list':
      return Array.from({ length: Math.max(itemsOf(path, items), at.itemsByDefault) }, (_, n) =>
        plant(at.item, `${path}.${n}`, given, items, missing),
      )
  }
}

/** How many items of a list there are, counted from 0 without a gap. */
function itemsOf(list: string, items: ReadonlyMap<string, Origin>): number {
  let n = 0
  while (items.has(`${list}.${n}`)) n++
  return n
}

function gaps(items: ReadonlyMap<string, Origin>): readonly ConfigProblem[] {
  return [...items].flatMap(([path, origin]) => {
    const list = path.replace(/\.[0-9]+$/, '')
    const next = itemsOf(list, items)
    if (Number(path.slice(list.length + 1)) < next) return []
    return [
      problem(
        'conflict',
        path,
        origin,
        `${path} is given but ${list}.${next} is not; number them from 0 without a gap`,
      ),
    ]
  })
}

function decodeProblem(error: t.ValidationError, originOf: (path: string) => Origin): ConfigProblem {
  const path = error.context
    .slice(1)
    .map(({ key }) => externalName(key))
    .join('.')
  const allowed = error.context.at(-1)?.type.name ?? ''
  if (error.value === undefined)
    return problem(
      'missing',
      path,
      originOf(parentOf(path)),
      `${path} is missing and has no default; allowed: ${allowed}`,
    )
  const found = foundInKey(path, error.value)
  return problem('not-allowed', path, originOf(path), `${path}: found ${found}, allowed: ${allowed}`)
}

const parentOf = (path: string): string => path.split('.').slice(0, -1).join('.')

function foundInKey(path: string, value: unknown): string {
  const name = path.replace(/\.[0-9]+\./, '.*.')
  switch (leaves.find(({ external }) => external.join('.') === name)?.key.shown) {
    case 'never':
      return 'something else (hidden)'
    case 'without-password':
      return foundText(typeof value === 'string' ? withoutPassword(value) : value)
    default:
      return foundText(value)
  }
}

const ORDER: readonly Origin['kind'][] = ['file', 'environment', 'flag', 'default']

const inOrder = (problems: readonly ConfigProblem[]): readonly ConfigProblem[] =>
  problems.toSorted((a, b) => {
    const byKind = ORDER.indexOf(a.origin.kind) - ORDER.indexOf(b.origin.kind)
    return byKind !== 0 || a.origin.kind !== 'file' || b.origin.kind !== 'file'
      ? byKind
      : a.origin.line - b.origin.line
  })

/** Every key with the value in force; the password file is known to the draft only. */
function settingsOf(
  config: Config,
  draft: ConfigDraft,
  originOf: (path: string) => Origin,
): readonly Setting[] {
  return leaves.flatMap(({ inCode, external, key }) => {
    const list = inCode[1] === '*' ? inCode[0] : undefined
    const items = list === undefined ? undefined : valueAt(config, [list])
    const count = Array.isArray(items) ? items.length : 1
    return Array.from({ length: count }, (_, n): Setting => {
      const numbered = (names: readonly string[]) => names.map((name) => (name === '*' ? String(n) : name))
      const path = numbered(external).join('.')
      const origin = originOf(path)
      const value = valueAt(config, numbered(inCode)) ?? valueAt(draft, numbered(inCode))
      if (key.shown === 'never')
        return { key: path, value: origin.kind === 'default' ? null : { hidden: true }, origin }
      if (key.shown === 'without-password' && typeof value === 'string')
        return { key: path, value: withoutPassword(value), origin }
      return { key: path, value: isScalar(value) ? value : null, origin }
    })
  })
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

function valueAt(tree: unknown, names: readonly string[]): unknown {
  let value = tree
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined
    value = new Map(Object.entries(value)).get(name)
  }
  return value
}
