import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { Atoms } from '../../../domain/decred/amount.ts'
import { displayHash } from '../../../domain/decred/hex.ts'

/** dcrwallet's answers, as far as the pool reads them. Unknown fields are let through and ignored. */

const bytesOf = (name: string, length?: number): t.Type<Uint8Array, Uint8Array, unknown> =>
  new t.Type(
    name,
    (u): u is Uint8Array => u instanceof Uint8Array,
    (u, context) =>
      u instanceof Uint8Array && (length === undefined || u.length === length)
        ? t.success(new Uint8Array(u))
        : t.failure(u, context),
    t.identity,
  )

const Bytes = bytesOf('Bytes')
const HashBytes = bytesOf('HashBytes', 32)

/** 32 bytes in the order of the chain, read as explorers print them. */
const Hash = new t.Type<string, Uint8Array, unknown>(
  'Hash',
  t.string.is,
  (u, context) => pipe(HashBytes.validate(u, context), E.map(displayHash)),
  (hash) => Uint8Array.from(Buffer.from(hash, 'hex')).reverse(),
)

/** A 64-bit integer that is an amount of money. */
const AtomsText = new t.Type<Atoms, string, unknown>(
  'AtomsText',
  Atoms.is,
  (u, context) =>
    typeof u === 'string' && /^\d+$/.test(u) ? Atoms.validate(BigInt(u), context) : t.failure(u, context),
  String,
)

/** Answer to `Version`. */
export const Version = t.type({ version_string: t.string, major: t.Int })

/** Answer to `Network`: dcrd's number of it. */
export const Network = t.type({ active_network: t.Int })

/** Answer to `BestBlock`. */
export const BestBlock = t.type({ height: t.Int, hash: Hash })

/** Answer to `Accounts`. */
export const Accounts = t.type({
  accounts: t.readonlyArray(t.type({ account_number: t.Int, account_name: t.string })),
})

/** Answer to `Balance`. */
export const Balance = t.type({
  total: AtomsText,
  spendable: AtomsText,
  immature_reward: AtomsText,
  unconfirmed: AtomsText,
})

/** Answer to `ValidateAddress`. */
export const ValidatedAddress = t.type({ is_valid: t.boolean, is_mine: t.boolean, account_number: t.Int })

/** Answer to `NextAddress`. */
export const NextAddress = t.type({ address: t.string })

/** One answer to `UnspentOutputs`. */
export const UnspentOutput = t.type({
  transaction_hash: Hash,
  output_index: t.Int,
  tree: t.union([t.literal(0), t.literal(1)]),
  amount: AtomsText,
})

/** Answer to `ConstructTransaction`. */
export const Constructed = t.type({
  unsigned_transaction: Bytes,
  total_previous_output_amount: AtomsText,
  /** -1 when there is no change. */
  change_index: t.Int,
})

/** Answer to `SignTransaction`. */
export const Signed = t.type({ transaction: Bytes, unsigned_input_indexes: t.readonlyArray(t.number) })

/** Answer to `PublishTransaction`. */
export const Published = t.type({ transaction_hash: Hash })

/** Answer to `GetTransaction`. */
export const FoundTransaction = t.union([
  t.strict({ confirmations: t.literal(0) }),
  t.type({ confirmations: t.Int, block_hash: Hash }),
])

/** One step of `Rescan`. */
export const RescanStep = t.type({ rescanned_through: t.Int })
