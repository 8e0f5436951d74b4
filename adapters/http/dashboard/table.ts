import { html } from 'hono/html'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import type { Html } from './format.ts'

/** A column of a list. The first one names its rows. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => Html | string
  /** Figures stand to the right. */
  readonly figure?: true
  /** What the list is sorted by when this head is followed. */
  readonly sort?: string
  /** On a phone: beside the row's name, below it like those that don't say, or left out. */
  readonly phone?: 'beside' | 'below' | 'none'
}

/** A word that says what a figure is where no head does: in the lines of a phone. */
export const onPhone = (word: string): Html => html`<span class="narrow">${word}</span>`

/** How a list is sorted now, and the address of the page without it. */
export interface Sorting {
  readonly by: string
  readonly descending: boolean
  /** `/miners`, or with a query of its own. */
  readonly path: string
}

/**
 * A list. On a phone a row is two lines where a column says what its place is there, and otherwise stands alone, each cell under the
 * head of its column.
 */
export interface Table<Row> {
  /** What it lists, for those who do not see where it stands. */
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** What is said when there is nothing. */
  readonly empty: string | Html
  readonly sorting?: Sorting
  /** Marks a row. */
  readonly mark?: (row: Row) => string
  /** It is only a part of its page, which leads to all of it: on a phone the stylesheet shows the first five. */
  readonly few?: true
}

/** The list as a table. Roles are named, since styles for phones would take them away. */
export const table = <Row>({ caption, columns, rows, empty, sorting, mark, few }: Table<Row>): Html =>
  rows.length === 0
    ? html`<p class="empty">${empty}</p>`
    : html`<table class="${listClass(columns, few)}" role="table"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((column) => head(column, sorting))}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => {
        const marked = mark?.(row) ?? ''
        return html`<tr role="row"${marked === '' ? '' : html` class="${marked}"`}>${columns.map(
          (column, index) => (index === 0 ? rowHead(column, row) : cell(column, row)),
        )}</tr>
`
      })}</tbody></table>`

const listClass = <Row>(columns: readonly Column<Row>[], few: true | undefined): string =>
  [
    'list',
    ...(columns.some(({ phone }) => phone !== undefined) ? ['brief'] : []),
    ...(few === true ? ['few'] : []),
  ].join(' ')

function head<Row>({ head, figure, sort }: Column<Row>, sorting: Sorting | undefined): Html {
  const place = figure === true ? html` class="figure"` : ''
  if (sort === undefined || sorting === undefined)
    return html`<th scope="col" role="columnheader"${place}>${head}</th>`
  const isSorted = sort === sorting.by
  const way = sorting.descending ? 'descending' : 'ascending'
  const next = isSorted && sorting.descending ? 'asc' : 'desc'
  const join = sorting.path.includes('?') ? '&' : '?'
  return html`<th scope="col" role="columnheader"${place}${isSorted ? html` aria-sort="${way}"` : ''}><a class="sort" href="${sorting.path}${join}sort=${sort}&amp;order=${next}">${head}${isSorted ? html`<span aria-hidden="true">${sorting.descending ? ' ↓' : ' ↑'}</span>` : ''}</a></th>`
}

const rowHead = <Row>({ cell, figure }: Column<Row>, row: Row): Html =>
  html`<th scope="row" role="rowheader"${figure === true ? html` class="figure"` : ''}>${cell(row)}</th>`

function cell<Row>({ head, cell, figure, phone }: Column<Row>, row: Row): Html {
  const classes = [
    ...(figure === true ? ['figure'] : []),
    ...(phone === 'beside' ? ['beside'] : phone === 'none' ? ['wide'] : []),
  ].join(' ')
  return html`<td role="cell" data-head="${head}"${classes === '' ? '' : html` class="${classes}"`}>${cell(row)}</td>`
}

/** How a list goes on, and where programs can have it. Addresses are of this pool. */
export const listFoot = ({
  data,
  next,
  first,
}: {
  /** Below `/api/v1`. */
  readonly data: string
  /** Address of the next page; null on the last. */
  readonly next: string | null
  /** Address of the first page; null when this is it. */
  readonly first: string | null
}): Html =>
  html`<p class="list-foot">${first === null ? '' : html`<a href="${first}" rel="first">First page</a> `}${next === null ? '' : html`<a href="${next}" rel="next">Next page</a> `}${listLinks(data)}</p>`

/** A list for programs: as CSV all of it, as JSON as many as the API gives at a time. */
export const listLinks = (data: string): Html => {
  const join = data.includes('?') ? '&' : '?'
  return html`<span class="data"><a href="/api/v1${data}${join}format=csv">CSV</a> with all of it, <a href="/api/v1${data}${join}limit=${PAGE_LIMIT_MAX}">JSON</a> ${PAGE_LIMIT_MAX} at a time</span>`
}

/** The figures of a page for programs, which one answer holds; as CSV too where they are a table. */
export const dataLinks = (data: string, csv: boolean): Html =>
  html`<span class="data"><a href="/api/v1${data}">JSON</a>${csv ? html`, <a href="/api/v1${data}?format=csv">CSV</a>` : ''}</span>`

/** Figures side by side, each with a name and a word about it. */
export const figure = (id: string, name: string, content: Html, isLive = true): Html =>
  html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2><div id="${id}"${isLive ? html` data-live` : ''}>${content}</div></section>`

/** A part of a page under a heading of its own, which is kept true by the browser. */
export const part = (id: string, name: string, content: Html): Html =>
  html`<section class="part" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2><div id="${id}" data-live>${content}</div></section>`

/** Names and values, one a line. */
export const facts = (rows: readonly (readonly [string, Html | string])[]): Html =>
  html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
