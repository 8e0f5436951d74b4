import { once } from 'node:events'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerReader } from '../../../adapters/ledger/reader.ts'
import { cutEntry } from '../../replay/cut-entry.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { complain, jsonForTerminal } from '../terminal.ts'
import { missingEntry, openLedgerAt, tellUnchecked } from './open-history.ts'

/** What the command line says about entries to print. */
export interface CatRequest {
  readonly ledger: string
  readonly key?: string
  /** First and last entry; the first and last of the ledger unless given. */
  readonly from?: number
  readonly to?: number
  readonly type?: string
  readonly stream?: string
}

/** `lodebook ledger cat` and `get`: entries as they were published, a line each. */
export async function cat(request: CatRequest): Promise<ExitCode> {
  const opened = await openLedgerAt(request.ledger, request.key)
  if (E.isLeft(opened)) return fail(printable(opened.left.message), opened.left.kind === 'usage')
  const { source, checkpoint, checkedBy } = opened.right
  tellUnchecked({ isUnchecked: checkedBy === null })
  const from = request.from ?? 0
  const end = request.to === undefined ? checkpoint.size : request.to + 1
  for (const index of [request.from, request.to]) {
    const missing = index === undefined ? undefined : missingEntry(index, checkpoint)
    if (missing !== undefined) return fail(missing, true)
  }
  if (request.to !== undefined && request.to < from) return fail('--to is before --from', true)
  for await (const batch of ledgerReader(source, checkpoint).entries(from, end)) {
    if (E.isLeft(batch)) return fail(printable(batch.left.message), false)
    const wanted = batch.right.entries.filter((bytes) => isWanted(bytes, request))
    await write(wanted)
  }
  return EXIT.ok
}

function fail(sentence: string, isUsage: boolean): ExitCode {
  complain(sentence)
  return isUsage ? EXIT.usage : EXIT.failed
}

function isWanted(bytes: Uint8Array, { type, stream }: CatRequest): boolean {
  if (type === undefined && stream === undefined) return true
  const event = cutEntry(textOf(bytes))
  if (event === undefined) return false
  return (type === undefined || event.type === type) && (stream === undefined || event.stream === stream)
}

const textOf = (entry: Uint8Array): string => Buffer.from(entry).toString('utf8')

const LINE_FEED = Uint8Array.of(10)

/** Writes the bytes as they are, but to a terminal; waits for a slow reader. */
async function write(entries: readonly Uint8Array[]): Promise<void> {
  if (entries.length === 0) return
  const lines = process.stdout.isTTY
    ? entries.map((entry) => Buffer.from(jsonForTerminal(textOf(entry))))
    : entries
  const bytes = Buffer.concat(lines.flatMap((entry) => [entry, LINE_FEED]))
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain')
}
