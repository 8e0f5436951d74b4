import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { Answer, ReadModels } from '../../adapters/read-models/port.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { decodeEvent } from '../../domain/events.ts'
import { eventHistory, type HistoryOptions } from '../support/event-histories.ts'

/** One pool whose history is folded. */
export interface ProjectionLoad {
  readonly name: string
  readonly history: HistoryOptions
}

/** What folding a history cost: processor time of the thread, so that a busy machine does not spoil it. */
export interface ProjectionFigures {
  readonly name: string
  readonly shares: number
  readonly events: number
  /** Decoding, folding and storing. */
  readonly sharesPerSecond: number
  readonly microsecondsPerShare: number
  /** Decoding the same events and nothing else; `JSON.parse` of them alone. */
  readonly decodeMicrosecondsPerShare: number
  readonly parseMicrosecondsPerShare: number
  /** Milliseconds by the clock for one batch of {@link BATCH_EVENTS}: the pause that miners on the same thread see. */
  readonly batchP50Ms: number
  readonly batchP99Ms: number
  readonly batchMaxMs: number
  readonly fileBytes: number
  readonly openMs: number
  /** Milliseconds for answers once all is folded. */
  readonly poolMs: number
  readonly minersPageMs: number
  readonly accountMs: number
}

/** What the projector applies at once. */
const BATCH_EVENTS = 16

/** Pools that are told apart by what their folding costs: many shares of few, shares of many, and shares that come alone. */
export const projectionLoads = (shares: number): readonly ProjectionLoad[] => [
  {
    name: '200 connections, 50 000 shares/s, 600 in an event',
    history: { seed: 1, shares, workers: 200, sharesPerMinute: 15_000, sharesPerEvent: 600 },
  },
  {
    name: '1 000 connections, 250 shares/s, 32 in an event',
    history: { seed: 2, shares, workers: 1_000, sharesPerEvent: 32 },
  },
  {
    name: '10 000 connections, 2 500 shares/s, 250 in an event',
    history: { seed: 3, shares, workers: 10_000, sharesPerEvent: 250 },
  },
]

/** Folds a history into read models under `directory`, which are removed again. */
export function benchProjections(load: ProjectionLoad, directory = process.cwd()): ProjectionFigures {
  const scratch = mkdtempSync(join(directory, '.bench-projections-'))
  try {
    return measure(load, join(scratch, 'read-models.db'))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function measure({ name, history }: ProjectionLoad, file: string): ProjectionFigures {
  const open = (): ReadModels => right(openReadModels({ file, log: 'bench', nowMs: () => performance.now() }))
  const models = open()
  const batches: number[] = []
  const spent = { events: 0, shares: 0, applyMs: 0, decodeMs: 0, parseMs: 0 }
  let batch: RecordedEvent[] = []
  const apply = (): void => {
    const beginMs = performance.now()
    spent.applyMs += timed(() => right(models.apply(batch)))
    batches.push(performance.now() - beginMs)
    spent.decodeMs += timed(() => {
      for (const { type, data } of batch) decodeEvent(type, data)
    })
    spent.parseMs += timed(() => {
      for (const { data } of batch) JSON.parse(data)
    })
    batch = []
  }
  for (const event of eventHistory(history)) {
    spent.events++
    batch.push(event)
    if (batch.length === BATCH_EVENTS) apply()
  }
  apply()
  right(models.close())

  const fileBytes = statSync(file).size
  let reopened: ReadModels | undefined
  const openMs = timed(() => {
    reopened = open()
  })
  const answers = asked(reopened ?? open())
  spent.shares = answers.shares
  batches.sort((a, b) => a - b)
  const quantile = (q: number): number => round(batches[Math.floor(q * (batches.length - 1))] ?? 0)
  const perShare = (ms: number): number => round((ms * 1_000) / spent.shares)
  return {
    name,
    shares: spent.shares,
    events: spent.events,
    sharesPerSecond: Math.round((spent.shares * 1_000) / spent.applyMs),
    microsecondsPerShare: perShare(spent.applyMs),
    decodeMicrosecondsPerShare: perShare(spent.decodeMs),
    parseMicrosecondsPerShare: perShare(spent.parseMs),
    batchP50Ms: quantile(0.5),
    batchP99Ms: quantile(0.99),
    batchMaxMs: quantile(1),
    fileBytes,
    openMs: round(openMs),
    poolMs: answers.poolMs,
    minersPageMs: answers.minersPageMs,
    accountMs: answers.accountMs,
  }
}

function asked(models: ReadModels) {
  const now = models.status().eventAt ?? 0
  const shares = right(models.pool(now))?.shares.accepted ?? 0
  const page = { after: null, limit: 50 }
  const account = right(models.miners(page, now)).items[0]?.account ?? ''
  const mean = (ask: () => unknown): number => round(timed(() => times(ANSWERS, ask)) / ANSWERS)
  const figures = {
    shares,
    poolMs: mean(() => right(models.pool(now))),
    minersPageMs: mean(() => right(models.miners(page, now))),
    accountMs: mean(() => right(models.account(account, now))),
  }
  right(models.close())
  return figures
}

const ANSWERS = 20

function times(count: number, run: () => unknown): void {
  for (let i = 0; i < count; i++) run()
}

/** Milliseconds of processor time that this thread spent. */
function timed(run: () => unknown): number {
  const before = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000

function right<T>(answer: Answer<T>): T {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}
