import { html } from 'hono/html'

/** A piece of a page, escaped. */
export type Html = ReturnType<typeof html>

/** Number and unit apart, about three digits: `{ number: '48.2', unit: 'TH/s' }`. */
export interface Quantity {
  readonly number: string
  readonly unit: string
}

const steps = [
  { from: 1e18, prefix: 'E' },
  { from: 1e15, prefix: 'P' },
  { from: 1e12, prefix: 'T' },
  { from: 1e9, prefix: 'G' },
  { from: 1e6, prefix: 'M' },
  { from: 1e3, prefix: 'k' },
] as const

/** Three digits, as they are shown: 999.6 kH/s are 1.00 MH/s. */
const rounded = (value: number): number => Number(value.toPrecision(3))

/** The step of a value as it will be shown, and the value in it. */
function scaled(value: number): { readonly prefix: string; readonly size: number; readonly value: number } {
  const step = steps.find(({ from }) => rounded(value) >= from)
  return { prefix: step?.prefix ?? '', size: step?.from ?? 1, value: value / (step?.from ?? 1) }
}

/** Hashes a second for people. */
export function hashrateOf(hashesPerSecond: number): Quantity {
  const { prefix, value } = scaled(hashesPerSecond)
  return { number: digits(value), unit: `${prefix}H/s` }
}

/** An error in the unit of its value, with the value's digits or as many as it takes to see it: `± 0.6 TH/s`, `± 0.05 TH/s`. */
export function errorOf(error: number, hashesPerSecond: number): Quantity {
  const { number, unit } = hashrateOf(hashesPerSecond)
  const inUnit = error / scaled(hashesPerSecond).size
  const shown = number.includes('.') ? number.length - number.indexOf('.') - 1 : 0
  const needed = inUnit > 0 ? Math.ceil(-Math.log10(inUnit)) : 0
  return { number: inUnit.toFixed(Math.min(4, Math.max(shown, needed))), unit }
}

/** A count for people: exact below a million, then `1.23 M`. */
export function countOf(count: number): Quantity {
  if (count < 1e6) return { number: integer(count), unit: '' }
  const { prefix, value } = scaled(count)
  return { number: digits(value), unit: prefix }
}

function digits(value: number): string {
  const shown = rounded(value)
  return value.toFixed(shown >= 100 || shown === 0 ? 0 : shown >= 10 ? 1 : 2)
}

/** Whole number, maybe as decimal text, with groups of three: `1,042,311`. */
export const integer = (value: number | string): string =>
  String(typeof value === 'number' ? Math.round(value) : value).replace(/\B(?=(\d{3})+$)/g, ',')

/** A share of one as percent: `97.3 %`, `240 %`, `< 0.1 %`. */
export function percent(ratio: number): string {
  const value = ratio * 100
  if (value > 0 && value < 0.05) return '< 0.1 %'
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} %`
}

const spans = [
  { ms: 86_400_000, unit: 'd' },
  { ms: 3_600_000, unit: 'h' },
  { ms: 60_000, unit: 'min' },
  { ms: 1000, unit: 's' },
] as const

/** A length of time in its largest whole unit: `12 s`, `3 min`, `5 h`, `2 d`. `browser/live.js` writes the same. */
export function duration(ms: number): string {
  const span = spans.find((candidate) => ms >= candidate.ms) ?? spans[3]
  return `${integer(Math.floor(Math.max(0, ms) / span.ms))} ${span.unit}`
}

/** `2026-01-31 12:00:05 UTC`. */
export const absoluteTime = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** A moment: relative text that the browser keeps fresh, absolute on hover. Both Unix ms. */
export const timeAgo = (at: number, now: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}" title="${absoluteTime(at)}" data-ago>${duration(now - at)} ago</time>`

/** A quantity with its unit set smaller and the exact value on hover. */
export const quantity = ({ number, unit }: Quantity, exact: string): Html =>
  html`<span class="quantity" title="${exact}">${number}${unit === '' ? '' : html`<span class="unit"> ${unit}</span>`}</span>`

/** Hashrate, given as decimal text, with the exact hashes a second on hover. */
export const hashrate = (hashesPerSecond: string): Html =>
  quantity(hashrateOf(Number(hashesPerSecond)), `${integer(hashesPerSecond)} hashes a second`)

/** The standard error of a hashrate, both decimal text, in the hashrate's unit. */
export const standardError = (error: string, hashesPerSecond: string): Html =>
  quantity(
    errorOf(Number(error), Number(hashesPerSecond)),
    `standard error ${integer(error)} hashes a second`,
  )

/** A count, shortened when long, exact on hover. `what` names the things in the plural. */
export const count = (value: number, what: string): Html =>
  quantity(countOf(value), `${integer(value)} ${what}`)

/** `1 worker`, `2 workers`; `many` where it takes more than an s. */
export const counted = (value: number, one: string, many: string = `${one}s`): string =>
  `${integer(value)} ${value === 1 ? one : many}`

/** A moment that does not age on the page: absolute, in a machine's form as well. Unix ms. */
export const moment = (at: number): Html =>
  html`<time datetime="${new Date(at).toISOString()}">${absoluteTime(at)}</time>`

/** A hash or an address cut in the middle, whole on hover and for screen readers. */
export const shortened = (text: string, front: number, back: number): Html =>
  text.length <= front + back + 1
    ? html`<span class="mono">${text}</span>`
    : html`<span class="mono" title="${text}"><span aria-hidden="true">${text.slice(0, front)}…${text.slice(text.length - back)}</span><span class="unseen">${text}</span></span>`
