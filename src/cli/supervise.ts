import type { Logger } from 'pino'
import type { Pool } from '../pool.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { inTime, STOP_MS_MAX } from './signals.ts'

/** Keeps a pool until somebody asks it to end or it fails, then stops it in good order. */
export async function supervise(pool: Pool, stop: Promise<string>, log: Logger): Promise<ExitCode> {
  const failure = await Promise.race([stop.then(() => undefined), pool.failed])
  if (failure !== undefined) log.fatal(`The pool can't go on and stops: ${failure.message}`)
  const stopped = await inTime(pool.stop())
  if (stopped === undefined)
    log.fatal(`Not stopped within ${STOP_MS_MAX / 1000} s, ended without waiting any longer`)
  else if (stopped) log.info('stopped')
  else log.error('stopped, but shares without an answer could not be written; their miners were not told yes')
  return failure === undefined && stopped === true ? EXIT.ok : EXIT.failed
}
