import * as E from 'fp-ts/lib/Either.js'
import type { BackupFigures } from '../../../adapters/http/admin/port.ts'
import { absoluteTime, integer } from '../../../adapters/http/dashboard/format.ts'
import { writeFigures } from '../../backup/figures.ts'
import { makeBackup } from '../../backup/make.ts'
import { printable } from '../../store/printable.ts'
import { readStoreUrl } from '../../store/store-url.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute, type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a backup. */
export interface BackupRequest extends ConfigRequest {
  readonly file: string
  /** A store to be backed up in place of the configuration's. */
  readonly store?: string
  readonly json: boolean
}

/** `lodebook backup FILE`: the whole log in one file, while the pool runs or not. */
export async function backup(request: BackupRequest): Promise<ExitCode> {
  const url = storeOf(request)
  if (E.isLeft(url)) return url.left
  const file = absolute(request.file)
  const display = progressDisplay()
  const made = await makeBackup(
    { storeUrl: url.right, file, now: Date.now() },
    ({ doing, count, fraction }) =>
      display.show({
        doing,
        count,
        what: doing === 'reading streams' ? 'streams' : 'events',
        fraction: fraction ?? 0,
      }),
  )
  display.end()
  if (E.isLeft(made)) {
    complain(printable(made.left))
    return EXIT.failed
  }
  writeFigures(file, made.right)
  if (request.json) printJson({ file, ...made.right })
  else tell(file, made.right)
  return EXIT.ok
}

function storeOf(request: BackupRequest): E.Either<ExitCode, string> {
  if (request.store !== undefined) {
    const url = readStoreUrl(request.store, absolute)
    if (E.isRight(url)) return url
    complain(`--store: ${url.left}`)
    return E.left(EXIT.usage)
  }
  const read = readConfig(request)
  if (E.isRight(read)) return E.right(read.right.config.store.url)
  tellProblems(read.left, request.json)
  return E.left(EXIT.usage)
}

function tell(file: string, { events, lastAt, bytes, sha256 }: BackupFigures): void {
  print(`${file} is whole: it was opened and read to its end.`)
  const row = (name: string, value: string): void => print(`  ${name.padEnd(10)}${value}`)
  row('Events', integer(events))
  if (lastAt !== null) row('Up to', absoluteTime(lastAt))
  row('Bytes', integer(bytes))
  row('SHA-256', sha256)
  print('No key and no password is in it: keep ledger.key, the wallet and the configuration apart.')
}
