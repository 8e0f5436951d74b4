import { html } from 'hono/html'
import type { BlockSummary } from '../../../projections/views.ts'
import { chart } from './chart.ts'
import { counted, type Html, percent } from './format.ts'

/** Rounds that ended on the main chain, newest first: those that luck is made of. */
export const roundsOf = (blocks: readonly BlockSummary[]): readonly number[] =>
  blocks
    .filter(({ state }) => ['connected', 'approved', 'disapproved', 'matured'].includes(state))
    .map(({ effort }) => effort)

const EFFORT_STEPS = 40

/**
 * How long rounds were against what chance gives: the part of rounds that took longer than x times the average, and e^-x, about which
 * it may stray by its standard error.
 */
export function effortChart(rounds: readonly number[]): Html {
  const longest = Math.max(3, Math.ceil(Math.max(...rounds)))
  const at = Array.from({ length: EFFORT_STEPS + 1 }, (_, i) => (i / EFFORT_STEPS) * longest)
  const expected = at.map((x) => Math.exp(-x))
  const longer = (x: number): number => rounds.filter((effort) => effort > x).length
  return chart({
    id: 'effort-chart',
    title: 'Part of the rounds that took longer than some effort',
    says: html`Of the last ${counted(rounds.length, 'round')} ${longer(1)} took more work than the average one; chance gives ${(rounds.length / Math.E).toFixed(1)}. The longest took ${percent(Math.max(...rounds))}.`,
    x: {
      ...{ kind: 'ratio', head: 'Longer than', from: 0, to: longest, at },
      marks: [0, 0.25, 0.5, 0.75, 1].map((part) => percent(part * longest)),
    },
    unit: 'ratio',
    series: [
      { name: 'rounds of this pool', mark: 'steps', values: at.map((x) => longer(x) / rounds.length) },
      {
        name: 'chance',
        mark: 'dashes',
        values: expected,
        errors: expected.map((part) => Math.sqrt((part * (1 - part)) / rounds.length)),
      },
    ],
  })
}

/** Luck over the last n rounds, for each n, and 100 %, about which chance alone moves it by 1 / sqrt(n). */
export function luckChart(rounds: readonly number[]): Html {
  let work = 0
  const luck = rounds.map((effort, i) => {
    work += effort
    return work === 0 ? null : (i + 1) / work
  })
  const at = rounds.map((_, i) => i + 1)
  const all = luck.at(-1) ?? 0
  const error = 1 / Math.sqrt(rounds.length)
  // Luck of two or three rounds can be anything, and would flatten the rest.
  const first = Math.min(rounds.length - 1, 4)
  return chart({
    id: 'luck-chart',
    title: 'Luck over the last rounds',
    says: html`Over the last ${counted(rounds.length, 'round')} the pool found ${percent(all)} of the blocks that its work is worth. Chance alone moves this by ± ${percent(error)}: ${Math.abs(all - 1) <= 2 * error ? 'this is within twice that' : 'this is more than twice that'}.`,
    x: {
      ...{ kind: 'count', head: 'Rounds', from: first + 1, to: Math.max(first + 2, rounds.length) },
      at: at.slice(first),
      marks: [`the last ${first + 1}`, `the last ${rounds.length} rounds`],
    },
    unit: 'ratio',
    series: [
      { name: 'luck', mark: 'line', values: luck.slice(first) },
      {
        name: 'expectation',
        mark: 'dashes',
        values: at.slice(first).map(() => 1),
        errors: at.slice(first).map((n) => 1 / Math.sqrt(n)),
      },
    ],
  })
}
