import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerFolder } from '../../../adapters/ledger/folder.ts'
import type { LedgerError } from '../../../adapters/ledger/port.ts'
import { sha256 } from '../../../adapters/ledger/sha256.ts'
import { type Checkpoint, signCheckpoint } from '../../../domain/transparency/checkpoint.ts'
import { ledgerEdge } from '../../../domain/transparency/edge.ts'
import { signingKey } from '../../../domain/transparency/key.ts'
import { noteSigner } from '../../../domain/transparency/note.ts'

/** Key of the ledgers in these tests, which is no secret. */
export const key = signingKey('pool.example/ledger', 'note', new Uint8Array(32).fill(1))

/** Entry of an index. */
export const entryAt = (index: number): Uint8Array => Buffer.from(`{"entry":${index}}`)

/** What a question was answered with. @throws Error when it was not. */
export async function answered<A>(question: () => Promise<E.Either<{ message: string }, A>>): Promise<A> {
  const answer = await question()
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}

/** What a question failed with. @throws Error when it was answered. */
export async function failed<A>(question: () => Promise<E.Either<LedgerError, A>>): Promise<LedgerError> {
  const answer = await question()
  if (E.isRight(answer)) throw new Error('it was answered')
  return answer.left
}

/** A folder for one test, and how to remove it. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lodebook-ledger-'))
  return { path, remove: () => rmSync(path, { recursive: true }) }
}

/** Publishes a ledger that had a checkpoint at each of these sizes, as a pool does. Returns the checkpoints. */
export async function publish(folder: string, sizes: readonly number[]): Promise<readonly Checkpoint[]> {
  const { write } = ledgerFolder(folder)
  const edge = ledgerEdge(sha256)
  const checkpoints: Checkpoint[] = []
  for (const size of sizes) {
    while (edge.size() < size) edge.append(entryAt(edge.size()))
    await Promise.all(edge.take().map(({ path, bytes }) => answered(write(path, bytes))))
    const checkpoint = { origin: key.verifier.name, size, root: edge.root() }
    await answered(write('checkpoint', Buffer.from(signCheckpoint(checkpoint, [noteSigner(key)]))))
    checkpoints.push(checkpoint)
  }
  return checkpoints
}
