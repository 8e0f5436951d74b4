import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { EventStore } from '../../../adapters/event-store/port.ts'
import { verifierKeyText } from '../../../domain/transparency/key.ts'
import type { Config } from '../../config/config.ts'
import { beginLedger as begin } from '../../publisher/begin-ledger.ts'
import { type LedgerKeys, openLedgerKeys } from '../../publisher/keys.ts'
import { namedLedger } from '../../publisher/named-ledger.ts'
import { openExistingEventStore } from '../../store/open-store.ts'
import { printable } from '../../store/printable.ts'
import { runningPoolOf } from '../admin/control-client.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a ledger that is lost. */
export interface BeginLedgerRequest extends ConfigRequest {
  readonly json: boolean
}

/** `lodebook begin-ledger`: the operator's word that no copy of the ledger is left, and that the log is the newest one. */
export async function beginLedger(request: BeginLedgerRequest): Promise<ExitCode> {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, request.json)
    return EXIT.usage
  }
  const begun = await beginAgain(read.right.config)
  if (E.isLeft(begun)) {
    complain(printable(begun.left))
    return EXIT.failed
  }
  const { origin, signing, made } = begun.right
  const verifierKey = verifierKeyText(signing[0].verifier)
  if (request.json) printJson({ origin, verifierKey, made })
  else tell(origin, verifierKey, made)
  return EXIT.ok
}

/** Left: why it is not begun. */
async function beginAgain({ ledger, pool, store }: Config): Promise<E.Either<string, LedgerKeys>> {
  const running = await runningPoolOf(pool.dataDirectory).read('/money', t.unknown)
  if (E.isRight(running)) return E.left(`a pool runs on ${pool.dataDirectory}: stop it first`)
  const folder = join(pool.dataDirectory, 'ledger')
  if (existsSync(join(folder, 'checkpoint')))
    return E.left(`${folder} has a checkpoint: the pool goes on from it, and nothing is begun`)
  const opened = await openExistingEventStore(store.url)()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  try {
    const named = await isNamed(opened.right)
    if (E.isLeft(named)) return named
    const keys = openLedgerKeys(ledger, folder, null)
    return E.isLeft(keys) ? keys : begin(keys.right, folder)
  } finally {
    await opened.right.close()
  }
}

async function isNamed(store: EventStore): Promise<E.Either<string, void>> {
  const named = await namedLedger(store)
  if (E.isLeft(named)) return named
  return named.right === null
    ? E.left(`${store.name} has no ledger yet: the pool begins one at its next start`)
    : E.right(undefined)
}

function tell(origin: string, verifierKey: string, made: string | null): void {
  print(`The ledger ${origin} is made from this log at the next start, and signed: ${verifierKey}`)
  if (made !== null) print(`Its key was made: ${made}. Keep a copy of it where nobody else can read it.`)
  print(
    'Payouts that this log does not know are made again. Where it may not be the newest one: set payout.mode to manual, and compare each plan with what the wallet has sent.',
  )
}
