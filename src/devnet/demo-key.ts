/**
 * Private key of the demo mining address: 32 bytes of secp256k1 in hex. Everybody knows it, so it must never hold
 * anything of worth.
 */
export const DEMO_MINING_KEY = '26d9d31cf7275e85113da28ef2fb9ee74ffb744bdd4987e315cdc9688c634d61'

/** Where a devnet's rewards go unless another address is given: the hash of the demo key's compressed public key. */
export const DEMO_MINING_ADDRESS = 'Ssbgo4BU3CwEfjwwJFFQxjTSi7k8Rqy415F'
