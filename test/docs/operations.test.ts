import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runningExample } from '../adapters/http/running.ts'

/** What operators are given for watching a pool belongs to the pool that there is. */

const root = new URL('../../', import.meta.url).pathname
const read = (file: string): string => readFileSync(root + file, 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}
const rules: readonly Rule[] = parse(read('docs/operations/alerts.yml')).groups.flatMap(
  ({ rules }: { rules: readonly Rule[] }) => rules,
)
const dashboard = read('docs/operations/grafana/lodebook.json')

/** A sample of `/metrics`: its name, and its labels' names. */
async function exposed(): Promise<{
  readonly text: string
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>
}> {
  const pool = await runningExample()
  await pool.get('/api/v1/pool')
  const text = await (await pool.get('/metrics')).text()
  const labels = new Map<string, Set<string>>()
  for (const [, name = '', list = ''] of text.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? /gm)) {
    const known = labels.get(name) ?? new Set()
    for (const [, label = ''] of list.matchAll(/(\w+)="/g)) known.add(label)
    labels.set(name, known)
  }
  return { text, labels }
}

/** Metrics of an expression with the labels that it asks for. */
const selected = (
  expression: string,
): readonly { readonly name: string; readonly labels: readonly string[] }[] =>
  [...expression.matchAll(/\b((?:lodebook|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', list = '']) => ({
      name,
      labels: [...list.matchAll(/(\w+)(?:=|!)/g)].map(([, label]) => label ?? ''),
    }),
  )

/** Written by the program only once there is a witness or a receiver, so an example without one has no sample of it. */
const withLabelsOnly = /^lodebook_(witness_errors_total|webhook_\w+)$/

describe('every metric that is asked for is there, with its labels', () => {
  const expressions = [
    ...rules.map(({ alert, expr }) => [alert, expr] as const),
    ...[...dashboard.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].map(([, expr = ''], i) => {
      return [`panel ${i}`, JSON.parse(`"${expr}"`)] as const
    }),
  ]
  test.each(expressions)('%s', async (_, expression) => {
    const { text, labels } = await exposed()
    const metrics = selected(expression)
    if (!expression.startsWith('up{')) expect(metrics.length).toBeGreaterThan(0)
    for (const { name, labels: wanted } of metrics) {
      expect(text).toMatch(
        new RegExp(`^# TYPE ${name.replace(/_(bucket|count)$/, '(?:_(bucket|count))?')} `, 'm'),
      )
      if (withLabelsOnly.test(name)) continue
      const given = labels.get(name) ?? new Set()
      // Prometheus itself adds the instance.
      for (const label of wanted) if (label !== 'instance') expect([...given]).toContain(label)
    }
  })
})

describe('names of metrics', () => {
  /** As promtool's linter has them: github.com/prometheus/prometheus, util/promlint. */
  const abbreviations = /_(s|ms|us|ns|sec|secs|b|kb|mb|gb|tb|m|h|d)(_|$)/
  const notBase = /_(milliseconds|microseconds|minutes|hours|days|kilobytes|megabytes|bits|percent)(_|$)/

  test('follow the conventions of Prometheus', async () => {
    const { text } = await exposed()
    const types = [...text.matchAll(/^# TYPE (lodebook_\w+) (\w+)$/gm)]
    expect(types.length).toBeGreaterThan(25)
    for (const [, name = '', type] of types) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(name).not.toMatch(/gauge|counter|histogram|summary|_(bucket|count|sum)$/)
      expect(name).not.toMatch(abbreviations)
      expect(name).not.toMatch(notBase)
      if (type === 'histogram' || /age|lag|time|oldest/.test(name)) expect(name).toMatch(/_seconds$/)
      const help = new RegExp(`^# HELP ${name} (.*)$`, 'm').exec(text)?.[1] ?? ''
      expect(help).toMatch(/^[A-Z1].{5,}\.$/)
    }
  })

  test('labels are few and written alike', async () => {
    const { labels } = await exposed()
    for (const [name, own] of labels) {
      if (!name.startsWith('lodebook_')) continue
      expect(own.size).toBeLessThanOrEqual(3)
      for (const label of own) expect(label).toMatch(/^[a-z]+$/)
    }
  })
})

describe('alerts', () => {
  test.each(rules)('$alert has a severity, a sentence and a runbook', ({ alert, labels, annotations }) => {
    expect(['page', 'ticket']).toContain(labels.severity)
    expect(annotations.summary).toMatch(/\.$/)
    expect(annotations.runbook).toBe(`docs/runbooks/${alert}.md`)
    const page = read(annotations.runbook)
    expect(page.startsWith(`# ${alert}\n`)).toBe(true)
    for (const section of ['What it means', 'How to see it', 'What to do'])
      expect(page).toMatch(new RegExp(`^## ${section}\n\n(- )?\\S`, 'm'))
    expect(read('docs/operators.md')).toContain(`[${alert}](runbooks/${alert}.md)`)
  })

  test('no runbook is left over', () => {
    const pages = readdirSync(`${root}docs/runbooks`).map((file) => file.replace('.md', ''))
    expect(pages.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted())
  })

  test('runbooks ask for metrics and commands that there are, and link to pages that there are', async () => {
    const { text } = await exposed()
    for (const file of readdirSync(`${root}docs/runbooks`)) {
      const page = read(`docs/runbooks/${file}`)
      for (const { name } of selected(page))
        expect(text).toContain(`# TYPE ${name.replace(/_(bucket|count)$/, '')} `)
    }
  })
})

test('the systemd unit is the one of the manual', () => {
  const [, unit = ''] = /```ini\n(\[Unit\][\s\S]*?)```/.exec(read('docs/operators.md')) ?? []
  expect(read('docs/operations/lodebook.service')).toBe(
    `# /etc/systemd/system/lodebook.service, as docs/operators.md describes it.\n${unit}`,
  )
})

test('Prometheus and Grafana find each other and the pool', () => {
  const prometheus = parse(read('docs/operations/prometheus.yml'))
  expect(prometheus.rule_files).toEqual(['alerts.yml'])
  expect(prometheus.scrape_configs[0].job_name).toBe('lodebook')
  expect(rules[0]?.expr).toContain('job="lodebook"')
  const { datasources } = parse(read('docs/operations/grafana/datasource.yml'))
  expect(datasources[0]).toMatchObject({ type: 'prometheus', url: 'http://prometheus:9090' })
  expect(JSON.parse(dashboard).templating.list.map(({ name }: { name: string }) => name)).toEqual([
    'datasource',
    'instance',
  ])
})
