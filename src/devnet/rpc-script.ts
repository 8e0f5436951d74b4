import { encodeAddress } from '../../domain/decred/address.ts'
import { toHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { Json } from './rpc-json.ts'

/** Names of the operations that occur on a devnet. */
const OPERATIONS: { readonly [code: number]: string } = {
  0: '0',
  106: 'OP_RETURN',
  118: 'OP_DUP',
  135: 'OP_EQUAL',
  136: 'OP_EQUALVERIFY',
  169: 'OP_HASH160',
  172: 'OP_CHECKSIG',
  187: 'OP_SSGEN',
  193: 'OP_TADD',
}

/** Prints a script as dcrd does: operations by name, data in hex. */
export function disassemble(script: Uint8Array): string {
  const words: string[] = []
  for (let at = 0; at < script.length; ) {
    const code = script[at] ?? 0
    const length = code <= 75 ? code : 0
    words.push(
      length > 0
        ? toHex(script.subarray(at + 1, at + 1 + length))
        : (OPERATIONS[code] ?? `OP_UNKNOWN${code}`),
    )
    at += 1 + length
  }
  return words.join(' ')
}

/** What a script is and whom it pays. */
interface ScriptForm {
  readonly type: string
  readonly address?: string
}

/** The `scriptPubKey` of an output. */
export function describeScript(script: Uint8Array, scriptVersion: number, network: Network): Json {
  const { type, address } = formOf(script, network)
  return {
    asm: disassemble(script),
    hex: toHex(script),
    ...(address === undefined ? {} : { reqSigs: 1 }),
    type,
    ...(address === undefined ? {} : { addresses: [address] }),
    version: scriptVersion,
  }
}

const KEY_HASH = /^76a914([0-9a-f]{40})88ac$/
const SCRIPT_HASH = /^a914([0-9a-f]{40})87$/
const VOTE = /^bb(76a914[0-9a-f]{40}88ac)$/

function formOf(script: Uint8Array, network: Network): ScriptForm {
  const hex = toHex(script)
  if (KEY_HASH.test(hex))
    return {
      type: 'pubkeyhash',
      address: encodeAddress('public-key-hash-ecdsa', script.slice(3, 23), network),
    }
  if (SCRIPT_HASH.test(hex))
    return { type: 'scripthash', address: encodeAddress('script-hash', script.slice(2, 22), network) }
  if (VOTE.test(hex)) return { ...formOf(script.slice(1), network), type: 'stakegen-pubkeyhash' }
  if (hex === 'c1') return { type: 'treasuryadd' }
  return { type: hex.startsWith('6a') ? 'nulldata' : 'nonstandard' }
}
