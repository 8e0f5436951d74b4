import { createReadStream, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { BackupFigures, BackupStatus, OpenBackup } from '../../adapters/http/admin/port.ts'
import type { BackupConfig } from '../config/config.ts'
import { filesOf, readFigures, writeFigures } from './figures.ts'
import { type BackupProgress, removeStore } from './make.ts'

/** The backups that a running pool makes, on order and by the clock. */
export interface Backups {
  /** Begins one now. Left: why not. */
  readonly begin: () => E.Either<string, void>
  readonly status: () => BackupStatus
  /** A finished one, by its name. */
  readonly open: (name: string) => OpenBackup | undefined
  readonly stop: () => Promise<void>
}

/** What they are made from. */
export interface BackupsOptions extends BackupConfig {
  readonly storeUrl: string
  readonly nowMs: () => number
  readonly log: Logger
  /** Told of each one that is finished, or failed. */
  readonly onEnd: (made: E.Either<string, BackupFigures>) => void
}

/** How often it is looked whether the next one is due. */
const LOOK_MS = 60_000
/** One that failed is tried again after this, however often they are made. */
const AGAIN_MS = 15 * 60_000

/** Finds what is in the directory, and makes one when it is due. */
export function openBackups(options: BackupsOptions): Backups {
  const { directory, everyMs, keep, storeUrl, nowMs, log } = options
  let finished = listed(directory)
  let doing: string | null = null
  let failure: BackupStatus['failure'] = null
  let worker: Worker | null = null
  const timer = everyMs > 0 ? setInterval(lookAtClock, LOOK_MS) : undefined
  timer?.unref()

  function lookAtClock(): void {
    const now = nowMs()
    const newest = finished[0]?.madeAt ?? 0
    const isDue = now - newest >= everyMs && (failure === null || now - failure.at >= AGAIN_MS)
    if (isDue && doing === null) begin()
  }

  function begin(): E.Either<string, void> {
    if (doing !== null) return E.left('A backup is being made already: wait until it is finished.')
    const now = nowMs()
    const name = `lodebook-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '-')}Z.db`
    const file = join(directory, name)
    doing = 'copying'
    worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { storeUrl, file, now },
      execArgv: [],
    })
    worker.on('message', (message: Message) => {
      if ('progress' in message) doing = progressText(message.progress)
      else end(file, message.made)
    })
    worker.once('error', (error) => end(file, E.left(error.message)))
    worker.once('exit', () => {
      if (doing !== null) end(file, E.left('The thread that makes it ended early.'))
    })
    worker.unref()
    return E.right(undefined)
  }

  function end(file: string, made: E.Either<string, BackupFigures>): void {
    if (doing === null) return
    doing = null
    worker = null
    if (E.isRight(made)) {
      failure = null
      writeFigures(file, made.right)
      finished = [made.right, ...finished]
      removeOldest()
      log.info({ ...made.right }, 'a backup was made and verified')
    } else {
      failure = { at: nowMs(), message: made.left }
      log.error(`The backup failed: ${made.left}`)
    }
    options.onEnd(made)
  }

  function removeOldest(): void {
    for (const { name } of finished.slice(keep))
      for (const file of filesOf(join(directory, name))) rmSync(file, { force: true })
    finished = finished.slice(0, keep)
  }

  return {
    begin,
    status: () => ({
      directory,
      everyMs: everyMs === 0 ? null : everyMs,
      doing,
      failure,
      backups: finished,
    }),
    open: (name) => {
      const figures = finished.find((each) => each.name === name)
      if (figures === undefined) return undefined
      const file = join(directory, figures.name)
      return existsSync(file) ? { figures, bytes: createReadStream(file) } : undefined
    },
    stop: async () => {
      clearInterval(timer)
      doing = null
      await worker?.terminate()
    },
  }
}

type Message = { readonly progress: BackupProgress } | { readonly made: E.Either<string, BackupFigures> }

/** What was finished in a directory, newest first; what was not is removed. */
function listed(directory: string): readonly BackupFigures[] {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory)
  for (const name of names.filter((each) => /^lodebook-.*\.db\.partial$/.test(each)))
    removeStore(join(directory, name))
  return names
    .filter((name) => /^lodebook-[0-9TZ-]+\.db$/.test(name))
    .flatMap((name) => {
      const figures = readFigures(join(directory, name))
      return E.isRight(figures) && figures.right !== null ? [{ ...figures.right, name }] : []
    })
    .sort((a, b) => b.madeAt - a.madeAt)
}

function progressText({ doing, fraction }: BackupProgress): string {
  const what = doing === 'copying' ? 'copying' : 'verifying'
  return fraction === null ? what : `${what}, ${Math.floor(fraction * 100)} %`
}
