import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  type AddressKind,
  accountId,
  decodeAddress,
  encodeAddress,
  payableAddress,
  paymentScript,
  SOLO_ACCOUNT_ID,
} from '../../../domain/decred/address.ts'
import { decodeBase58, encodeBase58 } from '../../../domain/decred/base58.ts'
import { blake256 } from '../../../domain/decred/hash.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import { bytes, vectors } from './vectors.ts'

interface Case {
  name: string
  address: string
  net: NetworkName
  decodeError: string | null
  payScript: string | null
}

const cases = vectors<Case[]>('addresses-stdaddr')
const good = cases.filter((c) => c.payScript !== null)
const bad = cases.filter((c) => c.payScript === null)

describe('dcrd’s own address tests', () => {
  test.each(good)('$name: $address decodes, pays and encodes', ({ address, net, payScript }) => {
    const decoded = decodeAddress(address, networks[net])
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    expect(toHex(paymentScript(decoded.right))).toBe(payScript)
    expect(encodeAddress(decoded.right.kind, decoded.right.payload, networks[net])).toBe(address)
  })

  test('the bad ones are refused, each for its reason', () => {
    const refusals = bad.map(({ name, address, net }) => {
      const decoded = decodeAddress(address, networks[net])
      return [name, E.isLeft(decoded) ? decoded.left.kind : 'accepted']
    })
    expect(refusals).toEqual([
      ['bad checksum', 'bad-checksum'],
      ['parse valid mainnet address with testnet rejected', 'wrong-network'],
      ['mainnet p2pk with no data for pubkey', 'malformed-key'],
      ['invalid base58 (l not in base58 alphabet)', 'not-base58'],
      ['mainnet p2pk-ecdsa-secp256k1 uncompressed (0x04) rejected via decode', 'wrong-length'],
      ['p2pk-ecdsa-secp256k1 malformed pubkey via decode', 'malformed-key'],
      ['p2pk-ed25519 malformed pubkey (only 31 bytes) via decode', 'malformed-key'],
      ['mainnet p2pk-schnorr-secp256k1 uncompressed (0x04) rejected via decode', 'wrong-length'],
      ['p2pk-schnorr-secp256k1 malformed pubkey via decode', 'malformed-key'],
    ])
  })

  test.each(good)('$name: payable only when Ds or Dc of its network', ({ address, net }) => {
    const payable = E.isRight(payableAddress(address, networks[net]))
    expect(payable).toBe(/^[DTSR][sc]/.test(address))
  })
})

describe('simnet', () => {
  const known = vectors<{ address: string; payload: string; accountId: string }[]>('simnet-addresses')
  test.each(known)('$address', ({ address, payload, accountId: id }) => {
    expect(payableAddress(address, networks.simnet)).toEqual(
      E.right({
        network: 'simnet',
        kind: 'public-key-hash-ecdsa',
        payload: bytes(payload),
        text: address,
      }),
    )
    expect(encodeAddress('public-key-hash-ecdsa', bytes(payload), networks.simnet)).toBe(address)
    expect(accountId(address)).toBe(id)
  })

  const premine = vectors<{ hash160: string; simnetAddress: string }[]>('simnet-block-one-ledger')
  test.each(premine)('$simnetAddress of block 1', ({ hash160, simnetAddress }) => {
    expect(encodeAddress('public-key-hash-ecdsa', bytes(hash160), networks.simnet)).toBe(simnetAddress)
  })
})

describe('account ids', () => {
  const ids = vectors<{
    soloDefault: { input: string; accountId: string }
    examples: { address: string; accountId: string }[]
  }>('account-ids')

  test.each(ids.examples)('$address', ({ address, accountId: id }) => expect(accountId(address)).toBe(id))

  test('the solo account is that of dcrpool', () => {
    expect(SOLO_ACCOUNT_ID).toBe(ids.soloDefault.accountId)
    expect(accountId(ids.soloDefault.input)).toBe(SOLO_ACCOUNT_ID)
  })
})

describe('what a miner is told', () => {
  const told = (text: string, network: NetworkName = 'mainnet') => {
    const decoded = payableAddress(text, networks[network])
    return E.isLeft(decoded) ? decoded.left : 'accepted'
  }
  const useMainnet = 'Use an address that begins with Ds (any wallet gives one) or Dc (a script).'

  test('a typing error', () => {
    expect(told('DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJv')).toEqual({
      kind: 'bad-checksum',
      message: 'The address has a typing error. Copy it again from your wallet.',
    })
  })

  test('an address of another network names both', () => {
    expect(told('SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc')).toEqual({
      kind: 'wrong-network',
      message: `This is an address of simnet, and the pool mines on mainnet. ${useMainnet}`,
    })
    expect(told('DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu', 'testnet3')).toMatchObject({
      message: expect.stringContaining('begins with Ts (any wallet gives one) or Tc (a script).'),
    })
  })

  test.each([
    ['DSXcZv4oSRiEoWL2a9aD8sgfptRo1YEXNKj', 'a Schnorr address'],
    ['DeeUhrRoTp4DftsqddVW96yMGMW4sgQFYUE', 'an Ed25519 address'],
    ['DkM3ZigNyiwHrsXRjkDQ8t8tW6uKGW9g61qEkG3bMqQPQWYEf5X3J', 'a public key'],
    ['DkM5zR8tqWNAHngZQDTyAeqzabZxMKrkSbCFULDhmvySn3uHmm221', 'an Ed25519 public key'],
    ['DkM7TD2qsne9DKo4uA2ZNt3XhejYVwT5mmQWtUXtjdPhRHXTSKxN4', 'a Schnorr public key'],
  ])('%s is %s, which cannot be paid', (address, words) => {
    expect(told(address)).toEqual({
      kind: 'unpayable',
      message: `This is ${words}, which the pool cannot pay. ${useMainnet}`,
    })
  })

  test('a coin of another kind', () => {
    expect(told('1BoatSLRHtKNngkdXEeobR76b53LETtpyT')).toEqual({
      kind: 'unknown-prefix',
      message: `This is no Decred address. ${useMainnet}`,
    })
  })

  test.each(['', '1', 'Ds', 'D'.repeat(54), 'D'.repeat(1_000_000)])('a text of the wrong length', (text) => {
    expect(told(text)).toMatchObject({ kind: 'wrong-length' })
  })

  test('a hash of the wrong length, with a good checksum', () => {
    for (const length of [0, 19, 21]) {
      const content = Uint8Array.of(0x07, 0x3f, ...new Uint8Array(length))
      const checked = Uint8Array.of(...content, ...blake256(blake256(content)).subarray(0, 4))
      expect(told(encodeBase58(checked))).toMatchObject({ kind: 'wrong-length' })
    }
  })

  // The key of the scalar 1, which guards nothing: mainnet, ECDSA.
  test('a private key, whatever the network, and the sentence does not repeat it', () => {
    const key = encodeBase58(Uint8Array.of(0x22, 0xde, 0, ...new Uint8Array(31), 1, 1, 2, 3, 4))
    expect(key.slice(0, 2)).toBe('Pm')
    for (const network of ['mainnet', 'simnet'] as const) {
      const refusal = told(key, network)
      expect(refusal).toMatchObject({ kind: 'private-key' })
      expect(JSON.stringify(refusal)).not.toContain(key)
    }
  })
})

const payloads: { readonly [K in AddressKind]: fc.Arbitrary<Uint8Array> } = {
  'public-key-hash-ecdsa': fc.uint8Array({ minLength: 20, maxLength: 20 }),
  'script-hash': fc.uint8Array({ minLength: 20, maxLength: 20 }),
  'public-key-hash-ed25519': fc.uint8Array({ minLength: 20, maxLength: 20 }),
  'public-key-hash-schnorr': fc.uint8Array({ minLength: 20, maxLength: 20 }),
  'public-key-ecdsa': compressedKey(),
  'public-key-ed25519': fc.uint8Array({ minLength: 32, maxLength: 32 }),
  'public-key-schnorr': compressedKey(),
}

function compressedKey(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(2, 3), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([lead, x]) => Uint8Array.of(lead, ...x))
}

const written = fc
  .constantFrom(...(Object.keys(payloads) as AddressKind[]))
  .chain((kind) => fc.record({ kind: fc.constant(kind), payload: payloads[kind] }))
const network = fc.constantFrom(...Object.values(networks))

test('an address of any kind and network reads back', () => {
  fc.assert(
    fc.property(written, network, ({ kind, payload }, net) => {
      const text = encodeAddress(kind, payload, net)
      expect(decodeAddress(text, net)).toEqual(E.right({ network: net.name, kind, payload, text }))
    }),
  )
})

test('an address with one character changed is refused', () => {
  fc.assert(
    fc.property(
      written,
      network,
      fc.nat(),
      fc.constantFrom(...'1Azs9'),
      ({ kind, payload }, net, at, character) => {
        const text = encodeAddress(kind, payload, net)
        const place = at % text.length
        fc.pre(text[place] !== character)
        const mistyped = text.slice(0, place) + character + text.slice(place + 1)
        expect(E.isLeft(decodeAddress(mistyped, net))).toBe(true)
      },
    ),
  )
})

test('no text makes the decoder throw', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), network, (text, net) => E.isLeft(decodeAddress(text, net))),
  )
})

test('a payload of the wrong length is a programmer’s error', () => {
  expect(() => encodeAddress('script-hash', new Uint8Array(19), networks.mainnet)).toThrow(RangeError)
  expect(() => encodeAddress('public-key-ecdsa', new Uint8Array(33), networks.mainnet)).toThrow(RangeError)
})

describe('base58', () => {
  test('bytes read back, leading zeros too', () => {
    const zeros = fc.array(fc.constant(0), { maxLength: 4 })
    fc.assert(
      fc.property(zeros, fc.uint8Array({ maxLength: 40 }), (lead, rest) => {
        const value = Uint8Array.of(...lead, ...rest)
        expect(decodeBase58(encodeBase58(value))).toEqual(value)
      }),
    )
  })

  test.each([
    ['', ''],
    ['00', '1'],
    ['0000', '11'],
    ['61', '2g'],
    ['626262', 'a3gV'],
    ['572e4794', '3EFU7m'],
    ['00010966776006953d5567439e5e39f86a0d273beed61967f6', '16UwLL9Risc3QfPqBUvKofHmBQ7wMtjvM'],
  ])('%s is %s', (hex, text) => {
    expect(encodeBase58(bytes(hex))).toBe(text)
    expect(toHex(decodeBase58(text) ?? Uint8Array.of(1))).toBe(hex)
  })

  test.each(['0', 'O', 'I', 'l', 'a b', 'é', '-'])('%j is not base58', (text) => {
    expect(decodeBase58(text)).toBeUndefined()
  })
})
