/**
 * Keeps a page up to date. The server says over an event stream that something changed; then the page is read again
 * and every part with an id and `data-live` takes its new content. All text is made, and escaped, by the server.
 */

/**
 * Between the beginnings of two reads. A busy pool changes all the time, and the server tells of it every half second: a change is told
 * after half a second at most, and read after as much again.
 */
const REFRESH_MS_MIN = 450
/** Tells the server that no person asks: it may take its time. */
const REFRESH = 'Lodebook-Refresh'
/** The stream is tried again after this when the server refused it, as it does to too many. */
const RETRY_MS = 15_000

/** @type {EventSource | undefined} */
let stream
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting
let refreshing = false
/** Something changed while the page was being read: what was read may be from before. */
let changedMeanwhile = false
let begunAt = Date.now()
let heardAt = Date.now()

/** Opened while somebody looks: a browser allows six connections to a host, and tabs in the background would hold them all. */
function listen() {
  if (stream !== undefined || document.hidden) return
  stream = new EventSource(document.body.dataset['events'] ?? '')
  for (const kind of ['pool', 'block', 'work']) stream.addEventListener(kind, changed)
  stream.addEventListener('heartbeat', () => {
    heardAt = Date.now()
  })
  stream.addEventListener('open', () => {
    heardAt = Date.now()
    showFreshness()
  })
  stream.addEventListener('error', () => {
    showFreshness()
    if (stream?.readyState !== EventSource.CLOSED) return
    stream = undefined
    setTimeout(listen, RETRY_MS)
  })
}

function hush() {
  stream?.close()
  stream = undefined
}

function changed() {
  heardAt = Date.now()
  if (refreshing) changedMeanwhile = true
  else refreshSoon()
}

function refreshSoon() {
  if (waiting !== undefined) return
  waiting = setTimeout(refresh, Math.max(0, begunAt + REFRESH_MS_MIN - Date.now()))
}

async function refresh() {
  waiting = undefined
  refreshing = true
  changedMeanwhile = false
  begunAt = Date.now()
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html', [REFRESH]: 'yes' } })
    if (response.ok) take(new DOMParser().parseFromString(await response.text(), 'text/html'))
  } catch {
    // The stream notices as well that the server is away, and says so.
  } finally {
    refreshing = false
    showFreshness()
    if (changedMeanwhile) refreshSoon()
  }
}

/** @param {Document} fresh */
function take(fresh) {
  for (const part of document.querySelectorAll('[data-live][id]')) {
    const next = fresh.getElementById(part.id)
    if (next === null || (meaning(part) === meaning(next) && part.className === next.className)) continue
    part.className = next.className
    part.replaceChildren(...next.childNodes)
  }
  document.dispatchEvent(new CustomEvent('lodebook:fresh'))
}

/**
 * What a part says, without how long ago: that changes by itself, and a screen reader should not hear it again.
 * @param {Element} part
 */
function meaning(part) {
  const copy = /** @type {Element} */ (part.cloneNode(true))
  for (const time of copy.querySelectorAll('time[data-ago]')) time.textContent = ''
  return copy.innerHTML
}

function tellTimes() {
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const at = Date.parse(time.getAttribute('datetime') ?? '')
    if (!Number.isNaN(at)) time.textContent = `${duration(Date.now() - at)} ago`
  }
}

const SPANS = /** @type {const} */ ([
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
])

/**
 * The same words as the server's.
 * @param {number} ms
 */
function duration(ms) {
  const [span, unit] = SPANS.find(([from]) => ms >= from) ?? [1000, 's']
  return `${Math.floor(Math.max(0, ms) / span)} ${unit}`
}

function showFreshness() {
  const line = document.getElementById('freshness')
  if (line === null) return
  line.hidden = false
  const open = stream?.readyState === EventSource.OPEN
  line.className = open ? 'live' : 'stale'
  line.textContent = open ? 'Live' : `Not live: the pool was last heard ${duration(Date.now() - heardAt)} ago`
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) hush()
  else {
    listen()
    changed()
  }
})
addEventListener('pagehide', hush)
addEventListener('pageshow', listen)
setInterval(() => {
  if (document.hidden) return
  tellTimes()
  if (stream?.readyState !== EventSource.OPEN) showFreshness()
}, 1000)
listen()
