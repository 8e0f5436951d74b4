import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { HEADER_BYTES } from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import { WORK_BYTES } from './work-data.ts'

/** dcrd's JSON-RPC 1.0 messages, as far as the pool reads them. Unknown keys are let through and ignored. */

/** Why dcrd refused a request. */
export const RpcError = t.type({ code: t.number, message: t.string })
export type RpcError = t.TypeOf<typeof RpcError>

/** Answer to the request with the same id. Some errors come with a result of `false`. */
export const Response = t.type({ id: t.number, result: t.unknown, error: t.union([t.null, RpcError]) })
export type Response = t.TypeOf<typeof Response>

/** What dcrd says without being asked. */
export const Notification = t.type({ id: t.null, method: t.string, params: t.UnknownArray })
export type Notification = t.TypeOf<typeof Notification>

/** Either kind of message. */
export const Message = t.union([Response, Notification])
export type Message = t.TypeOf<typeof Message>

/** Reads the text of a message; undefined when it is not one. */
export function readMessage(text: string): Message | undefined {
  try {
    const message = Message.decode(JSON.parse(text))
    return E.isRight(message) ? message.right : undefined
  } catch {
    return undefined
  }
}

/** Writes a request: positional parameters, an integer id. */
export const writeRequest = (id: number, method: string, params: readonly unknown[]): string =>
  JSON.stringify({ jsonrpc: '1.0', id, method, params })

/** Bytes as hex: `length` of them, any number when that is undefined. */
const bytes = (name: string, length?: number): t.Type<Uint8Array, string, unknown> =>
  new t.Type(
    name,
    (u): u is Uint8Array => u instanceof Uint8Array,
    (u, context) => {
      const read = typeof u === 'string' ? fromHex(u) : undefined
      const fits = read !== undefined && (length === undefined || read.length === length)
      return fits ? t.success(read) : t.failure(u, context)
    },
    toHex,
  )

/** A serialized header: 180 bytes. */
export const HeaderBytes = bytes('HeaderBytes', HEADER_BYTES)
/** A header and its padding: 192 bytes. */
export const WorkBytes = bytes('WorkBytes', WORK_BYTES)
/** A serialized block. */
export const BlockBytes = bytes('BlockBytes')

const isHash = (u: unknown): u is string => typeof u === 'string' && /^[0-9a-f]{64}$/.test(u)

/** A hash as explorers print it. */
export const Hash = new t.Type<string>(
  'Hash',
  isHash,
  (u, context) => (isHash(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

/** Answer to `version`. */
export const Version = t.type({
  dcrd: t.type({ versionstring: t.string }),
  dcrdjsonrpcapi: t.type({ versionstring: t.string, major: t.Int }),
})

/** Answer to `getblockchaininfo`. `deployments` is empty before dcrd 1.8. */
export const BlockchainInfo = t.type({
  blocks: t.Int,
  headers: t.Int,
  initialblockdownload: t.boolean,
  deployments: t.partial({ blake3pow: t.type({ status: t.string }) }),
})

/** Answer to `getbestblock`. */
export const BestBlock = t.type({ hash: Hash, height: t.Int })

/** Answer to `getwork` without data. */
export const GetWork = t.type({ data: WorkBytes })

/** Verbose answer to `getblockheader`. */
export const HeaderInfo = t.intersection([
  t.type({ height: t.Int, confirmations: t.Int }),
  t.partial({ nextblockhash: Hash }),
])

/** Answer to `getblocksubsidy`, in atoms. */
export const BlockSubsidy = t.type({ pow: t.Int })

/** Parameters of the notification `work`: data, target (which the header's bits say as well), reason. */
export const WorkParams = t.tuple([WorkBytes, t.string, t.string])

/** First parameter of `blockconnected` (before matching transactions) and only one of `blockdisconnected`. */
export const BlockParams = t.union([t.tuple([HeaderBytes]), t.tuple([HeaderBytes, t.unknown])])

/** Answer of what only does something. */
export const Nothing = t.null
