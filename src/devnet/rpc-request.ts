import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { ErrorCode, type RpcError, rpcError } from './rpc-error.ts'
import { toJson } from './rpc-json.ts'
import { type Answer, fail, type MethodContext, methodNotFound } from './rpc-method.ts'
import { methods } from './rpc-methods.ts'

/** Who asks: nobody known yet, or one of the two users. */
export type Role = 'stranger' | 'limited' | 'admin'

const Id = t.union([t.string, t.number])

/** A request of JSON-RPC, either version. Without an id nobody wants an answer. */
const Request = t.partial({
  jsonrpc: t.unknown,
  id: t.union([Id, t.null]),
  method: t.string,
  params: t.union([t.UnknownArray, t.null]),
})
export type Request = t.TypeOf<typeof Request>

/** Reads one request. */
export function readRequest(text: string): E.Either<RpcError, Request> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return E.left(rpcError(ErrorCode.parse, `Failed to parse request: ${String(error)}`))
  }
  const request = Request.decode(value)
  return E.isRight(request)
    ? request
    : E.left(rpcError(ErrorCode.parse, 'Failed to parse request: a field has the wrong type'))
}

/** Prints an answer as dcrd does. */
export function answerText(request: Request | undefined, answer: Answer): string {
  const { result, error } = E.isRight(answer)
    ? { result: answer.right, error: null }
    : { result: answer.left.result, error: { code: answer.left.code, message: answer.left.message } }
  const jsonrpc = request?.jsonrpc === '2.0' ? '2.0' : '1.0'
  return toJson({ jsonrpc, result, error, id: request?.id ?? null })
}

/**
 * Carries out a request.
 *
 * @returns the answer's text; undefined when the request has no id, for then dcrd does nothing and says nothing.
 */
export async function answerRequest(
  request: Request,
  role: Role,
  context: MethodContext,
): Promise<string | undefined> {
  const { method } = request
  if (method === undefined || method === '')
    return answerText(request, fail(ErrorCode.invalidRequest, 'Invalid request: malformed'))
  if (request.id === undefined || request.id === null) return undefined
  try {
    return answerText(request, await callMethod(method, request.params ?? [], role, context))
  } catch (error) {
    // A full disk, for one: the client hears of it, as from dcrd, and the devnet stays up.
    return answerText(request, fail(ErrorCode.internal, String(error)))
  }
}

const NOT_AUTHORIZED = 'limited user not authorized for this method'

/** dcrd looks at the limited user's rights before the parameters on plain HTTP and after them on a websocket. */
async function callMethod(
  name: string,
  params: readonly unknown[],
  role: Role,
  context: MethodContext,
): Promise<Answer> {
  const method = methods.get(name)
  const refused = role !== 'admin' && method?.limited !== true
  if (refused && context.subscriptions === undefined) return fail(ErrorCode.invalidParameter, NOT_AUTHORIZED)
  if (method === undefined) return methodNotFound
  const call = method.prepare(params)
  if (E.isLeft(call)) return fail(ErrorCode.invalidParameter, `Failed to parse request: ${call.left}`)
  return refused ? fail(ErrorCode.invalidParams, NOT_AUTHORIZED) : call.right(context)
}
