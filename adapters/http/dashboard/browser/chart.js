/**
 * Draws every chart of the page again with uPlot, so that it can be read at every point. The values come from the table and the
 * drawing below it, which the server keeps true.
 *
 * @import UPlot from 'uplot'
 */

const Plot = /** @type {typeof UPlot | undefined} */ (Reflect.get(globalThis, 'uPlot'))

/** A column of the table that is drawn. @typedef {{ name: string, mark: string, hasError: boolean }} Line */

/** The lines of a chart, from the heads of its table. @param {HTMLElement} chart @returns {Line[]} */
const linesOf = (chart) =>
  Array.from(/** @type {NodeListOf<HTMLElement>} */ (chart.querySelectorAll('th[data-mark]')), (head) => ({
    name: head.textContent ?? '',
    mark: head.dataset['mark'] ?? 'line',
    hasError: head.nextElementSibling?.textContent === '±',
  }))

/** Places, and for each line its value and the edges of its band. @param {HTMLElement} chart @returns {UPlot.AlignedData} */
function valuesOf(chart) {
  const isTime = chart.dataset['kind'] === 'time'
  const rows = Array.from(/** @type {NodeListOf<HTMLElement>} */ (chart.querySelectorAll('tr[data-x]')))
  // The newest of them is on top. Of two at the same moment the lower is the earlier, and sorting keeps them as they are.
  if (isTime) rows.reverse()
  rows.sort((a, b) => Number(a.dataset['x']) - Number(b.dataset['x']))
  const at = rows.map(({ dataset }) => Number(dataset['x']) / (isTime ? 1000 : 1))
  /** @type {(number | null)[][]} */
  const columns = []
  let cell = 0
  for (const { hasError } of linesOf(chart)) {
    const values = rows.map((row) => numberIn(row.querySelectorAll('td')[cell], 'v'))
    const errors = rows.map((row) => numberIn(row.querySelectorAll('td')[cell + 1], 'e') ?? 0)
    columns.push(values)
    if (hasError)
      columns.push(
        values.map((value, i) => (value === null ? null : value + (errors[i] ?? 0))),
        values.map((value, i) => (value === null ? null : Math.max(0, value - (errors[i] ?? 0)))),
      )
    cell += hasError ? 2 : 1
  }
  return [at, ...columns]
}

/** @param {HTMLElement | undefined} cell @param {string} name */
const numberIn = (cell, name) => {
  const text = cell?.dataset[name]
  return text === undefined ? null : Number(text)
}

/** Begin and end of a chart. @param {HTMLElement} chart @returns {[number, number]} */
function spanOf(chart) {
  const drawn = chart.querySelector('svg')
  const scale = chart.dataset['kind'] === 'time' ? 1000 : 1
  return [Number(drawn?.dataset['from']) / scale, Number(drawn?.dataset['to']) / scale]
}

const UNITS = /** @type {const} */ ([
  [1e18, 'EH/s'],
  [1e15, 'PH/s'],
  [1e12, 'TH/s'],
  [1e9, 'GH/s'],
  [1e6, 'MH/s'],
  [1e3, 'kH/s'],
])

/** The same words as the server's. @param {number} rate */
function hashrate(rate) {
  const [size, unit] = UNITS.find(([from]) => Number(rate.toPrecision(3)) >= from) ?? [1, 'H/s']
  const value = rate / size
  const shown = Number(value.toPrecision(3))
  return `${value.toFixed(shown >= 100 || shown === 0 ? 0 : shown >= 10 ? 1 : 2)} ${unit}`
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const decimals = new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 })

/** A value in the unit of its chart. @param {string | undefined} unit @param {number} value */
function valueText(unit, value) {
  if (unit === 'hashrate') return hashrate(value)
  if (unit === 'ratio') return `${(value * 100).toFixed(value >= 0.9995 ? 0 : 1)} %`
  if (unit === 'atoms') return `${decimals.format(value / 1e8)} DCR`
  return whole.format(value)
}

/** An error in the unit of its value, with as many digits as it takes to see it. @param {string | undefined} unit @param {number} error @param {number} value */
function errorText(unit, error, value) {
  if (unit !== 'hashrate') return valueText(unit, error)
  const [number = '', name = ''] = hashrate(value).split(' ')
  const [size] = UNITS.find(([, each]) => each === name) ?? [1]
  const inUnit = error / size
  const shown = number.split('.')[1]?.length ?? 0
  const needed = inUnit > 0 ? Math.ceil(-Math.log10(inUnit)) : 0
  return `${inUnit.toFixed(Math.min(4, Math.max(shown, needed)))} ${name}`
}

/** A mark of the scale: round numbers lose their zeros. @param {string | undefined} unit @param {number} mark */
function scaleText(unit, mark) {
  if (mark === 0) return '0'
  const [number = '', name = ''] = valueText(unit, mark).split(' ')
  return number.includes(',') || name === '' ? `${number} ${name}` : `${Number(number)} ${name}`
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
  60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 2_592_000,
]

/** Where a value stands, in words. @param {string | undefined} kind @param {number} at */
function placeText(kind, at) {
  if (kind === 'time') return `${day.format(at * 1000)}, ${clock.format(at * 1000)}`
  return kind === 'ratio' ? `longer than ${valueText('ratio', at)}` : `the last ${whole.format(at)}`
}

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Patterns by which lines are told apart without their colour. */
const DASHES = [[], [8, 3], [2, 3], [8, 3, 2, 3], [12, 3, 3, 3]]

/** @param {Line} line @param {number} index @returns {UPlot.Series[]} */
function seriesOf({ mark, hasError }, index) {
  const edge = { stroke: 'transparent', points: { show: false } }
  const dash = mark === 'dashes' ? [6, 4] : (DASHES[index] ?? [])
  const steps = mark === 'steps' ? Plot?.paths.stepped?.({ align: 1 }) : undefined
  return [
    {
      stroke: colour(`--tone-${index}`),
      width: 2,
      dash,
      points: { show: false },
      ...(steps === undefined ? {} : { paths: steps }),
    },
    ...(hasError ? [edge, edge] : []),
  ]
}

/** @param {Line[]} lines @returns {UPlot.Band[]} */
function bandsOf(lines) {
  /** @type {UPlot.Band[]} */
  const bands = []
  let series = 1
  for (const [index, { hasError }] of lines.entries()) {
    if (hasError) bands.push({ series: [series + 1, series + 2], fill: `${colour(`--tone-${index}`)}24` })
    series += hasError ? 3 : 1
  }
  return bands
}

/**
 * @param {HTMLElement} chart
 * @param {HTMLElement} place
 * @param {HTMLElement} readout
 * @returns {UPlot.Options}
 */
function optionsOf(chart, place, readout) {
  const { width, height } = place.getBoundingClientRect()
  const { kind, unit } = chart.dataset
  const lines = linesOf(chart)
  const axis = {
    stroke: colour('--soft'),
    font: `13px ${colour('--sans')}`,
    ticks: { show: false },
    grid: { stroke: colour('--rule'), width: 1 },
  }
  return {
    width,
    height,
    padding: [8, 24, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: kind === 'time', range: () => spanOf(chart) },
      y: { range: (_, min, max) => [Math.min(0, (min ?? 0) * 1.08), Math.max(0, (max ?? 0) * 1.08) || 1] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        space: 64,
        grid: { show: false },
        ...(kind === 'time'
          ? { incrs: TIME_STEPS, values: (_, marks) => timeTexts(marks) }
          : { values: (_, marks) => marks.map((mark) => scaleText(kind, mark)) }),
      },
      {
        ...axis,
        size: unit === 'atoms' ? 96 : 80,
        space: 48,
        values: (_, marks) => marks.map((mark) => scaleText(unit, mark)),
      },
    ],
    series: [{}, ...lines.flatMap(seriesOf)],
    bands: bandsOf(lines),
    hooks: {
      draw: [(plot) => drawTicks(plot, chart)],
      setCursor: [(plot) => tell(plot, chart, lines, readout)],
    },
  }
}

/** @param {UPlot} plot @param {HTMLElement} chart */
function drawTicks({ ctx, bbox, valToPos }, chart) {
  ctx.save()
  ctx.strokeStyle = colour('--ore')
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  for (const tick of chart.querySelectorAll('.found')) {
    const x = Math.round(valToPos(Number(tick.getAttribute('data-at')) / 1000, 'x', true))
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * Says what is under the pointer.
 * @param {UPlot} plot
 * @param {HTMLElement} chart
 * @param {Line[]} lines
 * @param {HTMLElement} readout
 */
function tell(plot, chart, lines, readout) {
  const { kind, unit } = chart.dataset
  const index = plot.cursor.idx
  const at = index === null || index === undefined ? undefined : plot.data[0][index]
  readout.hidden = at === undefined
  if (at === undefined || index === null || index === undefined) return
  let series = 1
  const words = lines.map(({ name, hasError }) => {
    const value = plot.data[series]?.[index]
    const high = plot.data[series + 1]?.[index]
    series += hasError ? 3 : 1
    if (value === null || value === undefined) return undefined
    const error =
      hasError && high !== null && high !== undefined ? ` ± ${errorText(unit, high - value, value)}` : ''
    return `${lines.length === 1 ? '' : `${name} `}${valueText(unit, value)}${error}`
  })
  readout.textContent = `${placeText(kind, at)}: ${words.filter((text) => text !== undefined).join('; ')}`
  const left = plot.valToPos(at, 'x') + plot.over.offsetLeft
  const onTheLeft = left > plot.width / 2
  readout.style.left = onTheLeft ? 'auto' : `${left + 8}px`
  readout.style.right = onTheLeft ? `${plot.width - left + 8}px` : 'auto'
}

/** @type {Map<HTMLElement, UPlot>} */
const plots = new Map()

/** Draws from nothing: at first, and when colours or the width have changed. @param {HTMLElement} chart */
function draw(chart) {
  const values = valuesOf(chart)
  if (Plot === undefined || values[0].length === 0) return
  plots.get(chart)?.destroy()
  chart.classList.add('drawn')
  const drawing = chart.querySelector('.drawing')
  const place = chart.querySelector('.plot') ?? chart.insertBefore(document.createElement('div'), drawing)
  if (!(place instanceof HTMLElement)) return
  place.className = 'plot'
  place.setAttribute('aria-hidden', 'true')
  const readout = document.createElement('p')
  readout.className = 'readout'
  readout.hidden = true
  place.replaceChildren(readout)
  plots.set(chart, new Plot(optionsOf(chart, place, readout), values, place))
}

/** @returns {HTMLElement[]} */
const charts = () =>
  Array.from(document.querySelectorAll('.chart')).filter((chart) => chart instanceof HTMLElement)

const drawAll = () => {
  for (const chart of charts()) draw(chart)
}

drawAll()
document.addEventListener('lodebook:fresh', () => {
  for (const chart of charts()) {
    const plot = plots.get(chart)
    if (plot === undefined) draw(chart)
    else plot.setData(valuesOf(chart))
  }
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
let width = innerWidth
addEventListener('resize', () => {
  // Phones resize when their address bar goes away; only the width matters here.
  if (innerWidth === width) return
  width = innerWidth
  drawAll()
})
