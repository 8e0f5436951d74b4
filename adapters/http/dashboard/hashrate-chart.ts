import { html } from 'hono/html'
import type { HashrateHistory, HashratePoint } from '../../../projections/views.ts'
import { type Chart, chart } from './chart.ts'
import { absoluteTime, duration, errorOf, type Html, hashrateOf, integer } from './format.ts'

/** A span of time that the links above a chart offer. */
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

/**
 * What a chart shows: a range, or as much of it as there is. Times are Unix ms; `from` is the begin of a step, `since` that of what is
 * drawn, and `isYoung` that it began within the range.
 */
export interface ChartSpan {
  readonly range: ChartRange
  readonly title: string
  readonly since: number
  readonly isYoung: boolean
  readonly from: number
  readonly to: number
  readonly marks: readonly string[]
}

/** A chart of what has just begun is this many steps wide. */
const STEPS_MIN = 5

/** The span that ends now: of the range asked for, otherwise a day, or an hour while `since` is not long ago. */
export function chartSpan(id: string | undefined, since: number, now: number): ChartSpan {
  const [hour, day] = chartRanges
  const range = chartRanges.find((each) => each.id === id) ?? (now - since < day.ms / 4 ? hour : day)
  const stepMs = range.stepSeconds * 1000
  const stepOf = (at: number): number => Math.floor(at / stepMs) * stepMs
  const whole = stepOf(now - range.ms)
  const from = Math.max(whole, stepOf(Math.min(since, now - STEPS_MIN * stepMs)))
  const isYoung = from !== whole
  return {
    ...{ range, title: range.title, since, isYoung, from, to: now },
    marks: isYoung ? [`${duration(now - from)} ago`, 'now'] : range.marks,
  }
}

/** Whether a range says more than the one before it: what began at `since` is older than that. The first always does. */
export function isOffered(id: (typeof chartRanges)[number]['id'], since: number, now: number): boolean {
  const before = chartRanges[chartRanges.findIndex((range) => range.id === id) - 1]
  return before === undefined || now - since > before.ms
}

/** Links to the same page with another span, where there is another. `path` is the page's own. */
export const rangeSwitch = (path: string, span: ChartSpan, now: number): Html | '' => {
  const offered = chartRanges.filter(({ id }) => id === span.range.id || isOffered(id, span.since, now))
  if (offered.length === 1) return ''
  const join = path.includes('?') ? '&' : '?'
  return html`<nav aria-label="Span of the chart"><ul class="switch">${offered.map(
    ({ id }) =>
      html`<li><a href="${path}${join}range=${id}"${id === span.range.id ? html` aria-current="true"` : ''}>${spaced(id)}</a></li>`,
  )}</ul></nav>`
}

const spaced = (id: string): string => id.replace(/(\d)([a-z])/, '$1 $2')

/** More blocks than this in one chart are a fence that hides it. */
const TICKS_MAX = 40

/** A running step says nothing before it is this far. */
const STEP_BEGUN = 0.2

/** Hash rate over time of one or several, with their error. */
export interface HashrateLine {
  readonly name: string
  readonly history: HashrateHistory
}

/** A chart of hash rates, the first one told of in words, with a tick for each of `blocksAt` (Unix ms). All lines have the same steps. */
export function hashrateChart(
  id: string,
  span: ChartSpan,
  lines: readonly HashrateLine[],
  blocksAt: readonly number[],
): Html {
  const { title, from, to, marks } = span
  const shown = lines.map(({ name, history }) => ({
    name,
    points: new Map(begun(history).map((point) => [middle(point), point])),
  }))
  const places = [...new Set(shown.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b)
  const [first] = shown
  const blocks = blocksAt.filter((at) => at >= from && at <= to)
  const plan: Chart = {
    id,
    title: `Hashrate. ${title}`,
    says: lines.length === 1 ? oneSays(span, first?.points ?? new Map()) : manySay(span, shown),
    x: {
      ...{ kind: 'time', head: 'From', from, to, at: places, marks },
      cells: places.map((at) => absoluteTime(beginOf(shown, at))),
    },
    unit: 'hashrate',
    series: shown.map(({ name, points }) => ({
      ...{ name, mark: 'line' },
      values: places.map((at) => {
        const point = points.get(at)
        return point === undefined ? null : Number(point.hashesPerSecond)
      }),
      errors: places.map((at) => Number(points.get(at)?.standardError ?? 0)),
    })),
    ...(blocks.length === 0 || blocks.length > TICKS_MAX
      ? {}
      : { ticks: { name: 'block found', at: blocks } }),
    ...(lines.length > 1
      ? {}
      : {
          more: [
            { head: 'Shares', cells: places.map((at) => integer(first?.points.get(at)?.shares ?? 0)) },
            { head: 'Refused', cells: places.map((at) => integer(first?.points.get(at)?.rejected ?? 0)) },
          ],
        }),
  }
  return chart(plan)
}

const begun = ({ points, stepSeconds }: HashrateHistory): readonly HashratePoint[] =>
  points.filter((point) => point.seconds >= stepSeconds * STEP_BEGUN)

const middle = (point: HashratePoint): number => point.at + point.seconds * 500

type Points = ReadonlyMap<number, HashratePoint>

const beginOf = (shown: readonly { readonly points: Points }[], at: number): number =>
  shown.map(({ points }) => points.get(at)?.at).find((begin) => begin !== undefined) ?? at

/** What is young has no earlier figures, and says so. */
const beginning = ({ isYoung, since, to }: ChartSpan): string =>
  isYoung ? `It began ${duration(to - since)} ago. ` : ''

function oneSays(span: ChartSpan, points: Points): Html {
  const all = [...points.values()]
  const mean = meanOf(all)
  if (mean === undefined) return html`No share in this time yet.`
  const rates = all.map(({ hashesPerSecond }) => Number(hashesPerSecond))
  return html`${beginning(span)}On average ${rateText(mean.rate)} ± ${errorWords(mean.error, mean.rate)}, between ${rateText(Math.min(...rates))} and ${rateText(Math.max(...rates))}.`
}

const manySay = (
  span: ChartSpan,
  shown: readonly { readonly name: string; readonly points: Points }[],
): Html =>
  html`${beginning(span)}On average ${shown.map(({ name, points }, i) => {
    const mean = meanOf([...points.values()])
    return html`${i === 0 ? '' : i === shown.length - 1 ? ' and ' : ', '}<b>${name}</b> ${rateText(mean?.rate ?? 0)}`
  })}.`

/** Mean of several steps and its error, hashes a second; undefined for no time at all. */
export function meanOf(
  points: readonly Pick<HashratePoint, 'seconds' | 'hashesPerSecond' | 'standardError'>[],
): { readonly rate: number; readonly error: number; readonly seconds: number } | undefined {
  const seconds = points.reduce((sum, point) => sum + point.seconds, 0)
  if (seconds === 0) return undefined
  const hashes = points.reduce((sum, point) => sum + Number(point.hashesPerSecond) * point.seconds, 0)
  const squares = points.reduce((sum, point) => sum + (Number(point.standardError) * point.seconds) ** 2, 0)
  return { rate: hashes / seconds, error: Math.sqrt(squares) / seconds, seconds }
}

const rateText = (rate: number): string => {
  const { number, unit } = hashrateOf(rate)
  return `${number} ${unit}`
}

const errorWords = (error: number, rate: number): string => {
  const { number, unit } = errorOf(error, rate)
  return `${number} ${unit}`
}
