import type { Context } from 'hono'

/** Every way in which a request can go wrong: its status, and a title for people. */
export const problemKinds = {
  'bad-parameter': { status: 400, title: 'A parameter of the request is not as it should be' },
  'bad-address': { status: 400, title: 'This is not an address that the pool can pay' },
  'bad-request': { status: 400, title: 'The request could not be understood' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This can only be read' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'too-many-listeners': { status: 503, title: 'Too many live connections' },
  unavailable: { status: 503, title: 'Not available at the moment' },
  'internal-error': { status: 500, title: 'The pool made a mistake' },
} as const

/** Every kind of error that the API answers with. */
export type ProblemKind = keyof typeof problemKinds

/** An error of the API. `detail` is a sentence that says what to do; `parameter` names the culprit. */
export interface Problem {
  readonly kind: ProblemKind
  readonly detail: string
  readonly parameter?: string
}

/** A problem as RFC 9457 writes it. */
const problemBody = ({ kind, detail, parameter }: Problem) => ({
  type: `/api#problem-${kind}`,
  title: problemKinds[kind].title,
  status: problemKinds[kind].status,
  detail,
  ...(parameter === undefined ? {} : { parameter }),
})

const problemHeaders = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }

/** Answers with a problem: `application/problem+json`, never cached. */
export const problem = (c: Context, what: Problem, headers: Readonly<Record<string, string>> = {}) =>
  c.json(problemBody(what), problemKinds[what.kind].status, { ...problemHeaders, ...headers })

/** The same where a request was too broken to have a context. */
export const bareProblem = (what: Problem): Response =>
  Response.json(problemBody(what), { status: problemKinds[what.kind].status, headers: problemHeaders })
