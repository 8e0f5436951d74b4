import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import type { LedgerName } from '../actors/opening.ts'
import type { LedgerKeys } from '../publisher/keys.ts'

/** What the log is told of the ledger; null when nothing can be signed. */
export function ledgerNameOf(keys: E.Either<string, LedgerKeys>, log: Logger): LedgerName | null {
  if (E.isLeft(keys)) return null
  const { origin, signing, made } = keys.right
  const key = verifierKeyText(signing[0].verifier)
  if (made !== null)
    log.info(
      `Made a key that signs the public ledger: ${made}. Keep a copy of it where nobody else can read it. Its verifier key is for everybody: ${key}`,
    )
  return { origin, key }
}
