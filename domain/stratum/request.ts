import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ERROR_CODE, type StratumError } from './error.ts'

/**
 * What miners say: one JSON object a line, `{"id", "method", "params"}`. Decoded tolerantly where miners differ (ids of any
 * scalar kind, extra parameters, missing passwords) and strictly where money depends on it (the five strings of a share).
 */

/** Echoed as it came. A miner that sends none gets `null` back. */
export type RequestId = number | string | null

/** A request that the pool understands. */
export type MinerRequest =
  | {
      readonly method: 'mining.subscribe'
      readonly id: RequestId
      readonly agent: string
      /** Session to resume, as given in an earlier answer to subscribe. */
      readonly session: string | null
    }
  | {
      readonly method: 'mining.authorize'
      readonly id: RequestId
      readonly user: string
      readonly password: string
    }
  | { readonly method: 'mining.submit'; readonly id: RequestId; readonly submission: Submission }
  | { readonly method: 'mining.suggest_difficulty'; readonly id: RequestId; readonly difficulty: number }
  | { readonly method: 'mining.extranonce.subscribe'; readonly id: RequestId }
  | { readonly method: 'mining.get_transactions'; readonly id: RequestId }
  | { readonly method: 'mining.ping'; readonly id: RequestId }
  /** An answer to something the pool asked. */
  | { readonly method: 'response'; readonly id: RequestId; readonly result: unknown }

/** A share as a miner sends it: five strings, still in the device's byte order. */
export interface Submission {
  readonly worker: string
  readonly job: string
  readonly extranonce2: string
  readonly ntime: string
  readonly nonce: string
}

/** A line that can't be served: what to answer, and to which id. */
export interface BadRequest {
  readonly id: RequestId
  readonly error: StratumError
  /** `garbage` was no stratum at all, not just something that we don't know: a few of these end the connection. */
  readonly what: 'share' | 'request' | 'garbage'
}

const Envelope = t.intersection([
  t.type({}),
  t.partial({ id: t.unknown, method: t.unknown, params: t.unknown, result: t.unknown, error: t.unknown }),
])

const SubscribeParams = t.union([
  t.tuple([t.string, t.string]),
  t.tuple([t.string, t.null]),
  t.tuple([t.string]),
])
const AuthorizeParams = t.union([t.tuple([t.string, t.unknown]), t.tuple([t.string])])
const SubmitParams = t.tuple([t.string, t.string, t.string, t.string, t.string])
const SuggestParams = t.tuple([t.number])

/** Reads one line. Never throws; the line's length is the caller's limit. */
export function decodeRequest(line: string): E.Either<BadRequest, MinerRequest> {
  const json = parseJson(line)
  if (json === undefined) return garbage(null, 'not JSON')
  if (!Envelope.is(json) || Array.isArray(json)) return garbage(null, 'not a JSON object')
  const id = requestId(json.id)
  if (typeof json.method !== 'string') {
    const isAnswer = json.result !== undefined || json.error !== undefined
    return isAnswer ? E.right({ method: 'response', id, result: json.result }) : garbage(id, 'no method')
  }
  if (json.params !== undefined && json.params !== null && !Array.isArray(json.params))
    return refuse(id, 'params must be an array', json.method === 'mining.submit' ? 'share' : 'request')
  const params: readonly unknown[] = Array.isArray(json.params) ? json.params : []
  return decodeMethod(id, json.method, params)
}

function decodeMethod(
  id: RequestId,
  method: string,
  params: readonly unknown[],
): E.Either<BadRequest, MinerRequest> {
  switch (method) {
    case 'mining.submit': {
      const five = params.length === 5 ? params : params.slice(0, 5)
      if (!SubmitParams.is(five))
        return refuse(id, 'submit needs worker, job, extranonce2, ntime and nonce, all strings', 'share')
      const [worker, job, extranonce2, ntime, nonce] = five
      return E.right({ method, id, submission: { worker, job, extranonce2, ntime, nonce } })
    }
    case 'mining.subscribe': {
      const two = params.length === 0 ? [''] : params.slice(0, 2)
      if (!SubscribeParams.is(two))
        return refuse(id, 'subscribe takes a user agent and a session id, strings')
      return E.right({ method, id, agent: two[0], session: two[1] ?? null })
    }
    case 'mining.authorize': {
      const two = params.slice(0, 2)
      if (!AuthorizeParams.is(two)) return refuse(id, 'authorize needs a user name, a string')
      return E.right({ method, id, user: two[0], password: typeof two[1] === 'string' ? two[1] : '' })
    }
    case 'mining.suggest_difficulty': {
      const one = params.slice(0, 1)
      if (!SuggestParams.is(one) || !(one[0] > 0) || !Number.isFinite(one[0]))
        return refuse(id, 'suggest_difficulty needs a number above 0')
      return E.right({ method, id, difficulty: one[0] })
    }
    case 'mining.extranonce.subscribe':
    case 'mining.get_transactions':
    case 'mining.ping':
      return E.right({ method, id })
    default:
      return refuse(id, `unknown method ${method.slice(0, 40)}`)
  }
}

const refuse = (
  id: RequestId,
  text: string,
  what: BadRequest['what'] = 'request',
): E.Either<BadRequest, never> => E.left({ id, error: { code: ERROR_CODE.other, text }, what })

const garbage = (id: RequestId, text: string): E.Either<BadRequest, never> => refuse(id, text, 'garbage')

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** JSON has numbers beyond those that it can say again: 1e999 is read as Infinity. */
const requestId = (id: unknown): RequestId =>
  typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id)) ? id : null
