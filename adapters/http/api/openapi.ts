import type { PoolStatus } from '../port.ts'
import { problemKinds } from '../problem.ts'
import { WorkAnswer } from './answers.ts'
import { type Route, routes } from './catalogue.ts'
import { type JsonSchema, schemaBook } from './json-schema.ts'

const integer: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

/** Schemas of the codecs that check one value, with what they mean. */
const leaves: Readonly<Record<string, JsonSchema>> = {
  Count: integer,
  Time: { ...integer, description: 'Unix milliseconds.' },
  Ratio: { type: 'number', minimum: 0 },
  Decimal: {
    type: 'string',
    pattern: '^(0|[1-9][0-9]*)$',
    description: 'Whole number as text, since it may pass 2^53.',
  },
  Signed: {
    type: 'string',
    pattern: '^(0|-?[1-9][0-9]*)$',
    description: 'Whole number of either sign as text, since it may pass 2^53.',
  },
  AtomsText: { type: 'string', pattern: '^(0|[1-9][0-9]{0,15})$', description: 'Atoms.' },
  WindowPpm: { ...integer, description: 'Millionths of the work that finds one block on average.' },
  PeriodMs: { ...integer, description: 'Milliseconds.' },
  Every: { ...integer, description: 'Blocks of the chain.' },
  Minute: { ...integer, maximum: 1439, description: 'Of the UTC day.' },
  Hash: {
    type: 'string',
    pattern: '^[0-9a-f]{64}$',
    description: 'A block hash or transaction id as explorers print it, or an account id.',
  },
}

const problemSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string', description: 'Where the kind of problem is described.' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What to do.' },
    parameter: { type: 'string', description: 'The parameter that is to blame.' },
  },
  required: ['type', 'title', 'status', 'detail'],
}

/** The API as an OpenAPI 3.1 document, made from the codecs that also check and type its answers. */
export function openApi({ name, software }: Pick<PoolStatus, 'name' | 'software'>): JsonSchema {
  const book = schemaBook(leaves)
  const operations = Object.values<Route>(routes).map((route): [string, JsonSchema] => [
    `/api/v1${route.path}`,
    {
      get: {
        operationId: route.name,
        summary: route.summary,
        parameters: route.parameters.map((parameter) => ({
          ...parameter,
          required: parameter.in === 'path',
        })),
        responses: {
          200: {
            description: 'The answer.',
            content: {
              ...(route.answer === null ? {} : { 'application/json': { schema: book.of(route.answer) } }),
              ...Object.fromEntries(route.alternatives.map((type) => [type, { schema: { type: 'string' } }])),
            },
          },
          ...problemResponses(route),
        },
      },
    },
  ])
  book.of(WorkAnswer)
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version: 'v1',
      summary: 'A mining pool for Decred whose books anyone can check',
      description: `Served by ${software}. Everything can be read without a login, from any origin.`,
      license: { name: 'ISC', identifier: 'ISC' },
    },
    paths: Object.fromEntries(operations),
    components: { schemas: { ...book.components, Problem: problemSchema } },
  }
}

/** One response for each status, naming its kinds. */
function problemResponses(route: Route): JsonSchema {
  const kinds = [...route.problems, 'too-many-requests', 'internal-error'] as const
  const statuses = new Set(kinds.map((kind) => problemKinds[kind].status))
  return Object.fromEntries(
    [...statuses].map((status) => [
      status,
      {
        description: kinds
          .filter((kind) => problemKinds[kind].status === status)
          .map((kind) => `${kind}: ${problemKinds[kind].title}.`)
          .join(' '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}
