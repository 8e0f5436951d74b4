import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { PoolOverrides } from '../support/running-pool.ts'
import type { PoolProcessOptions } from './pool-process.ts'

/** Flags that the pool's own commands run Node with; see package.json. */
export const NODE_FLAGS = ['--max-semi-space-size=8']

/** A pool in another process. */
export interface PoolChild {
  readonly port: number
  readonly url: string
  /** Resident memory, bytes. */
  readonly rss: () => Promise<number>
  readonly stop: () => Promise<void>
}

/** Starts a pool process on a directory and a devnet, and waits until miners can connect. */
export async function startPoolChild(
  directory: string,
  devnet: Devnet,
  over: PoolOverrides = {},
): Promise<PoolChild> {
  const { certificate, port, user, password } = devnet
  const options: PoolProcessOptions = { directory, devnet: { certificate, port, user, password }, over }
  const child = fork(new URL('./pool-process.ts', import.meta.url), [JSON.stringify(options)], {
    execArgv: NODE_FLAGS,
  })
  const ready = (await answer(child)) as { readonly port: number; readonly url: string }
  return {
    ...ready,
    rss: async () => {
      child.send('memory')
      return ((await answer(child)) as { readonly rss: number }).rss
    },
    stop: async () => {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.send('stop')
      await gone
    },
  }
}

/** The next message of a child; rejects when it ends instead. */
export function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (code: number | null): void => reject(new Error(`the process ended with code ${code}`))
    child.once('exit', failed)
    child.once('message', (message) => {
      child.off('exit', failed)
      resolve(message)
    })
  })
}
