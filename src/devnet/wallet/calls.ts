import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { StatusCode } from '../../../adapters/wallet/dcrwallet/protocol.ts'
import { decodeAddress, encodeAddress, paymentScript } from '../../../domain/decred/address.ts'
import { sumOf } from '../../../domain/decred/amount.ts'
import { displayHash, fromDisplayHash } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import {
  decodeTransaction,
  encodeTransaction,
  isCoinbase,
  type OutPoint,
  type Output,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import { payToKeyHash } from '../signature.ts'
import { type Answer, type Call, call, type Refusal, refuse } from './answer.ts'
import type { Branch, WalletKey } from './keys.ts'
import type { DevnetWallet, KnownTransaction, PublishError } from './wallet.ts'

/** dcrwallet's number of the account of imported keys; a devnet's is empty. */
const IMPORTED_ACCOUNT = 0x7fff_ffff

/** dcrwallet's words for what it does not find. */
const MISSING = 'item does not exist'

/** Atoms for 1000 bytes when a request names no rate. */
const DEFAULT_FEE_RATE = 10_000n

/** A fee this many times the default is refused. */
const FEE_TIMES_MAX = 1_000n

const Nothing = t.type({})
const Bytes = new t.Type<Uint8Array, Uint8Array, unknown>(
  'Bytes',
  (u): u is Uint8Array => u instanceof Uint8Array,
  (u, context) => (u instanceof Uint8Array ? t.success(new Uint8Array(u)) : t.failure(u, context)),
  t.identity,
)
const Int64 = new t.Type<bigint, string, unknown>(
  'Int64',
  (u): u is bigint => typeof u === 'bigint',
  (u, context) => (typeof u === 'string' && /^-?\d+$/.test(u) ? t.success(BigInt(u)) : t.failure(u, context)),
  String,
)
const Destination = t.type({ address: t.string, script: Bytes, script_version: t.number })

const BRANCHES: { readonly [kind: string]: Branch } = {
  BIP0044_EXTERNAL: 'external',
  BIP0044_INTERNAL: 'internal',
}

/** What the devnet's wallet answers, by method: dcrwallet's answers to what a pool asks, and to the recorded conversation. */
export const calls: ReadonlyMap<string, Call> = new Map([
  ['Version', call(Nothing, () => E.right({ version_string: '10.0.0', major: 10, minor: 0, patch: 0 }))],
  ['Ping', call(Nothing, () => E.right({}))],
  ['Network', call(Nothing, () => E.right({ active_network: networks.simnet.currencyNet }))],
  ['BestBlock', call(Nothing, (wallet) => E.right(bestBlock(wallet)))],
  ['Accounts', call(Nothing, accounts)],
  [
    'Balance',
    call(
      t.type({ account_number: t.number, required_confirmations: t.number }),
      (wallet, { account_number, required_confirmations }) => {
        const { total, spendable, immature, unconfirmed } = wallet.balance(
          account_number,
          required_confirmations,
        )
        return E.right({
          total: String(total),
          spendable: String(spendable),
          immature_reward: String(immature),
          unconfirmed: String(unconfirmed),
        })
      },
    ),
  ],
  [
    'ValidateAddress',
    call(t.type({ address: t.string }), (wallet, { address }) => validate(wallet, address)),
  ],
  ['NextAddress', call(t.type({ account: t.number, kind: t.string }), nextAddress)],
  [
    'UnspentOutputs',
    call(
      t.type({ account: t.number, target_amount: Int64, required_confirmations: t.number }),
      unspentOutputs,
    ),
  ],
  [
    'ConstructTransaction',
    call(
      t.type({
        source_account: t.number,
        required_confirmations: t.number,
        fee_per_kb: t.number,
        output_selection_algorithm: t.string,
        non_change_outputs: t.readonlyArray(t.type({ destination: Destination, amount: Int64 })),
        change_destination: t.union([Destination, t.null]),
      }),
      construct,
    ),
  ],
  ['SignTransaction', call(t.type({ passphrase: Bytes, serialized_transaction: Bytes }), sign)],
  ['PublishTransaction', call(t.type({ signed_transaction: Bytes }), publish)],
  ['GetTransaction', call(t.type({ transaction_hash: Bytes }), transaction)],
  ['Rescan', call(t.type({ begin_height: t.number }), rescan)],
])

const hashBytes = (hash: string): Uint8Array => fromDisplayHash(hash) ?? new Uint8Array(0)

const addressOf = ({ hash }: WalletKey): string =>
  encodeAddress('public-key-hash-ecdsa', hash, networks.simnet)

const keyAddressOf = ({ publicKey }: WalletKey): string =>
  encodeAddress('public-key-ecdsa', publicKey, networks.simnet)

function bestBlock({ node: { chain } }: DevnetWallet): object {
  return { height: chain.tip.height, hash: hashBytes(chain.tip.hash) }
}

function accounts(wallet: DevnetWallet): Answer {
  const { tip } = wallet.node.chain
  return E.right({
    accounts: [
      ...wallet.accounts.map((account_name, account_number) => ({
        account_number,
        account_name,
        total_balance: String(wallet.balance(account_number, 1).total),
        external_key_count: wallet.addressCount(account_number, 'external'),
        internal_key_count: wallet.addressCount(account_number, 'internal'),
      })),
      { account_number: IMPORTED_ACCOUNT, account_name: 'imported' },
    ],
    current_block_hash: hashBytes(tip.hash),
    current_block_height: tip.height,
  })
}

function validate(wallet: DevnetWallet, text: string): Answer {
  const address = decodeAddress(text, networks.simnet)
  if (E.isLeft(address)) return E.right({})
  const script = paymentScript(address.right)
  const key = wallet.find(script)
  return E.right({
    is_valid: true,
    script_type: address.right.kind === 'script-hash' ? 'ScriptHashTy' : 'PubKeyHashTy',
    is_script: address.right.kind === 'script-hash',
    pay_to_addr_script: script,
    ...(key === undefined
      ? {}
      : {
          is_mine: true,
          account_number: key.account,
          pub_key: key.publicKey,
          pub_key_addr: keyAddressOf(key),
          is_internal: key.branch === 'internal',
          index: key.index,
        }),
  })
}

function nextAddress(
  wallet: DevnetWallet,
  request: { readonly account: number; readonly kind: string },
): Answer {
  const branch = BRANCHES[request.kind]
  const key = branch && wallet.nextAddress(request.account, branch)
  return key === undefined
    ? refuse(StatusCode.notFound, `wallet.NextAddress: ${MISSING}: no account ${request.account}`)
    : E.right({ address: addressOf(key), public_key: keyAddressOf(key) })
}

interface UnspentRequest {
  readonly account: number
  readonly target_amount: bigint
  readonly required_confirmations: number
}

function unspentOutputs(wallet: DevnetWallet, request: UnspentRequest): Answer {
  if (isUnknown(wallet, request.account))
    return refuse(StatusCode.notFound, `wallet.SelectInputs: ${MISSING}: account not found`)
  const { chain } = wallet.node
  const messages: object[] = []
  let sum = 0n
  for (const { coin } of wallet.spendable(request.account, request.required_confirmations)) {
    // 0 is for everything.
    if (request.target_amount > 0n && sum >= request.target_amount) break
    sum += coin.atoms
    messages.push({
      transaction_hash: hashBytes(coin.transaction),
      output_index: coin.output,
      amount: String(coin.atoms),
      pk_script: coin.script,
      receive_time: String(chain.at(coin.place?.height ?? chain.tip.height)?.timestamp ?? 0),
      from_coinbase: coin.coinbase,
      tree: coin.tree,
      amount_sum: String(sum),
    })
  }
  return E.right(messages)
}

const isUnknown = (wallet: DevnetWallet, account: number): boolean =>
  account !== IMPORTED_ACCOUNT && wallet.accounts[account] === undefined

interface ConstructRequest {
  readonly source_account: number
  readonly required_confirmations: number
  readonly fee_per_kb: number
  readonly output_selection_algorithm: string
  readonly non_change_outputs: readonly { readonly destination: Destination; readonly amount: bigint }[]
  readonly change_destination: Destination | null
}
type Destination = t.TypeOf<typeof Destination>

function construct(wallet: DevnetWallet, request: ConstructRequest): Answer {
  const { source_account, required_confirmations, fee_per_kb, change_destination } = request
  if (request.non_change_outputs.length === 0 && change_destination === null)
    return refuse(
      StatusCode.invalidArgument,
      'non_change_outputs and change_destination may not both be empty or null',
    )
  const outputs = E.traverseArray(({ destination, amount }: ConstructRequest['non_change_outputs'][number]) =>
    pipe(
      scriptOf(destination),
      E.map((script): Output => ({ atoms: amount, scriptVersion: 0, script })),
    ),
  )(request.non_change_outputs)
  if (E.isLeft(outputs)) return outputs
  const change = change_destination === null ? E.right(undefined) : scriptOf(change_destination)
  if (E.isLeft(change)) return change
  if (isUnknown(wallet, source_account))
    return refuse(StatusCode.notFound, `wallet.NewUnsignedTransaction: ${MISSING}: missing account`)
  const made = wallet.construct(
    source_account,
    required_confirmations,
    {
      outputs: outputs.right,
      feeRate: fee_per_kb === 0 ? DEFAULT_FEE_RATE : BigInt(fee_per_kb),
      all: request.output_selection_algorithm === 'ALL',
    },
    change.right,
  )
  if (E.isLeft(made))
    return made.left === 'too-little'
      ? refuse(
          StatusCode.resourceExhausted,
          'wallet.NewUnsignedTransaction: insufficient balance:: txauthor.NewUnsignedTransaction',
        )
      : refuse(
          StatusCode.invalidArgument,
          'wallet.NewUnsignedTransaction: txauthor.NewUnsignedTransaction: invalid operation: signed tx size exceeds allowed maximum',
        )
  const { transaction, spent, signedBytes, changeIndex } = made.right
  return E.right({
    unsigned_transaction: encodeTransaction(transaction),
    total_previous_output_amount: String(spent),
    total_output_amount: String(transaction.outputs.reduce((sum, { atoms }) => sum + atoms, 0n)),
    estimated_signed_size: Number(signedBytes),
    change_index: changeIndex,
  })
}

function scriptOf({ address, script }: Destination): E.Either<Refusal, Uint8Array> {
  if (address === '') return E.right(script)
  return pipe(
    decodeAddress(address, networks.simnet),
    E.bimap(
      ({ message }) => ({
        code: StatusCode.invalidArgument,
        details: `invalid address ${address}: ${message}`,
      }),
      paymentScript,
    ),
  )
}

/** Reads a transaction that somebody sent. */
const readTransaction = (bytes: Uint8Array): E.Either<Refusal, Transaction> =>
  pipe(
    decodeTransaction(bytes),
    E.mapLeft(({ message }) => ({
      code: StatusCode.invalidArgument,
      details: `Bytes do not represent a valid raw transaction: ${message}`,
    })),
  )

const outPoint = ({ transaction, output }: OutPoint): string => `${transaction}:${output}`

interface SignRequest {
  readonly passphrase: Uint8Array
  readonly serialized_transaction: Uint8Array
}

/** Without a passphrase the wallet stays locked, and dcrwallet then gives the transaction back as it came. */
function sign(wallet: DevnetWallet, { passphrase, serialized_transaction }: SignRequest): Answer {
  const read = readTransaction(serialized_transaction)
  if (E.isLeft(read)) return read
  const unlocked = passphrase.length > 0
  if (unlocked && !wallet.unlocks(Buffer.from(passphrase).toString('utf8')))
    return refuse(StatusCode.invalidArgument, 'wallet.Unlock: invalid passphrase')
  return pipe(
    wallet.sign(read.right, unlocked),
    E.bimap(
      (unknown) => ({
        code: StatusCode.unknown,
        details: `wallet.SignTransaction: ${outPoint(unknown)} not found`,
      }),
      ({ transaction, unsigned }) => ({
        transaction: encodeTransaction(transaction),
        unsigned_input_indexes: unsigned,
      }),
    ),
  )
}

function publish(wallet: DevnetWallet, request: { readonly signed_transaction: Uint8Array }): Answer {
  const read = readTransaction(request.signed_transaction)
  if (E.isLeft(read)) return read
  if (paysHighFee(read.right)) return refuse(StatusCode.unknown, 'policy violation: high fees')
  return pipe(
    wallet.publish(read.right),
    E.bimap(
      (error) => ({ code: StatusCode.unknown, details: whyNot(transactionId(read.right), error) }),
      (id) => ({ transaction_hash: hashBytes(id) }),
    ),
  )
}

/** By what the transaction itself says about its inputs. */
function paysHighFee(transaction: Transaction): boolean {
  const fee = sumOf(transaction.inputs) - sumOf(transaction.outputs)
  const bytes = BigInt(encodeTransaction(transaction).length)
  return fee > (FEE_TIMES_MAX * DEFAULT_FEE_RATE * bytes) / 1000n
}

const whyNot = (id: string, error: PublishError): string =>
  error.kind === 'conflict'
    ? `wallet.PublishTransaction(${id}): double spend:: wallet.processTransactionRecord: ${id} conflicts with ${error.other} by double spending ${outPoint(error.point)}`
    : `wallet.PublishTransaction(${id}):: dcrd.PublishTransactions: rejected transaction ${id}: ${error.error.message}`

function transaction(wallet: DevnetWallet, request: { readonly transaction_hash: Uint8Array }): Answer {
  if (request.transaction_hash.length !== 32)
    return refuse(StatusCode.invalidArgument, 'transaction_hash has invalid length')
  const id = displayHash(request.transaction_hash)
  const known = wallet.transaction(id)
  if (known === undefined) return refuse(StatusCode.notFound, `wallet.TransactionSummary(${id}): ${MISSING}`)
  const { chain } = wallet.node
  return E.right({
    transaction: describe(id, known),
    confirmations: known.block === undefined ? 0 : chain.confirmations(known.block),
    block_hash: known.block === undefined ? new Uint8Array(0) : hashBytes(known.block.hash),
  })
}

const describe = (
  id: string,
  { transaction, debits, credits, fee, timestamp }: KnownTransaction,
): object => ({
  hash: hashBytes(id),
  transaction: encodeTransaction(transaction),
  debits: debits.map(({ index, coin, key }) => ({
    index,
    previous_account: key.account,
    previous_amount: String(coin.atoms),
  })),
  credits: credits.map(({ index, output, key }) => ({
    index,
    account: key.account,
    internal: key.branch === 'internal',
    amount: String(output.atoms),
    address: addressOf(key),
    output_script: payToKeyHash(key.hash),
  })),
  fee: String(fee),
  timestamp: String(timestamp),
  transaction_type: isCoinbase(transaction) ? 'COINBASE' : 'REGULAR',
})

/** The devnet's wallet has always seen everything. */
function rescan({ node: { chain } }: DevnetWallet, request: { readonly begin_height: number }): Answer {
  if (request.begin_height < 0) return refuse(StatusCode.invalidArgument, 'begin height must be non-negative')
  if (request.begin_height > chain.tip.height)
    return refuse(
      StatusCode.notFound,
      `wallet.BlockInfo: ${MISSING}: no block at height ${request.begin_height} in main chain`,
    )
  return E.right([{ rescanned_through: chain.tip.height }])
}
