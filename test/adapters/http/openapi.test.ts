import { Validator } from '@seriousme/openapi-schema-validator'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { routes } from '../../../adapters/http/api/catalogue.ts'
import { schemaBook } from '../../../adapters/http/api/json-schema.ts'
import { openApi } from '../../../adapters/http/api/openapi.ts'
import { answerFaults } from '../../support/api-answers.ts'
import { exampleAddress, exampleHash } from './pool-example.ts'
import { runningExample } from './running.ts'

describe('the OpenAPI document', () => {
  const document = openApi({ name: 'Ore & Sons', software: 'lodebook 0.1.0' })

  test('is one of OpenAPI 3.1, as a validator of others says', async () => {
    const validator = new Validator()
    expect(await validator.validate(JSON.parse(JSON.stringify(document)))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
    const broken = { ...JSON.parse(JSON.stringify(document)), paths: { pool: {} } }
    expect((await new Validator().validate(broken)).valid).toBe(false)
  })

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
  // What every test asks for is held against the document, see test/support/check-api-answers.ts. That this check can fail:
  test.each(examples)('describes what %s answers, and nothing less or more', async (_, path) => {
    const pool = await runningExample()
    const response = await pool.get(`/api/v1${path}`)
    const body: Record<string, unknown> = JSON.parse(await response.text())
    const faultsWith = (changed: unknown) =>
      answerFaults(
        'GET',
        `/api/v1${path}`,
        Response.json(changed, { headers: { 'Content-Type': 'application/json' } }),
      )
    expect(await faultsWith(body)).toEqual([])
    expect(await faultsWith({})).not.toEqual([])
    expect((await faultsWith({ ...body, extra: 1 })).join()).toContain('additional')
    for (const name of Object.keys(body)) {
      const { [name]: _left, ...rest } = body
      expect((await faultsWith(rest)).join()).toContain(name)
    }
  })

  test('describes problems, and no answer that is none', async () => {
    const problem = { type: '/api#problem-unavailable', title: 'x', status: 503, detail: 'x.' }
    const faults = (body: unknown, status: number, type: string) =>
      answerFaults('GET', '/api/v1/pool', Response.json(body, { status, headers: { 'Content-Type': type } }))
    expect(await faults(problem, 503, 'application/problem+json')).toEqual([])
    expect(await faults(problem, 503, 'application/json')).not.toEqual([])
    expect(await faults(problem, 418, 'application/problem+json')).not.toEqual([])
    expect(await faults({ ...problem, detail: 1 }, 503, 'application/problem+json')).not.toEqual([])
    expect(await answerFaults('GET', '/api/v1/coins', Response.json({}))).not.toEqual([])
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
    for (const { path, name } of Object.values(routes)) {
      const real = path
        .replace('{address}', exampleAddress(0))
        .replace('{hash}', exampleHash(3))
        .replace('{number}', '6')
        .replace(/\{\w+\}/g, '0')
      const method = name === 'events' ? 'HEAD' : 'GET'
      const body = await (await pool.get(`/api/v1${real}`, { method })).text()
      expect(body).not.toContain('The API has no such route')
    }
    expect(await (await pool.get('/api/v1/coins')).text()).toContain('The API has no such route')
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
