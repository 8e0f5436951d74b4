import * as E from 'fp-ts/lib/Either.js'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { controlSocketOf } from '../../adapters/http/admin/control.ts'
import { type Logins, openLogins } from '../../adapters/http/admin/logins.ts'
import { readPasswordHash } from '../../adapters/http/admin/password.ts'
import type { MachineStatus } from '../../adapters/http/admin/port.ts'
import type { AdminOptions } from '../../adapters/http/server.ts'
import type { Gateway } from '../actors/gateway.ts'
import type { RebuildableReadModels } from '../actors/read-model-rebuild.ts'
import { openAdministration } from '../admin/administration.ts'
import type { Bans } from '../admin/bans.ts'
import { openAdminRecord } from '../admin/record.ts'
import type { Backups } from '../backup/backups.ts'
import type { Treasury } from '../treasury/treasury.ts'
import type { PoolContext } from './context.ts'

/** The parts of a pool that an administrator works on. */
export interface AdministeredParts {
  readonly store: EventStore
  readonly treasury: Treasury | null
  readonly gateway: Gateway
  readonly bans: Bans
  readonly backups: Backups
  readonly projector: RebuildableReadModels
  readonly settings: MachineStatus['settings']
}

/** What an administrator can do with this pool, and how he comes in: by the control socket, and by pages when a password is set. */
export function openAdministrationOf(context: PoolContext, parts: AdministeredParts): AdminOptions {
  const { config, network, nowMs, log } = context
  const { store, treasury, gateway, bans, backups, projector, settings } = parts
  const logins = openLoginsOf(context)
  const administration = openAdministration({
    record: openAdminRecord(store, nowMs),
    network,
    treasury,
    gateway,
    bans,
    backups,
    readModels: projector.readModels,
    rebuilding: projector,
    store: store.name,
    settings,
    logins: () => logins?.counts() ?? { right: 0, wrong: 0, limited: 0 },
    nowMs,
    log,
  })
  return {
    administration,
    controlSocket: controlSocketOf(config.pool.dataDirectory),
    pages: logins === null ? null : { logins, own: config.admin.own },
  }
}

/** Who may log in to the administrator's pages; null when no password is set. */
function openLoginsOf({ config, metrics }: PoolContext): Logins | null {
  const { passwordHash } = config.admin
  if (passwordHash === null) return null
  const hash = readPasswordHash(passwordHash)
  return E.isLeft(hash) ? null : openLogins(hash.right, (result) => metrics.adminLogins.inc({ result }))
}
