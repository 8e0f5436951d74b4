import { expect, test } from 'vitest'
import { NetworkName, networks } from '../../../domain/decred/network.ts'
import { answer, vectors } from './vectors.ts'

interface Params {
  name: NetworkName
  powLimitBits: string
  powLimitBitLen: number
  targetTimePerBlock?: number
  coinbaseMaturity?: number
  rpcPort?: number
  ticketsPerBlock?: number
  stakeValidationHeight?: number
  baseSubsidy?: number
  subsidyInterval?: number
  prefixes: {
    pubKey: string
    pkhEcdsa: string
    pkhEd25519: string
    pkhSchnorr: string
    scriptHash: string
    privKey: string
  }
}

/** What the vectors say of a network, in our words; what they leave out stays undefined and matches anything. */
const said = (params: Params): object => ({
  name: params.name,
  powLimit: (1n << BigInt(params.powLimitBitLen)) - 1n,
  powLimitBits: Number.parseInt(params.powLimitBits, 16),
  blockTimeSeconds: params.targetTimePerBlock,
  coinbaseMaturity: params.coinbaseMaturity,
  rpcPort: params.rpcPort,
  votesPerBlock: params.ticketsPerBlock,
  stakeValidationHeight: params.stakeValidationHeight,
  addressPrefix: {
    publicKey: Number.parseInt(params.prefixes.pubKey, 16),
    publicKeyHashEcdsa: Number.parseInt(params.prefixes.pkhEcdsa, 16),
    publicKeyHashEd25519: Number.parseInt(params.prefixes.pkhEd25519, 16),
    publicKeyHashSchnorr: Number.parseInt(params.prefixes.pkhSchnorr, 16),
    scriptHash: Number.parseInt(params.prefixes.scriptHash, 16),
    privateKey: Number.parseInt(params.prefixes.privKey, 16),
  },
  subsidy: {
    baseAtoms: params.baseSubsidy === undefined ? undefined : BigInt(params.baseSubsidy),
    intervalBlocks: params.subsidyInterval,
  },
})

const withoutUndefined = (value: object): object =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => [k, typeof v === 'object' ? withoutUndefined(v) : v]),
  )

test.each(Object.values(vectors<Record<string, Params>>('network-params')))(
  'constants of $name',
  (params) => {
    expect(networks[params.name]).toMatchObject(withoutUndefined(said(params)))
  },
)

test('every network is there under its own name', () => {
  expect(Object.keys(networks)).toEqual(Object.keys(NetworkName.keys))
  for (const [name, network] of Object.entries(networks)) expect(network.name).toBe(name)
})

test.each(['blake3', 'blake256'] as const)(
  'dcrd’s getcurrentnet answers simnet’s number (%s)',
  (conversation) => {
    expect(answer<number>(conversation, 4)).toBe(networks.simnet.currencyNet)
  },
)

test('no two networks share a number, a port or a prefix', () => {
  const all = Object.values(networks)
  expect(new Set(all.map((n) => n.currencyNet)).size).toBe(4)
  expect(new Set(all.map((n) => n.rpcPort)).size).toBe(4)
  expect(new Set(all.flatMap((n) => Object.values(n.addressPrefix))).size).toBe(24)
})
