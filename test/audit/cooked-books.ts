import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { canonicalJson, type Json } from '../../domain/canonical-json.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import { type Audited, type AuditOptions, audit } from '../../src/audit/audit.ts'
import type { CheckName, FindingKind } from '../../src/audit/finding.ts'
import type { Chain } from '../../src/devnet/chain.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import type { SimulationOptions } from '../../src/simulate/options.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'

/** An event of a history that is about to be tampered with: everything may be changed. */
export interface Cooked {
  stream: string
  revision: number
  type: string
  // biome-ignore lint/suspicious/noExplicitAny: a tamperer changes what it likes
  data: any
}

/** A history from the real engine, and the key that signs its ledger. */
export interface History {
  readonly log: readonly Cooked[]
  readonly key: SigningKey
  readonly chain: Chain
}

/** Simulates a small history. */
export async function history(over: Partial<SimulationOptions> = {}): Promise<History> {
  const store = memoryEventStore()
  const made = await simulate(store, {
    ...{ seed: 10, shares: 900, miners: 6, scheme: 'pplns', sharesPerBlock: 30, powAlgorithm: 'blake3' },
    ...{ faults: true, sharesPerEvent: 16, chainDirectory: null, onProgress: () => undefined },
    ...over,
  })()
  if (E.isLeft(made)) throw new Error(made.left.message)
  const log: Cooked[] = []
  for (let after: number | null = null; ; ) {
    const page = await store.readAll(after, 1_000)()
    if (E.isLeft(page)) throw new Error(page.left.message)
    for (const { stream, revision, type, data } of page.right)
      log.push({ stream, revision, type, data: JSON.parse(data) })
    const last = page.right.at(-1)
    if (last === undefined) break
    after = last.position
  }
  return { log, key: made.right.ledgerKey, chain: made.right.chain }
}

/** A copy that may be changed. */
export const copyOf = ({ log }: History): Cooked[] => structuredClone([...log])

/** Gives every event the next revision of its stream, and tells whoever refers to shares: a cheat leaves no gap. */
export function withoutGaps(log: Cooked[]): Cooked[] {
  const revisions = new Map<string, number>()
  const moved = new Map<string, number>()
  for (const each of log) {
    const revision = (revisions.get(each.stream) ?? -1) + 1
    revisions.set(each.stream, revision)
    moved.set(`${each.stream}@${each.revision}`, revision)
    each.revision = revision
  }
  const follow = (reference: { stream: string; revision: number } | null | undefined): void => {
    if (reference === null || reference === undefined) return
    const revision = moved.get(`${reference.stream}@${reference.revision}`)
    if (revision !== undefined) reference.revision = revision
  }
  for (const { data } of log)
    for (const reference of [data.share, data.window?.from, data.window?.to, data.from, data.to])
      if (typeof reference === 'object') follow(reference)
  return log
}

/** Writes the totals that the log now has into the events that close hours and connections: a cheat's sums are right. */
export function withRightTotals(log: Cooked[]): Cooked[] {
  const epochs = new Map<string, { shares: number; events: number; difficulty: bigint }>()
  const connections = new Map<string, { accepted: number; difficulty: bigint }>()
  for (const { stream, type, data } of log) {
    const epoch = epochs.get(stream) ?? { shares: 0, events: 0, difficulty: 0n }
    if (type === 'SharesAccepted') {
      const gateway = stream.split('-')[1]
      for (const [i, difficulty] of data.difficulty.entries()) {
        epoch.shares++
        epoch.difficulty += BigInt(difficulty)
        const key = `connection-${gateway}.${data.connection[i]}`
        const sums = connections.get(key) ?? { accepted: 0, difficulty: 0n }
        connections.set(key, {
          accepted: sums.accepted + 1,
          difficulty: sums.difficulty + BigInt(difficulty),
        })
      }
    }
    if (type === 'SharesAccepted' || type === 'SharesRejected') epoch.events++
    epochs.set(stream, epoch)
    if (type === 'EpochClosed') Object.assign(data, { ...epoch, difficulty: String(epoch.difficulty) })
    if (type === 'MinerDisconnected') {
      const sums = connections.get(stream) ?? { accepted: 0, difficulty: 0n }
      Object.assign(data, { accepted: sums.accepted, difficulty: String(sums.difficulty) })
    }
  }
  return log
}

/** Publishes a log as its ledger, signed by the key. */
export async function published(log: readonly Cooked[], key: SigningKey): Promise<string> {
  const folder = join(mkdtempSync(join(temporaryDirectory(), 'ledger-')), 'ledger')
  const events = log.map(({ stream, revision, type, data }) => ({
    ...{ stream, revision, type },
    data: canonicalJson(data satisfies Json),
  }))
  async function* batches() {
    yield events
  }
  const written = await publishAll(batches(), folder, key)()
  if (E.isLeft(written)) throw new Error(written.left.message)
  return folder
}

/** Audits a ledger. */
export const audited = (
  source: LedgerSource | string,
  { verifier }: SigningKey,
  over: Partial<AuditOptions> = {},
): Promise<Audited> =>
  audit({
    source: typeof source === 'string' ? ledgerFolder(source) : source,
    ...{ key: verifier, since: null, hashed: null, node: null, workers: null, nowMs: Date.now() },
    ...{ onProgress: () => undefined, onHashed: () => undefined },
    ...over,
  })

/** Audits a log that was tampered with. */
export const auditedLog = async (
  log: readonly Cooked[],
  key: SigningKey,
  over: Partial<AuditOptions> = {},
): Promise<Audited> => audited(await published(log, key), key, over)

/** What was found, shortly. */
export const found = ({ findings }: Audited): readonly [CheckName, FindingKind, number | null][] =>
  findings.list().map(({ check, kind, entry }) => [check, kind, entry])

/** Index of the n-th event that fits. */
export function indexOf(log: readonly Cooked[], fits: (each: Cooked) => boolean, n = 0): number {
  const indices = log.flatMap((each, i) => (fits(each) ? [i] : []))
  const index = indices[n]
  if (index === undefined) throw new Error(`the history has only ${indices.length} such events`)
  return index
}

/** An event by its index. */
export function at(log: readonly Cooked[], index: number): Cooked {
  const event = log[index]
  if (event === undefined) throw new Error(`there is no event ${index}`)
  return event
}
