import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { temporaryDirectory } from '../support/running-pool.ts'
import { benchAudit } from './audit.ts'
import { benchEventStore } from './event-store.ts'
import { benchEventStoreDb } from './eventstoredb.ts'
import { benchHashes } from './hashes.ts'
import { benchLedger } from './ledger.ts'
import { lineOf, type Measure, ratio, rounded } from './measure.ts'
import { benchMemory } from './memory.ts'
import { benchNotify } from './notify.ts'
import { benchPages } from './pages.ts'
import { benchPaint, hasBrowser } from './paint.ts'
import { benchProjections, projectionLoads } from './projections.ts'
import { benchRestart } from './restart.ts'
import { benchConnections, benchLatency, benchThroughput } from './throughput.ts'
import { benchAccounting, benchRecall, benchSettlement } from './treasury.ts'

/**
 * `npm run bench`: every benchmark, one line of JSON each as it comes, then a table. `--short` takes a tenth of the time and says
 * less; `--only=P1,P2` runs some. Ends with 1 only when a benchmark could not be run: a budget that was missed on a busy machine is a
 * figure, not a failure.
 */
const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const short = values.short
const only = values.only?.split(',')

const seconds = short ? 2 : 10
const benchmarks: readonly { readonly name: string; readonly run: () => Promise<readonly Measure[]> }[] = [
  { name: 'hashes', run: async () => benchHashes() },
  { name: 'store', run: benchStore },
  { name: 'eventstoredb', run: () => benchEventStoreDb(temporaryDirectory(), short ? 1 : 5) },
  { name: 'connections', run: () => benchConnections(short ? 1 : 5) },
  { name: 'P1', run: () => benchThroughput(seconds) },
  { name: 'P2', run: () => benchLatency(seconds) },
  { name: 'P3', run: async () => [await benchNotify(short ? 1_000 : 5_000, short ? 20 : 100)] },
  { name: 'P4', run: async () => [await benchMemory(short ? 2_000 : 10_000)] },
  { name: 'projections', run: async () => benchFolding(short ? 1_000_000 : 10_000_000) },
  { name: 'P5', run: async () => benchAccounting(short ? 500_000 : 3_000_000, temporaryDirectory()) },
  {
    name: 'recall',
    run: async () => [await benchRecall(short ? 1_000_000 : 10_000_000, temporaryDirectory())],
  },
  {
    name: 'P6',
    run: async () => [
      ...(await benchAudit(short ? 1_000_000 : 10_000_000, 'blake3')),
      ...(await benchAudit(short ? 1_000_000 : 10_000_000, 'blake256')),
    ],
  },
  { name: 'settlement', run: () => benchSettlement(short ? 1_000_000 : 10_000_000, 1_000) },
  { name: 'accounts', run: () => benchAccounts(short ? 1_000_000 : 10_000_000) },
  { name: 'pages', run: () => benchPages(short ? 500_000 : 10_000_000) },
  ...(hasBrowser ? [{ name: 'paint', run: () => benchPaint(short ? 500_000 : 10_000_000) }] : []),
  { name: 'P7', run: () => benchLedger(seconds) },
  { name: 'P9', run: async () => [await benchRestart(short ? 1_000_000 : 10_000_000)] },
]

/** The embedded event store at four batch sizes, and reading it back. */
async function benchStore(): Promise<readonly Measure[]> {
  const { appends, scanned } = await benchEventStore(temporaryDirectory())
  const free = { id: 'store', budget: null, met: null }
  return [
    ...appends.flatMap(({ store, bare }) => [
      {
        ...free,
        measure: `durable appends, batches of ${store.batch}`,
        value: store.eventsPerSecond,
        unit: 'events/s',
        baseline: bare.eventsPerSecond,
      },
      {
        ...free,
        measure: `durable append of a batch of ${store.batch}, p99`,
        value: store.p99Ms,
        unit: 'ms',
        baseline: bare.p99Ms,
      },
    ]),
    {
      ...free,
      measure: 'scan, checksums proven',
      value: scanned.eventsPerSecond,
      unit: 'events/s',
      baseline: null,
    },
  ]
}

/** The same block shared among very many accounts. */
async function benchAccounts(shares: number): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  for (const accounts of [10_000, 100_000]) measures.push(...(await benchSettlement(shares, accounts)))
  return measures
}

/** Decoding, folding and storing shares, beside JSON.parse of the same events and nothing else. */
function benchFolding(shares: number): readonly Measure[] {
  return projectionLoads(shares).map((load) => {
    const { name, sharesPerSecond, parseMicrosecondsPerShare } = benchProjections(load, temporaryDirectory())
    return {
      id: 'projections',
      measure: `shares into the read models: ${name}`,
      value: sharesPerSecond,
      unit: '1/s',
      baseline: 1e6 / parseMicrosecondsPerShare,
      budget: null,
      met: null,
    }
  })
}

const [cpu] = cpus()
console.log(
  JSON.stringify({
    machine: `${cpus().length} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    command: `npm run bench${short ? ' -- --short' : ''}`,
    at: new Date().toISOString(),
  }),
)
const all: Measure[] = []
let failed = false
for (const { name, run } of benchmarks) {
  if (only !== undefined && !only.includes(name)) continue
  try {
    for (const measure of await run()) {
      all.push(measure)
      console.log(lineOf(measure))
    }
  } catch (error) {
    failed = true
    console.error(`${name} could not be run:`, error)
  }
}
console.log('')
for (const measure of all) {
  const over = ratio(measure)
  const verdict = measure.met === null ? '' : measure.met ? 'met' : 'MISSED'
  const beside = over === null ? '' : `${rounded(over)} x ${rounded(measure.baseline ?? 0)}`
  console.log(
    [
      measure.id.padEnd(12),
      String(rounded(measure.value)).padStart(10),
      measure.unit.padEnd(9),
      beside.padEnd(20),
      verdict.padEnd(7),
      `${measure.measure}${measure.budget === null ? '' : ` (${measure.budget})`}`,
    ].join(' '),
  )
}
process.exit(failed ? 1 : 0)
