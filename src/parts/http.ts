import * as E from 'fp-ts/lib/Either.js'
import type { PoolStatus } from '../../adapters/http/port.ts'
import { type AdminOptions, type HttpServer, startHttp } from '../../adapters/http/server.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { PoolContext } from './context.ts'
import type { PoolError } from './error.ts'
import { readTls } from './files.ts'

/** Starts pages, API, ledger, probes and metrics. */
export async function openHttp(
  { config, metrics, nowMs, log }: PoolContext,
  readModels: ReadModels,
  ledger: LedgerSource,
  status: () => PoolStatus,
  admin: AdminOptions,
): Promise<E.Either<PoolError, HttpServer>> {
  const { host, port, tls: files, behindProxy } = config.http
  const tls = files === null ? E.right(null) : readTls(files)
  if (E.isLeft(tls)) return tls
  const pair = tls.right
  const started = await startHttp({
    host,
    port,
    tls: pair === null ? null : { certificate: pair.cert, key: pair.key },
    behindProxy,
    readModels,
    ledger,
    status,
    metrics,
    now: nowMs,
    report: (error) => log.error({ err: error }, 'a page or an answer of the API failed'),
    admin,
  })()
  if (E.isLeft(started)) return started
  const { controlFault, adminUrl } = started.right
  if (controlFault !== null) log.warn(controlFault)
  if (adminUrl !== null) log.info(`the administrator's pages are at ${adminUrl}`)
  return started
}
