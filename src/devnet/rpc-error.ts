import type { Json } from './rpc-json.ts'

/** dcrd's codes of errors, as far as the devnet has them. */
export const ErrorCode = {
  misc: -1,
  notFound: -5,
  invalidParameter: -8,
  decodeHex: -22,
  duplicateTransaction: -40,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  parse: -32700,
} as const

/** The `error` of an answer. */
export interface RpcError {
  readonly code: number
  readonly message: string
  /** What stands in `result` beside it: null but for one case. */
  readonly result: Json
}

/** An error with dcrd's code and words. */
export const rpcError = (code: number, message: string, result: Json = null): RpcError => ({
  code,
  message,
  result,
})
