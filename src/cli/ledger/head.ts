import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import type { LedgerError } from '../../../adapters/ledger/port.ts'
import { ledgerReader } from '../../../adapters/ledger/reader.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { toBase64 } from '../../../domain/transparency/base64.ts'
import { isOf } from '../../../domain/transparency/note.ts'
import { cutEntry } from '../../replay/cut-entry.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { complain, paint, print, printJson } from '../terminal.ts'
import { type OpenedLedger, openLedgerAt } from './open-history.ts'

/** What the command line says about a checkpoint to look at. */
export interface HeadRequest {
  readonly ledger: string
  readonly key: string
  readonly json: boolean
}

/** `lodebook ledger head`: what a ledger promises now, and who signed it. */
export async function head({ ledger, key, json }: HeadRequest): Promise<ExitCode> {
  const opened = await openLedgerAt(ledger, key)
  if (E.isLeft(opened)) {
    complain(printable(opened.left.message))
    return opened.left.kind === 'usage' ? EXIT.usage : EXIT.failed
  }
  const lastAt = await timeOfLast(opened.right)
  if (E.isLeft(lastAt)) {
    complain(printable(lastAt.left.message))
    return EXIT.failed
  }
  const { checkpoint, signatures, checkedBy } = opened.right
  const { origin, size, root } = checkpoint
  const shown = {
    ...{ origin, size, root: toBase64(root) },
    lastEntryAt: lastAt.right === null ? null : new Date(lastAt.right).toISOString(),
    signatures: signatures.map((signature) => ({
      name: signature.name,
      key: toHex(signature.id),
      checked: checkedBy !== null && isOf(signature, checkedBy),
    })),
  }
  if (json) {
    printJson(shown)
    return EXIT.ok
  }
  const row = (name: string, value: string): void => print(`${name.padEnd(12)}${value}`)
  row('Origin', printable(origin))
  row('Size', counted(size, 'entry', 'entries'))
  row('Root', shown.root)
  if (lastAt.right !== null) row('Last entry', `${integer(size - 1)}, at ${absoluteTime(lastAt.right)}`)
  for (const { name, key, checked } of shown.signatures)
    row(
      'Signed by',
      `${printable(name)}+${key}, ${checked ? paint('green', 'verified') : paint('dim', 'not checked')}`,
    )
  return EXIT.ok
}

async function timeOfLast({
  source,
  checkpoint,
}: OpenedLedger): Promise<E.Either<LedgerError, number | null>> {
  const { size } = checkpoint
  for await (const batch of ledgerReader(source, checkpoint).entries(Math.max(0, size - 1), size)) {
    if (E.isLeft(batch)) return batch
    const text = Buffer.from(batch.right.entries[0] ?? []).toString('utf8')
    return E.right(cutEntry(text)?.at ?? null)
  }
  return E.right(null)
}
