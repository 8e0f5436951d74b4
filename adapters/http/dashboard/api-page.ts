import { html } from 'hono/html'
import { type Parameter, type Route, routes } from '../api/catalogue.ts'
import type { JsonSchema } from '../api/json-schema.ts'
import { problemKinds } from '../problem.ts'
import type { Html } from './format.ts'

/** The API page: every route with its parameters and an address to try, the shapes of answers, and the kinds of problem. */
export const apiPage = (document: JsonSchema): Html => html`<h1>API</h1>
<div class="prose">
<p class="lead">Everything on these pages can be had as JSON, without a login and from any origin. The whole is described by an <a href="/api/v1/openapi.json">OpenAPI 3.1 document</a>.</p>
<p>Times are Unix milliseconds. Numbers that may pass 2<sup>53</sup> are text. Lists come in pages: ask again with the <code>next</code> of a page as <code>cursor</code>. Answers carry an <code>ETag</code>; asking with <code>If-None-Match</code> costs nothing while nothing has changed.</p>
</div>
<section aria-labelledby="routes-title"><h2 id="routes-title">Routes</h2>
${Object.values<Route>(routes).map(routeCard)}
</section>
<section aria-labelledby="shapes-title"><h2 id="shapes-title">Answers</h2>
${Object.entries(schemasOf(document)).map(
  ([name, schema]) =>
    html`<details class="shape" id="schema-${name}"><summary><code>${name}</code></summary><pre tabindex="0"><code>${JSON.stringify(schema, null, 2)}</code></pre></details>`,
)}
</section>
<section aria-labelledby="problems-title"><h2 id="problems-title">Problems</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457) with a <code>detail</code> that says what to do.</p>
<dl class="problems">${Object.entries(problemKinds).map(
  ([kind, { status, title }]) =>
    html`<div id="problem-${kind}"><dt><code>${kind}</code> <span class="aside">${status}</span></dt><dd>${title}.</dd></div>`,
)}</dl>
</section>`

function routeCard(route: Route): Html {
  const path = `/api/v1${route.path}`
  const link = route.path.includes('{')
    ? html`<code>${path}</code>`
    : html`<a href="${path}"><code>${path}</code></a>`
  return html`<article class="route" aria-label="${path}"><h3><span class="method">GET</span> ${link}</h3>
<p>${prose(route.summary)}</p>
${route.parameters.length === 0 ? '' : html`<dl class="parameters">${route.parameters.map(parameterRow)}</dl>`}${route.answer === null ? '' : html`<p class="aside">Answers <a href="#schema-${route.answer.name}">${route.answer.name}</a></p>`}</article>`
}

/** Text in which backticks mark code. */
const prose = (text: string): Html =>
  html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`

const parameterRow = (parameter: Parameter): Html =>
  html`<div><dt><code>${parameter.name}</code></dt><dd>${prose(parameter.description)}${limits(parameter.schema)}</dd></div>`

function limits(schema: JsonSchema): Html | '' {
  const words = [
    Array.isArray(schema['enum']) ? schema['enum'].join(' or ') : '',
    schema['maximum'] === undefined || schema['maximum'] === Number.MAX_SAFE_INTEGER
      ? ''
      : `${schema['minimum']} to ${schema['maximum']}`,
    schema['default'] === undefined ? '' : `${schema['default']} when left out`,
  ].filter((text) => text !== '')
  return words.length === 0 ? '' : html` <span class="aside">${words.join('; ')}</span>`
}

function schemasOf(document: JsonSchema): Readonly<Record<string, unknown>> {
  const components = document['components']
  if (!isRecord(components) || !isRecord(components['schemas'])) return {}
  return components['schemas']
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
