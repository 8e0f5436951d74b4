import { readdirSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { currentVersion, decodeEvent, event, eventTypes, publicText } from '../../domain/events.ts'

/** Files `<EventType>.v<version>.json`, each one line of canonical JSON. They are written once and never changed. */
const GOLDEN = new URL('../golden/', import.meta.url)

const golden = (name: string): string => readFileSync(new URL(name, GOLDEN), 'utf8').replace(/\n$/, '')

const versions = eventTypes.flatMap((type) =>
  Array.from({ length: currentVersion(type) }, (_, i) => ({
    type,
    version: i + 1,
    name: `${type}.v${i + 1}.json`,
  })),
)

describe('golden files', () => {
  test('there is one for each type and version, and no other', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(versions.map(({ name }) => name).sort())
  })

  test.each(versions)('$name is one line of canonical JSON that says its version', ({ name, version }) => {
    const value = JSON.parse(golden(name))
    expect(canonicalJson(value)).toBe(golden(name))
    expect(value.v).toBe(version)
    expect(readFileSync(new URL(name, GOLDEN), 'utf8')).toBe(`${golden(name)}\n`)
  })

  test.each(versions)('$name decodes to the current version', ({ name, type }) => {
    const decoded = decodeEvent(type, golden(name))
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    expect(decoded.right.type).toBe(type)
    expect(decoded.right.data.v).toBe(currentVersion(type))
  })

  test.each(versions.filter(({ type, version }) => version === currentVersion(type)))(
    '$name is written again byte for byte',
    ({ name, type }) => {
      const decoded = decodeEvent(type, golden(name))
      expect(E.isRight(decoded) && canonicalJson(decoded.right.data)).toBe(golden(name))
    },
  )

  test.each(versions)('$name needs every member that it has', ({ name, type }) => {
    const whole: Record<string, unknown> = JSON.parse(golden(name))
    for (const member of Object.keys(whole)) {
      const { [member]: _, ...rest } = whole
      expect(kindOf(type, JSON.stringify(rest)), `without ${member}`).toBe('malformed')
    }
  })
})

describe('decodeEvent refuses', () => {
  const opened = golden('AccountOpened.v1.json')

  test('a type that the catalogue does not have, also one that every object has', () => {
    expect(kindOf('CoffeeServed', opened)).toBe('unknown-type')
    expect(kindOf('toString', opened)).toBe('unknown-type')
    expect(kindOf('', 'not even JSON')).toBe('unknown-type')
  })

  test.each(eventTypes)('%s of a version from the future', (type) => {
    const value = JSON.parse(golden(`${type}.v1.json`))
    expect(kindOf(type, JSON.stringify({ ...value, v: currentVersion(type) + 1 }))).toBe('unknown-version')
  })

  test.each(['', '{', 'undefined', '[1', `${opened}x`])('what is not JSON: %j', (text) => {
    expect(kindOf('AccountOpened', text)).toBe('malformed')
  })

  test.each(['null', '1', '"v"', '[]', '{}', '{"v":0}', '{"v":"1"}', '{"v":1.5}', '{"v":null}'])(
    'what has no version: %s',
    (text) => {
      expect(kindOf('AccountOpened', text)).toBe('malformed')
    },
  )

  test.each([
    { at: -1 },
    { at: 1.5 },
    { at: '1' },
    { at: 2 ** 53 },
    { address: null },
    { address: 'x'.repeat(65) },
    { address: 'Ds\n' },
    { address: 'Dsé' },
  ])('values that its codec does not take: %j', (wrong) => {
    const text = JSON.stringify({ ...JSON.parse(opened), ...wrong })
    expect(kindOf('AccountOpened', text)).toBe('malformed')
  })

  test('and says where', () => {
    const decoded = decodeEvent('AccountOpened', '{"v":1,"at":-1,"address":"Ds"}')
    expect(E.isLeft(decoded) && decoded.left.message).toContain('AccountOpened.at')
  })

  test.each([
    ['difficulty of 0', 'DifficultyAssigned', { difficulty: 0 }],
    [
      'money with a leading zero',
      'BlockConnected',
      { reward: { transaction: 'a'.repeat(64), output: 2, atoms: '01' } },
    ],
    ['negative money', 'BlockConnected', { reward: { transaction: 'a'.repeat(64), output: 2, atoms: '-1' } }],
    ['a hash in capitals', 'BlockApproved', { by: 'A'.repeat(64) }],
    ['half a byte', 'MinerConnected', { extranonce1: 'abc' }],
    ['a header of 179 bytes', 'WorkIssued', { header: '00'.repeat(179) }],
    ['a nonce of 33 bits', 'SharesAccepted', { nonce: [1, 2, 2 ** 32] }],
    ['a reason that is none', 'MinerDisconnected', { reason: 'bored' }],
    ['a network that is none', 'PoolOpened', { network: 'testnet' }],
  ])('%s', (_, type, wrong) => {
    const text = JSON.stringify({ ...JSON.parse(golden(`${type}.v1.json`)), ...wrong })
    expect(kindOf(type, text)).toBe('malformed')
  })
})

test('event pairs a type with its data', () => {
  const data = { v: 1, at: 1, by: 'a'.repeat(64) } as const
  expect(event('BlockApproved', data)).toEqual({ type: 'BlockApproved', data })
})

test('publicText is short, printable ASCII, and leaves what is so alone', () => {
  expect(publicText('gominer/2.1.0')).toBe('gominer/2.1.0')
  expect(publicText('a\u0000b\nc\u007fé⛏')).toBe('a?b?c???')
  expect(publicText('x'.repeat(65))).toBe('x'.repeat(64))
})

function kindOf(type: string, data: string): string {
  const decoded = decodeEvent(type, data)
  return E.isLeft(decoded) ? decoded.left.kind : 'decoded'
}

test('columns of unequal length are no event', () => {
  const golden = readFileSync(new URL('../golden/SharesAccepted.v1.json', import.meta.url), 'utf8')
  const data: Record<string, unknown[]> = JSON.parse(golden)
  for (const column of [
    'connection',
    'worker',
    'job',
    'difficulty',
    'extranonce2',
    'ntime',
    'nonce',
    'elapsed',
  ]) {
    const shorter = { ...data, [column]: data[column]?.slice(1) }
    expect(decodeEvent('SharesAccepted', JSON.stringify(shorter))).toMatchObject({
      left: { kind: 'malformed' },
    })
  }
})
