import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { type Logins, openLogins } from '../../adapters/http/admin/logins.ts'
import { readPasswordHash } from '../../adapters/http/admin/password.ts'
import type { Metrics } from '../../adapters/http/metrics.ts'
import type { PoolStatus } from '../../adapters/http/port.ts'
import { type AdminOptions, type HttpServer, startHttp } from '../../adapters/http/server.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { Config } from '../config/config.ts'
import type { PoolError } from './error.ts'
import { readTls } from './files.ts'

/** Who may log in to the administrator's pages; null when no password is set. */
export function openLoginsOf({ admin }: Config, metrics: Metrics): Logins | null {
  if (admin.passwordHash === null) return null
  const hash = readPasswordHash(admin.passwordHash)
  return E.isLeft(hash) ? null : openLogins(hash.right, (result) => metrics.adminLogins.inc({ result }))
}

/** Starts pages, API, ledger, probes and metrics. */
export async function openHttp(
  config: Config,
  readModels: ReadModels,
  ledger: LedgerSource,
  status: () => PoolStatus,
  metrics: Metrics,
  admin: AdminOptions,
  log: Logger,
): Promise<E.Either<PoolError, HttpServer>> {
  const { host, port, tls: files, behindProxy } = config.http
  const tls = files === null ? E.right(null) : readTls(files)
  if (E.isLeft(tls)) return tls
  const pair = tls.right
  return startHttp({
    host,
    port,
    tls: pair === null ? null : { certificate: pair.cert, key: pair.key },
    behindProxy,
    readModels,
    ledger,
    status,
    metrics,
    now: Date.now,
    report: (error) => log.error({ err: error }, 'a page or an answer of the API failed'),
    admin,
  })()
}
