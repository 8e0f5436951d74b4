import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import type { NodeError } from '../port.ts'
import { garbled, refusal } from './faults.ts'
import type { Response } from './messages.ts'
import type { Peer } from './peer.ts'

/** Reads what dcrd answered to a request: its refusal, or the result by the codec `answer`. */
export function readAnswer<A>(
  peer: Peer,
  method: string,
  answer: t.Decoder<unknown, A>,
  response: Response,
): E.Either<NodeError, A> {
  if (response.error !== null) return E.left(refusal(peer, method, response.error))
  const result = answer.decode(response.result)
  return E.isRight(result) ? result : E.left(garbled(peer, `answered ${method} in an unexpected form`))
}
