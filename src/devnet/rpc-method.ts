import * as E from 'fp-ts/lib/Either.js'
import type { GetWork } from './getwork.ts'
import type { DevnetNode } from './node.ts'
import { ErrorCode, type RpcError, rpcError } from './rpc-error.ts'
import type { Json } from './rpc-json.ts'
import { type Parameter, readParameters, type Values } from './rpc-parameters.ts'

/** What an open websocket wants to be told. */
export interface Subscriptions {
  /** dcrd's number of the connection, uint64. */
  readonly session: bigint
  blocks: boolean
  work: boolean
}

/** What a method may use. */
export interface MethodContext {
  readonly node: DevnetNode
  readonly getWork: GetWork
  /** Undefined for a request that came by plain HTTP. */
  readonly subscriptions: Subscriptions | undefined
}

/** Outcome of a method. */
export type Answer = E.Either<RpcError, Json>

/** One method of the JSON-RPC interface. */
export interface Method {
  /** Open to dcrd's limited user as well. */
  readonly limited: boolean
  /** Reads the parameters. Left is the text of an error about them, right the call itself. */
  readonly prepare: (
    given: readonly unknown[],
  ) => E.Either<string, (context: MethodContext) => Answer | Promise<Answer>>
}

interface MethodOptions<P extends readonly Parameter<unknown>[]> {
  /** Open to the limited user. */
  readonly limited: boolean
  readonly parameters: P
  readonly answer: (context: MethodContext, ...values: Values<P>) => Answer | Promise<Answer>
}

/** Makes a method from its parameters and a function of their values. */
export const method = <const P extends readonly Parameter<unknown>[]>(options: MethodOptions<P>): Method => ({
  limited: options.limited,
  prepare: (given) =>
    E.map((values: Values<P>) => (context: MethodContext) => options.answer(context, ...values))(
      readParameters(options.parameters, given),
    ),
})

/** A method without parameters that always succeeds, open to the limited user. */
export const question = (answer: (node: DevnetNode) => Json): Method =>
  method({ limited: true, parameters: [], answer: ({ node }) => E.right(answer(node)) })

/** A method that only a websocket has; dcrd does not know it on plain HTTP. */
export const websocketOnly = (limited: boolean, answer: (subscriptions: Subscriptions) => Json): Method =>
  method({
    limited,
    parameters: [],
    answer: ({ subscriptions }) =>
      subscriptions === undefined ? methodNotFound : E.right(answer(subscriptions)),
  })

/** An answer that is an error. */
export const fail = (code: number, message: string, result: Json = null): E.Either<RpcError, never> =>
  E.left(rpcError(code, message, result))

/** Answer to a method that there is not. */
export const methodNotFound = fail(ErrorCode.methodNotFound, 'Method not found')
