import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import { type Restored, restoreBackup } from '../../backup/restore.ts'
import { configuredKeys } from '../../publisher/keys.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute, type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a backup that is to be restored. */
export interface RestoreRequest extends ConfigRequest {
  readonly file: string
  /** Address of a ledger, or false for none. */
  readonly ledger?: string | boolean
  readonly json: boolean
}

/** `lodebook restore FILE`: a backup in the place of a store that is gone. */
export async function restore(request: RestoreRequest): Promise<ExitCode> {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, request.json)
    return EXIT.usage
  }
  const { store, pool, ledger: signing } = read.right.config
  const { ledger } = request
  const keys = ledger === false ? E.right([]) : configuredKeys(signing)
  if (E.isLeft(keys)) {
    complain(keys.left)
    return EXIT.failed
  }
  const display = progressDisplay()
  const restored = await restoreBackup(
    {
      file: absolute(request.file),
      storeUrl: store.url,
      dataDirectory: pool.dataDirectory,
      ledger: ledger === false ? '' : typeof ledger === 'string' ? ledger : null,
      keys: keys.right,
    },
    ({ doing, count, fraction }) => display.show({ doing, count, what: 'events', fraction: fraction ?? 0 }),
  )
  display.end()
  if (E.isLeft(restored)) {
    complain(printable(restored.left))
    return EXIT.failed
  }
  if (request.json) printJson(restored.right)
  else tell(restored.right)
  return EXIT.ok
}

function tell({ store, events, backupAt, lastAt, continued, readModelsRemoved }: Restored): void {
  print(`Restored ${counted(events, 'event')} to ${store}${upTo(lastAt)}.`)
  if (readModelsRemoved)
    print('The read models were of the store that is gone, and were removed: the pool makes new ones.')
  if (continued === null) {
    print(
      `What happened after ${backupAt === null ? 'it' : absoluteTime(backupAt)} is lost, unless a copy of the public ledger has it: then begin again with --ledger and its address.`,
    )
    print(
      'Payouts made since then are not in the books and would be made again: a pool that can see no ledger signs nothing and pays nobody. Where no copy is left, "lodebook begin-ledger" lets it; set payout.mode to manual before, and compare each plan with what the wallet has sent.',
    )
    return
  }
  const { from, isOwn, signed, added } = continued
  if (added > 0)
    print(`${integer(added)} of them came from the public ledger: they are newer than the backup.`)
  if (!isOwn)
    print(
      `${from} has ${integer(signed)} entries, and all of them are in the log: the pool signs on from there. A copy may be older than what was signed last. Payouts made after it are not in the books: set payout.mode to manual, and compare the first plans with what the wallet has sent.`,
    )
  else
    print(
      events === signed
        ? `This is all that was ever signed, ${integer(signed)} entries. Events of the last second before the end may be missing: look whether the wallet has sent a payout that the books do not have.`
        : `All of the ${integer(signed)} entries that were signed are among them.`,
    )
}

const upTo = (at: number | null): string => (at === null ? '' : `, up to ${absoluteTime(at)}`)
