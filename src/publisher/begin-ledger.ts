import * as E from 'fp-ts/lib/Either.js'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { EMPTY_ROOT } from '../../domain/transparency/tree.ts'
import type { LedgerKeys } from './keys.ts'

/**
 * Begins a ledger in a folder that has none: signs a checkpoint of no entries, which is on disk when this resolves. From then on the
 * folder says that something was signed, so that its loss is noticed: it comes before the log names the ledger. Left, in a sentence: why
 * it could not be written.
 */
export async function beginLedger(keys: LedgerKeys, folder: string): Promise<E.Either<string, LedgerKeys>> {
  const { origin, signing } = keys
  const empty = { origin, size: 0, root: EMPTY_ROOT }
  const note = signCheckpoint(
    empty,
    signing.map((key) => noteSigner(key)),
  )
  const written = await ledgerFolder(folder).write('checkpoint', Buffer.from(note))()
  if (E.isLeft(written)) return E.left(written.left.message)
  const signedBy = signing.map(({ verifier }) => verifier)
  return E.right({ ...keys, signed: { ...empty, note, signedBy, cosignedBy: [] } })
}
