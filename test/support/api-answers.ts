import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { openApi } from '../../adapters/http/api/openapi.ts'

/**
 * Holds what a pool answered against the OpenAPI document that it serves, by a validator that knows nothing of the codecs. Stricter
 * than the document in one thing: a field that it does not name is a fault, since somebody forgot to describe it.
 */

type Json = { readonly [key: string]: unknown }
const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const document = openApi({ name: 'Lodebook', software: 'lodebook under test' })
const closed = JSON.parse(JSON.stringify(document), (_, node: unknown) =>
  isJson(node) && node['type'] === 'object' && isJson(node['properties'])
    ? { ...node, additionalProperties: false }
    : node,
)
const ajv = new Ajv2020({ strict: true, allErrors: true })
ajv.addVocabulary(Object.keys(document))
ajv.addSchema({ ...closed, $id: 'openapi.json' })

const pointer = (...steps: readonly string[]): string =>
  `openapi.json#/${steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`

function schemaAt(...steps: readonly string[]): ValidateFunction | undefined {
  return ajv.getSchema(pointer(...steps))
}

/** Paths of the document as patterns, those with fewer parameters first: `/blocks` is no `/{name}`. */
const paths = Object.entries(isJson(document['paths']) ? document['paths'] : {})
  .map(([path, operations]) => ({
    path,
    operations,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length)

const problemSchema = schemaAt('components', 'schemas', 'Problem')

const within = (node: unknown, ...steps: readonly string[]): unknown =>
  steps.reduce<unknown>((at, step) => (isJson(at) ? at[step] : undefined), node)

/** What is wrong with an answer of the API; empty when it is as the document says. */
export async function answerFaults(
  method: string,
  pathname: string,
  response: Response,
): Promise<readonly string[]> {
  const { status } = response
  const type = response.headers.get('Content-Type')?.split(';')[0] ?? ''
  const route = paths.find(({ pattern }) => pattern.test(pathname))
  const said = `${method} ${pathname} answered ${status} ${type}`
  if (method === 'OPTIONS' || status === 304 || pathname === '/api/v1/openapi.json') return []
  if (status >= 400 && type !== 'application/problem+json') return [`${said}, which is no problem`]
  if (route === undefined || status === 405) {
    if (status < 400) return [`${said}, and the document has no such path`]
    return faults(said, problemSchema, await response.clone().json())
  }
  const content = within(route.operations, 'get', 'responses', String(status), 'content')
  if (!isJson(content) || !(type in content)) return [`${said}, and the document has no such answer`]
  if (method === 'HEAD' || !/json$/.test(type)) return []
  const schema = schemaAt('paths', route.path, 'get', 'responses', String(status), 'content', type, 'schema')
  return faults(said, schema, await response.clone().json())
}

function faults(said: string, schema: ValidateFunction | undefined, body: unknown): readonly string[] {
  if (schema === undefined) return [`${said}, and the document has no schema for it`]
  if (schema(body) === true) return []
  return (schema.errors ?? []).map(
    ({ instancePath, message, params }) => `${said}: ${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}
