import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { HEADER_BYTES, previousBlock } from '../../domain/decred/header.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { PoolOverrides } from '../support/running-pool.ts'
import type { PoolProcessOptions, PoolProcessReady } from './pool-process.ts'

/** A pool in a process of its own. */
export interface PoolProcess {
  /** Miners can connect. Never, for one that is killed before. */
  readonly ready: Promise<PoolProcessReady>
  /** `kill -9`. Resolves when it is gone; rejects when it had ended by itself. */
  readonly kill: () => Promise<void>
}

/** Starts a pool on a directory. Its log is there too, or in the store of an address. */
export function startPoolProcess(
  directory: string,
  devnet: PoolProcessOptions['devnet'],
  store?: string,
  over: PoolOverrides = {},
): PoolProcess {
  const { certificate, port, user, password, wallet } = devnet
  const options: PoolProcessOptions = {
    directory,
    devnet: { certificate, port, user, password, ...(wallet === undefined ? {} : { wallet }) },
    store: store ?? null,
    over,
  }
  const script = new URL('./pool-process.ts', import.meta.url)
  const child = fork(script, [JSON.stringify(options)], { execArgv: [] })
  const exited = once(child, 'exit')
  const ready = new Promise<PoolProcessReady>((resolve, reject) => {
    child.once('message', (message) => resolve(message as PoolProcessReady))
    child.once('exit', (code) => reject(new Error(`the pool ended with ${code} before it was ready`)))
  })
  ready.catch(() => undefined)
  return {
    ready,
    kill: async () => {
      if (child.exitCode !== null) throw new Error(`the pool ended by itself with ${child.exitCode}`)
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Resolves when a chain has another tip. */
export async function newBlock({ chain }: Devnet): Promise<void> {
  const before = chain.tip
  while (chain.tip === before) await turn()
}

/**
 * Keeps a pool from writing its log, from a moment on when the work on the tip is in it: as if the next commit hung until the
 * pool is killed. Returns what lets go of it.
 */
export async function lockStore(directory: string, { chain }: Devnet): Promise<() => void> {
  const db = new DatabaseSync(join(directory, 'lodebook.db'), { timeout: 1_000 })
  const newestWork = db.prepare(
    "SELECT data ->> 'header' AS header FROM event_log WHERE type = 'WorkIssued' ORDER BY position DESC LIMIT 1",
  )
  for (;;) {
    db.exec('BEGIN IMMEDIATE')
    const header = Buffer.from(String(newestWork.get()?.['header']), 'hex')
    if (header.length === HEADER_BYTES && previousBlock(header) === chain.tip.hash) return () => db.close()
    db.exec('COMMIT')
    await turn()
  }
}
