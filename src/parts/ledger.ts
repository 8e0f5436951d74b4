import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import type { LedgerName } from '../actors/opening.ts'
import type { LedgerConfig } from '../config/config.ts'
import { beginLedger } from '../publisher/begin-ledger.ts'
import { type LedgerKeys, openLedgerKeys } from '../publisher/keys.ts'
import { namedLedger } from '../publisher/named-ledger.ts'
import type { PoolError } from './error.ts'

/**
 * Opens what signs the ledger of a log, and begins the ledger where none was ever signed, before the log names it. Left: the log can't be
 * read. In the right, left: why nothing can be signed.
 */
export async function openLedgerOf(
  store: EventStore,
  config: LedgerConfig,
  folder: string,
): Promise<E.Either<PoolError, E.Either<string, LedgerKeys>>> {
  const named = await namedLedger(store)
  if (E.isLeft(named)) return E.left({ message: named.left })
  const keys = openLedgerKeys(config, folder, named.right?.origin ?? null)
  return E.right(E.isRight(keys) && keys.right.signed === null ? await beginLedger(keys.right, folder) : keys)
}

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
