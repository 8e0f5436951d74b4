import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import * as E from 'fp-ts/lib/Either.js'
import { decodeBase58, encodeBase58 } from './base58.ts'
import { blake256 } from './blake256.ts'
import { toHex } from './hex.ts'
import { type AddressPrefixes, type Network, type NetworkName, networks } from './network.ts'

/** What an address pays to: a hash of a key or of a script, or a key itself, and the kind of its signatures. */
export type AddressKind =
  | 'public-key-hash-ecdsa'
  | 'script-hash'
  | 'public-key-hash-ed25519'
  | 'public-key-hash-schnorr'
  | 'public-key-ecdsa'
  | 'public-key-ed25519'
  | 'public-key-schnorr'

/** A Decred address, decoded. */
export interface Address {
  readonly network: NetworkName
  readonly kind: AddressKind
  /** A hash of 20 bytes, or a public key as scripts hold it: 33 bytes compressed, Ed25519 32 bytes. */
  readonly payload: Uint8Array
  readonly text: string
}

/** Why a text is no address, or none that the pool can pay. The sentence is for the miner and never repeats the text. */
export interface AddressError {
  readonly kind:
    | 'not-base58'
    | 'wrong-length'
    | 'unknown-prefix'
    | 'private-key'
    | 'bad-checksum'
    | 'wrong-network'
    | 'malformed-key'
    | 'unpayable'
  readonly message: string
}

const PREFIX_BYTES = 2
const CHECKSUM_BYTES = 4
/** Characters of the longest address, a public key; anything longer is refused before it is decoded. */
const ADDRESS_CHARACTERS_MAX = 53

const PREFIXES: readonly (keyof AddressPrefixes)[] = [
  'publicKey',
  'publicKeyHashEcdsa',
  'publicKeyHashEd25519',
  'publicKeyHashSchnorr',
  'scriptHash',
  'privateKey',
]

interface Owner {
  readonly network: Network
  readonly holds: keyof AddressPrefixes
}

/** Whose prefix it is, on every network: a foreign address is told from a mistyped one. */
const OWNERS: ReadonlyMap<number, Owner> = new Map(
  Object.values(networks).flatMap((network) =>
    PREFIXES.map((holds): [number, Owner] => [network.addressPrefix[holds], { network, holds }]),
  ),
)

interface Form {
  readonly prefix: Exclude<keyof AddressPrefixes, 'privateKey'>
  readonly payloadBytes: number
  /** The payment script is these bytes around the payload. */
  readonly before: readonly number[]
  readonly after: readonly number[]
  readonly inWords: string
}

const FORMS: { readonly [K in AddressKind]: Form } = {
  'public-key-hash-ecdsa': {
    prefix: 'publicKeyHashEcdsa',
    payloadBytes: 20,
    before: [0x76, 0xa9, 0x14],
    after: [0x88, 0xac],
    inWords: 'an ordinary address',
  },
  'script-hash': {
    prefix: 'scriptHash',
    payloadBytes: 20,
    before: [0xa9, 0x14],
    after: [0x87],
    inWords: 'a script address',
  },
  'public-key-hash-ed25519': {
    prefix: 'publicKeyHashEd25519',
    payloadBytes: 20,
    before: [0x76, 0xa9, 0x14],
    after: [0x88, 0x51, 0xbe],
    inWords: 'an Ed25519 address',
  },
  'public-key-hash-schnorr': {
    prefix: 'publicKeyHashSchnorr',
    payloadBytes: 20,
    before: [0x76, 0xa9, 0x14],
    after: [0x88, 0x52, 0xbe],
    inWords: 'a Schnorr address',
  },
  'public-key-ecdsa': {
    prefix: 'publicKey',
    payloadBytes: 33,
    before: [0x21],
    after: [0xac],
    inWords: 'a public key',
  },
  'public-key-ed25519': {
    prefix: 'publicKey',
    payloadBytes: 32,
    before: [0x20],
    after: [0x51, 0xbe],
    inWords: 'an Ed25519 public key',
  },
  'public-key-schnorr': {
    prefix: 'publicKey',
    payloadBytes: 33,
    before: [0x21],
    after: [0x52, 0xbe],
    inWords: 'a Schnorr public key',
  },
}

const HASH_KINDS: { readonly [P in Exclude<Form['prefix'], 'publicKey'>]: AddressKind } = {
  publicKeyHashEcdsa: 'public-key-hash-ecdsa',
  publicKeyHashEd25519: 'public-key-hash-ed25519',
  publicKeyHashSchnorr: 'public-key-hash-schnorr',
  scriptHash: 'script-hash',
}

/**
 * A public key's address holds one byte for the kind of signature, its top bit the odd y, and 32 bytes of x. `lead` is the
 * first byte of the key as scripts hold it; Ed25519 keys have none.
 */
const KEY_MARKS: readonly { readonly mark: number; readonly kind: AddressKind; readonly lead?: number }[] = [
  { mark: 0x00, kind: 'public-key-ecdsa', lead: 0x02 },
  { mark: 0x80, kind: 'public-key-ecdsa', lead: 0x03 },
  { mark: 0x01, kind: 'public-key-ed25519' },
  { mark: 0x02, kind: 'public-key-schnorr', lead: 0x02 },
  { mark: 0x82, kind: 'public-key-schnorr', lead: 0x03 },
]
const KEY_BYTES = 33

/**
 * Reads an address of any kind, of one network. Whether a public key lies on its curve is not looked at: no address that
 * holds a key is ever paid.
 */
export function decodeAddress(text: string, network: Network): E.Either<AddressError, Address> {
  if (text.length > ADDRESS_CHARACTERS_MAX) return wrongLength(network)
  const bytes = decodeBase58(text)
  if (bytes === undefined)
    return refuse(
      'not-base58',
      'An address is made of digits and letters, without 0, O, I and l. Copy it again from your wallet.',
    )
  if (bytes.length < PREFIX_BYTES + CHECKSUM_BYTES) return wrongLength(network)
  const owner = OWNERS.get(prefixOf(bytes))
  if (owner === undefined)
    return refuse('unknown-prefix', `This is no Decred address. ${beginnings(network)}`)
  if (owner.holds === 'privateKey')
    return refuse(
      'private-key',
      'This is a private key, not an address. Whoever has seen it can take your coins: move them to a new wallet.',
    )
  const content = bytes.subarray(0, -CHECKSUM_BYTES)
  if (toHex(checksum(content)) !== toHex(bytes.subarray(-CHECKSUM_BYTES)))
    return refuse('bad-checksum', 'The address has a typing error. Copy it again from your wallet.')
  if (owner.network.name !== network.name)
    return refuse(
      'wrong-network',
      `This is an address of ${owner.network.name}, and the pool mines on ${network.name}. ${beginnings(network)}`,
    )
  const payload = content.subarray(PREFIX_BYTES)
  if (owner.holds === 'publicKey') return decodeKey(payload, network, text)
  const kind = HASH_KINDS[owner.holds]
  if (payload.length !== FORMS[kind].payloadBytes) return wrongLength(network)
  return E.right({ network: network.name, kind, payload: payload.slice(), text })
}

function decodeKey(data: Uint8Array, network: Network, text: string): E.Either<AddressError, Address> {
  const marked = KEY_MARKS.find(({ mark }) => mark === data[0])
  if (data.length !== KEY_BYTES || marked === undefined)
    return refuse('malformed-key', `The public key in this address is malformed. ${beginnings(network)}`)
  const { kind, lead } = marked
  const payload = data.slice(lead === undefined ? 1 : 0)
  if (lead !== undefined) payload[0] = lead
  return E.right({ network: network.name, kind, payload, text })
}

/** Reads an address that the pool can pay: dcrd builds payments to hashes of ECDSA keys and of scripts only. */
export function payableAddress(text: string, network: Network): E.Either<AddressError, Address> {
  const decoded = decodeAddress(text, network)
  if (E.isLeft(decoded)) return decoded
  const { kind } = decoded.right
  if (kind === 'public-key-hash-ecdsa' || kind === 'script-hash') return decoded
  return refuse(
    'unpayable',
    `This is ${FORMS[kind].inWords}, which the pool cannot pay. ${beginnings(network)}`,
  )
}

/**
 * Writes an address.
 *
 * @throws RangeError when the payload does not have the length of its kind, or is no compressed public key.
 */
export function encodeAddress(kind: AddressKind, payload: Uint8Array, network: Network): string {
  const { prefix, payloadBytes } = FORMS[kind]
  if (payload.length !== payloadBytes) throw new RangeError(`${kind} takes ${payloadBytes} bytes`)
  const number = network.addressPrefix[prefix]
  const content = concatBytes(
    Uint8Array.of(number >> 8, number & 0xff),
    prefix === 'publicKey' ? encodeKey(kind, payload) : payload,
  )
  return encodeBase58(concatBytes(content, checksum(content)))
}

function encodeKey(kind: AddressKind, key: Uint8Array): Uint8Array {
  const marked = KEY_MARKS.find(
    (form) => form.kind === kind && (form.lead === undefined || form.lead === key[0]),
  )
  if (marked === undefined) throw new RangeError('a compressed public key begins with 02 or 03')
  return concatBytes(Uint8Array.of(marked.mark), marked.lead === undefined ? key : key.subarray(1))
}

/** Script, of version 0, that pays an address. */
export function paymentScript(address: Address): Uint8Array {
  const { before, after } = FORMS[address.kind]
  return concatBytes(Uint8Array.from(before), address.payload, Uint8Array.from(after))
}

/** Names the account of an address: BLAKE-256 of its text, in hex. The same id as dcrpool's. */
export const accountId = (address: string): string => toHex(blake256(utf8ToBytes(address)))

/** The one account of a solo pool, which has no address. The same id as dcrpool's. */
export const SOLO_ACCOUNT_ID = accountId('0'.repeat(64))

const prefixOf = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)

const checksum = (content: Uint8Array): Uint8Array => blake256(blake256(content)).subarray(0, CHECKSUM_BYTES)

const refuse = (kind: AddressError['kind'], message: string): E.Either<AddressError, never> =>
  E.left({ kind, message })

const wrongLength = (network: Network): E.Either<AddressError, never> =>
  refuse('wrong-length', `This is too long or too short for an address. ${beginnings(network)}`)

/** Tells how payable addresses look; the prefixes are chosen so that the first two letters are always the same. */
function beginnings(network: Network): string {
  const letters = (kind: AddressKind) => encodeAddress(kind, new Uint8Array(20), network).slice(0, 2)
  return `Use an address that begins with ${letters('public-key-hash-ecdsa')} (any wallet gives one) or ${letters('script-hash')} (a script).`
}
