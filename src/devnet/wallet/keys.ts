import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import { keyHash } from '../signature.ts'

/** Which of an account's two rows of keys: addresses to be paid at, and change. */
export type Branch = 'external' | 'internal'

/** Where a key is in a wallet. */
export interface KeyPath {
  readonly account: number
  readonly branch: Branch
  readonly index: number
}

/** A key of a wallet. */
export interface WalletKey extends KeyPath {
  readonly privateKey: Uint8Array
  /** Compressed. */
  readonly publicKey: Uint8Array
  /** Hash of the public key, 20 bytes. */
  readonly hash: Uint8Array
}

/** Numbers of the branches in a path. */
const BRANCHES: { readonly [B in Branch]: number } = { external: 0, internal: 1 }

/** Added to the number of a child that is derived from the private key. */
const HARDENED = 0x8000_0000

/** First steps of every path: the purpose of BIP 44 and the coin type of all test networks (SLIP 44). */
const PURPOSE = 44 + HARDENED
const COIN_TYPE = 1 + HARDENED

/** Order of the curve's group. */
const ORDER = secp256k1.Point.Fn.ORDER

/** An extended private key. */
interface Node {
  readonly key: Uint8Array
  readonly chainCode: Uint8Array
}

/** The keys that follow from a seed, as dcrwallet derives them: BIP 32 and 44. Source: dcrd, hdkeychain. */
export class Keys {
  readonly #root: Node
  readonly #branches = new Map<string, Node>()
  readonly #keys = new Map<string, WalletKey>()

  /**
   * @param seed in hex
   * @throws RangeError when it is not.
   */
  constructor(seed: string) {
    const bytes = fromHex(seed)
    if (bytes === undefined) throw new RangeError('a seed is given in hex')
    this.#root = split(hmac(sha512, utf8ToBytes('Bitcoin seed'), bytes))
  }

  /** The key at a path; derived once. */
  at({ account, branch, index }: KeyPath): WalletKey {
    const name = `${account}/${branch}/${index}`
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const { key } = child(this.#branch(account, branch), index)
    const publicKey = secp256k1.getPublicKey(key, true)
    const made = { account, branch, index, privateKey: key, publicKey, hash: keyHash(publicKey) }
    this.#keys.set(name, made)
    return made
  }

  #branch(account: number, branch: Branch): Node {
    const name = `${account}/${branch}`
    const known = this.#branches.get(name)
    if (known !== undefined) return known
    const path = [PURPOSE, COIN_TYPE, account + HARDENED, BRANCHES[branch]]
    const made = path.reduce(child, this.#root)
    this.#branches.set(name, made)
    return made
  }
}

function child({ key, chainCode }: Node, number: number): Node {
  const data = new Uint8Array(37)
  // Decred drops the leading zeros of a key here, where BIP 32 keeps them.
  if (number >= HARDENED) data.set(key.subarray(key.findIndex((byte) => byte !== 0)), 1)
  else data.set(secp256k1.getPublicKey(key, true), 0)
  new DataView(data.buffer).setUint32(33, number)
  const derived = split(hmac(sha512, chainCode, data))
  const sum = (BigInt(`0x${toHex(derived.key)}`) + BigInt(`0x${toHex(key)}`)) % ORDER
  return { key: secp256k1.Point.Fn.toBytes(sum), chainCode: derived.chainCode }
}

const split = (bytes: Uint8Array): Node => ({ key: bytes.slice(0, 32), chainCode: bytes.slice(32) })

/** Names the script that pays a key by the hash in it; undefined for any other script. */
export function paidKey(script: Uint8Array): string | undefined {
  return /^76a914([0-9a-f]{40})88ac$/.exec(toHex(script))?.[1]
}
