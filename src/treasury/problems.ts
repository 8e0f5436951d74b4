import type { MoneyProblem } from '../../adapters/http/port.ts'

/** What is in the way; what it is about is said with it. */
export type Problem = Pick<MoneyProblem, 'kind' | 'message'>

/** What is wrong now, by what it is about: one at a time for each. */
export interface Problems {
  /** Notes a problem, or with null that there is none any more. */
  readonly set: (about: string, problem: Problem | null) => void
  readonly all: () => readonly MoneyProblem[]
}

/** Problems kept at most: more would be the same one for each account. */
const PROBLEMS_MAX = 100

/** Begins with none. `onProblem` is told of each that is new or of another kind than before, `onSolved` when one has passed. */
export function openProblems(
  nowMs: () => number,
  onProblem: (problem: MoneyProblem) => void,
  onSolved: (about: string) => void,
): Problems {
  const known = new Map<string, MoneyProblem>()
  return {
    set: (about, problem) => {
      const before = known.get(about)
      if (problem === null) {
        if (known.delete(about)) onSolved(about)
        return
      }
      const isSame = before?.kind === problem.kind
      if (before === undefined && known.size >= PROBLEMS_MAX) return
      const now = { about, ...problem, since: isSame ? before.since : nowMs() }
      known.set(about, now)
      if (!isSame) onProblem(now)
    },
    all: () => [...known.values()],
  }
}
