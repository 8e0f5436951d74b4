import * as t from 'io-ts'

/** Decred's networks, by dcrd's names. */
export const NetworkName = t.keyof({ mainnet: null, testnet3: null, simnet: null, regnet: null })
export type NetworkName = t.TypeOf<typeof NetworkName>
