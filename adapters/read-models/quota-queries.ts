import type { DatabaseSync } from 'node:sqlite'
import { networkDifficulty } from '../../domain/decred/target.ts'
import { isSameScheme } from '../../domain/policy.ts'
import { COARSEST_LEVEL, keptFrom, levelAt } from '../../projections/hashrate.ts'
import type { PolicyView, Quota } from '../../projections/money/views.ts'
import { SCOPE, type Tally } from '../../projections/tally.ts'
import { number, type Row } from './values.ts'

/** Estimates of the next block's sharing. Each throws what SQLite throws. */
export interface QuotaQueries {
  /** Of an account, by its meter. Null where the scheme shares no window, and before any work. */
  readonly quota: (meter: number) => Quota | null
}

/** Prepares them. `tally` is the live one; `policies` are all, newest first. */
export function openQuotaQueries(
  db: DatabaseSync,
  tally: Tally,
  policies: () => readonly PolicyView[],
): QuotaQueries {
  const ofPool = db.prepare(`SELECT start, difficulty FROM work
    WHERE level = ? AND scope = ${SCOPE.pool} AND start >= ? ORDER BY start DESC`)
  const ofAccount = db.prepare(`SELECT ifnull(sum(w.difficulty), 0.0) AS difficulty FROM json_each(:starts) s
    CROSS JOIN work w ON w.level = :level AND w.scope = ${SCOPE.account} AND w.start = s.value AND w.meter = :meter`)
  const lastShared = db.prepare(`SELECT b.found_at FROM settlements s JOIN blocks b ON b.hash = s.block
    WHERE s.reversed_at IS NULL ORDER BY b.number DESC LIMIT 1`)

  /** How far the window reaches: units of difficulty, or a time. Undefined without a window. */
  function reach(): { readonly difficulty: number; readonly fromMs: number } | undefined {
    const history = policies()
    const [policy] = history
    if (policy === undefined || tally.pool === undefined || tally.newestBits === null) return undefined
    const { scheme } = policy
    const changed = history.findIndex((each) => !isSameScheme(each.scheme, scheme))
    const adopted = history.at(changed < 0 ? -1 : changed - 1)?.adoptedAt ?? 0
    switch (scheme.kind) {
      case 'pplns':
        return {
          difficulty: networkDifficulty(tally.pool.network, tally.newestBits) * (scheme.windowPpm / 1e6),
          fromMs: adopted,
        }
      case 'pplns-time':
        return { difficulty: Infinity, fromMs: Math.max(adopted, tally.clockMs - scheme.periodMs) }
      case 'prop': {
        const found = lastShared.get()
        return {
          difficulty: Infinity,
          fromMs: Math.max(adopted, found === undefined ? 0 : number(found, 'found_at')),
        }
      }
      case 'pps':
      case 'solo':
        return undefined
    }
  }

  return {
    quota: (meter) => {
      const limit = reach()
      if (limit === undefined) return null
      for (let level = 0; level <= COARSEST_LEVEL; level++) {
        const kept = keptFrom(level, tally.clockMs)
        const from = Math.max(kept, Math.floor(limit.fromMs / 1_000) - levelAt(level).seconds + 1)
        const window = gather(ofPool.iterate(level, from), limit.difficulty)
        // A finer level that is over before the window is would leave out work that counts.
        const isWhole = window.difficulty >= limit.difficulty || from > kept || kept * 1_000 <= sinceOf(tally)
        if (!isWhole && level < COARSEST_LEVEL) continue
        const oldest = window.starts.at(-1)
        if (oldest === undefined || window.difficulty === 0) return null
        const mine = ofAccount.get({ level, starts: JSON.stringify(window.starts), meter }) ?? {}
        return {
          share: Math.floor((number(mine, 'difficulty') / window.difficulty) * 1e6) / 1e6,
          since: oldest * 1_000,
        }
      }
      return null
    },
  }
}

const sinceOf = ({ pool }: Tally): number => pool?.openedAt ?? 0

/** Buckets from the newest back to where their work comes to `enough`. */
function gather(
  rows: Iterable<Row>,
  enough: number,
): { readonly starts: readonly number[]; readonly difficulty: number } {
  const starts: number[] = []
  let difficulty = 0
  for (const row of rows) {
    starts.push(number(row, 'start'))
    difficulty += number(row, 'difficulty')
    if (difficulty >= enough) break
  }
  return { starts, difficulty }
}
