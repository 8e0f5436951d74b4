/** What the browser tests ask of a page, from inside. */

/** @param {string} colour */
function channels(colour) {
  const [r = 0, g = 0, b = 0, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number)
  return { r, g, b, a }
}

/** Colour behind an element: its ancestors' backgrounds on top of each other. */
function backgroundOf(element) {
  const layers = []
  for (let node = element; node !== null; node = node.parentElement) {
    const layer = channels(getComputedStyle(node).backgroundColor)
    if (layer.a > 0) layers.push(layer)
    if (layer.a === 1) break
  }
  return layers.reverse().reduce((below, above) => mix(above, below), { r: 255, g: 255, b: 255, a: 1 })
}

const mix = (above, below) => ({
  r: above.r * above.a + below.r * (1 - above.a),
  g: above.g * above.a + below.g * (1 - above.a),
  b: above.b * above.a + below.b * (1 - above.a),
  a: 1,
})

/** Relative luminance of WCAG 2. */
function luminance({ r, g, b }) {
  const [x, y, z] = [r, g, b].map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * x + 0.7152 * y + 0.0722 * z
}

function contrast(text, behind) {
  const [light, dark] = [luminance(text), luminance(behind)].sort((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

const visible = (element) => {
  const box = element.getBoundingClientRect()
  return box.width > 1 && box.height > 1 && getComputedStyle(element).visibility === 'visible'
}

globalThis.inPage = {
  /** Texts that are too faint: WCAG AA wants 4.5, or 3 for large ones. */
  faintTexts: () =>
    Array.from(document.body.querySelectorAll('*'))
      .filter(
        (element) =>
          visible(element) &&
          Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim() !== ''),
      )
      .map((element) => {
        const style = getComputedStyle(element)
        const behind = backgroundOf(element)
        const size = Number.parseFloat(style.fontSize)
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
        const ratio = contrast(mix(channels(style.color), behind), behind)
        return { text: element.textContent.trim().slice(0, 40), ratio, enough: ratio >= (large ? 3 : 4.5) }
      })
      .filter(({ enough }) => !enough)
      .map(({ text, ratio }) => `${text}: ${ratio.toFixed(2)}`),

  /** What a screen reader would stumble over. */
  accessibilityFaults: () => {
    const faults = []
    const nameOf = (element) =>
      element.getAttribute('aria-label') ??
      (element.getAttribute('aria-labelledby') ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join(' ')
    if (document.documentElement.lang === '') faults.push('the page has no language')
    if (document.title === '') faults.push('the page has no title')
    for (const landmark of ['header', 'nav', 'main', 'footer'])
      if (document.querySelector(landmark) === null) faults.push(`no ${landmark}`)
    if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1')
    let level = 1
    for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
      const next = Number(heading.tagName[1])
      if (next > level + 1) faults.push(`heading ${heading.textContent} skips a level`)
      level = next
    }
    for (const region of document.querySelectorAll('section, nav, [role="region"]'))
      if (nameOf(region).trim() === '') faults.push(`a ${region.tagName} without a name`)
    for (const field of document.querySelectorAll('input:not([type="hidden"]), select, textarea'))
      if (field.labels.length === 0) faults.push(`field ${field.name} has no label`)
    for (const link of document.querySelectorAll('a, button, summary'))
      if ((link.textContent + nameOf(link)).trim() === '')
        faults.push(`${link.outerHTML.slice(0, 60)} says nothing`)
    for (const picture of document.querySelectorAll('svg:not([aria-hidden]), img'))
      if (nameOf(picture).trim() === '' && !picture.alt) faults.push('a picture without words')
    for (const cell of document.querySelectorAll('th'))
      if (cell.scope === '') faults.push(`heading cell ${cell.textContent} has no scope`)
    const ids = Array.from(document.querySelectorAll('[id]'), ({ id }) => id)
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`)
    return faults
  },

  /** Links and buttons that are too small to be hit with a finger: WCAG 2.2 AA wants 24 pixels, or space around. */
  smallTargets: () =>
    Array.from(document.querySelectorAll('nav a, button, input, select, summary'))
      .filter(visible)
      .filter((element) => element.getBoundingClientRect().height < 24)
      .map(
        (element) => `${element.textContent.trim().slice(0, 30)}: ${element.getBoundingClientRect().height}`,
      ),

  /** What axe-core finds, with all its rules. */
  violations: async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    )
  },

  /** How far the page is wider than the window, in pixels. */
  overflow: () => document.documentElement.scrollWidth - document.documentElement.clientWidth,

  /** The element that has the focus, and whether one can see that it has. */
  focus: () => {
    const element = document.activeElement
    const style = getComputedStyle(element)
    return {
      what: `${element.tagName} ${element.textContent.trim().slice(0, 30)}`,
      seen:
        (style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2) ||
        style.outlineStyle === 'auto',
      inside: element !== document.body,
    }
  },
}
