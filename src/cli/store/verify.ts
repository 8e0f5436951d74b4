import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import type { VerifyReport } from '../../store/findings.ts'
import { openEventReader } from '../../store/open-store.ts'
import { patientReader } from '../../store/patience.ts'
import { printable } from '../../store/printable.ts'
import { readStoreUrl } from '../../store/store-url.ts'
import { verifyStore } from '../../store/verify.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute } from '../read-config.ts'
import { complain, paint, print, printJson } from '../terminal.ts'

/** What the command line says about a verification. */
export interface VerifyRequest {
  readonly url: string
  readonly json: boolean
}

/** `lodebook store verify`: reads a whole store and says what is in it, and what is wrong with it. */
export async function verifyCommand({ url, json }: VerifyRequest): Promise<ExitCode> {
  const readUrl = readStoreUrl(url, absolute)
  if (E.isLeft(readUrl)) {
    complain(`URL: ${readUrl.left}`)
    return EXIT.usage
  }
  const verified = await openAndVerify(readUrl.right)
  if (E.isLeft(verified)) {
    complain(verified.left)
    return EXIT.failed
  }
  const { store, report } = verified.right
  if (json) printJson(reportJson(store, report))
  else tell(store, report)
  return report.problemsFound > 0 ? EXIT.failed : EXIT.ok
}

interface Verified {
  readonly store: string
  readonly report: VerifyReport
}

async function openAndVerify(url: string): Promise<E.Either<string, Verified>> {
  const opened = await openEventReader(url)()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  const store = opened.right
  const display = progressDisplay()
  try {
    const verified = await verifyStore(patientReader(store, display.complain), ({ doing, count, fraction }) =>
      display.show({ doing, count, what: doing === 'reading events' ? 'events' : 'streams', fraction }),
    )()
    return E.isLeft(verified)
      ? E.left(verified.left.message)
      : E.right({ store: store.name, report: verified.right })
  } finally {
    display.end()
    await store.close()
  }
}

function reportJson(store: string, report: VerifyReport) {
  const { events, streams, bytes, sha256, firstAt, lastAt, unknownTypes, problems, problemsFound } = report
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
  return {
    store,
    whole: problemsFound === 0,
    events,
    streams,
    bytes,
    sha256,
    first: iso(firstAt),
    last: iso(lastAt),
    unknownTypes: Object.fromEntries(unknownTypes),
    problems,
    problemsFound,
  }
}

function tell(store: string, report: VerifyReport): void {
  const { events, streams, bytes, firstAt, lastAt, unknownTypes, sha256, problems, problemsFound } = report
  for (const problem of problems) print(`${paint('red', 'wrong')}  ${problem}`)
  if (problemsFound > problems.length) print(`       and ${integer(problemsFound - problems.length)} more`)
  print(
    problemsFound === 0
      ? `${store} is ${paint('green', 'whole')}.`
      : `${store} is ${paint('red', 'not whole')}: ${counted(problemsFound, 'problem')}.`,
  )
  const row = (name: string, value: string): void => print(`  ${name.padEnd(12)}${value}`)
  row('Events', integer(events))
  row('Streams', integer(streams))
  if (firstAt !== null && lastAt !== null) row('Time', `${absoluteTime(firstAt)} to ${absoluteTime(lastAt)}`)
  for (const [type, count] of unknownTypes)
    row('Unknown', `${integer(count)} of type ${printable(type)}, of a later version perhaps`)
  if (bytes !== null && sha256 !== null) {
    row('Entries', `${integer(bytes)} bytes`)
    row('SHA-256', sha256)
  }
}
