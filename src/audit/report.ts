import { liabilities } from '../../domain/bookkeeping/invariants.ts'
import type { Policy } from '../../domain/policy.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import type { Audited } from './audit.ts'
import type { DatedPolicy, SharedReward } from './checks/rewards.ts'
import { CHECKS, type CheckName, checkNames, type Finding } from './finding.ts'
import type { Point } from './time-series.ts'

/** How a check ended. `not-checked`: the audit did not come so far, or was not to ask the chain. */
export type CheckResult = 'holds' | 'fails' | 'not-checked'

/**
 * What an audit came to, as `--json` writes it. Times are ISO 8601, atoms decimal strings, parts numbers from 0 to 1. `docs/auditing.md`
 * describes each member.
 */
export interface AuditReport {
  readonly result: 'holds' | 'fails' | 'unfinished'
  /** Why it could not be finished; null when it could. */
  readonly unfinished: { readonly kind: string; readonly message: string } | null
  readonly ledger: {
    readonly address: string
    readonly origin: string | null
    readonly entries: number
    readonly root: string | null
    readonly from: string | null
    readonly to: string | null
    readonly network: string | null
  }
  readonly checks: readonly {
    readonly check: CheckName
    readonly shows: string
    readonly result: CheckResult
    readonly discrepancies: number
    readonly notices: number
  }[]
  /** At most a hundred of each check; `checks` counts all. */
  readonly findings: readonly Finding[]
  readonly shares: {
    readonly accepted: number
    /** Hashed by this audit; the others by an earlier one. */
    readonly hashed: number
    readonly refused: Readonly<Record<string, number>>
    readonly perMinute: number | null
    readonly perMinutePublished: number | null
  }
  readonly luck: {
    readonly expected: number
    readonly found: number
    readonly soFew: number
    readonly soMany: number
  }
  readonly money: {
    readonly allocationsRecomputed: number
    readonly payouts: number
    readonly immature: string
    readonly available: string
    readonly inPayout: string
    readonly fees: string
    readonly reserve: string
  }
  /** How many were adopted, and the latest of them in the order of the log. */
  readonly policies: {
    readonly adopted: number
    readonly latest: readonly ToldPolicy[]
  }
  readonly charts: {
    /** At each time: blocks expected and found so far. */
    readonly luck: readonly Point[]
    /** At each time, DCR: immature, available, in payouts, the pool's fees, its reserve. */
    readonly liabilities: readonly Point[]
    /** The latest rewards, by the window that they were shared by. */
    readonly windows: readonly SharedReward[]
  }
}

/** A policy and where it was adopted; its `revision` in the stream `pool` is how rewards name it. */
export type ToldPolicy = Policy & {
  readonly entry: number
  readonly revision: number
  /** ISO 8601. */
  readonly at: string
}

/** Policies that a report lists. */
const POLICIES_TOLD_MAX = 100

/** Puts together what an audit came to. */
export function reportOfAudit(address: string, audited: Audited): AuditReport {
  const { findings, checkpoint, fold, unfinished } = audited
  const discrepancies = findings.count('discrepancy')
  const luck = fold?.luck.luck(fold.blocks.solving)
  const owed = fold === null ? null : liabilities(fold.books.books)
  return {
    result: discrepancies > 0 ? 'fails' : unfinished === null ? 'holds' : 'unfinished',
    unfinished: unfinished === null ? null : { kind: unfinished.kind, message: unfinished.message },
    ledger: {
      address,
      origin: checkpoint?.origin ?? null,
      entries: checkpoint?.size ?? 0,
      root: checkpoint === null ? null : toBase64(checkpoint.root),
      from: isoOf(fold?.firstAt ?? null),
      to: fold === null ? null : isoOf(fold.clock.now),
      network: fold?.network.name ?? null,
    },
    checks: checkNames.map((check) => ({
      check,
      shows: CHECKS[check],
      result: resultOf(check, audited),
      discrepancies: findings.count('discrepancy', check),
      notices: findings.count('notice', check),
    })),
    findings: findings.list(),
    shares: {
      accepted: luck?.shares ?? 0,
      hashed: fold?.shares.hashed ?? 0,
      refused: Object.fromEntries(luck?.rejected ?? []),
      perMinute: luck?.sharesPerMinute ?? null,
      perMinutePublished: luck?.published ?? null,
    },
    luck: {
      expected: luck?.expected ?? 0,
      found: luck?.found ?? 0,
      soFew: luck?.soFew ?? 1,
      soMany: luck?.soMany ?? 1,
    },
    money: {
      allocationsRecomputed: fold?.rewards.recomputed ?? 0,
      payouts: fold?.payouts.payouts.size ?? 0,
      immature: String(owed?.immature ?? 0n),
      available: String(owed?.available ?? 0n),
      inPayout: String(owed?.inPayout ?? 0n),
      fees: String(owed?.fees ?? 0n),
      reserve: String(owed?.reserve ?? 0n),
    },
    policies: policiesOf(fold?.rewards.policies ?? []),
    charts: {
      luck: fold?.luck.series.points() ?? [],
      liabilities: fold?.reserves.series.points() ?? [],
      windows: fold?.shared ?? [],
    },
  }
}

const policiesOf = (policies: readonly DatedPolicy[]): AuditReport['policies'] => ({
  adopted: policies.length,
  latest: policies.slice(-POLICIES_TOLD_MAX).map(({ position, revision, at, policy }) => ({
    ...policy,
    ...{ entry: position, revision, at: new Date(at).toISOString() },
  })),
})

function resultOf(check: CheckName, { findings, unfinished, fold, isChainAsked }: Audited): CheckResult {
  if (findings.count('discrepancy', check) > 0) return 'fails'
  if (unfinished !== null || fold === null || !fold.isEnded) return 'not-checked'
  return CHAIN_CHECKS.has(check) && !isChainAsked ? 'not-checked' : 'holds'
}

/** Checks that say nothing as long as the chain is not asked. */
const CHAIN_CHECKS: ReadonlySet<CheckName> = new Set(['A5', 'A10'])

const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
