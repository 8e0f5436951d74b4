import type { Context } from 'hono'
import { EVENTS_PATH } from '../event-stream.ts'
import { type Problem, type ProblemKind, problemKinds } from '../problem.ts'
import type { Site } from '../site.ts'
import type { Assets } from './assets.ts'
import type { Html } from './format.ts'
import { layout, type Page } from './layout.ts'
import { problemPage } from './problem-page.ts'

/** What few pages say of themselves: feeds beside the pool's, and what was looked for. */
export type PageExtras = Partial<Pick<Page, 'feeds' | 'search'>>

/** Puts bodies into whole pages. */
export type Show = ReturnType<typeof pageMaker>

/** The scripts of a page with charts. */
export const CHART_SCRIPTS: readonly string[] = ['uplot.js', 'chart.js']

/** Makes pages for a site. */
export function pageMaker(site: Site, assets: Assets) {
  const page = (
    c: Context,
    title: string,
    path: string,
    scripts: readonly string[],
    body: Html,
    httpStatus: 200 | (typeof problemKinds)[ProblemKind]['status'] = 200,
    extras: PageExtras = {},
  ) => {
    const status = site.status()
    const whole = layout({
      house: 'dashboard',
      events: httpStatus === 200 ? EVENTS_PATH : null,
      title,
      path,
      assetRoot: assets.root,
      status,
      health: site.health(status),
      now: site.now(),
      scripts,
      body,
      ...extras,
    })
    c.header('Cache-Control', 'no-cache')
    return c.html(whole, httpStatus)
  }
  return {
    page,
    problem: (c: Context, problem: Problem) =>
      page(
        c,
        problemPage.title(problem),
        c.req.path,
        [],
        problemPage.body(problem),
        problemKinds[problem.kind].status,
      ),
  }
}
