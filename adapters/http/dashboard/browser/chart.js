/**
 * Draws the chart again with uPlot, so that it can be read at every point. The values come from the table and the drawing
 * below it, which the server keeps true.
 *
 * @import UPlot from 'uplot'
 */

const chart = document.getElementById('chart')
const rows = document.getElementById('chart-rows')
const drawing = document.getElementById('chart-drawing')
const Plot = /** @type {typeof UPlot | undefined} */ (Reflect.get(globalThis, 'uPlot'))

/** Times, hashrates, and the band around them. @returns {[number[], number[], number[], number[]]} */
function values() {
  const points = Array.from(rows?.querySelectorAll('tr') ?? [], ({ dataset }) => ({
    at: Number(dataset['at']) / 1000,
    rate: Number(dataset['rate']),
    error: Number(dataset['error']),
  })).reverse()
  return [
    points.map(({ at }) => at),
    points.map(({ rate }) => rate),
    points.map(({ rate, error }) => rate + error),
    points.map(({ rate, error }) => Math.max(0, rate - error)),
  ]
}

/** Begin and end of the chart, seconds. @returns {[number, number]} */
function span() {
  const svg = drawing?.querySelector('svg')
  return [Number(svg?.dataset['from']) / 1000, Number(svg?.dataset['to']) / 1000]
}

/** When blocks were found, seconds. */
const found = () =>
  Array.from(drawing?.querySelectorAll('.found') ?? [], (tick) => Number(tick.getAttribute('data-at')) / 1000)

const UNITS = /** @type {const} */ ([
  [1e18, 'EH/s'],
  [1e15, 'PH/s'],
  [1e12, 'TH/s'],
  [1e9, 'GH/s'],
  [1e6, 'MH/s'],
  [1e3, 'kH/s'],
])

/**
 * The same words as the server's.
 * @param {number} rate
 */
function hashrate(rate) {
  const [size, unit] = UNITS.find(([from]) => Number(rate.toPrecision(3)) >= from) ?? [1, 'H/s']
  const value = rate / size
  const shown = Number(value.toPrecision(3))
  return `${value.toFixed(shown >= 100 || shown === 0 ? 0 : shown >= 10 ? 1 : 2)} ${unit}`
}

/** Round numbers lose their zeros: `50 TH/s`. @param {number} mark */
function scaleText(mark) {
  const [number = '', unit = ''] = hashrate(mark).split(' ')
  return mark === 0 ? '0' : `${Number(number)} ${unit}`
}

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' })

/** Times of day in charts of a day and less, days in longer ones. @param {number[]} marks seconds */
function timeTexts(marks) {
  const short = (marks.at(-1) ?? 0) - (marks[0] ?? 0) <= 86_400
  return marks.map((mark) => (short ? clock : day).format(mark * 1000))
}

/** Seconds between the marks of time. */
const TIME_STEPS = [
  60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000,
]

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} readout
 * @returns {UPlot.Options}
 */
function options(place, readout) {
  const { width, height } = place.getBoundingClientRect()
  const axis = {
    stroke: colour('--soft'),
    font: `13px ${colour('--sans')}`,
    ticks: { show: false },
    grid: { stroke: colour('--rule'), width: 1 },
  }
  const edge = { stroke: 'transparent', points: { show: false } }
  return {
    width,
    height,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: colour('--accent') } },
    scales: { x: { range: span }, y: { range: (_, __, max) => [0, max * 1.08 || 1] } },
    axes: [
      {
        ...axis,
        size: 32,
        space: 64,
        incrs: TIME_STEPS,
        grid: { show: false },
        values: (_, marks) => timeTexts(marks),
      },
      { ...axis, size: 80, space: 48, values: (_, marks) => marks.map(scaleText) },
    ],
    series: [{}, { stroke: colour('--accent'), width: 2, points: { show: false } }, edge, edge],
    bands: [{ series: [2, 3], fill: colour('--band') }],
    hooks: { draw: [drawBlocks], setCursor: [(plot) => tell(plot, readout)] },
  }
}

/** @param {UPlot} plot */
function drawBlocks({ ctx, bbox, valToPos }) {
  ctx.save()
  ctx.strokeStyle = colour('--ore')
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  for (const at of found()) {
    const x = Math.round(valToPos(at, 'x', true))
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * Says what is under the pointer.
 * @param {UPlot} plot
 * @param {HTMLElement} readout
 */
function tell(plot, readout) {
  const index = plot.cursor.idx
  const at = index === null || index === undefined ? undefined : plot.data[0][index]
  readout.hidden = at === undefined
  if (at === undefined || index === null || index === undefined) return
  const rate = plot.data[1]?.[index] ?? 0
  const error = (plot.data[2]?.[index] ?? 0) - rate
  readout.textContent = `${day.format(at * 1000)}, ${clock.format(at * 1000)}: ${hashrate(rate)} ± ${hashrate(error)}`
  const left = plot.valToPos(at, 'x') + plot.over.offsetLeft
  const onTheLeft = left > plot.width / 2
  readout.style.left = onTheLeft ? 'auto' : `${left + 8}px`
  readout.style.right = onTheLeft ? `${plot.width - left + 8}px` : 'auto'
}

/** @type {UPlot | undefined} */
let plot

/** Draws from nothing: at first, and when colours or the width have changed. */
function draw() {
  if (chart === null || Plot === undefined || values()[0].length === 0) return
  plot?.destroy()
  chart.classList.add('drawn')
  const place =
    chart.querySelector('.plot') ?? chart.insertBefore(document.createElement('div'), chart.firstChild)
  if (!(place instanceof HTMLElement)) return
  place.className = 'plot'
  place.setAttribute('aria-hidden', 'true')
  const readout = document.createElement('p')
  readout.className = 'readout'
  readout.hidden = true
  place.replaceChildren(readout)
  plot = new Plot(options(place, readout), values(), place)
}

draw()
document.addEventListener('lodebook:fresh', () => {
  if (plot === undefined) draw()
  else plot.setData(values())
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
let width = innerWidth
addEventListener('resize', () => {
  // Phones resize when their address bar goes away; only the width matters here.
  if (innerWidth === width) return
  width = innerWidth
  draw()
})
