import { html } from 'hono/html'
import { formatDcr } from '../../../domain/decred/amount.ts'
import { absoluteTime, errorOf, type Html, hashrateOf, integer, percent } from './format.ts'

/** What a chart's values are. `ratio`: 1 is 100 %; `atoms` are shown as DCR. */
export type ChartUnit = 'hashrate' | 'ratio' | 'atoms' | 'count'

/** One line of a chart. `values` by place of the chart's `at`, null where there is none; `errors` make a band around it. */
export interface Series {
  readonly name: string
  readonly mark: 'line' | 'dashes' | 'steps'
  readonly values: readonly (number | null)[]
  readonly errors?: readonly number[]
}

/**
 * A chart that answers a question: `says` is the answer in a sentence, the drawing shows it, the table has every value. `at` are
 * Unix ms or, of kind `number`, any numbers, ascending, within `from` to `to`.
 */
export interface Chart {
  /** Of its parts in the page. */
  readonly id: string
  /** What is drawn, for those who do not see it. */
  readonly title: string
  readonly says: Html
  readonly x: {
    readonly kind: 'time' | 'ratio' | 'count'
    readonly head: string
    readonly from: number
    readonly to: number
    readonly at: readonly number[]
    /** What the table says of each place, where that is not what `at` says. */
    readonly cells?: readonly string[]
    /** Below the drawing, evenly spaced. */
    readonly marks: readonly string[]
  }
  readonly unit: ChartUnit
  readonly series: readonly Series[]
  /** Vertical ticks, and what they are. */
  readonly ticks?: { readonly name: string; readonly at: readonly number[] }
  /** Columns of the table beside the series, by place. */
  readonly more?: readonly { readonly head: string; readonly cells: readonly string[] }[]
}

const WIDTH = 1000
const HEIGHT = 100

/** Sentence, drawing and table. The drawing is made here, so it is there without scripts; `browser/chart.js` draws it again to be read. */
export const chart = (plan: Chart): Html => {
  const { id, x, unit, series, ticks, more = [] } = plan
  return html`<div class="chart" id="${id}" data-kind="${x.kind}" data-unit="${unit}">
<p class="says" id="${id}-says" data-live>${plan.says}</p>
<div class="drawing" id="${id}-drawing" data-live>${drawing(plan)}</div>
<ul class="key">${series.map(
    ({ name, mark, errors }, index) =>
      html`<li class="tone-${index} key-${mark}">${name}${errors === undefined ? '' : html`, <span class="key-band">± standard error</span>`}</li>`,
  )}${ticks === undefined ? '' : html`<li class="key-found">${ticks.name}</li>`}</ul>
<details class="values"><summary>Values as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${plan.title}: values">
<table><thead><tr><th scope="col">${x.head}</th>${series.map(
    ({ name, mark, errors }) =>
      html`<th scope="col" data-mark="${mark}">${name}</th>${errors === undefined ? '' : html`<th scope="col">±</th>`}`,
  )}${more.map(({ head }) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody id="${id}-rows" data-live>${rowsOf(plan)}</tbody></table></div></details>
</div>`
}

/** Newest first where the places are times. */
function rowsOf({ x, unit, series, more = [] }: Chart): readonly Html[] {
  const rows = x.at.map(
    (at, i) =>
      html`<tr data-x="${at}"><th scope="row">${x.cells?.[i] ?? placeText(x.kind, at)}</th>${series.map(
        ({ values, errors }) => cells(unit, values[i] ?? null, errors?.[i]),
      )}${more.map((column) => html`<td>${column.cells[i] ?? ''}</td>`)}</tr>`,
  )
  return x.kind === 'time' ? rows.reverse() : rows
}

const placeText = (kind: Chart['x']['kind'], at: number): string =>
  kind === 'time' ? absoluteTime(at) : kind === 'ratio' ? percent(at) : integer(at)

function cells(unit: ChartUnit, value: number | null, error: number | undefined): Html {
  if (value === null) return html`<td>–</td>${error === undefined ? '' : html`<td></td>`}`
  return html`<td data-v="${value}">${valueText(unit, value)}</td>${error === undefined ? '' : html`<td data-e="${error}">${errorText(unit, error, value)}</td>`}`
}

/** A value of a chart for people. */
function valueText(unit: ChartUnit, value: number): string {
  switch (unit) {
    case 'hashrate': {
      const { number, unit: name } = hashrateOf(value)
      return `${number} ${name}`
    }
    case 'ratio':
      return percent(value)
    case 'atoms':
      return `${formatDcr(BigInt(Math.round(value)))} DCR`
    case 'count':
      return integer(value)
  }
}

function errorText(unit: ChartUnit, error: number, value: number): string {
  if (unit !== 'hashrate') return valueText(unit, error)
  const { number, unit: name } = errorOf(error, value)
  return `${number} ${name}`
}

function drawing({ title, x, unit, series, ticks }: Chart): Html {
  const errorAt = ({ errors }: Series, i: number): number => errors?.[i] ?? 0
  const highs = series.flatMap((each) => each.values.map((value, i) => (value ?? 0) + errorAt(each, i)))
  const lows = series.flatMap((each) => each.values.map((value) => value ?? 0))
  const top = niceTop(Math.max(0, ...highs))
  const bottom = Math.min(0, ...lows) < 0 ? -niceTop(-Math.min(0, ...lows)) : 0
  const across = (at: number): number => round(((at - x.from) / Math.max(1e-9, x.to - x.from)) * WIDTH)
  const up = (value: number): number =>
    round(HEIGHT - ((Math.min(Math.max(value, bottom), top) - bottom) / (top - bottom)) * HEIGHT)
  const corner = (at: number, value: number): string => `${across(at)},${up(value)}`
  const drawn = series.map((each) => ({ ...each, points: pointsOf(each, x.at) }))
  return html`<ol class="scale" aria-hidden="true">${[top, (top + bottom) / 2, bottom].map((value) => html`<li>${scaleText(unit, value, top)}</li>`)}</ol>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}. The values are in the table below." data-from="${x.from}" data-to="${x.to}">
<path class="grid" d="M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}"/>
${(ticks?.at ?? []).map((at) => html`<path class="found" data-at="${at}" d="M${across(at)} 0V${HEIGHT}"/>`)}
${drawn.map(({ errors, points }, index) =>
  errors === undefined
    ? ''
    : html`<polygon class="band tone-${index}" points="${[
        ...points.map(({ at, value, i }) => corner(at, value + (errors[i] ?? 0))),
        ...points
          .toReversed()
          .map(({ at, value, i }) => corner(at, Math.max(bottom, value - (errors[i] ?? 0)))),
      ].join(' ')}"/>`,
)}
${drawn.map(
  ({ mark, points }, index) =>
    html`<polyline class="line ${mark} tone-${index}" points="${(mark === 'steps' ? stepped(points) : points).map(({ at, value }) => corner(at, value)).join(' ')}"/>`,
)}
</svg>
<ol class="marks" aria-hidden="true">${x.marks.map((mark) => html`<li>${mark}</li>`)}</ol>`
}

interface Point {
  readonly at: number
  readonly value: number
  readonly i: number
}

const pointsOf = ({ values }: Series, places: readonly number[]): readonly Point[] =>
  places.flatMap((at, i) => {
    const value = values[i] ?? null
    return value === null ? [] : [{ at, value, i }]
  })

/** A value holds until the next one. */
const stepped = (points: readonly Point[]): readonly Point[] =>
  points.flatMap((point, k) => {
    const before = points[k - 1]
    return before === undefined ? [point] : [{ ...point, value: before.value }, point]
  })

const round = (value: number): number => Math.round(value * 10) / 10

/** The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10
  return step * power
}

/** A mark of the scale, without zeros that say nothing. */
function scaleText(unit: ChartUnit, value: number, top: number): string {
  if (value === 0) return '0'
  switch (unit) {
    case 'hashrate': {
      const { number, unit: name } = hashrateOf(value)
      return value === top ? `${trimmed(number)} ${name}` : trimmed(number)
    }
    case 'ratio':
      return `${trimmed((value * 100).toFixed(1))} %`
    case 'atoms':
      return `${trimmed(formatDcr(BigInt(Math.round(value))))} DCR`
    case 'count':
      return integer(value)
  }
}

const trimmed = (number: string): string => (number.includes('.') ? number.replace(/\.?0+$/, '') : number)
