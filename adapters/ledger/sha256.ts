import { hash } from 'node:crypto'
import type { Sha256 } from '../../domain/transparency/tree.ts'

/** SHA-256 of the server: OpenSSL's, in one call. */
export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
