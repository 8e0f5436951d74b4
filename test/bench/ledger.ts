import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import { readKeyFile } from '../../src/publisher/key-file.ts'
import { hardDevnet, temporaryDirectory } from '../support/running-pool.ts'
import { startLoad } from './load/load.ts'
import { type Measure, quantile } from './measure.ts'
import { startPoolChild } from './pool-child.ts'

const ADDRESS = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'
const SHARES_PER_SECOND = 1_000
const LOOK_MS = 2
/** Connections and their first shares are over: what comes then is what comes for ever. */
const WARM_UP_MS = 2_000

/**
 * P7 and P8 at 1 000 shares a second, seen from outside: bytes of everything that is published while it lasts, for each share; and the
 * time from an event being in the store's file to a checkpoint in the ledger's folder that has it.
 */
export async function benchLedger(seconds: number): Promise<readonly Measure[]> {
  const devnet = await hardDevnet()
  const directory = temporaryDirectory()
  const pool = await startPoolChild(directory, devnet, { journal: { lingerMsMax: 100 } })
  const watched = watch(directory)
  const load = startLoad({
    port: pool.port,
    connections: 200,
    outstanding: 0,
    rate: SHARES_PER_SECOND,
    seconds: seconds + WARM_UP_MS / 1_000,
    address: ADDRESS,
  })
  await load.ready
  await sleep(WARM_UP_MS)
  const from = watched.committed()
  const report = await load.report
  const to = watched.committed()
  await sleep(2_000)
  const delays = watched.stop().slice(from)
  await pool.stop()
  await devnet.stop()
  if (Object.keys(report.rejected).length > 0) throw new Error('shares were refused')
  const { bytes, shares } = await published(directory, from, to)
  return [
    {
      id: 'P7',
      measure: `ledger at ${SHARES_PER_SECOND} shares/s, uncompressed, for each of ${shares} shares`,
      value: bytes / shares,
      unit: 'bytes',
      baseline: null,
      budget: '<= 60 bytes',
      met: bytes / shares <= 60,
    },
    {
      id: 'P8',
      measure: `entry committed to signed, p99 of ${delays.length}`,
      value: quantile(delays, 0.99),
      unit: 'ms',
      baseline: quantile(delays, 0.5),
      budget: '<= 1 s; baseline its median',
      met: quantile(delays, 0.99) <= 1_000,
    },
  ]
}

/** Looks at the store's file and the ledger's folder without a pause. */
function watch(directory: string) {
  const db = new DatabaseSync(join(directory, 'lodebook.db'), { readOnly: true })
  const newest = db.prepare('SELECT max(position) AS position FROM event_log')
  const committedMs: number[] = []
  const delays: number[] = []
  // An embedded log counts its positions from 1, so the newest one is the number of events.
  const look = (): void => {
    const nowMs = performance.now()
    const position = Number(newest.get()?.['position'] ?? 0)
    while (committedMs.length < position) committedMs.push(nowMs)
    const size = signedSize(directory)
    for (let entry = delays.length; entry < Math.min(size, committedMs.length); entry++)
      delays.push(nowMs - (committedMs[entry] ?? nowMs))
  }
  const timer = setInterval(look, LOOK_MS)
  return {
    /** Events in the log now. */
    committed: () => committedMs.length,
    /** Milliseconds of each entry. */
    stop: (): readonly number[] => {
      clearInterval(timer)
      db.close()
      if (delays.length < committedMs.length) throw new Error('entries were never signed')
      return delays
    },
  }
}

function signedSize(directory: string): number {
  try {
    return Number(readFileSync(join(directory, 'ledger', 'checkpoint'), 'utf8').split('\n', 2)[1])
  } catch {
    return 0
  }
}

/** What entries from one to another take in their bundles, and how many shares are in them. */
async function published(
  directory: string,
  from: number,
  to: number,
): Promise<{ readonly bytes: number; readonly shares: number }> {
  const key = readKeyFile(join(directory, 'ledger.key'))
  if (E.isLeft(key) || key.right === undefined) throw new Error('no key')
  const source = ledgerFolder(join(directory, 'ledger'))
  const checkpoint = await readCheckpoint(source, trustIn(key.right.verifier))()
  if (E.isLeft(checkpoint)) throw new Error(checkpoint.left.message)
  let bytes = 0
  let shares = 0
  for await (const batch of ledgerReader(source, checkpoint.right).entries(from, to)) {
    if (E.isLeft(batch)) throw new Error(batch.left.message)
    for (const entry of batch.right.entries) {
      const { type, data }: { type: string; data: { nonce?: readonly number[] } } = JSON.parse(
        Buffer.from(entry).toString('utf8'),
      )
      // Each stands in its bundle after two bytes of length.
      bytes += 2 + entry.length
      if (type === 'SharesAccepted') shares += data.nonce?.length ?? 0
    }
  }
  return { bytes, shares }
}
