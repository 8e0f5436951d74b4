import { html } from 'hono/html'
import type { Html } from './format.ts'

/** A column of a list. The first one names its rows. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => Html | string
  /** Figures stand to the right. */
  readonly figure?: true
  /** What the list is sorted by when this head is followed. */
  readonly sort?: string
}

/** How a list is sorted now, and the address of the page without it. */
export interface Sorting {
  readonly by: string
  readonly descending: boolean
  /** `/miners`, or with a query of its own. */
  readonly path: string
}

/** A list. Whole rows stand alone on a phone, where each cell carries the head of its column. */
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
}

/** The list as a table. Roles are named, since styles for phones would take them away. */
export const table = <Row>({ caption, columns, rows, empty, sorting, mark }: Table<Row>): Html =>
  rows.length === 0
    ? html`<p class="empty">${empty}</p>`
    : html`<table class="list" role="table"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map((column) => head(column, sorting))}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => {
        const marked = mark?.(row) ?? ''
        return html`<tr role="row"${marked === '' ? '' : html` class="${marked}"`}>${columns.map(
          (column, index) => (index === 0 ? rowHead(column, row) : cell(column, row)),
        )}</tr>
`
      })}</tbody></table>`

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

const cell = <Row>({ head, cell, figure }: Column<Row>, row: Row): Html =>
  html`<td role="cell" data-head="${head}"${figure === true ? html` class="figure"` : ''}>${cell(row)}</td>`

/** Where a list can be had by programs, and how it goes on. Addresses are of this pool. */
export const listFoot = ({
  data,
  csv,
  next,
  first,
}: {
  /** Below `/api/v1`. */
  readonly data: string
  /** False where there is no CSV of it. */
  readonly csv: boolean
  /** Address of the next page; null on the last. */
  readonly next: string | null
  /** Address of the first page; null when this is it. */
  readonly first: string | null
}): Html =>
  html`<p class="list-foot">${first === null ? '' : html`<a href="${first}" rel="first">First page</a> `}${next === null ? '' : html`<a href="${next}" rel="next">Next page</a> `}${dataLinks(data, csv)}</p>`

/** The same figures as JSON, and as CSV. */
export const dataLinks = (data: string, csv: boolean): Html => {
  const join = data.includes('?') ? '&' : '?'
  return html`<span class="data"><a href="/api/v1${data}">JSON</a>${csv ? html` <a href="/api/v1${data}${join}format=csv">CSV</a>` : ''}</span>`
}

/** Figures side by side, each with a name and a word about it. */
export const figure = (id: string, name: string, content: Html, isLive = true): Html =>
  html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2><div id="${id}"${isLive ? html` data-live` : ''}>${content}</div></section>`

/** A part of a page under a heading of its own, which is kept true by the browser. */
export const part = (id: string, name: string, content: Html): Html =>
  html`<section class="part" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2><div id="${id}" data-live>${content}</div></section>`

/** Names and values, one a line. */
export const facts = (rows: readonly (readonly [string, Html | string])[]): Html =>
  html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
