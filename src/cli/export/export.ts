import * as E from 'fp-ts/lib/Either.js'
import { counted } from '../../../adapters/http/dashboard/format.ts'
import { exportHistory } from '../../export/export.ts'
import type { TableName } from '../../export/tables.ts'
import type { Format } from '../../export/writer.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type HistoryAddress, openHistory, tellUnchecked } from '../ledger/open-history.ts'
import { progressDisplay } from '../progress.ts'
import { absolute } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about an export. */
export interface ExportRequest extends HistoryAddress {
  readonly format: Format
  readonly output: string
  readonly tables: readonly TableName[]
  readonly json: boolean
}

/** `lodebook export`: a history as tables. */
export async function exportCommand(request: ExportRequest): Promise<ExitCode> {
  const opened = await openHistory(request)
  if (E.isLeft(opened)) {
    complain(opened.left.message)
    return opened.left.kind === 'usage' ? EXIT.usage : EXIT.failed
  }
  const display = progressDisplay()
  try {
    const exported = await exportHistory({
      ...{ history: opened.right.history, format: request.format, tables: request.tables },
      output: absolute(request.output),
      onProgress: ({ rows, fraction }) =>
        display.show({ doing: 'exporting', count: rows, what: 'rows', fraction }),
    })
    display.end()
    if (E.isLeft(exported)) {
      complain(printable(exported.left.message))
      return exported.left.kind === 'exists' ? EXIT.usage : EXIT.failed
    }
    tellUnchecked(opened.right)
    const { files, rows } = exported.right
    if (request.json) printJson({ files, rows: Object.fromEntries(rows) })
    else {
      for (const [table, count] of rows) print(`${table.padEnd(18)}${counted(count, 'row')}`)
      const path = absolute(request.output)
      for (const file of files) print(request.output + file.slice(path.length))
    }
    return EXIT.ok
  } finally {
    display.end()
    await opened.right.close()
  }
}
