/**
 * Draws the chart again with uPlot, so that it can be read at every point. The values come from the table below it,
 * which the server keeps true.
 */

const chart = document.getElementById('chart')
const rows = document.getElementById('chart-rows')
const drawing = document.getElementById('chart-drawing')

/** @type {any} */
let plot
/** @type {HTMLElement | undefined} */
let place

function values() {
  /** @type {[number[], number[], number[], number[]]} */
  const columns = [[], [], [], []]
  for (const row of Array.from(rows?.querySelectorAll('tr') ?? []).reverse()) {
    const rate = Number(row.dataset['rate'])
    const error = Number(row.dataset['error'])
    columns[0].push(Number(row.dataset['at']) / 1000)
    columns[1].push(rate)
    columns[2].push(rate + error)
    columns[3].push(Math.max(0, rate - error))
  }
  return columns
}

const found = () =>
  Array.from(drawing?.querySelectorAll('.found') ?? [], (tick) => Number(tick.getAttribute('data-at')) / 1000)

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const STEPS = /** @type {const} */ ([
  [1e18, 'EH/s'],
  [1e15, 'PH/s'],
  [1e12, 'TH/s'],
  [1e9, 'GH/s'],
  [1e6, 'MH/s'],
  [1e3, 'kH/s'],
])

/** @param {number} rate */
function hashrate(rate) {
  const [size, unit] = STEPS.find(([from]) => rate >= from) ?? [1, 'H/s']
  const value = rate / size
  return `${rate === 0 ? 0 : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ${unit}`
}

/** @param {number} mark */
const scale = (mark) => (mark === 0 ? '0' : hashrate(mark).replace(/\.?0+ /, ' '))

const clock = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short' })

/** Times of day for charts of a day and less, days for longer ones; marks are seconds. */
const dates = (/** @type {unknown} */ _, /** @type {number[]} */ marks) => {
  const short = (marks.at(-1) ?? 0) - (marks[0] ?? 0) <= 86_400
  return marks.map((mark) => (short ? clock : day).format(mark * 1000))
}

function draw() {
  if (chart === null || rows === null || !('uPlot' in globalThis)) return
  const data = values()
  if (data[0].length === 0) return
  plot?.destroy()
  place ??= chart.insertBefore(document.createElement('div'), chart.firstChild)
  place.className = 'plot'
  place.setAttribute('aria-hidden', 'true')
  const { width, height } = place.getBoundingClientRect()
  const readout = document.createElement('p')
  readout.className = 'readout'
  readout.hidden = true
  place.replaceChildren(readout)
  const font = `13px ${colour('--sans')}`
  const axis = {
    stroke: colour('--soft'),
    font,
    grid: { stroke: colour('--rule'), width: 1 },
    ticks: { show: false },
  }
  const options = {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: colour('--accent') } },
    scales: {
      y: {
        range: (/** @type {unknown} */ _, /** @type {number} */ __, /** @type {number} */ max) => [
          0,
          max * 1.08 || 1,
        ],
      },
    },
    axes: [
      { ...axis, size: 32, space: 70, grid: { show: false }, values: dates },
      {
        ...axis,
        size: 76,
        space: 48,
        values: (/** @type {unknown} */ _, /** @type {number[]} */ marks) => marks.map(scale),
      },
    ],
    series: [
      {},
      { stroke: colour('--accent'), width: 2, points: { show: false } },
      { stroke: 'transparent', points: { show: false } },
      { stroke: 'transparent', points: { show: false } },
    ],
    bands: [{ series: [2, 3], fill: colour('--band') }],
    hooks: { draw: [ticks], setCursor: [(/** @type {any} */ u) => tell(u, data, readout)] },
  }
  // @ts-expect-error uPlot is a script of its own and has no module here.
  plot = new uPlot(options, data, place)
  chart.classList.add('drawn')
}

/** @param {any} u */
function ticks(u) {
  const { ctx, bbox } = u
  ctx.save()
  ctx.strokeStyle = colour('--ore')
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  for (const at of found()) {
    const x = Math.round(u.valToPos(at, 'x', true))
    if (x < bbox.left || x > bbox.left + bbox.width) continue
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * @param {any} u
 * @param {number[][]} data
 * @param {HTMLElement} readout
 */
function tell(u, data, readout) {
  const index = u.cursor.idx
  const at = index === null || index === undefined ? undefined : data[0]?.[index]
  readout.hidden = at === undefined
  if (at === undefined) return
  const rate = data[1]?.[index] ?? 0
  const error = (data[2]?.[index] ?? 0) - rate
  const when = `${day.format(at * 1000)}, ${clock.format(at * 1000)}`
  readout.textContent = `${when}: ${hashrate(rate)} ± ${hashrate(error)}`
  const left = u.valToPos(at, 'x') + u.over.offsetLeft
  readout.style.left = left > u.width / 2 ? 'auto' : `${left + 8}px`
  readout.style.right = left > u.width / 2 ? `${u.width - left + 8}px` : 'auto'
}

draw()
document.addEventListener('lodebook:fresh', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
let width = innerWidth
addEventListener('resize', () => {
  if (innerWidth === width) return
  width = innerWidth
  draw()
})
