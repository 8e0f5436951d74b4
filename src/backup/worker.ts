import { parentPort, workerData } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type BackupProgress, makeBackup } from './make.ts'

/** Makes one backup in a thread of its own: to verify it takes as long as to read the whole log, and miners must not wait for that. */

const Order = t.type({ storeUrl: t.string, file: t.string, now: t.number })

/** Progress is told this often at most. */
const TELL_MS = 500

let toldAt = 0

function tell(progress: BackupProgress): void {
  const now = performance.now()
  if (now - toldAt < TELL_MS && progress.count > 0) return
  toldAt = now
  parentPort?.postMessage({ progress })
}

const order: unknown = workerData
const made = Order.is(order) ? await makeBackup(order, tell) : E.left('The thread was given no order.')
parentPort?.postMessage({ made })
