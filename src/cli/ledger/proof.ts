import { writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerReader } from '../../../adapters/ledger/reader.ts'
import { tlogProofText } from '../../../domain/transparency/tlog-proof.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { absolute, whyNot } from '../read-config.ts'
import { complain, print } from '../terminal.ts'
import { missingEntry, openLedgerAt } from './open-history.ts'

/** What the command line says about a proof to write. */
export interface ProofRequest {
  readonly ledger: string
  readonly index: number
  readonly key: string
  readonly output?: string
}

/** `lodebook ledger proof`: shows offline that an entry is in a ledger. */
export async function proof({ ledger, index, key, output }: ProofRequest): Promise<ExitCode> {
  const opened = await openLedgerAt(ledger, key)
  if (E.isLeft(opened)) return fail(opened.left.message, opened.left.kind === 'usage')
  const { source, checkpoint, note } = opened.right
  const missing = missingEntry(index, checkpoint)
  if (missing !== undefined) return fail(missing, true)
  const hashes = await ledgerReader(source, checkpoint).inclusionProof(index)()
  if (E.isLeft(hashes)) return fail(hashes.left.message, false)
  const file = output ?? `entry-${index}.tlog-proof`
  try {
    writeFileSync(absolute(file), tlogProofText({ index, proof: hashes.right, checkpoint: note }), {
      flag: 'wx',
    })
  } catch (error) {
    return fail(`${file} can't be written: ${whyNot(error)}`, false)
  }
  print(file)
  return EXIT.ok
}

function fail(sentence: string, isUsage: boolean): ExitCode {
  complain(sentence)
  return isUsage ? EXIT.usage : EXIT.failed
}
