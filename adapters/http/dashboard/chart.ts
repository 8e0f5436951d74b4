import { html } from 'hono/html'
import type { HashrateHistory, HashratePoint } from '../../../projections/views.ts'
import { absoluteTime, duration, errorOf, type Html, hashrateOf, integer } from './format.ts'

/** A span of time that the links above the chart offer. */
export interface ChartRange {
  readonly id: string
  readonly title: string
  readonly ms: number
  readonly stepSeconds: number
  /** Marks below the chart, oldest first, evenly spaced. */
  readonly marks: readonly string[]
}

/** The spans on offer: 60 to 180 points each. */
export const chartRanges = [
  {
    id: '1h',
    title: 'The last hour',
    ms: 3_600_000,
    stepSeconds: 60,
    marks: ['60 min ago', '45', '30', '15', 'now'],
  },
  {
    id: '24h',
    title: 'The last 24 hours',
    ms: 86_400_000,
    stepSeconds: 600,
    marks: ['24 h ago', '18', '12', '6', 'now'],
  },
  {
    id: '7d',
    title: 'The last 7 days',
    ms: 604_800_000,
    stepSeconds: 3600,
    marks: ['7 d ago', 'now'],
  },
  {
    id: '30d',
    title: 'The last 30 days',
    ms: 2_592_000_000,
    stepSeconds: 14_400,
    marks: ['30 d ago', '20', '10', 'now'],
  },
] as const satisfies readonly ChartRange[]

/** What a chart shows: a range, or as much of it as the pool is old. Times are Unix ms; `from` is the begin of a step. */
export interface ChartSpan {
  readonly range: ChartRange
  readonly title: string
  readonly from: number
  readonly to: number
  readonly marks: readonly string[]
}

/** A chart of a pool that has just opened is this many steps wide. */
const STEPS_MIN = 5

/** The span that ends now: of the range asked for, otherwise a day, or an hour while the pool is young. */
export function chartSpan(id: string | undefined, openedAt: number, now: number): ChartSpan {
  const [hour, day] = chartRanges
  const range = chartRanges.find((each) => each.id === id) ?? (now - openedAt < day.ms / 4 ? hour : day)
  const stepMs = range.stepSeconds * 1000
  const stepOf = (at: number): number => Math.floor(at / stepMs) * stepMs
  const whole = stepOf(now - range.ms)
  const from = Math.max(whole, stepOf(Math.min(openedAt, now - STEPS_MIN * stepMs)))
  if (from === whole) return { range, title: range.title, from, to: now, marks: range.marks }
  return {
    range,
    title: 'Since the pool opened',
    from,
    to: now,
    marks: [`${duration(now - from)} ago`, 'now'],
  }
}

/** More blocks than this in one chart are a fence that hides it. */
const TICKS_MAX = 40

/** A running step says nothing before it is this far. */
const STEP_BEGUN = 0.2

const WIDTH = 1000
const HEIGHT = 100

/** Drawing and table of a history, with a tick for each of the times in `blocksAt` (Unix ms). */
export function chart(span: ChartSpan, history: HashrateHistory, blocksAt: readonly number[]): Html {
  const { from, to } = span
  const points = history.points.filter((point) => point.seconds >= history.stepSeconds * STEP_BEGUN)
  const blocks = blocksAt.filter((at) => at >= from && at <= to)
  return html`<div class="chart" id="chart">
<div class="drawing" id="chart-drawing" data-live>${drawing(span, points, blocks.length > TICKS_MAX ? [] : blocks)}</div>
<p class="key"><span class="key-line">hashrate</span> <span class="key-band">± standard error</span> <span class="key-found">block found</span></p>
<details class="values"><summary>Values as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Values of the chart">
<table><thead><tr><th scope="col">From</th><th scope="col">Hashrate</th><th scope="col">±</th><th scope="col">Shares</th><th scope="col">Refused</th></tr></thead>
<tbody id="chart-rows" data-live>${points.toReversed().map((point) => row(point))}</tbody></table></div></details>
</div>`
}

function drawing(
  { title, from, to, marks }: ChartSpan,
  points: readonly HashratePoint[],
  ticks: readonly number[],
): Html {
  const top = niceTop(Math.max(0, ...points.map(high)))
  const x = (at: number): number => round(((at - from) / (to - from)) * WIDTH)
  const y = (value: number): number => round(HEIGHT - (Math.min(value, top) / top) * HEIGHT)
  const path = (of: readonly HashratePoint[], value: (point: HashratePoint) => number): string =>
    of.map((point) => `${x(middle(point))},${y(value(point))}`).join(' ')
  return html`<ol class="scale" aria-hidden="true">${[top, top / 2, 0].map((value) => html`<li>${scaleText(value, top)}</li>`)}</ol>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Hashrate. ${title}. The values are in the table below." data-from="${from}" data-to="${to}">
<path class="grid" d="M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}"/>
${ticks.map((at) => html`<path class="found" data-at="${at}" d="M${x(at)} 0V${HEIGHT}"/>`)}
<polygon class="band" points="${path(points, high)} ${path(points.toReversed(), low)}"/>
<polyline class="line" points="${path(points, rate)}"/>
</svg>
<ol class="marks" aria-hidden="true">${marks.map((mark) => html`<li>${mark}</li>`)}</ol>`
}

const row = (point: HashratePoint): Html => {
  const value = hashrateOf(rate(point))
  const error = errorOf(Number(point.standardError), rate(point))
  return html`<tr data-at="${middle(point)}" data-rate="${point.hashesPerSecond}" data-error="${point.standardError}"><th scope="row">${absoluteTime(point.at)}</th><td>${value.number} ${value.unit}</td><td>${error.number} ${error.unit}</td><td>${integer(point.shares)}</td><td>${integer(point.rejected)}</td></tr>`
}

const rate = (point: HashratePoint): number => Number(point.hashesPerSecond)
const high = (point: HashratePoint): number => rate(point) + Number(point.standardError)
const low = (point: HashratePoint): number => Math.max(0, rate(point) - Number(point.standardError))
const middle = (point: HashratePoint): number => point.at + point.seconds * 500
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
