import * as E from 'fp-ts/lib/Either.js'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { loadConfig, type Sources } from '../../src/config/load.ts'
import { initialFile, manual } from '../../src/config/manual.ts'
import { environmentName, leaves } from '../../src/config/schema.ts'

const PASSWORD_HASH = 'scrypt:17:8:1:az1xtY6aggs23L3CUgVaug:wKknuKCpDvOnnJ9jVn3GK4T-tAgo3JrSnWlOrCNE0m8'

/** What the files hold that must hold something of a form. */
const SECRETS: Readonly<Record<string, string>> = {
  'admin-password': PASSWORD_HASH,
  'webhook-secret': 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw7HvDv0c0qxo=',
}

const sources: Sources = {
  file: null,
  environment: {},
  flags: [],
  absolute: (path) => path,
  readText: (path) => E.right(SECRETS[path.slice(path.lastIndexOf('/') + 1)] ?? 'secret'),
}

const configOf = (toml: string) => {
  const result = loadConfig({ ...sources, file: { name: 'lodebook.toml', toml } })
  return E.isRight(result) ? result.right.config : result.left.map(({ message }) => message)
}

const defaults = E.map(({ config }: { config: unknown }) => config)(loadConfig(sources))

describe('the commented file', () => {
  test('as it stands says nothing but the defaults', () => {
    expect(E.right(configOf(initialFile()))).toEqual(defaults)
  })

  test('with every setting uncommented is valid, and says the defaults where there are any', () => {
    const lines = initialFile()
      .split('\n')
      .map((line) => (/^#[a-z[]/.test(line) ? line.slice(1) : line))
      // Two ways to say one thing, of which a file can have one.
      .filter(
        (line) =>
          !/^(key = "PRIVATE|password =|password_hash =|passphrase =|secret =|difficulty\.(start|max) =)/.test(
            line,
          ),
      )
    const config = configOf(lines.join('\n'))
    expect(config).toMatchObject({ http: { host: '127.0.0.1', port: 8080 }, journal: { lingerMsMax: 100 } })
    const given = new Set(Object.keys(flat(parse(lines.join('\n')), '')))
    const known = leaves.map(({ external }) => external.join('.').replace('*', '0'))
    expect(known.filter((path) => !given.has(path)).sort()).toEqual([
      'admin.password_hash',
      'ledger.key',
      'listeners.0.difficulty.max',
      'listeners.0.difficulty.start',
      'nodes.0.password',
      'wallet.passphrase',
      'webhooks.0.secret',
    ])
  })

  test('has no line too long to read', () => {
    expect(
      initialFile()
        .split('\n')
        .filter((line) => line.length > 120),
    ).toEqual([])
  })
})

function flat(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return { [path]: value }
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, child]) => flat(child, path === '' ? name : `${path}.${name}`)),
  )
}

describe('docs/configuration.md', () => {
  test('is what the table says; "vitest run test/config -u" writes it', async () => {
    await expect(manual()).toMatchFileSnapshot('../../docs/configuration.md')
  })

  test('names every key', () => {
    for (const { external } of leaves)
      expect(manual()).toContain(`\`${external.join('.').replace('*', 'N')}\``)
  })
})

test('no two keys share an environment variable', () => {
  const names = leaves.map(({ external }) => environmentName(external.join('.')))
  expect(new Set(names).size).toBe(names.length)
})
