import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Hand } from './hand.ts'
import { Histogram } from './histogram.ts'
import type { LoadReport } from './load.ts'

/**
 * Sends a pool real shares over TCP and prints what it saw: `ready` when all connections have work, then one line of JSON.
 * The options are those of `LoadOptions`, as flags.
 */

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    connections: { type: 'string' },
    outstanding: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    address: { type: 'string' },
  },
})
const port = Number(values.port)
const connections = Number(values.connections)
const outstanding = Number(values.outstanding)
const rate = values.rate === undefined ? undefined : Number(values.rate)
const seconds = Number(values.seconds)

const WARM_UP_MS = 1000
const NAP_MS = 0.1
/** More shares a second than any pool answers to one process of Node. */
const RATE_MAX = 150_000
/** So many connect at the same time, that the queue of the listener is never full. */
const AT_ONCE = 100

const latencies = new Histogram()
const rejected = new Map<number, number>()
const hands: Hand[] = []
let accepted = 0
let sending = false
let measuring = false

/** Connects a hand and waits for its first job. */
const connectHand = (n: number): Promise<void> =>
  new Promise((resolve) => {
    const hand = new Hand(port, `${values.address}.load${n}`, {
      working: resolve,
      accepted: (sentMs, nowMs) => {
        if (!measuring) return
        accepted += 1
        latencies.add(nowMs - sentMs)
      },
      rejected: (code) => {
        rejected.set(code, (rejected.get(code) ?? 0) + 1)
      },
      heard: (self, nowMs) => {
        if (sending && rate === undefined) self.submit(outstanding - self.unanswered, nowMs)
      },
    })
    hands.push(hand)
  })

for (let n = 0; n < connections; n += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, connections - n) }, (_, i) => connectHand(n + i)))
const perSecond = rate ?? (outstanding === 0 ? 0 : RATE_MAX)
const wanted = perSecond * (seconds + WARM_UP_MS / 1000)
for (const hand of hands) hand.prepare(Math.ceil(wanted / connections))
process.stdout.write('ready\n')

sending = true
const startMs = performance.now()
if (rate === undefined) for (const hand of hands) hand.submit(outstanding, startMs)
else sendByTheClock(rate)

await sleep(WARM_UP_MS)
measuring = true
const cpu = process.cpuUsage()
const beganMs = performance.now()
await sleep(seconds * 1000)
measuring = false
const tookMs = performance.now() - beganMs
const { user, system } = process.cpuUsage(cpu)
const report: LoadReport = {
  seconds: tookMs / 1000,
  connections,
  accepted,
  acceptedPerSecond: (accepted / tookMs) * 1000,
  rejected: Object.fromEntries(rejected),
  latencyMs: { p50: latencies.quantileMs(0.5), p99: latencies.quantileMs(0.99), max: latencies.maxMs },
  busy: (user + system) / 1000 / tookMs,
}
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))

/**
 * Sends each share when it is due, by the hands in turn. A late one counts as sent when it was due. Sleeps a fraction of a
 * millisecond at a time: a timer of Node may be a whole one late, which is more than what is measured, and looking at the clock
 * without pause would take a core from the pool.
 */
function sendByTheClock(perSecond: number): void {
  let sent = 0
  const bed = new Int32Array(new SharedArrayBuffer(4))
  const send = (): void => {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000)
    for (; sent < due; sent++) hands[sent % hands.length]?.submit(1, startMs + (sent * 1000) / perSecond)
    Atomics.wait(bed, 0, 0, NAP_MS)
    setImmediate(send)
  }
  send()
}
