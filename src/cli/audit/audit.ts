import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { openLedger } from '../../../adapters/ledger/open.ts'
import type { Node } from '../../../adapters/node/port.ts'
import { openCheckpoint, type SignedCheckpoint, trustIn } from '../../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, type VerifierKey } from '../../../domain/transparency/key.ts'
import { audit } from '../../audit/audit.ts'
import { htmlReport } from '../../audit/html-report.ts'
import { type AuditReport, reportOfAudit } from '../../audit/report.ts'
import { readHashedWork, writeHashedWork } from '../../audit/work-file.ts'
import type { ConfigFlag } from '../../config/sources.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute, whyNot } from '../read-config.ts'
import { complain } from '../terminal.ts'
import { connectNodes } from './nodes.ts'
import { tellReport } from './tell.ts'

/** What the command line says about an audit. */
export interface AuditRequest {
  readonly ledger: string
  readonly key: string
  readonly node?: string | true
  readonly since?: string
  readonly save?: string
  readonly json?: string
  readonly html?: string
  readonly workers?: number
  readonly flags: readonly ConfigFlag[]
}

/** `lodebook audit`: recomputes a ledger and says what is wrong with it. */
export async function auditCommand(request: AuditRequest): Promise<ExitCode> {
  const source = openLedger(request.ledger)
  if (E.isLeft(source)) return refuse(source.left)
  const key = parseVerifierKey(request.key)
  if (E.isLeft(key)) return refuse(`--key: ${key.left.message}`)
  const since = request.since === undefined ? E.right(null) : readSince(request.since, key.right)
  if (E.isLeft(since)) return refuse(since.left)
  const node =
    request.node === undefined
      ? E.right(null)
      : await connectNodes(request.node === true ? null : request.node, request.flags)
  if (E.isLeft(node)) return refuse(node.left)
  try {
    return await run(request, source.right, key.right, since.right, node.right)
  } finally {
    await node.right?.stop()
  }
}

function refuse(sentence: string): ExitCode {
  complain(sentence)
  return EXIT.unfinished
}

function readSince(file: string, key: VerifierKey): E.Either<string, SignedCheckpoint> {
  const note = read(file)
  if (E.isLeft(note)) return E.left(`--since: ${file} can't be read: ${note.left}`)
  return E.mapLeft(({ message }: { readonly message: string }) => `--since: ${file}: ${message}`)(
    openCheckpoint(note.right, trustIn(key)),
  )
}

function read(file: string): E.Either<string, string> {
  try {
    return E.right(readFileSync(absolute(file), 'utf8'))
  } catch (error) {
    return E.left(whyNot(error))
  }
}

async function run(
  request: AuditRequest,
  source: Parameters<typeof audit>[0]['source'],
  key: VerifierKey,
  since: SignedCheckpoint | null,
  node: Node | null,
): Promise<ExitCode> {
  const { save, workers } = request
  const kept = save ?? request.since
  const display = progressDisplay()
  const audited = await audit({
    ...{ source, key, since, node, workers: workers ?? null, nowMs: Date.now() },
    hashed: kept === undefined ? null : readHashedWork(`${absolute(kept)}.hashed`, key.name),
    onProgress: ({ doing, done, of, shares }) =>
      display.show(
        doing === 'entries'
          ? { doing: 'auditing', count: shares, what: 'shares', fraction: done / Math.max(1, of) }
          : { doing: 'asking the chain', count: done, what: 'blocks', fraction: done / Math.max(1, of) },
      ),
    onHashed: (work) => {
      if (save !== undefined) writeHashedWork(`${absolute(save)}.hashed`, work)
    },
  })
  display.end()
  const report = reportOfAudit(request.ledger, audited)
  tellReport(report)
  const files: readonly (readonly [string | undefined, () => string])[] = [
    [request.json, () => `${JSON.stringify(report, null, 2)}\n`],
    [request.html, () => htmlReport(report)],
    [report.result === 'holds' ? save : undefined, () => audited.checkpoint?.note ?? ''],
  ]
  for (const [file, content] of files) {
    const written = file === undefined ? E.right(undefined) : write(file, content())
    if (E.isLeft(written)) return refuse(`${file} can't be written: ${written.left}`)
  }
  return CODES[report.result]
}

const CODES: Readonly<Record<AuditReport['result'], ExitCode>> = {
  holds: EXIT.ok,
  fails: EXIT.failed,
  unfinished: EXIT.unfinished,
}

/** Writes a file whole, or leaves the one that was there. */
function write(file: string, content: string): E.Either<string, void> {
  const path = absolute(file)
  try {
    writeFileSync(`${path}.new`, content)
    renameSync(`${path}.new`, path)
    return E.right(undefined)
  } catch (error) {
    return E.left(whyNot(error))
  }
}
