import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { type LedgerFault, ledgerWriter, type WrittenCheckpoint } from './ledger-writer.ts'

/**
 * Writes a whole ledger into a folder without a running pool: the entries of all these events, in batches, under one checkpoint signed by
 * `key`, whose name is the ledger's origin. A folder that this key has signed before goes on, when the events fit. What is read of
 * `events` is in memory one batch at a time.
 */
export const publishAll =
  (
    events: AsyncIterable<readonly LoggedEvent[]>,
    folder: string,
    key: SigningKey,
  ): TaskEither<LedgerFault, WrittenCheckpoint> =>
  async () => {
    const files = ledgerFolder(folder)
    const read = await readCheckpoint(files, trustIn(key.verifier))()
    if (E.isLeft(read) && read.left.kind !== 'not-found')
      return E.left({ kind: 'folder', message: read.left.message })
    const signed = E.isLeft(read) ? null : read.right
    const writer = ledgerWriter({
      folder: files,
      origin: key.verifier.name,
      signers: [noteSigner(key)],
      signed,
    })
    for await (const batch of events) {
      const added = await writer.add(batch)
      if (E.isLeft(added)) return added
    }
    return writer.isChecked() ? writer.sign() : E.left(tooShort(signed?.size ?? 0, writer.size()))
  }

const tooShort = (signed: number, size: number): LedgerFault => ({
  kind: 'log',
  message: `${signed} events are signed in this folder, and there are only ${size}.`,
})
