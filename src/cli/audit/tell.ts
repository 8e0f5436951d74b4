import { integer } from '../../../adapters/http/dashboard/format.ts'
import { formatDcr } from '../../../domain/decred/amount.ts'
import type { Finding } from '../../audit/finding.ts'
import { policyText } from '../../audit/policy-text.ts'
import type { AuditReport } from '../../audit/report.ts'
import { printable } from '../../store/printable.ts'
import { complain, paint, print } from '../terminal.ts'

const RESULT = { holds: 'holds', fails: 'FAILS', 'not-checked': 'not checked' } as const
const STYLE = { holds: 'green', fails: 'red', 'not-checked': 'dim' } as const

/** Policies that are printed: the report as JSON or as a page has more. */
const POLICIES_PRINTED = 5

/** Prints what an audit came to. */
export function tellReport(report: AuditReport): void {
  // Of what could not even be begun there is only the reason to tell.
  if (report.unfinished !== null && report.checks.every(({ result }) => result === 'not-checked')) {
    complain(`could not begin: ${report.unfinished.message}`)
    return
  }
  for (const { check, result, shows, notices } of report.checks)
    print(
      `${check.padEnd(4)}${paint(STYLE[result], RESULT[result].padEnd(12))}${shows}${notices > 0 ? ` ${paint('yellow', `(${notices} to know)`)}` : ''}`,
    )
  for (const severity of ['discrepancy', 'notice'] as const) tellFindings(report, severity)
  const { ledger, shares, luck, money } = report
  if (ledger.origin !== null) {
    print('')
    row('Ledger', `${printable(ledger.origin)}, ${integer(ledger.entries)} entries`)
    if (ledger.from !== null) row('Time', `${ledger.from} to ${ledger.to}`)
    for (const line of policyLines(report.policies)) row('Policy', line)
    row('Shares', `${integer(shares.accepted)}, ${integer(shares.hashed)} hashed now`)
    row('Luck', `${integer(luck.found)} blocks solved, ${luck.expected.toFixed(2)} expected`)
    row(
      'Owed',
      `${formatDcr(BigInt(money.immature) + BigInt(money.available) + BigInt(money.inPayout))} DCR to miners`,
    )
    print('')
  }
  const wrong = report.checks.reduce((sum, { discrepancies }) => sum + discrepancies, 0)
  if (report.unfinished !== null) complain(`could not finish: ${printable(report.unfinished.message)}`)
  if (wrong > 0) print(paint('red', `${integer(wrong)} ${wrong === 1 ? 'discrepancy' : 'discrepancies'}.`))
  else if (report.result === 'holds') print(paint('green', 'Everything that was checked holds.'))
}

function policyLines({ adopted, latest }: AuditReport['policies']): readonly string[] {
  const told = latest.slice(-POLICIES_PRINTED)
  const earlier = adopted - told.length
  return [
    ...(earlier > 0 ? [`${integer(earlier)} before these`] : []),
    ...told.map((policy) => `from entry ${integer(policy.entry)} on, ${policy.at}: ${policyText(policy)}`),
  ]
}

function tellFindings({ findings, checks }: AuditReport, severity: Finding['severity']): void {
  const told = findings.filter((finding) => finding.severity === severity)
  for (const { check, kind, entry, message, expected } of told) {
    print(
      `${paint(severity === 'notice' ? 'yellow' : 'red', severity === 'notice' ? 'know ' : 'wrong')} ${check} ${kind}${entry === null ? '' : ` at entry ${entry}`}: ${message}`,
    )
    print(`      ${paint('dim', 'expected:')} ${expected}`)
  }
  const all = checks.reduce(
    (sum, each) => sum + (severity === 'notice' ? each.notices : each.discrepancies),
    0,
  )
  if (all > told.length) print(`      and ${integer(all - told.length)} more`)
}

const row = (name: string, value: string): void => print(`  ${name.padEnd(8)}${value}`)
