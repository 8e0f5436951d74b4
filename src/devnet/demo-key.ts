/**
 * Seed of the devnet's wallet, 32 bytes in hex: the one that dcrpool's harness gives its simnet wallet. Everybody knows
 * it, so nothing of worth may ever be paid to it.
 */
export const DEMO_SEED = 'b280922d2cffda44648346412c5ec97f429938105003730414f10b01e1402eac'

/** Where a devnet's rewards go unless another address is given: the first address of the wallet's first account. */
export const DEMO_MINING_ADDRESS = 'SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah'

/** Passphrase of the devnet's wallet. */
export const DEMO_PASSPHRASE = '123'
