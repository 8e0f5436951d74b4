import * as t from 'io-ts'

/** Decred's networks, by dcrd's names. */
export const NetworkName = t.keyof({ mainnet: null, testnet3: null, simnet: null, regnet: null })
export type NetworkName = t.TypeOf<typeof NetworkName>

/** First two bytes of what an address (or a private key) holds, by kind, as one big-endian number. */
export interface AddressPrefixes {
  readonly publicKey: number
  readonly publicKeyHashEcdsa: number
  readonly publicKeyHashEd25519: number
  readonly publicKeyHashSchnorr: number
  readonly scriptHash: number
  readonly privateKey: number
}

/** How much a network's blocks create: `baseAtoms` x (100/101) for every `intervalBlocks` of height. */
export interface SubsidySchedule {
  readonly baseAtoms: bigint
  readonly intervalBlocks: number
  /** Block 1 pays out the initial coins instead. */
  readonly blockOneAtoms: bigint
}

/** Constants of one of Decred's networks. Source: dcrd, package chaincfg. */
export interface Network {
  readonly name: NetworkName
  /** Easiest target there is, 2^n - 1; also the target of difficulty 1. */
  readonly powLimit: bigint
  /** The limit in compact form, which is slightly below `powLimit`. */
  readonly powLimitBits: number
  readonly blockTimeSeconds: number
  /** Blocks on top of a coinbase before it may be spent. */
  readonly coinbaseMaturity: number
  /** Answer of dcrd's `getcurrentnet`. */
  readonly currencyNet: number
  /** From this height on a block needs votes. */
  readonly stakeValidationHeight: number
  readonly votesPerBlock: number
  /** Port where dcrd serves JSON-RPC unless told otherwise. */
  readonly rpcPort: number
  /** Port where dcrwallet serves gRPC unless told otherwise. */
  readonly walletPort: number
  readonly addressPrefix: AddressPrefixes
  readonly subsidy: SubsidySchedule
}

const mainnet: Network = {
  name: 'mainnet',
  powLimit: (1n << 224n) - 1n,
  powLimitBits: 0x1d00ffff,
  blockTimeSeconds: 300,
  coinbaseMaturity: 256,
  currencyNet: 0xd9b400f9,
  stakeValidationHeight: 4096,
  votesPerBlock: 5,
  rpcPort: 9109,
  walletPort: 9111,
  addressPrefix: {
    publicKey: 0x1386,
    publicKeyHashEcdsa: 0x073f,
    publicKeyHashEd25519: 0x071f,
    publicKeyHashSchnorr: 0x0701,
    scriptHash: 0x071a,
    privateKey: 0x22de,
  },
  subsidy: { baseAtoms: 31_19582664n, intervalBlocks: 6144, blockOneAtoms: 1_680_000_00000000n },
}

const testnet3: Network = {
  name: 'testnet3',
  powLimit: (1n << 232n) - 1n,
  powLimitBits: 0x1e00ffff,
  blockTimeSeconds: 120,
  coinbaseMaturity: 16,
  currencyNet: 0xb194aa75,
  stakeValidationHeight: 768,
  votesPerBlock: 5,
  rpcPort: 19109,
  walletPort: 19111,
  addressPrefix: {
    publicKey: 0x28f7,
    publicKeyHashEcdsa: 0x0f21,
    publicKeyHashEd25519: 0x0f01,
    publicKeyHashSchnorr: 0x0ee3,
    scriptHash: 0x0efc,
    privateKey: 0x230e,
  },
  subsidy: { baseAtoms: 25_00000000n, intervalBlocks: 2048, blockOneAtoms: 100_000_00000000n },
}

const simnet: Network = {
  name: 'simnet',
  powLimit: (1n << 255n) - 1n,
  powLimitBits: 0x207fffff,
  blockTimeSeconds: 1,
  coinbaseMaturity: 16,
  currencyNet: 0x12141c16,
  stakeValidationHeight: 144,
  votesPerBlock: 5,
  rpcPort: 19556,
  walletPort: 19558,
  addressPrefix: {
    publicKey: 0x276f,
    publicKeyHashEcdsa: 0x0e91,
    publicKeyHashEd25519: 0x0e71,
    publicKeyHashSchnorr: 0x0e53,
    scriptHash: 0x0e6c,
    privateKey: 0x2307,
  },
  subsidy: { baseAtoms: 500_00000000n, intervalBlocks: 128, blockOneAtoms: 300_000_00000000n },
}

const regnet: Network = {
  name: 'regnet',
  powLimit: (1n << 255n) - 1n,
  powLimitBits: 0x207fffff,
  blockTimeSeconds: 1,
  coinbaseMaturity: 16,
  currencyNet: 0xdab500fa,
  stakeValidationHeight: 144,
  votesPerBlock: 5,
  rpcPort: 18656,
  walletPort: 18658,
  addressPrefix: {
    publicKey: 0x25e5,
    publicKeyHashEcdsa: 0x0e00,
    publicKeyHashEd25519: 0x0de0,
    publicKeyHashSchnorr: 0x0dc2,
    scriptHash: 0x0ddb,
    privateKey: 0x22fe,
  },
  subsidy: { baseAtoms: 500_00000000n, intervalBlocks: 128, blockOneAtoms: 300_000_00000000n },
}

/** The constants of every network, by name. */
export const networks: { readonly [N in NetworkName]: Network } = { mainnet, testnet3, simnet, regnet }
