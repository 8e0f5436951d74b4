import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { openSqliteEventStore } from '../../../adapters/event-store/sqlite/open.ts'
import type { Config } from '../../config/config.ts'
import { whyNot } from '../read-config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const GIB = 1024 ** 3

/** Free space below which the pool will stop soon: a day of a busy pool's log. */
const FREE_BYTES_MIN = GIB / 2

/** Free space below which somebody should think of a larger disk: some weeks of a busy pool's log. */
const FREE_BYTES_ENOUGH = 5 * GIB

/** Whether the data directory, or the place where it will be made, can be written and has room. */
export function checkDataDirectory(directory: string): readonly Finding[] {
  const subject = 'pool.data_directory'
  const existing = nearestExisting(directory)
  try {
    if (!statSync(existing).isDirectory())
      return [fail(subject, `${existing} is no directory`, 'name a directory in pool.data_directory')]
    accessSync(existing, constants.W_OK | constants.X_OK)
  } catch (error) {
    return [
      fail(
        subject,
        `${existing} can't be written: ${whyNot(error)}`,
        'give it to the user that runs the pool (chown), or name another directory',
      ),
    ]
  }
  const written = ok(
    subject,
    existing === directory ? `${directory} can be written` : `${directory} will be made in ${existing}`,
  )
  const { bavail, bsize } = statfsSync(existing)
  return [written, roomFinding(bavail * bsize)]
}

function roomFinding(free: number): Finding {
  const subject = 'disk'
  const message = `${(free / GIB).toFixed(1)} GiB free`
  if (free < FREE_BYTES_MIN)
    return fail(subject, message, 'free some space: when the disk is full no share is accepted')
  if (free < FREE_BYTES_ENOUGH) return warn(subject, message, 'think of a larger disk: the log only grows')
  return ok(subject, message)
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}

/** The store, and whether a running pool has it: then taken ports are as they should be. */
export interface StoreCheck {
  readonly finding: Finding
  readonly inUse: boolean
}

/** Opens an existing store and reads its newest events; makes none. */
export async function checkStore({ url }: Config['store']): Promise<StoreCheck> {
  const subject = 'store'
  const file = url.slice('sqlite:'.length)
  if (!existsSync(file))
    return { finding: ok(subject, `${file} is not there yet and will be made`), inUse: false }
  const store = await openSqliteEventStore({ file })()
  if (E.isRight(store)) {
    await store.right.close()
    return { finding: ok(subject, `${file} opens and its newest events are whole`), inUse: false }
  }
  const { kind, message } = store.left
  if (kind === 'in-use')
    return { finding: ok(subject, `${file} is in use, so a pool is running`), inUse: true }
  return {
    finding: fail(subject, message, 'as it says; docs/operators.md has more under "Backup"'),
    inUse: false,
  }
}
