import { canonicalJson } from '../../../domain/canonical-json.ts'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { PoolEvent, Scheme } from '../../../domain/events.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { MoneyWriter } from '../../support/money-writer.ts'
import { accept, connect, HARD_BITS, HASH, type Log, openedLog, START } from './log.ts'

/** The n-th address of the examples, on mainnet. */
export const addressOf = (n: number): string =>
  encodeAddress('public-key-hash-ecdsa', new Uint8Array(20).fill(n), networks.mainnet)

/** Miners of the examples, by account id, whose addresses are known. */
export const ANN = accountId(addressOf(1))
export const BEN = accountId(addressOf(2))
export const CLE = accountId(addressOf(3))
const NAMES: ReadonlyMap<string, string> = new Map(
  [1, 2, 3].map((n) => [accountId(addressOf(n)), addressOf(n)]),
)

export const FEE_ADDRESS = addressOf(9)

/** A log whose money is written by the rules, 1 % fee, at least 1 000 000 atoms a payout. */
export interface MoneyLog extends Log {
  readonly writer: MoneyWriter
  /** Finds block n at a height and brings it on: `connected`, `approved`, `matured`. */
  readonly block: (n: number, at: number, ...life: readonly ('connected' | 'approved' | 'matured')[]) => void
  readonly blockEvent: (n: number, event: Extract<PoolEvent, { type: `Block${string}` }>) => void
  /** Shares what is due by units of miners. */
  readonly settle: (at: number, units: ReadonlyMap<string, bigint>, partAccounts?: number) => void
  readonly settleWork: (at: number, height: number) => void
  readonly plan: (at: number) => readonly number[]
  readonly step: (number: number, event: PayoutEvent) => void
  readonly refuse: (stream: string, event: PoolEvent) => void
}

/** What the coinbase of every block pays. */
export const REWARD = 1_000_000_000n

export function moneyLog(
  scheme: Scheme = { kind: 'pplns', windowPpm: 2_000_000 },
  mode: 'automatic' | 'manual' = 'automatic',
): MoneyLog {
  const log = openedLog()
  const record = (stream: string, { type, data }: PoolEvent) => log.addText(stream, type, canonicalJson(data))
  const writer = new MoneyWriter({
    network: networks.mainnet,
    policyRevision: 2,
    ...{ scheme, mode, feePpm: 10_000, minimum: 1_000_000n },
    feeAddresses: [FEE_ADDRESS],
    changeAddress: addressOf(8),
    addressOf: (account) => NAMES.get(account),
    record,
  })
  log.addText('pool', 'PolicyAdopted', canonicalJson(writer.policy(START)))
  let n = 0
  for (const [account, address] of NAMES) {
    log.add(`account-${account}`, 'AccountOpened', 0, { address })
    connect(log, ++n, account, 'rig')
  }
  const blockEvent: MoneyLog['blockEvent'] = (n, event) => {
    record(`block-${HASH(n)}`, event)
    writer.block(HASH(n), event)
  }
  return {
    ...log,
    writer,
    blockEvent,
    block: (n, at, ...life) => {
      accept(log, at, [{ connection: 1, difficulty: 1_000 }])
      blockEvent(n, {
        type: 'BlockFound',
        data: {
          ...{ v: 1, at: START + at, height: 100 + n, header: '00'.repeat(180), powAlgorithm: 'blake3' },
          ...{ share: { stream: 'shares-0-2026092114', revision: 0, index: 0 }, gateway: 0, job: 0 },
          ...{ connection: 1, account: ANN, worker: 'rig' },
        },
      })
      if (life.length > 0) blockEvent(n, connected(n, at))
      if (life.length > 1) blockEvent(n, approved(n, at))
      if (life.length > 2) blockEvent(n, matured(at))
    },
    settle: (at, units, partAccounts = 500) => {
      for (const _ of writer.settle(START + at, units, partAccounts));
    },
    settleWork: (at, height) => {
      for (const _ of writer.settleWork(START + at, height));
    },
    plan: (at) => {
      const events = writer.plan(START + at, 500)
      for (;;) {
        const next = events.next()
        if (next.done === true) return next.value
      }
    },
    step: (number, event) => {
      writer.step(number, event)
    },
    refuse: (stream, event) => {
      record(stream, event)
    },
  }
}

export const connected = (n: number, at: number) => ({
  type: 'BlockConnected' as const,
  data: {
    v: 1 as const,
    at: START + at,
    reward: { transaction: HASH(0xc000 + n), output: 2, atoms: String(REWARD) },
  },
})

export const approved = (n: number, at: number) => ({
  type: 'BlockApproved' as const,
  data: { v: 1 as const, at: START + at, by: HASH(n + 1) },
})

export const matured = (at: number) => ({
  type: 'BlockMatured' as const,
  data: { v: 1 as const, at: START + at, confirmations: 257 },
})

/** The rules that a log's writer goes by. */
export function rules(log: MoneyLog) {
  const { v: _, at: __, ...data } = log.writer.policy(START)
  return data
}

/** Shares of Ann, one for each difficulty, under `pps`. */
export function work(log: MoneyLog, job: number, at: number, difficulties: readonly number[]): void {
  const event = accept(
    log,
    at,
    difficulties.map((difficulty) => ({ connection: 1, difficulty, job })),
  )
  const batch = {
    ...{ stream: event.stream, revision: event.revision, atMs: START + at },
    account: difficulties.map(() => ANN),
    bits: difficulties.map(() => HARD_BITS),
    difficulty: difficulties,
  }
  log.writer.shares(batch, 1_000_000_000n)
}
