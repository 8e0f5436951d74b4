import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { badRequest } from './cursor.ts'
import { type Answer, type BooksHistoryRequest, type BooksPoint, HISTORY_POINTS_MAX } from './port.ts'
import { atoms, number } from './values.ts'

/**
 * Prepares the history of the books. Every movement of money between outside, liabilities (miners and the pool's fees) and reserve
 * is in a settlement, in work paid by the share, or in a payout, so its steps are sums over those: one row for each of them,
 * whatever the number of miners. The last point is what the books hold. Throws what SQLite throws.
 */
export function openBooksHistory(
  db: DatabaseSync,
): (request: BooksHistoryRequest) => Answer<readonly BooksPoint[]> {
  // A plan names each of its outputs, so only those that say something of the reserve are parsed.
  const movements = db.prepare(`
    WITH payout AS (
      SELECT at, ended_at, phase, paid + fee AS taken, CASE WHEN instr(plan, '"feeFromReserve":"0"') > 0 THEN 0
        ELSE CAST(json_extract(plan, '$.feeFromReserve') AS INTEGER) END AS from_reserve
      FROM payouts
    ), movement (at, liabilities, reserve) AS (
      SELECT at, reward - reserve - repaid, reserve + repaid FROM settlements
      UNION ALL SELECT reversed_at, -(reward - reserve - from_reserve), -(reserve + from_reserve)
        FROM settlements WHERE reversed_at IS NOT NULL
      UNION ALL SELECT json_extract(data, '$.at'), a, -a FROM
        (SELECT data, CAST(json_extract(data, '$.atoms') AS INTEGER) AS a FROM work_settlements)
      UNION ALL SELECT at, from_reserve, -from_reserve FROM payout WHERE from_reserve > 0
      UNION ALL SELECT ended_at, -from_reserve, from_reserve FROM payout WHERE from_reserve > 0 AND phase = 'returned'
      UNION ALL SELECT ended_at, -taken, 0 FROM payout WHERE phase = 'confirmed'
    )
    SELECT CASE WHEN at < :from THEN -1 ELSE min(:last, CAST((at - :from) / :step AS INTEGER)) END AS step,
      sum(liabilities) AS liabilities, sum(reserve) AS reserve
    FROM movement GROUP BY 1`)

  return ({ from, to, stepMs }) => {
    const steps = Math.ceil((to - from) / stepMs)
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && stepMs >= 1 && from >= 0 && from < to))
      return badRequest('The books are asked from one time to a later one, in Unix milliseconds.')
    if (steps > HISTORY_POINTS_MAX)
      return badRequest(
        `A chart has at most ${HISTORY_POINTS_MAX} points: ask for a longer step or a shorter time.`,
      )
    const rows = movements.all({ from, step: stepMs, last: steps - 1 })
    const byStep = new Map(rows.map((row) => [number(row, 'step'), row]))
    let liabilities = 0n
    let reserve = 0n
    const points: BooksPoint[] = []
    for (let step = -1; step < steps; step++) {
      const row = byStep.get(step)
      if (row !== undefined) {
        liabilities += atoms(row, 'liabilities')
        reserve += atoms(row, 'reserve')
      }
      const at = Math.min(to, from + (step + 1) * stepMs)
      if (step >= 0) points.push({ at, liabilities: String(liabilities), reserve: String(reserve) })
    }
    return E.right(points)
  }
}
