import { html } from 'hono/html'
import { type Problem, type ProblemKind, problemKinds } from '../problem.ts'
import type { Html } from './format.ts'

/** A problem as a page, for people: what it is, what to do, and where else to go. */
export const problemPage = {
  title: ({ kind }: Problem): string => problemKinds[kind].title,
  body: (
    problem: Problem,
  ): Html => html`<div class="problem"><p class="problem-status" aria-hidden="true">${problemKinds[problem.kind].status}</p>
<h1>${problemPage.title(problem)}</h1>
<p class="lead">${problem.detail}</p>
<p>${wayOn(problem.kind)}</p></div>`,
}

/** What a visitor can do next. */
function wayOn(kind: ProblemKind): Html {
  switch (problemKinds[kind].status) {
    case 400:
    case 404:
    case 405:
      return html`The search above knows addresses, workers, blocks, transactions and shares. Or go to <a href="/">the pool</a>.`
    case 429:
      return html`Open pages keep themselves up to date: there is no need to load them again.`
    case 500:
      return html`Miners are not affected: their shares are counted and stored. <a href="/">The pool</a> shows how it is.`
    default:
      return html`Shares that were accepted are stored and stay so. The line above says what the pool waits for; this page comes back by itself when it is loaded again.`
  }
}
