import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { parseVerifierKey } from '../../domain/transparency/key.ts'
import { audit } from '../../src/audit/audit.ts'

/** Audits a ledger in a process of its own, and tells how long it took and how much memory it had at most. */

const [folder = '', key = ''] = process.argv.slice(2)
const parsed = parseVerifierKey(key)
if (parsed._tag === 'Left') throw new Error(parsed.left.message)
const beganMs = performance.now()
const { findings, fold, unfinished } = await audit({
  source: ledgerFolder(folder),
  key: parsed.right,
  ...{ since: null, hashed: null, node: null, workers: null, nowMs: Date.now() },
  onProgress: () => undefined,
  onHashed: () => undefined,
})
const seconds = (performance.now() - beganMs) / 1000
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
process.send?.({
  seconds,
  peakMiB: maxRSS / 1024,
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  hashed: fold?.shares.hashed ?? 0,
  wrong: findings.count('discrepancy'),
  first: findings.list()[0]?.message ?? unfinished?.message ?? null,
})
