import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import {
  type CheckpointError,
  type CheckpointTrust,
  openCheckpoint,
  type SignedCheckpoint,
} from '../../domain/transparency/checkpoint.ts'
import type { LedgerError, LedgerSource } from './port.ts'

/** Reads the newest checkpoint of a ledger and checks its signatures. */
export const readCheckpoint =
  (
    source: LedgerSource,
    trust: CheckpointTrust,
  ): TaskEither<LedgerError | CheckpointError, SignedCheckpoint> =>
  async () => {
    const bytes = await source.checkpoint()()
    if (E.isLeft(bytes)) return bytes
    const note = utf8(bytes.right)
    return note === undefined ? E.left(notText(source)) : openCheckpoint(note, trust)
  }

/** Undefined for bytes that are not UTF-8: decoding them otherwise would change what was signed. */
function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const notText = ({ name }: LedgerSource): LedgerError => ({
  kind: 'not-a-ledger',
  message: `The checkpoint of ${name} is not text. Look whether the address is that of a ledger.`,
})
