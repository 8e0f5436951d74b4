import * as E from 'fp-ts/lib/Either.js'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { eventTypes, RejectReason } from '../../domain/events.ts'
import { streamOfType } from '../../domain/stream-name.ts'
import type { StoreError } from '../event-store/port.ts'
import type { NodeError } from '../node/port.ts'
import type { WalletError } from '../wallet/port.ts'
import { poolView, type Site } from './site.ts'

/** What the pool counts as it runs, and the registry that Prometheus reads. Made once, before anything else starts. */
export interface Metrics {
  readonly registry: Registry
  /** Shares answered `true`, after their commit. */
  readonly sharesAccepted: Counter
  /** Sum of the difficulties of those shares. */
  readonly difficultyAccepted: Counter
  readonly sharesRejected: Counter<'reason'>
  /** Seconds from a share's arrival in the journal to its durable commit. */
  readonly commitSeconds: Histogram
  readonly storeErrors: Counter<'kind'>
  readonly nodeErrors: Counter<'kind'>
  readonly walletErrors: Counter<'kind'>
  /** Events of settlements and payouts that were written. */
  readonly moneyEvents: Counter<'type'>
  /** Seconds from a block's approval being seen to its reward being shared, summing up its window included. */
  readonly settlementSeconds: Histogram
  readonly witnessErrors: Counter<'witness'>
  readonly webhookAttempts: Counter<'receiver' | 'outcome'>
  /** Seconds since the event that a receiver does not take; 0 while it takes them. */
  readonly webhookOldestSeconds: Gauge<'receiver'>
  readonly httpSeconds: Histogram<'route' | 'status'>
  /** Tries to log in as administrator. */
  readonly adminLogins: Counter<'result'>
  /** Backups that were made and verified, or failed. */
  readonly backups: Counter<'result'>
}

const storeErrorKinds: Readonly<Record<StoreError['kind'], null>> = {
  'wrong-expected-revision': null,
  'conflicting-events': null,
  'too-large': null,
  unavailable: null,
  'in-use': null,
  damaged: null,
  closed: null,
}
const nodeErrorKinds: Readonly<Record<NodeError['kind'], null>> = {
  unreachable: null,
  'wrong-certificate': null,
  'wrong-password': null,
  'limited-user': null,
  'wrong-network': null,
  'not-synced': null,
  'no-mining-address': null,
  'no-work': null,
  'not-found': null,
  timeout: null,
  protocol: null,
  closed: null,
}
const walletErrorKinds: Readonly<Record<WalletError['kind'], null>> = {
  away: null,
  timeout: null,
  certificate: null,
  'too-old': null,
  'wrong-network': null,
  'not-synced': null,
  locked: null,
  'wrong-passphrase': null,
  'unknown-account': null,
  'unknown-coinbase': null,
  'too-little-spendable': null,
  'too-large': null,
  'fee-refused': null,
  'double-spend': null,
  refused: null,
  malformed: null,
  closed: null,
}
const moneyEventTypes = eventTypes.filter((type) => ['settlement', 'payout'].includes(streamOfType[type]))

/** Makes the pool's metrics. All names begin with `lodebook_`; Node's own (event loop lag, memory) have their usual names. */
export function poolMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const metrics: Metrics = {
    registry,
    sharesAccepted: new Counter({
      name: 'lodebook_shares_accepted_total',
      help: 'Shares acknowledged after their durable commit.',
      registers,
    }),
    difficultyAccepted: new Counter({
      name: 'lodebook_difficulty_accepted_total',
      help: 'Sum of the difficulties of acknowledged shares.',
      registers,
    }),
    sharesRejected: new Counter({
      name: 'lodebook_shares_rejected_total',
      help: 'Shares refused, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'lodebook_commit_seconds',
      help: 'From the arrival of a share in the journal to its durable commit.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30],
      registers,
    }),
    storeErrors: new Counter({
      name: 'lodebook_store_errors_total',
      help: 'Calls of the event store that failed, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    nodeErrors: new Counter({
      name: 'lodebook_node_errors_total',
      help: 'Calls of nodes and connections to them that failed, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    walletErrors: new Counter({
      name: 'lodebook_wallet_errors_total',
      help: 'Calls of the wallet that failed, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    moneyEvents: new Counter({
      name: 'lodebook_money_events_total',
      help: 'Events of settlements and payouts that were written, by type.',
      labelNames: ['type'],
      registers,
    }),
    settlementSeconds: new Histogram({
      name: 'lodebook_settlement_seconds',
      help: "Time to share a block's reward, summing up its window included.",
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 30],
      registers,
    }),
    witnessErrors: new Counter({
      name: 'lodebook_witness_errors_total',
      help: 'Checkpoints that a witness was shown and did not sign, by its name.',
      labelNames: ['witness'],
      registers,
    }),
    webhookAttempts: new Counter({
      name: 'lodebook_webhook_attempts_total',
      help: 'Webhooks posted, by receiver and outcome.',
      labelNames: ['receiver', 'outcome'],
      registers,
    }),
    webhookOldestSeconds: new Gauge({
      name: 'lodebook_webhook_oldest_seconds',
      help: 'Age of the event that a receiver does not take; 0 while it takes them.',
      labelNames: ['receiver'],
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'lodebook_http_seconds',
      help: 'Time to answer a request, by route and status.',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    adminLogins: new Counter({
      name: 'lodebook_admin_logins_total',
      help: 'Tries to log in as administrator, by result.',
      labelNames: ['result'],
      registers,
    }),
    backups: new Counter({
      name: 'lodebook_backups_total',
      help: 'Backups that the pool made and verified, or that failed.',
      labelNames: ['result'],
      registers,
    }),
  }
  for (const result of ['right', 'wrong', 'limited']) metrics.adminLogins.inc({ result }, 0)
  for (const result of ['made', 'failed']) metrics.backups.inc({ result }, 0)
  // A counter that appears with its first fault hides that fault from `increase()`, so all begin at 0.
  for (const reason of Object.keys(RejectReason.keys)) metrics.sharesRejected.inc({ reason }, 0)
  for (const kind of Object.keys(storeErrorKinds)) metrics.storeErrors.inc({ kind }, 0)
  for (const kind of Object.keys(nodeErrorKinds)) metrics.nodeErrors.inc({ kind }, 0)
  for (const kind of Object.keys(walletErrorKinds)) metrics.walletErrors.inc({ kind }, 0)
  for (const type of moneyEventTypes) metrics.moneyEvents.inc({ type }, 0)
  return metrics
}

/**
 * Adds the running pool's state and the pool as its log has it. The returned function brings them up to date; what cannot be
 * read keeps its last value.
 */
export function siteMetrics({ registry }: Metrics, site: Site, streams: () => number): () => void {
  const registers = [registry]
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `lodebook_${name}`, help, registers })
  const gaugeBy = <L extends string>(label: L, name: string, help: string): Gauge<L> =>
    new Gauge({ name: `lodebook_${name}`, help, labelNames: [label], registers })

  const build = gaugeBy('software', 'build_info', '1, with the name and version of the running program.')
  const started = gauge('start_time_seconds', 'When the pool started, Unix seconds.')
  const connections = gauge('connections', 'Open connections of miners.')
  const queued = gauge('journal_queued', 'Shares waiting for their commit.')
  const queueMax = gauge('journal_queue_max', 'Shares that may wait.')
  const storeWritable = gauge('store_writable', '1 when the event store takes events.')
  const lag = gauge('projection_lag_seconds', 'How far the figures are behind the log.')
  const workAge = gauge('work_age_seconds', 'Age of the work that miners hash; -1 without work.')
  const workHeight = gauge('work_height', 'Height that miners hash; -1 without work.')
  const openStreams = gauge('event_streams', 'Open event streams of the dashboard and API.')
  const moneyStopped = gauge('money_stopped', '1 when nothing is booked or paid any more.')
  const moneyProblems = gauge('money_problems', 'Things that keep money from going its way.')
  const reservesShort = gauge(
    'reserves_short',
    '1 when the wallet has less than the miners are owed, 0 when it has enough, -1 when it was not asked.',
  )
  const walletAtoms = gauge('wallet_atoms', 'What the wallet had when it was asked last.')
  const owedAtoms = gauge('owed_atoms', 'What the miners were owed then, less what was on its way to them.')
  const openPayouts = gauge('payouts_open', 'Payouts that are not over.')
  const ledgerSize = gauge('ledger_size', 'Entries under the signed checkpoint; -1 without one.')
  const ledgerAge = gauge('ledger_checkpoint_age_seconds', 'Age of the signed checkpoint; -1 without one.')
  const ledgerState = gaugeBy('state', 'ledger_state', '1 for the state that the ledger is in.')
  const nodeUp = gaugeBy('node', 'node_up', '1 when the node is up, by its name.')
  const hashrate = gaugeBy('window', 'hashes_per_second', 'Hashrate of the pool over a window.')
  const miners = gauge('miners', 'Accounts with an open connection.')
  const workers = gauge('workers', 'Workers with an open connection.')
  const effort = gauge('round_effort', 'Work of the running round; 1 finds a block on average.')
  const blocks = gaugeBy('state', 'blocks', 'Blocks of the pool, by state.')

  const readStatus = (): void => {
    const status = site.status()
    build.set({ software: status.software }, 1)
    started.set(status.startedAt / 1000)
    connections.set(status.connections)
    queued.set(status.journal.queued)
    queueMax.set(status.journal.queueMax)
    storeWritable.set(status.journal.state === 'ok' ? 1 : 0)
    lag.set(site.projectionLagMs() / 1000)
    workAge.set(status.work === null ? -1 : (site.now() - status.work.issuedAt) / 1000)
    workHeight.set(status.work?.height ?? -1)
    openStreams.set(streams())
    moneyStopped.set(status.money?.state === 'stopped' ? 1 : 0)
    moneyProblems.set(status.money?.problems.length ?? 0)
    const { reserves } = status
    reservesShort.set(reserves === null ? -1 : reserves.isCovered ? 0 : 1)
    if (reserves !== null) {
      walletAtoms.set(Number(reserves.wallet.total))
      owedAtoms.set(Number(BigInt(reserves.owed) - BigInt(reserves.onTheWay)))
    }
    openPayouts.set(status.money?.payouts.length ?? 0)
    const { state, checkpoint } = status.ledger
    ledgerSize.set(checkpoint?.size ?? -1)
    ledgerAge.set(checkpoint === null ? -1 : (site.now() - checkpoint.time) / 1000)
    for (const each of ['checking', 'publishing', 'stopped'] as const)
      ledgerState.set({ state: each }, each === state ? 1 : 0)
    for (const node of status.nodes) nodeUp.set({ node: node.name }, node.state === 'up' ? 1 : 0)
  }

  const readLog = (): void => {
    const view = poolView(site)
    if (E.isLeft(view)) return
    const pool = view.right
    for (const [window, rate] of Object.entries(pool.hashrate))
      hashrate.set({ window }, Number(rate.hashesPerSecond))
    for (const [state, count] of Object.entries(pool.blocks)) blocks.set({ state }, count)
    miners.set(pool.miners)
    workers.set(pool.workers)
    effort.set(pool.round.effort)
  }

  return () => {
    readStatus()
    readLog()
  }
}
