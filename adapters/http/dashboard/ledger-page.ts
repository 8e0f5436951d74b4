import { html } from 'hono/html'
import type { PolicyHistory, PolicyView } from '../../../projections/money/views.ts'
import type { LedgerStatus, WitnessStatus } from '../port.ts'
import { chart } from './chart.ts'
import { entryWords } from './entry-words.ts'
import { absoluteTime, counted, type Html, integer, moment, timeAgo } from './format.ts'
import type { LedgerEntry, LedgerMoment } from './ledger-entries.ts'
import { entryLink } from './links.ts'
import { dcr, ppm, schemeWords } from './money-words.ts'
import { type Column, facts, figure, part, table } from './table.ts'
import { verifyForm } from './verify-form.ts'

/** What the Ledger page shows. `entries` are the newest, newest first; null, like `growth`, where they can't be read. */
export interface LedgerPage {
  readonly ledger: LedgerStatus
  /** Where the ledger's files are: `https://pool.example/ledger/`. */
  readonly address: string
  readonly policies: PolicyHistory
  readonly entries: readonly LedgerEntry[] | null
  readonly growth: readonly LedgerMoment[] | null
  readonly now: number
}

/** The Ledger page: what is published, who has seen it, how it grows, by which rules, and how to check all of it. */
export const ledgerPage = ({
  ledger,
  address,
  policies,
  entries,
  growth,
  now,
}: LedgerPage): Html => html`<h1>Ledger</h1>
<p class="lead">Everything that this pool does is an entry here: each share, each piece of work, each block and each atom paid. Entries are never changed or taken out, and whoever keeps one signed checkpoint can prove it.</p>
<p id="ledger-state" data-live>${stateSays(ledger)}</p>
<div class="figures">
${figure('size', 'Entries', html`<p class="value">${ledger.checkpoint === null ? '–' : html`<a href="/ledger-entries">${integer(ledger.checkpoint.size)}</a>`}</p><p class="aside">under the signed checkpoint</p>`)}
${figure('signed', 'Signed', html`<p class="value amount">${ledger.checkpoint === null ? 'not yet' : timeAgo(ledger.checkpoint.time, now)}</p><p class="aside">a new checkpoint at most a second after new entries</p>`)}
${figure('witnessed', 'Witnessed by', witnessedNow(ledger.witnesses))}
${figure('rules-now', 'Rules', rulesNow(policies.inForce))}
</div>
${part('checkpoint', 'Checkpoint', checkpointFacts(ledger, address))}
${growth === null || growth.length < 2 ? '' : html`<section class="part" aria-labelledby="growth-title"><h2 id="growth-title">How fast does it grow?</h2>${growthChart(growth, now)}</section>`}
${part(
  'witnesses',
  'Witnesses',
  table({
    caption: 'Witnesses',
    columns: witnessColumns,
    rows: ledger.witnesses,
    empty: 'None is configured. Keep a checkpoint yourself: with it you can prove any later change.',
  }),
)}
${part(
  'entries',
  'Newest entries',
  entries === null
    ? html`<p class="empty">The ledger cannot be read at the moment. Mining goes on.</p>`
    : html`${entryTable(entries, now, true)}<p class="list-foot"><a href="/ledger-entries">All entries</a></p>`,
)}
${part(
  'rules',
  'Rules, and when each came into force',
  html`${table({ caption: 'Rules', columns: policyColumns, rows: policies.history, empty: 'The pool has adopted no rules yet.' })}
<p class="list-foot"><span class="data"><a href="/api/v1/policy">JSON</a></span></p>`,
)}
${verifyForm({ share: null, key: ledger.keys[0] ?? null })}
${howToAudit(ledger, address)}`

function stateSays({ state, message, witnesses }: LedgerStatus): Html {
  switch (state) {
    case 'checking':
      return html`<span class="state open">The log is being held against the last signed checkpoint.</span> Nothing is signed before that is done.`
    case 'publishing':
      return html`<span class="state done">It is published as the pool works.</span>${witnesses.some((each) => each.message !== '') ? html` <span class="state doubt">A witness did not sign the newest checkpoint.</span>` : ''}`
    case 'stopped':
      return html`<span class="state lost">Nothing is signed any more.</span> ${message} What was published stays.`
  }
}

const witnessedNow = (witnesses: readonly WitnessStatus[]): Html =>
  witnesses.length === 0
    ? html`<p class="value">–</p><p class="aside">None is configured: nobody outside the pool signs what it publishes.</p>`
    : html`<p class="value">${integer(witnesses.filter(({ size }) => size !== null).length)} <span class="unit">of ${integer(witnesses.length)}</span></p><p class="aside">witnesses have signed a checkpoint too, so that none can be taken back unseen.</p>`

const rulesNow = (policy: PolicyView | null): Html =>
  policy === null
    ? html`<p class="value">–</p><p class="aside">none yet</p>`
    : html`<p class="value">${schemeWords(policy.scheme).name} <span class="unit">${ppm(policy.feePpm)}</span></p><p class="aside">since ${absoluteTime(policy.adoptedAt).slice(0, 10)}, entry ${entryLink(policy.entry)}</p>`

function checkpointFacts({ origin, keys, checkpoint }: LedgerStatus, address: string): Html {
  const [key, earlier] = keys
  return facts([
    ['Name', html`<code class="whole">${origin ?? 'not known yet'}</code>`],
    ['Key', html`<code class="whole">${key ?? 'not known yet'}</code>`],
    ...(earlier === undefined
      ? []
      : [['Key before it', html`<code class="whole">${earlier}</code>`] as const]),
    ['Size', checkpoint === null ? '–' : integer(checkpoint.size)],
    ['Root', html`<code class="whole">${checkpoint?.root ?? '–'}</code>`],
    [
      'Files',
      html`<a href="/ledger/checkpoint">checkpoint</a>, and tiles beside it at <code class="whole">${address}</code>`,
    ],
  ])
}

const witnessColumns: readonly Column<WitnessStatus>[] = [
  { head: 'Witness', cell: ({ name }) => html`<code class="whole">${name}</code>` },
  {
    head: 'Newest that it signed',
    figure: true,
    cell: ({ size }) => (size === null ? 'none yet' : `${integer(size)} entries`),
  },
  { head: 'When', cell: ({ time }) => (time === null ? '–' : moment(time)) },
  {
    head: 'It says',
    cell: ({ size, message }) =>
      message === ''
        ? size === null
          ? ''
          : html`<span class="state done">seen</span>`
        : html`<span class="state doubt">${message}</span>`,
  },
]

/** Entries, each in a line. */
export const entryTable = (entries: readonly LedgerEntry[], now: number, few?: true): Html =>
  table({
    ...(few === undefined ? {} : { few }),
    caption: 'Entries',
    columns: [
      { head: 'Entry', cell: ({ index }) => entryLink(index) },
      { head: 'When', phone: 'beside', cell: ({ at }) => (at === null ? '–' : timeAgo(at, now)) },
      { head: 'What', cell: (entry) => html`<span class="hostile-line">${entryWords(entry)}</span>` },
      {
        ...{ head: 'Stream', phone: 'none' },
        cell: ({ stream, revision }) => html`<code class="stream">${streamWords(stream)}@${revision}</code>`,
      },
    ],
    rows: entries,
    empty: 'No entry is published yet.',
  })

/** Names of streams hold hashes: the middle of one says nothing to people. */
const streamWords = (stream: string): string =>
  stream.replace(/[0-9a-f]{64}/, (hash) => `${hash.slice(0, 6)}…${hash.slice(-6)}`)

const policyColumns: readonly Column<PolicyView>[] = [
  { head: 'In force since', cell: ({ adoptedAt }) => moment(adoptedAt) },
  {
    head: 'Scheme',
    cell: ({ scheme }) =>
      html`${schemeWords(scheme).name} <span class="aside below">${schemeWords(scheme).says}</span>`,
  },
  { head: 'Fee', figure: true, cell: ({ feePpm }) => ppm(feePpm) },
  { head: 'Least payout', figure: true, cell: ({ minimumPayout }) => dcr(minimumPayout) },
  {
    head: 'Chain’s fee',
    cell: ({ feeBearer }) => (feeBearer === 'miners' ? 'borne by miners' : 'borne by the pool'),
  },
  {
    head: 'Paid at',
    figure: true,
    cell: ({ payoutConfirmations }) => counted(payoutConfirmations, 'confirmation'),
  },
  { head: 'Entry', figure: true, cell: ({ entry }) => entryLink(entry) },
]

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

function growthChart(growth: readonly LedgerMoment[], now: number): Html {
  const [first, last] = [growth[0], growth.at(-1)]
  const from = first?.at ?? now
  const size = (last?.index ?? 0) + 1
  const age = Math.max(MINUTE_MS, now - from)
  const [unit, unitMs] = age < 2 * HOUR_MS ? ['a minute', MINUTE_MS] : ['an hour', HOUR_MS]
  return chart({
    id: 'growth-chart',
    title: 'Entries of the ledger over time',
    says: html`It has ${counted(size, 'entry', 'entries')}: ${integer(Math.round(size / (age / unitMs)))} ${unit} since it began.`,
    x: {
      ...{ kind: 'time', head: 'At', from, to: Math.max(now, from + 1) },
      at: growth.map(({ at }) => Math.max(from, at)),
      marks: [absoluteTime(from).slice(0, 16), 'now'],
    },
    unit: 'count',
    series: [{ name: 'entries', mark: 'line', values: growth.map(({ index }) => index + 1) }],
  })
}

const howToAudit = ({ keys }: LedgerStatus, address: string): Html => {
  const key = keys[0] ?? '<the key above, as you know it from before>'
  return html`<section class="part prose" aria-labelledby="audit-title"><h2 id="audit-title">Check it yourself</h2>
<p>The auditor recomputes every share’s proof of work, every sharing to the atom and every payout from these files alone. It trusts the key that you give it, the chain, and arithmetic; nothing that these pages say.</p>
<div class="paste" data-copy="the command"><pre tabindex="0"><code>npm run lodebook -- audit ${address} --key '${key}'</code></pre></div>
<p>The files are plain, so any web server or bucket can carry a copy, and whoever has one needs this pool no longer. They are written as <code>C2SP tlog-tiles</code> says, so other programs read them too.</p></section>`
}
