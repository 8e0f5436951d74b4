import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { routes } from '../../../adapters/http/api/catalogue.ts'
import { schemaBook } from '../../../adapters/http/api/json-schema.ts'
import { openApi } from '../../../adapters/http/api/openapi.ts'
import { exampleAddress, exampleHash } from './pool-example.ts'
import { runningExample } from './running.ts'

type Schema = { readonly [key: string]: unknown }
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null

/** Faults of a value under a schema, as paths: as much of JSON Schema as the document uses. */
function faultsOf(value: unknown, schema: Schema, document: Schema, path = '$'): string[] {
  if (typeof schema['$ref'] === 'string') {
    const target = schema['$ref']
      .slice(2)
      .split('/')
      .reduce<unknown>((node, key) => (isSchema(node) ? node[key] : undefined), document)
    return isSchema(target)
      ? faultsOf(value, target, document, path)
      : [`${path}: nothing at ${schema['$ref']}`]
  }
  if (Array.isArray(schema['anyOf']))
    return schema['anyOf'].some((each) => faultsOf(value, each, document, path).length === 0)
      ? []
      : [`${path}: none fits`]
  if ('const' in schema) return value === schema['const'] ? [] : [`${path}: not the constant`]
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value))
    return [`${path}: ${value} is not offered`]
  switch (schema['type']) {
    case 'null':
      return value === null ? [] : [`${path}: not null`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: not boolean`]
    case 'string':
      return typeof value === 'string' && new RegExp(String(schema['pattern'] ?? '')).test(value)
        ? []
        : [`${path}: not such a string`]
    case 'integer':
      return Number.isInteger(value) && Number(value) >= Number(schema['minimum'])
        ? []
        : [`${path}: not such an integer`]
    case 'number':
      return typeof value === 'number' ? [] : [`${path}: not a number`]
    case 'array': {
      const { items } = schema
      if (!Array.isArray(value) || !isSchema(items)) return [`${path}: not an array`]
      return value.flatMap((item, index) => faultsOf(item, items, document, `${path}[${index}]`))
    }
    case 'object': {
      const properties = schema['properties']
      if (!isSchema(value) || !isSchema(properties)) return [`${path}: not an object`]
      const missing = Array.isArray(schema['required'])
        ? schema['required'].filter((name) => !(name in value))
        : []
      return [
        ...missing.map((name) => `${path}.${name} is missing`),
        ...Object.entries(properties).flatMap(([name, each]) =>
          isSchema(each) && name in value ? faultsOf(value[name], each, document, `${path}.${name}`) : [],
        ),
      ]
    }
  }
  return [`${path}: a schema without a type: ${JSON.stringify(schema)}`]
}

describe('the OpenAPI document', () => {
  const document = openApi('lodebook 0.1.0')

  test('is served, and by its own address', async () => {
    const pool = await runningExample()
    const response = await pool.get('/api/v1/openapi.json')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)))
    expect(document['openapi']).toBe('3.1.0')
  })

  const examples: readonly (readonly [keyof typeof routes, string])[] = [
    ['pool', '/pool'],
    ['miners', '/miners'],
    ['miner', `/miners/${exampleAddress(0)}`],
    ['workers', `/miners/${exampleAddress(0)}/workers`],
    ['blocks', '/blocks'],
    ['block', `/blocks/${exampleHash(1)}`],
    ['earnings', `/miners/${exampleAddress(0)}/earnings`],
    ['minerPayments', `/miners/${exampleAddress(0)}/payments`],
    ['statement', `/miners/${exampleAddress(0)}/statement`],
    ['allocation', `/blocks/${exampleHash(3)}/allocation`],
    ['payments', '/payments'],
    ['payment', '/payments/6'],
    ['policy', '/policy'],
    ['books', '/books'],
    ['hashrate', '/hashrate'],
  ]
  test.each(examples)('describes what %s answers', async (name, path) => {
    const pool = await runningExample()
    const answer: unknown = await (await pool.get(`/api/v1${path}`)).json()
    const operations = document['paths']
    const schema = JSON.parse(JSON.stringify(operations))[`/api/v1${routes[name].path}`].get.responses[200]
      .content['application/json'].schema
    expect(faultsOf(answer, schema, document)).toEqual([])
    expect(faultsOf({}, schema, document)).not.toEqual([])
  })

  test('describes problems', async () => {
    const pool = await runningExample()
    const answer: unknown = await (await pool.get('/api/v1/blocks?limit=0')).json()
    expect(faultsOf(answer, { $ref: '#/components/schemas/Problem' }, document)).toEqual([])
  })

  test('has no reference that leads nowhere, and no name for two operations', () => {
    const text = JSON.stringify(document)
    const components = Object.keys(JSON.parse(text).components.schemas)
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) expect(components).toContain(name)
    const names = Object.values(routes).map((route) => route.name)
    expect(new Set(names).size).toBe(names.length)
  })

  test('has every route that the API serves, and no other', async () => {
    const pool = await runningExample()
    for (const { path } of Object.values(routes)) {
      const real = path
        .replace('{address}', exampleAddress(0))
        .replace('{hash}', exampleHash(3))
        .replace('{number}', '6')
      expect((await pool.get(`/api/v1${real}`, { method: 'HEAD' })).status).toBe(200)
    }
    expect(Object.keys(document['paths'] ?? {})).toEqual(
      Object.values(routes).map(({ path }) => `/api/v1${path}`),
    )
  })

  test('can be read on a page', async () => {
    const pool = await runningExample()
    const page = await (await pool.get('/api')).text()
    for (const { path } of Object.values(routes)) expect(page).toContain(`/api/v1${path}`)
    for (const [, target] of page.matchAll(/href="#([\w-]+)"/g)) expect(page).toContain(`id="${target}"`)
  })
})

describe('schemas', () => {
  test('of a codec that nobody described are refused', () => {
    const strange = new t.Type<string>('Strange', t.string.is, t.string.validate, t.identity)
    expect(() => schemaBook({}).of(strange)).toThrow('Strange')
    expect(schemaBook({ Strange: { type: 'string' } }).of(strange)).toEqual({ type: 'string' })
  })

  test('of named codecs are kept once', () => {
    const book = schemaBook({})
    const Point = t.type({ label: t.string }, 'Point')
    expect(book.of(t.type({ a: Point, b: t.union([Point, t.null]) }))).toEqual({
      type: 'object',
      properties: {
        a: { $ref: '#/components/schemas/Point' },
        b: { anyOf: [{ $ref: '#/components/schemas/Point' }, { type: 'null' }] },
      },
      required: ['a', 'b'],
    })
    expect(Object.keys(book.components)).toEqual(['Point'])
  })
})
