/** What the audit checks, by the names of docs/auditing.md. */
export type CheckName = 'A1' | 'A2' | 'A3' | 'A4' | 'A5' | 'A6' | 'A7' | 'A8' | 'A9' | 'A10'

/** Every check and what it shows when it finds nothing. */
export const CHECKS: Readonly<Record<CheckName, string>> = {
  A1: 'The checkpoint is signed by the key, every entry and every tile is under its root, and nothing that was signed before is gone.',
  A2: 'Every entry decodes, streams have no gap and no fork, their totals are right, and time does not run backwards.',
  A3: 'Every share proves its work, at the difficulty it was assigned, on work of the tip, and none counts twice.',
  A4: 'Every share that solved a block led to a block, and every block names the share that solved it.',
  A5: 'Blocks, rewards, approvals and maturity are those of the chain.',
  A6: 'Every reward is shared by the policy that was in force, equal to the atom, and none is left out.',
  A7: 'Every posting sums to zero, no account is below zero, every atom is in one account.',
  A8: 'Every payout is covered, pays exactly what was planned, by the rules in force, and once.',
  A9: 'Blocks, rates of shares and refused shares are what the work lets expect.',
  A10: 'There is as much as is owed.',
}

/** Kinds of findings, by the check that reports them; docs/auditing.md lists them. */
export const KINDS = {
  A1: [
    'not-signed',
    'other-origin',
    'other-key',
    'truncated-file',
    'wrong-root',
    'wrong-tile',
    'rolled-back',
    'forked-log',
  ],
  A2: [
    'not-canonical',
    'malformed',
    'unknown-version',
    'unknown-type',
    'wrong-stream',
    'gap',
    'fork',
    'after-end',
    'begun-again',
    'time-backwards',
    'time-ahead',
    'late-shares',
    'wrong-epoch',
    'epoch-not-closed',
    'epoch-totals',
    'connection-totals',
    'numbers',
    'other-gateway',
    'no-beginning',
  ],
  A3: [
    'wrong-work',
    'unknown-job',
    'unknown-connection',
    'unknown-worker',
    'other-difficulty',
    'stale-share',
    'time-of-share',
    'wrong-extranonce',
    'ended-connection',
    'no-proof-of-work',
    'same-share',
  ],
  A4: [
    'hidden-block',
    'not-a-block',
    'block-missing',
    'other-finder',
    'wrong-header',
    'finder-missing',
    'block-out-of-order',
  ],
  A5: [
    'not-on-chain',
    'on-chain',
    'other-reward',
    'other-reward-on-chain',
    'other-votes',
    'too-young',
    'phase-overdue',
    'other-height',
    'other-bits',
    'unknown-parent',
    'other-subsidy',
    'other-proof-of-work',
    'block-of-ours-missing',
  ],
  A6: [
    'policy-not-allowed',
    'policy-in-mid-round',
    'other-allocation',
    'no-policy',
    'find-unknown',
    'not-shared',
    'not-taken-back',
    'not-lost',
    'fee-raised',
    'other-settlement',
    'not-settled',
  ],
  A7: ['not-booked', 'books-violated'],
  A8: [
    'payout-not-booked',
    'other-policy',
    'below-minimum',
    'other-address',
    'other-fee',
    'not-as-planned',
    'too-few-confirmations',
    'funding-not-lost',
    'payout-not-on-chain',
    'left-out',
    'payouts-due',
    'payout-open',
  ],
  A9: ['luck', 'share-rate', 'reject-totals', 'skewed-hashes'],
  A10: ['reserve-negative', 'not-covered'],
} as const satisfies Readonly<Record<CheckName, readonly string[]>>

/** What kind of fault it is. */
export type FindingKind = (typeof KINDS)[CheckName][number]

/** Something that is not as it must be, or that a reader should know. */
export interface Finding {
  readonly check: CheckName
  readonly kind: FindingKind
  /** `notice`: nothing is proven to be wrong by it. It does not fail the audit. */
  readonly severity: 'discrepancy' | 'notice'
  /** Index of the entry; null where none is meant. */
  readonly entry: number | null
  /** What is there, a sentence. */
  readonly message: string
  /** What should be there. */
  readonly expected: string
}

/** Takes a finding. */
export type Report = (finding: Finding) => void

/** The report of one check: kind, entry, what is there and what should be. */
export interface CheckReport {
  readonly wrong: (kind: FindingKind, entry: number | null, message: string, expected: string) => void
  readonly notice: (kind: FindingKind, entry: number | null, message: string, expected: string) => void
}

/** Reports in the name of one check. */
export const reportOf = (check: CheckName, report: Report): CheckReport => ({
  wrong: (kind, entry, message, expected) =>
    report({ check, kind, severity: 'discrepancy', entry, message, expected }),
  notice: (kind, entry, message, expected) =>
    report({ check, kind, severity: 'notice', entry, message, expected }),
})

/**
 * A sentence with whatever a ledger has put into it, fit for any screen: nothing in it moves the cursor of a terminal or turns text around.
 * What can't be seen is written out.
 */
const shown = (sentence: string): string =>
  sentence.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)

/** Findings of one check that are kept; the rest is counted. One fault can have millions of consequences. */
export const FINDINGS_KEPT = 100

/** What an audit has found. */
export class Findings {
  readonly #kept: Finding[] = []
  readonly #counts = new Map<string, number>()

  /** Takes one more. */
  readonly report: Report = (finding) => {
    const key = `${finding.check}.${finding.severity}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    if (count > FINDINGS_KEPT) return
    this.#kept.push({ ...finding, message: shown(finding.message), expected: shown(finding.expected) })
  }

  /** How many of a kind there are in all, of one check or of every one. */
  count(severity: Finding['severity'], check?: CheckName): number {
    if (check !== undefined) return this.#counts.get(`${check}.${severity}`) ?? 0
    return checkNames.reduce((sum, each) => sum + this.count(severity, each), 0)
  }

  /** Those that were kept, in the order of the log; those of no entry first. */
  list(): readonly Finding[] {
    return this.#kept.toSorted((a, b) => (a.entry ?? -1) - (b.entry ?? -1))
  }
}

/** The checks in order. */
export const checkNames: readonly CheckName[] = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9', 'A10']
