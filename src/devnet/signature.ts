import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { blake256 } from '../../domain/decred/hash.ts'
import { fromDisplayHash, toHex } from '../../domain/decred/hex.ts'
import { type Transaction, transactionId } from '../../domain/decred/transaction.ts'
import { Writer } from '../../domain/decred/writer.ts'

/** Signatures that spend payments to the hash of a public key. Each covers the whole transaction (SigHashAll). */

const SIGHASH_ALL = 1

/** Serialization that a signature covers beside the prefix: of each input the script that it spends. */
const SIGNED_SCRIPTS = 3

const PUBLIC_KEY_BYTES = 33

/** The library takes hashes as they are, and signatures as chains carry them. */
const FORM = { prehash: false, format: 'der' } as const

/** Hash of a compressed public key, 20 bytes: what an ordinary address holds. */
export const keyHash = (publicKey: Uint8Array): Uint8Array => ripemd160(blake256(publicKey))

/** What the signature of an input signs, given the script that the input spends. Source: dcrd, txscript. */
export type SignatureHash = (input: number, script: Uint8Array) => Uint8Array

/** Makes the hashes for one transaction; what it has in its signature scripts does not matter. */
export function signatureHashes(transaction: Transaction): SignatureHash {
  const prefix = fromDisplayHash(transactionId(transaction)) ?? new Uint8Array(0)
  return (input, script) => {
    const scripts = new Writer()
    scripts.uint16(transaction.version)
    scripts.uint16(SIGNED_SCRIPTS)
    scripts.count(transaction.inputs.length)
    transaction.inputs.forEach((_, index) => {
      const signed = index === input ? script : new Uint8Array(0)
      scripts.count(signed.length)
      scripts.bytes(signed)
    })
    const whole = new Writer()
    whole.uint32(SIGHASH_ALL)
    whole.bytes(prefix)
    whole.bytes(blake256(scripts.result()))
    return blake256(whole.result())
  }
}

/** The signature script of an input. */
export function signatureScript(hash: Uint8Array, privateKey: Uint8Array): Uint8Array {
  const signature = secp256k1.sign(hash, privateKey, FORM)
  const publicKey = secp256k1.getPublicKey(privateKey, true)
  return concatBytes(
    Uint8Array.of(signature.length + 1),
    signature,
    Uint8Array.of(SIGHASH_ALL, publicKey.length),
    publicKey,
  )
}

/** Says whether a signature script proves that its owner may spend a script. */
export function proves(signed: Uint8Array, script: Uint8Array, hash: Uint8Array): boolean {
  const push = signed[0] ?? 0
  const signature = signed.slice(1, push)
  const publicKey = signed.slice(push + 2)
  const shaped = signed[push] === SIGHASH_ALL && signed[push + 1] === PUBLIC_KEY_BYTES
  if (!shaped || publicKey.length !== PUBLIC_KEY_BYTES) return false
  if (toHex(payToKeyHash(keyHash(publicKey))) !== toHex(script)) return false
  try {
    return secp256k1.verify(signature, hash, publicKey, FORM)
  } catch {
    return false
  }
}

/** The script that pays whoever has a public key with this hash of 20 bytes. */
export const payToKeyHash = (hash20: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0x76, 0xa9, 20), hash20, Uint8Array.of(0x88, 0xac))
