import { createBLAKE3 } from 'hash-wasm'

export { blake256 } from './blake256.ts'

const hasher = await createBLAKE3()

/** BLAKE3, 32 bytes, default mode: Decred's proof of work since DCP0011. */
export const blake3 = (bytes: Uint8Array): Uint8Array => hasher.init().update(bytes).digest('binary')
