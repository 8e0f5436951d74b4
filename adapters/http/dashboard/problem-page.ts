import { html } from 'hono/html'
import { type Problem, problemKinds } from '../problem.ts'
import type { Html } from './format.ts'

/** A problem as a page, for people. */
export const problemPage = {
  title: ({ kind }: Problem): string => problemKinds[kind].title,
  body: (problem: Problem): Html => html`<h1>${problemPage.title(problem)}</h1>
<p class="lead">${problem.detail}</p>`,
}
