import * as E from 'fp-ts/lib/Either.js'
import { type Backups, openBackups } from '../backup/backups.ts'
import type { PoolContext } from './context.ts'

/** Backups when they are due and when an administrator wants one, counted. */
export const startBackups = ({ config, metrics, nowMs, log }: PoolContext): Backups =>
  openBackups({
    ...config.backup,
    storeUrl: config.store.url,
    nowMs,
    log,
    onEnd: (made) => metrics.backups.inc({ result: E.isRight(made) ? 'made' : 'failed' }),
  })
