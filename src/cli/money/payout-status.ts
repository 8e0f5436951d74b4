import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import { PAGE_LIMIT_MAX } from '../../../adapters/read-models/port.ts'
import type { NextPayout, PaymentSummary, PolicyView } from '../../../projections/money/views.ts'
import { runningPoolOf } from '../admin/control-client.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { readConfig } from '../read-config.ts'
import { print, printJson } from '../terminal.ts'
import { type FiguresRequest, withFigures } from './figures.ts'
import { dcr, printTable } from './table.ts'

/** `lodebook payout status`: when the next payout is due, and where the latest ones are. */
export async function payoutStatus(request: FiguresRequest): Promise<ExitCode> {
  const problems = request.store === undefined ? await problemsOf(request) : []
  return withFigures(request, (figures) => {
    const pool = figures.pool(Date.now())
    if (E.isLeft(pool)) return E.left(pool.left.message)
    const latest = figures.payments({ after: null, limit: PAGE_LIMIT_MAX })
    if (E.isLeft(latest)) return E.left(latest.left.message)
    const { policy, nextPayout } = pool.right ?? { policy: null, nextPayout: null }
    const payouts = latest.right.items
    if (request.json) printJson({ policy, nextPayout, payouts, problems })
    else tell(policy, nextPayout, payouts)
    if (!request.json) for (const { message } of problems) print(`In the way: ${message}`)
    return E.right(EXIT.ok)
  })
}

const Money = t.union([
  t.null,
  t.type({
    problems: t.readonlyArray(
      t.type({ about: t.string, kind: t.string, message: t.string, since: t.number }),
    ),
  }),
])

/** What is in the way, as a running pool knows it; nothing when none runs. */
async function problemsOf(request: FiguresRequest) {
  const read = readConfig(request)
  if (E.isLeft(read)) return []
  const money = await runningPoolOf(read.right.config.pool.dataDirectory).read('/money', Money)
  return E.isRight(money) && money.right !== null ? money.right.problems : []
}

function tell(policy: PolicyView | null, next: NextPayout | null, payouts: readonly PaymentSummary[]): void {
  print(policy === null || next === null ? 'This pool pays nobody.' : nextWords(policy, next))
  if (payouts.length === 0) return
  print('')
  printTable(
    ['Payout', 'Phase', 'Planned', 'Outputs', 'Paid DCR', 'Fee DCR', 'Transaction'].map((name, i) => ({
      name,
      isFigure: i === 0 || (i > 2 && i < 6),
    })),
    payouts.map((payout) => [
      integer(payout.number),
      payout.why === null ? payout.phase : `${payout.phase}: ${payout.why}`,
      absoluteTime(payout.plannedAt),
      integer(payout.outputs),
      dcr(payout.paid),
      dcr(payout.fee),
      payout.transaction ?? '',
    ]),
  )
}

function nextWords(
  { payoutSchedule, payoutMode, minimumPayout }: PolicyView,
  { atHeight, at, miners, atoms }: NextPayout,
): string {
  const every =
    payoutSchedule.kind === 'blocks' ? `every ${counted(payoutSchedule.every, 'block')}` : 'every day'
  const when =
    atHeight !== null ? `at height ${integer(atHeight)}` : at !== null ? `at ${absoluteTime(at)}` : 'soon'
  const approval = payoutMode === 'manual' ? ', and waits for an operator then' : ''
  const ready =
    miners === 0
      ? `nobody has the minimum of ${dcr(minimumPayout)} DCR yet`
      : `${dcr(atoms)} DCR are ready for ${counted(miners, 'miner')}`
  return `The next payout is planned ${when} (${every})${approval}: ${ready}.`
}
