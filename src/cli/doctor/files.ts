import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
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
