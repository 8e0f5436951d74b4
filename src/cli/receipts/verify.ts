import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import { readCheckpoint } from '../../../adapters/ledger/checkpoint.ts'
import { openLedger } from '../../../adapters/ledger/open.ts'
import { sha256 } from '../../../adapters/ledger/sha256.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import { type CheckedReceipt, checkReceipt } from '../../../domain/transparency/check-receipt.ts'
import type { CheckpointTrust } from '../../../domain/transparency/checkpoint.ts'
import { parseVerifierKey } from '../../../domain/transparency/key.ts'
import { parseReceipt } from '../../../domain/transparency/receipt.ts'
import { readAnswers, type ShareAnswer } from '../../receipts/answers-file.ts'
import { type CheckedAnswers, checkAnswers } from '../../receipts/check-answers.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { whyNot } from '../read-config.ts'
import { complain, paint, print, printJson } from '../terminal.ts'

/** What the command line says. Either a receipt's file, or answers and a ledger. */
export interface VerifyRequest {
  readonly file?: string
  readonly key: string
  readonly witness: readonly string[]
  readonly answers?: string
  readonly ledger?: string
  readonly json: boolean
}

/** `lodebook verify`. */
export async function verify(request: VerifyRequest): Promise<ExitCode> {
  const { file, answers, ledger, json } = request
  const trust = trustOf(request)
  if (E.isLeft(trust)) return usage(trust.left)
  if (file !== undefined && answers === undefined && ledger === undefined)
    return verifyReceipt(file, trust.right, json)
  if (file === undefined && answers !== undefined && ledger !== undefined)
    return verifyAnswers(answers, ledger, trust.right, json)
  return usage('give the file of a receipt, or --answers and --ledger')
}

function usage(why: string): ExitCode {
  complain(why)
  return EXIT.usage
}

function trustOf({ key, witness }: VerifyRequest): E.Either<string, CheckpointTrust> {
  const own = parseVerifierKey(key)
  if (E.isLeft(own)) return E.left(`--key: ${own.left.message}`)
  const witnesses = []
  for (const text of witness) {
    const parsed = parseVerifierKey(text)
    if (E.isLeft(parsed)) return E.left(`--witness: ${parsed.left.message}`)
    witnesses.push(parsed.right)
  }
  return E.right({ origin: own.right.name, keys: [own.right], witnesses })
}

function verifyReceipt(file: string, trust: CheckpointTrust, json: boolean): ExitCode {
  const text = readText(file)
  if (E.isLeft(text)) return usage(text.left)
  const receipt = parseReceipt(text.right)
  if (E.isLeft(receipt)) {
    complain(`${file}: ${printable(receipt.left)}`)
    return EXIT.failed
  }
  const checked = checkReceipt(receipt.right, trust, { sha256, powHash })
  if (json) printJson(checked)
  else tellReceipt(checked)
  return checked.share === null ? EXIT.failed : EXIT.ok
}

function tellReceipt({ steps, share }: CheckedReceipt): void {
  for (const { name, holds, says } of steps) {
    const mark = holds ? paint('green', 'holds') : paint('red', 'FAILS')
    print(`${mark}  ${name.padEnd(14)}${printable(says)}`)
  }
  print('')
  print(
    share === null
      ? paint('red', 'This receipt proves nothing.')
      : `Proven: a share of difficulty ${integer(share.difficulty)} at ${absoluteTime(share.at)}${share.solvedBlock ? ', which solved a block' : ''}.`,
  )
}

async function verifyAnswers(
  file: string,
  address: string,
  trust: CheckpointTrust,
  json: boolean,
): Promise<ExitCode> {
  const text = readText(file)
  if (E.isLeft(text)) return usage(text.left)
  const answers = readAnswers(text.right)
  if (E.isLeft(answers)) return usage(`${file}: ${answers.left}`)
  const source = openLedger(address)
  if (E.isLeft(source)) return usage(`--ledger: ${source.left}`)
  const checkpoint = await readCheckpoint(source.right, trust)()
  if (E.isLeft(checkpoint)) {
    complain(printable(checkpoint.left.message))
    return EXIT.failed
  }
  const { size } = checkpoint.right
  const display = progressDisplay()
  const checked = await checkAnswers(source.right, checkpoint.right, answers.right, (count) =>
    display.show({ doing: 'reading the ledger', count, what: 'entries', fraction: count / size }),
  )
  display.end()
  if (E.isLeft(checked)) {
    complain(printable(checked.left.message))
    return EXIT.failed
  }
  if (json) printJson(checked.right)
  else tellAnswers(checked.right)
  const { missing, lighter } = checked.right
  return missing.length + lighter.length > 0 ? EXIT.failed : EXIT.ok
}

function tellAnswers({ accepted, found, missing, lighter, later }: CheckedAnswers): void {
  print(`${counted(accepted, 'share')} answered true, ${integer(found)} of them in the ledger.`)
  if (later > 0) print(`${counted(later, 'share')} came after its last entry: look again when it has grown.`)
  for (const answer of missing) print(`${paint('red', 'MISSING')}  ${answerText(answer)}`)
  for (const { answer, difficulty } of lighter)
    print(
      `${paint('red', 'LIGHTER')}  ${answerText(answer)}: counted for difficulty ${integer(difficulty)}, ${integer(answer.difficulty)} was told`,
    )
}

const answerText = ({ at, worker, job, nonce }: ShareAnswer): string =>
  printable(`${absoluteTime(at)}  ${worker}  job ${job}  nonce ${nonce}`)

function readText(file: string): E.Either<string, string> {
  try {
    return E.right(readFileSync(file, 'utf8'))
  } catch (error) {
    return E.left(`${file} can't be read: ${whyNot(error)}`)
  }
}
