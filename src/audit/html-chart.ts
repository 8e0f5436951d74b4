import type { Point } from './time-series.ts'

/** One line or layer of a chart. */
export interface ChartSeries {
  readonly name: string
  /** Number of its colour in the page's style sheet. */
  readonly colour: number
}

/** A chart over time, as inline SVG. `stacked`: layers on top of each other, as areas; else lines. */
export interface ChartOptions {
  readonly title: string
  readonly unit: string
  readonly series: readonly ChartSeries[]
  readonly stacked: boolean
}

const WIDTH = 720
const HEIGHT = 260
const LEFT = 64
const RIGHT = 12
const TOP = 12
const BOTTOM = 28
const TICKS = 4

/** Draws figures over time. Says so in words where there are fewer than two points. */
export function timeChart(points: readonly Point[], { title, unit, series, stacked }: ChartOptions): string {
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2)
    return `<p class="quiet">${title}: too little time for a chart.</p>`
  const rows = points.map(({ at, values }) => ({ at, tops: stacked ? stackedUp(values) : values }))
  const top = niceTop(Math.max(...rows.flatMap(({ tops }) => tops), 0))
  const x = (at: number): number =>
    LEFT + ((at - first.at) / (last.at - first.at || 1)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number): number => HEIGHT - BOTTOM - (Math.max(0, value) / top) * (HEIGHT - TOP - BOTTOM)
  const ticks = Array.from({ length: TICKS + 1 }, (_, i) => (top * i) / TICKS)
  const grid = ticks.map(
    (value) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at1(y(value))}" y2="${at1(y(value))}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${at1(y(value) + 4)}" text-anchor="end">${figure(value)}</text>`,
  )
  const path = (k: number): string =>
    rows.map(({ at, tops }) => `${at1(x(at))},${at1(y(tops[k] ?? 0))}`).join(' ')
  const shapes = series.map(({ colour }, k) =>
    stacked
      ? `<polygon class="area c${colour}" points="${path(k)} ${rows
          .toReversed()
          .map(({ at, tops }) => `${at1(x(at))},${at1(y(k === 0 ? 0 : (tops[k - 1] ?? 0)))}`)
          .join(' ')}"/>`
      : `<polyline class="line c${colour}" points="${path(k)}"/>`,
  )
  const legend = series
    .map(({ name, colour }) => `<span class="key"><i class="c${colour}"></i>${name}</span>`)
    .join('')
  return `<figure><figcaption>${title} <span class="quiet">${unit}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">${grid.join('')}${(stacked ? shapes.toReversed() : shapes).join('')}
<text class="tick" x="${LEFT}" y="${HEIGHT - 8}">${day(first.at)}</text><text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${day(last.at)}</text></svg>
<p class="legend">${legend}</p></figure>`
}

function stackedUp(values: readonly number[]): readonly number[] {
  let sum = 0
  return values.map((value) => {
    sum += Math.max(0, value)
    return sum
  })
}

/** The next number that is 1, 2 or 5 with zeros: the top of an axis. */
function niceTop(highest: number): number {
  if (highest <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(highest))
  const step = [1, 2, 5, 10].find((each) => each * power >= highest) ?? 10
  return step * power
}

/** A coordinate with one decimal: less than a pixel. */
const at1 = (coordinate: number): string => coordinate.toFixed(1)

const figure = (value: number): string =>
  new Intl.NumberFormat('en', {
    maximumSignificantDigits: 3,
    notation: value >= 1e5 ? 'compact' : 'standard',
  }).format(value)

const day = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
