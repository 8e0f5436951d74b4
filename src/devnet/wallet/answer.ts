import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { StatusCode } from '../../../adapters/wallet/dcrwallet/protocol.ts'
import type { DevnetWallet } from './wallet.ts'

/** Why a call is refused: gRPC's code, dcrwallet's words. */
export interface Refusal {
  readonly code: number
  readonly details: string
}

/** Outcome of a call: one message, or those of a stream. */
export type Answer = E.Either<Refusal, object | readonly object[]>

/** One call of the interface: takes a message as @grpc/proto-loader reads it. */
export type Call = (wallet: DevnetWallet, request: unknown) => Answer

/** Makes a call from the codec of its request and a function of what that says. */
export const call =
  <A>(request: t.Decoder<unknown, A>, answer: (wallet: DevnetWallet, request: A) => Answer): Call =>
  (wallet, given) => {
    const decoded = request.decode(given)
    return E.isLeft(decoded)
      ? refuse(StatusCode.invalidArgument, 'a field of the request has an impossible value')
      : answer(wallet, decoded.right)
  }

/** An answer that is an error. */
export const refuse = (code: number, details: string): E.Either<Refusal, never> => E.left({ code, details })
