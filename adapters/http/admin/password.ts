import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'

/**
 * Passwords as scrypt hashes (RFC 7914), written `scrypt:<log2 N>:<r>:<p>:<salt>:<hash>` in base64url: no character of it means anything to
 * a shell, TOML or a compose file.
 */
export interface PasswordHash {
  readonly cost: number
  readonly blockSize: number
  readonly parallel: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** N = 2^17, r = 8: 128 MiB and about half a second for each guess, OWASP's recommendation of 2025. */
const COST = 17
const BLOCK_SIZE = 8
const SALT_BYTES = 16
const HASH_BYTES = 32

/** Letters of a password at least: a guess a minute for a year is 2^19, and twelve letters of a person's are more. */
export const PASSWORD_CHARS_MIN = 12

/** A new hash of a password, as it is written. */
export async function hashPassword(password: string): Promise<string> {
  const settings = { cost: COST, blockSize: BLOCK_SIZE, parallel: 1, salt: randomBytes(SALT_BYTES) }
  const hash = await derive(password, settings, HASH_BYTES)
  return [
    'scrypt',
    COST,
    BLOCK_SIZE,
    1,
    settings.salt.toString('base64url'),
    hash.toString('base64url'),
  ].join(':')
}

const WRITTEN = /^scrypt:(1[0-9]|20):([1-9]|1[0-6]):([1-4]):([A-Za-z0-9_-]{16,86}):([A-Za-z0-9_-]{43,86})$/

/** What a text must be to be a hash of a password, for messages and the manual. */
export const PASSWORD_HASH_ALLOWED = 'a line of "lodebook admin password", which begins with scrypt:'

/** Says whether a text is a hash of a password as {@link hashPassword} writes it. */
export const isPasswordHash = (text: string): boolean => WRITTEN.test(text)

/** Reads a written hash. Left: what it should be. */
export function readPasswordHash(text: string): E.Either<string, PasswordHash> {
  const [, cost = '', blockSize = '', parallel = '', salt = '', hash = ''] = WRITTEN.exec(text) ?? []
  if (salt === '') return E.left(`allowed: ${PASSWORD_HASH_ALLOWED}`)
  return E.right({
    cost: Number(cost),
    blockSize: Number(blockSize),
    parallel: Number(parallel),
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  })
}

/** Says whether a password is the one of a hash, in a time that tells nothing about how far it is right. */
export async function isPassword(known: PasswordHash, password: string): Promise<boolean> {
  return timingSafeEqual(await derive(password, known, known.hash.length), known.hash)
}

function derive(
  password: string,
  { cost, blockSize, parallel, salt }: Omit<PasswordHash, 'hash'>,
  bytes: number,
): Promise<Buffer> {
  const N = 2 ** cost
  const maxmem = 2 * 128 * N * blockSize
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, bytes, { N, r: blockSize, p: parallel, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}
