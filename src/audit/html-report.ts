import { formatDcr } from '../../domain/decred/amount.ts'
import type { SharedReward } from './checks/rewards.ts'
import type { Finding } from './finding.ts'
import { timeChart } from './html-chart.ts'
import { policyText } from './policy-text.ts'
import type { AuditReport } from './report.ts'

/** The report as one page that needs nothing else: for people, on a screen or a telephone, by day or night, and on paper. */
export function htmlReport(report: AuditReport): string {
  const { ledger, findings } = report
  const wrong = findings.filter(({ severity }) => severity === 'discrepancy')
  const notices = findings.filter(({ severity }) => severity === 'notice')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Audit of ${escaped(ledger.origin ?? ledger.address)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Audit of ${escaped(ledger.origin ?? ledger.address)}</h1>
<p class="verdict ${report.result}">${VERDICTS[report.result]}</p>
${report.unfinished === null ? '' : `<p>${escaped(report.unfinished.message)}</p>`}
<dl>
${row('Ledger', escaped(ledger.address))}
${row('Entries', integer(ledger.entries))}
${row('Root', `<code>${escaped(ledger.root ?? 'unknown')}</code>`)}
${row('Time', `${ledger.from ?? 'unknown'} to ${ledger.to ?? 'unknown'}`)}
${row('Network', escaped(ledger.network ?? 'unknown'))}
${row('Shares', `${integer(report.shares.accepted)}, of which ${integer(report.shares.hashed)} were hashed now`)}
${row('Rewards', `${integer(report.money.allocationsRecomputed)} computed anew`)}
${row('Payouts', integer(report.money.payouts))}
</dl>
<h2>Checks</h2>
<div class="wide"><table><thead><tr><th>Check</th><th>Result</th><th>It shows</th></tr></thead><tbody>
${report.checks.map(checkRow).join('\n')}
</tbody></table></div>
${findingsPart('Discrepancies', wrong)}
${findingsPart('Notices', notices)}
<h2>Policies</h2>
${policiesPart(report.policies)}
<h2>Luck</h2>
<p>${luckText(report)}</p>
${timeChart(report.charts.luck, {
  title: 'Blocks expected and found',
  unit: 'blocks',
  stacked: false,
  series: [
    { name: 'expected from the work of all shares', colour: 1 },
    { name: 'found', colour: 2 },
  ],
})}
<h2>What is owed</h2>
<p>${formatDcr(BigInt(report.money.immature))} DCR immature, ${formatDcr(BigInt(report.money.available))} available, ${formatDcr(BigInt(report.money.inPayout))} in payouts; the pool's fees ${formatDcr(BigInt(report.money.fees))}, its reserve ${formatDcr(BigInt(report.money.reserve))}.</p>
${timeChart(
  report.charts.liabilities.map(({ at, values }) => ({ at, values: values.slice(0, 4) })),
  {
    title: 'Liabilities',
    unit: 'DCR',
    stacked: true,
    series: [
      { name: 'immature', colour: 3 },
      { name: 'available', colour: 1 },
      { name: 'in payouts', colour: 2 },
      { name: "the pool's fees", colour: 4 },
    ],
  },
)}
<h2>The window</h2>
${windowPart(report.charts.windows)}
<p class="quiet">Made by lodebook audit. What an audit can't show is told in docs/auditing.md.</p>
</main>
</body>
</html>
`
}

const VERDICTS: Readonly<Record<AuditReport['result'], string>> = {
  holds: 'Everything that was checked holds.',
  fails: 'Something does not hold.',
  unfinished: 'The audit could not be finished.',
}

const RESULTS = { holds: 'holds', fails: 'fails', 'not-checked': 'not checked' } as const

const row = (name: string, value: string): string => `<div><dt>${name}</dt><dd>${value}</dd></div>`

const checkRow = ({
  check,
  shows,
  result,
  discrepancies,
  notices,
}: AuditReport['checks'][number]): string => {
  const counts = [
    ...(discrepancies > 0 ? [`${integer(discrepancies)} wrong`] : []),
    ...(notices > 0 ? [`${integer(notices)} to know`] : []),
  ].join(', ')
  return `<tr><td>${check}</td><td><span class="mark ${result}">${RESULTS[result]}</span>${counts === '' ? '' : ` ${counts}`}</td><td>${escaped(shows)}</td></tr>`
}

function findingsPart(title: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return ''
  const rows = findings.map(
    ({ check, kind, entry, message, expected }) =>
      `<li><b>${check}</b> ${escaped(kind)}${entry === null ? '' : `, entry ${entry}`}<br>${escaped(message)}<br><span class="quiet">Expected: ${escaped(expected)}</span></li>`,
  )
  return `<h2>${title}</h2><ul class="findings">${rows.join('\n')}</ul>`
}

function policiesPart({ adopted, latest }: AuditReport['policies']): string {
  if (latest.length === 0) return '<p class="quiet">None was adopted.</p>'
  const rows = latest.map(
    (policy) =>
      `<tr><td>${policy.at}</td><td>${integer(policy.entry)}</td><td>${escaped(policyText(policy))}</td></tr>`,
  )
  const earlier = adopted - latest.length
  const more = earlier > 0 ? `<p class="quiet">And ${integer(earlier)} before.</p>` : ''
  return `<div class="wide"><table><thead><tr><th>From</th><th>Entry</th><th>Rules</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>${more}`
}

function luckText({ luck }: AuditReport): string {
  const isFew = luck.soFew < luck.soMany
  return `${integer(luck.found)} shares solved a block where their work lets expect ${luck.expected.toFixed(2)}. So ${isFew ? 'few' : 'many'} or ${isFew ? 'fewer' : 'more'} come by chance with probability ${(100 * (isFew ? luck.soFew : luck.soMany)).toPrecision(3)} %.`
}

function windowPart(windows: readonly SharedReward[]): string {
  const last = windows.at(-1)
  if (last === undefined) return '<p class="quiet">No reward was shared by a window.</p>'
  const filled = timeChart(
    windows.map(({ at, fullness, accounts }) => ({
      at,
      values: [fullness === null ? accounts : 100 * fullness],
    })),
    {
      title:
        last.fullness === null
          ? 'Accounts in the window of each block'
          : 'How full the window of each block was',
      unit: last.fullness === null ? 'accounts' : '%',
      stacked: false,
      series: [{ name: last.fullness === null ? 'accounts' : 'part of a full window', colour: 1 }],
    },
  )
  const bars = last.largest.map(
    ({ account, part }) =>
      `<div class="bar"><code>${escaped(account.slice(0, 10))}…</code><span class="track"><span class="fill" style="width:${(100 * part).toFixed(2)}%"></span></span><span>${(100 * part).toFixed(2)} %</span></div>`,
  )
  return `${filled}<p>The latest, of block height ${integer(last.height)}: ${integer(last.shares)} shares of ${integer(last.accounts)} accounts. Those with the most:</p>${bars.join('\n')}`
}

const integer = (value: number): string => new Intl.NumberFormat('en').format(value)

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** What came out of a ledger may hold anything. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')

const STYLE = `
:root{--page:#fbfaf8;--text:#1d1b18;--quiet:#67625a;--line:#dcd7ce;--card:#fff;--c1:#1f6f8b;--c2:#c2571a;--c3:#8aa9b8;--c4:#7a6aa8;--good:#1d7345;--bad:#b3261e;--mild:#8a6100}
@media (prefers-color-scheme:dark){:root{--page:#161513;--text:#ece8e1;--quiet:#a39c90;--line:#3a3630;--card:#1f1d1a;--c1:#5fb3cf;--c2:#f0905a;--c3:#4f7485;--c4:#a99adb;--good:#5cc48c;--bad:#ff8a80;--mild:#e0b252}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:52rem;margin:0 auto;padding:1.25rem 1rem 3rem}h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.verdict{font-weight:600;font-size:1.1rem;padding:.6rem .9rem;border-radius:.5rem;border:1px solid var(--line);background:var(--card)}
.verdict.holds{color:var(--good)}.verdict.fails{color:var(--bad)}.verdict.unfinished{color:var(--mild)}
dl{margin:0}dl div{display:flex;gap:1rem;padding:.2rem 0;border-bottom:1px solid var(--line)}dt{flex:0 0 5.5rem;color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--quiet);font-weight:500}td,th{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.mark{font-weight:600;white-space:nowrap}.mark.holds{color:var(--good)}.mark.fails{color:var(--bad)}.mark.not-checked{color:var(--quiet)}
.findings{padding-left:0;list-style:none}.findings li{padding:.5rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
.quiet{color:var(--quiet)}figure{margin:1rem 0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem}figcaption{font-weight:500}
svg{width:100%;height:auto;display:block}.grid{stroke:var(--line)}.tick{fill:var(--quiet);font-size:12px}.line{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.area.c1{fill:var(--c1)}.area.c2{fill:var(--c2)}.area.c3{fill:var(--c3)}.area.c4{fill:var(--c4)}
.legend{margin:.25rem 0 0;font-size:.9rem}.key{margin-right:1rem;white-space:nowrap}.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}i.c1{background:var(--c1)}i.c2{background:var(--c2)}i.c3{background:var(--c3)}i.c4{background:var(--c4)}
.bar{display:grid;grid-template-columns:7.5rem 1fr 4.5rem;gap:.6rem;align-items:center;padding:.15rem 0;font-size:.9rem}.track{background:var(--line);border-radius:3px;height:.7rem}.fill{display:block;height:100%;background:var(--c1);border-radius:3px}
code{font-size:.9em}@media (max-width:30rem){td,th{padding-right:.5rem;font-size:.92rem}.tick{font-size:20px}.bar{grid-template-columns:6.5rem 1fr 4rem}}
`
