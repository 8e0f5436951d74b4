import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { currentVersion, eventTypes } from '../../domain/events.ts'

/** The repository's own rules, as far as a program can check them. */

const root = new URL('../../', import.meta.url).pathname
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(root + file))
const read = (file: string): string => readFileSync(root + file, 'utf8')
const rooms = ['src', 'adapters', 'projections', 'domain'] as const
const roomOf = (file: string): string => file.split('/', 1)[0] ?? ''
const code = files.filter((file) => file.endsWith('.ts') && rooms.some((room) => roomOf(file) === room))
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

/** Each offender as `file:line text`, so that a failure says where. */
function offenders(among: readonly string[], pattern: RegExp): string[] {
  return among.flatMap((file) =>
    withoutComments(read(file))
      .split('\n')
      .flatMap((line) => (pattern.test(line) ? [`${file} ${line.trim()}`] : [])),
  )
}

const importsOf = (file: string): string[] =>
  [...withoutComments(read(file)).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, source]) => source ?? '',
  )

describe('dependencies point down only', () => {
  const below: Record<string, readonly string[]> = {
    src: ['src', 'adapters', 'projections', 'domain', 'package.json'],
    adapters: ['adapters', 'projections', 'domain'],
    projections: ['projections', 'domain'],
    domain: ['domain'],
  }
  const packagesOfDomain = /^(fp-ts\/|io-ts$|xstate$|@noble\/)/

  test('between rooms', () => {
    const wrong = code.flatMap((file) =>
      importsOf(file)
        .filter((source) => source.startsWith('.'))
        .map((source) => posix.join(posix.dirname(file), source))
        .filter((target) => !(below[roomOf(file)] ?? []).includes(roomOf(target)))
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('domain and projections import no adapter, no node: module and few packages', () => {
    const wrong = code
      .filter((file) => roomOf(file) === 'domain' || roomOf(file) === 'projections')
      .flatMap((file) =>
        importsOf(file)
          .filter((source) => !source.startsWith('.') && !packagesOfDomain.test(source))
          .filter((source) => !(file === 'domain/decred/hash.ts' && source === 'hash-wasm'))
          .map((source) => `${file} imports ${source}`),
      )
    expect(wrong).toEqual([])
  })

  test('only src/store/open-store.ts chooses a store; reading an address chooses none', () => {
    const choosers = code.filter(
      (file) =>
        !file.startsWith('adapters/event-store/') &&
        importsOf(file).some((source) =>
          /event-store\/(sqlite|memory|eventstoredb)\/(?!connection-string)/.test(source),
        ),
    )
    expect(choosers).toEqual(['src/store/open-store.ts'])
  })
})

test('no file imports itself through others, types neither', () => {
  const left = new Map(
    code.map((file) => [
      file,
      importsOf(file)
        .map((source) => posix.join(posix.dirname(file), source))
        .filter((target) => code.includes(target)),
    ]),
  )
  expect([...left.values()].flat().length).toBeGreaterThan(code.length)
  // Who imports nothing that is left is in no circle, nor who is imported by nothing that is left.
  for (let before = 0; before !== left.size; ) {
    before = left.size
    const imported = new Set([...left.values()].flat())
    for (const [file, targets] of left)
      if (!imported.has(file) || !targets.some((each) => left.has(each))) left.delete(file)
  }
  expect([...left.keys()]).toEqual([])
})

describe('what no line may say', () => {
  const pure = code.filter((file) => roomOf(file) === 'domain' || roomOf(file) === 'projections')

  test('no clock, no chance, no timer in domain and projections', () => {
    expect(
      offenders(
        pure,
        /\bDate\.now\b|new Date\(\)|\bperformance\.|Math\.random|\bsetTimeout\b|\bsetInterval\b/,
      ),
    ).toEqual([])
  })

  test('no any', () => {
    expect(offenders(code, /:\s*any\b|\bas any\b|<any>|\bany\[\]/)).toEqual([])
  })

  test('no compiler or linter switched off', () => {
    expect(offenders(code, /@ts-(ignore|nocheck|expect-error)|biome-ignore/)).toEqual([])
    expect(
      files.filter((file) => code.includes(file) && /@ts-(ignore|nocheck|expect-error)/.test(read(file))),
    ).toEqual([])
  })

  test('no work left for later', () => {
    const later = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X'].join(''))
    expect(files.filter((file) => /\.(ts|md|js)$/.test(file) && later.test(read(file)))).toEqual([])
  })

  test('no test that is skipped or alone', () => {
    const tests = files.filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/tidy/'))
    expect(offenders(tests, /\b(test|it|describe)\.(skip|only|todo)\b/)).toEqual([])
  })

  test('no package registry named, in the lock file neither', () => {
    const hosts = new RegExp(['registry\\.npm' + 'js', 'proxy\\.go' + 'lang', 'deb\\.debi' + 'an'].join('|'))
    expect(files.filter((file) => !file.endsWith('.png') && hosts.test(read(file)))).toEqual([])
  })
})

/**
 * `as` is for codecs and brands, where a value has just been checked; everywhere else types must follow by themselves. `as const`
 * and renamed imports are no assertions.
 */
test('no type assertion outside codecs', () => {
  const codecs = new Set([
    'domain/events.ts',
    'domain/decred/amount.ts',
    'src/config/load.ts',
    'src/config/sources.ts',
    'src/devnet/rpc-parameters.ts',
    // XState's setup takes its types as values.
    'domain/mining/connection-machine.ts',
    'domain/block/lifecycle.ts',
    'src/actors/node-watcher.ts',
  ])
  const withoutStrings = (text: string): string =>
    text.replace(/`[^`]*`|'[^'\n]*'|"[^"\n]*"/g, "''").replace(/^(import|export) [\s\S]*? from ''/gm, '')
  const asserting = code
    .filter((file) => !codecs.has(file))
    .filter((file) => /\bas (?!const\b)[A-Za-z{([]/.test(withoutStrings(withoutComments(read(file)))))
  expect(asserting).toEqual([])
})

test('every exported name says what it is for', () => {
  const bare = code.flatMap((file) => {
    const lines = read(file).split('\n')
    return lines.flatMap((line, i) => {
      const name = /^export (?:async )?(?:const|function|interface|type|class) (\w+)/.exec(line)?.[1]
      if (name === undefined || /^export type (\w+) = t\.TypeOf<typeof \1>/.test(line)) return []
      const before = lines[i - 1]?.trim() ?? ''
      const continues = new RegExp(`^export (const|type|function) ${name}\\b`).test(before)
      return before.endsWith('*/') || continues ? [] : [`${file}:${i + 1} ${name}`]
    })
  })
  expect(bare).toEqual([])
})

test('every event type and version has a golden file', () => {
  const missing = eventTypes.flatMap((type) =>
    Array.from({ length: currentVersion(type) }, (_, v) => `test/golden/${type}.v${v + 1}.json`).filter(
      (file) => !files.includes(file),
    ),
  )
  expect(missing).toEqual([])
})

test('the house has only the rooms of its plan', () => {
  const top = new Set(files.map((file) => file.split('/', 1)[0]))
  const plan = [
    'src',
    'domain',
    'projections',
    'adapters',
    'test',
    'docs',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'docker-compose.yml',
    'Dockerfile',
  ]
  const root = [
    '.ci',
    '.gitignore',
    '.npmrc',
    '.dockerignore',
    'biome.json',
    'vitest.config.ts',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    '.gitattributes',
  ]
  expect([...top].filter((entry) => ![...plan, ...root].includes(entry ?? ''))).toEqual([])
})

describe('the lock', () => {
  const lock: unknown = JSON.parse(read('package-lock.json'))
  const packages = Object.entries(
    (
      lock as {
        packages: Record<string, { version?: string; integrity?: string; hasInstallScript?: boolean }>
      }
    ).packages,
  )

  test('every package is locked by hash', () => {
    const unlocked = packages.filter(([path, { integrity }]) => path !== '' && integrity === undefined)
    expect(unlocked.map(([path]) => path)).toEqual([])
  })

  test('no more install scripts than are known: both only check or speed up what is there already', () => {
    const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript === true)
    expect(scripted.map(([path]) => path)).toEqual(['node_modules/esbuild', 'node_modules/protobufjs'])
  })

  test('versions are exact', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const ranges = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.entries(manifest[group] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    )
    expect(ranges).toEqual([])
  })
})

test('commands in README and CONTRIBUTING are there', () => {
  const scripts = Object.keys(
    (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
  )
  const named = ['README.md', 'CONTRIBUTING.md'].flatMap((file) =>
    [...read(file).matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? ''),
  )
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !scripts.includes(name))).toEqual([])
})

test('the auditor trusts nothing of the pool: it imports domain, the ledger and node adapters, and itself', () => {
  const allowed = /^(src\/audit|domain|adapters\/ledger|adapters\/node)\//
  const foreign = code
    .filter((file) => file.startsWith('src/audit/'))
    .flatMap((file) =>
      importsOf(file)
        .filter((source) => source.startsWith('.'))
        .map((source) => posix.join(posix.dirname(file), source))
        .filter((target) => !allowed.test(target))
        .map((target) => `${file} imports ${target}`),
    )
  expect(code.filter((file) => file.startsWith('src/audit/')).length).toBeGreaterThan(20)
  expect(foreign).toEqual([])
})

test('replaying and exporting need no projection and no read model, nor does what they import', () => {
  const reached = new Map<string, string>()
  const from = code.filter((file) => /^src\/(replay|export)\//.test(file))
  for (const file of from) reached.set(file, file)
  for (const [file, way] of reached)
    for (const source of importsOf(file).filter((each) => each.startsWith('.'))) {
      const target = posix.join(posix.dirname(file), source)
      if (target.endsWith('.ts') && !reached.has(target)) reached.set(target, `${way} > ${target}`)
    }
  const wrong = [...reached].filter(([file]) => /^(projections|adapters\/read-models)\//.test(file))
  expect(from.length).toBeGreaterThan(10)
  expect(reached.size).toBeGreaterThan(from.length)
  expect(wrong.map(([, way]) => way)).toEqual([])
})
