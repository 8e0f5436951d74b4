import { html, raw } from 'hono/html'
import type { HashrateHistory, HashratePoint } from '../../../projections/views.ts'
import { absoluteTime, errorOf, type Html, hashrateOf, integer } from './format.ts'

/** A chart's span of time, as the links above it offer it. */
export interface ChartRange {
  readonly id: string
  /** Between `The last` and a full stop. */
  readonly words: string
  readonly ms: number
  readonly stepSeconds: number
  /** Marks below the chart, oldest first, evenly spaced. */
  readonly marks: readonly string[]
}

/** The spans on offer: 60 to 180 points each. */
export const chartRanges = [
  { id: '1h', words: 'hour', ms: 3_600_000, stepSeconds: 60, marks: ['60 min ago', '45', '30', '15', 'now'] },
  {
    id: '24h',
    words: '24 hours',
    ms: 86_400_000,
    stepSeconds: 600,
    marks: ['24 h ago', '18', '12', '6', 'now'],
  },
  { id: '7d', words: '7 days', ms: 604_800_000, stepSeconds: 3600, marks: ['7 d ago', 'now'] },
  {
    id: '30d',
    words: '30 days',
    ms: 2_592_000_000,
    stepSeconds: 14_400,
    marks: ['30 d ago', '20', '10', 'now'],
  },
] as const satisfies readonly ChartRange[]

/** The span asked for; otherwise a day, or an hour while the pool (opened at `openedAt`, ms) is young. */
export function chartRange(id: string | undefined, openedAt: number, now: number): ChartRange {
  const [hour, day] = chartRanges
  return chartRanges.find((range) => range.id === id) ?? (now - openedAt < day.ms / 4 ? hour : day)
}

const WIDTH = 1000
const HEIGHT = 100

/** Drawing and table of a history, from `from` to `to` (ms), with a tick for each of the times in `blocksAt`. */
export function chart(
  range: ChartRange,
  history: HashrateHistory,
  blocksAt: readonly number[],
  from: number,
  to: number,
): Html {
  const top = niceTop(Math.max(0, ...history.points.map((point) => high(point))))
  const x = (at: number): number => ((at - from) / (to - from)) * WIDTH
  const y = (rate: number): number => HEIGHT - (Math.min(rate, top) / top) * HEIGHT
  const middle = (point: HashratePoint): number => x(point.at + point.seconds * 500)
  const line = history.points.map((point) => `${round(middle(point))},${round(y(rate(point)))}`)
  const band = [
    ...history.points.map((point) => `${round(middle(point))},${round(y(high(point)))}`),
    ...history.points.toReversed().map((point) => `${round(middle(point))},${round(y(low(point)))}`),
  ]
  const ticks = blocksAt.filter((at) => at >= from && at < to)
  return html`<div class="chart" id="chart">
<div class="drawing" id="chart-drawing" data-live data-chart>
<ol class="scale" aria-hidden="true">${[top, top / 2, 0].map((value) => html`<li>${scaleText(value, top)}</li>`)}</ol>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Hashrate of the last ${range.words}. The values are in the table below.">
${raw(`<path class="grid" d="M0 0.500H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}"/>`)}
${ticks.map((at) => html`<path class="found" data-at="${at}" d="M${round(x(at))} 0V${HEIGHT}"/>`)}
${history.points.length === 0 ? '' : html`<polygon class="band" points="${band.join(' ')}"/><polyline class="line" points="${line.join(' ')}"/>`}
</svg>
<ol class="marks" aria-hidden="true">${range.marks.map((mark) => html`<li>${mark}</li>`)}</ol>
</div>
<p class="key"><span class="key-line">hashrate</span> <span class="key-band">± standard error</span> <span class="key-found">block found</span></p>
<details class="values"><summary>Values as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Values of the chart">
<table><thead><tr><th scope="col">From</th><th scope="col">Hashrate</th><th scope="col">±</th><th scope="col">Shares</th><th scope="col">Refused</th></tr></thead>
<tbody id="chart-rows" data-live>${history.points.toReversed().map((point) => row(point))}</tbody></table></div></details>
</div>`
}

const row = (point: HashratePoint): Html => {
  const value = hashrateOf(rate(point))
  const error = errorOf(Number(point.standardError), rate(point))
  return html`<tr data-at="${point.at + point.seconds * 500}" data-rate="${point.hashesPerSecond}" data-error="${point.standardError}"><th scope="row">${absoluteTime(point.at)}</th><td>${value.number} ${value.unit}</td><td>${error.number} ${error.unit}</td><td>${integer(point.shares)}</td><td>${integer(point.rejected)}</td></tr>`
}

const rate = (point: HashratePoint): number => Number(point.hashesPerSecond)
const high = (point: HashratePoint): number => rate(point) + Number(point.standardError)
const low = (point: HashratePoint): number => Math.max(0, rate(point) - Number(point.standardError))
const round = (value: number): number => Math.round(value * 10) / 10

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10
  return step * power
}

const scaleText = (value: number, top: number): string => {
  if (value === 0) return '0'
  const { number, unit } = hashrateOf(value)
  return value === top ? `${trimmed(number)} ${unit}` : trimmed(number)
}

const trimmed = (number: string): string =>
  number.replace(/\.?0+$/, (zeros) => (number.includes('.') ? '' : zeros))
