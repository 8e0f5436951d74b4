import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import type { LedgerFolder, LedgerSource } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import type { SignedCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { verifyConsistency } from '../../domain/transparency/proof.ts'

/**
 * Has a pool's own ledger folder say what was signed, by the checkpoint of a copy that a log was continued from: the pool signs on only
 * from a log that holds all of it. A folder that knows of more, or has a checkpoint that can't be read, stays as it is: the start of the
 * pool says so. Left: why it can't be written, or that two histories were signed.
 */
export async function anchorLedger(
  folder: LedgerFolder,
  copy: LedgerSource,
  checkpoint: SignedCheckpoint,
): Promise<E.Either<string, void>> {
  const { origin, signedBy, size } = checkpoint
  const own = await readCheckpoint(folder, { origin, keys: signedBy, witnesses: [] })()
  if (E.isLeft(own) && own.left.kind !== 'not-found') return E.right(undefined)
  if (E.isRight(own)) {
    if (own.right.size >= size) return E.right(undefined)
    const proof = await ledgerReader(copy, checkpoint).consistencyProof(own.right.size)()
    if (E.isLeft(proof)) return E.left(proof.left.message)
    const grown = {
      proof: proof.right,
      from: own.right.size,
      to: size,
      fromRoot: own.right.root,
      toRoot: checkpoint.root,
    }
    if (!verifyConsistency(sha256, grown))
      return E.left(
        `${folder.name} and ${copy.name} are not of one history, and both were signed: the first ${own.right.size} entries have other roots. ` +
          'Find out which is right, and move the other away',
      )
  }
  const written = await folder.write('checkpoint', Buffer.from(checkpoint.note))()
  return E.mapLeft(({ message }: { readonly message: string }) => message)(written)
}
