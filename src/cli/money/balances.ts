import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import type { Figures } from '../../../adapters/read-models/read-only.ts'
import type { BalanceView, BooksView } from '../../../projections/money/views.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { complain, print, printJson } from '../terminal.ts'
import { allPages, type FiguresRequest, withFigures } from './figures.ts'
import { dcr, printTable } from './table.ts'

/** `lodebook balances`: what every miner is owed, what the pool has, and whether the books agree. */
export const balances = (request: FiguresRequest): Promise<ExitCode> =>
  withFigures(request, (figures) => {
    const miners = allPages(figures.balances)
    if (E.isLeft(miners)) return miners
    const books = figures.books()
    if (E.isLeft(books)) return E.left(books.left.message)
    if (request.json) printJson({ balances: miners.right, books: books.right })
    else tell(figures, miners.right, books.right)
    for (const { says, books: ours, expected, holds } of books.right.checks)
      if (!holds) complain(`the books do not agree: ${says} They say ${ours}, and it is ${expected}`)
    return E.right(books.right.agrees ? EXIT.ok : EXIT.failed)
  })

function tell(figures: Figures, miners: readonly BalanceView[], books: BooksView): void {
  const { liabilities, fees, reserve, coinbases, paid, chainFees, ruin } = books
  const sum = (column: 'paid' | 'chainFees'): string =>
    String(miners.reduce((all, miner) => all + BigInt(miner[column]), 0n))
  printTable(
    ['Miner', 'Immature', 'Available', 'In payout', 'Paid', 'Chain fees'].map((name, i) => ({
      name,
      isFigure: i > 0,
    })),
    [
      ...miners.map((miner) => row(miner.address ?? miner.account, miner)),
      row(counted(miners.length, 'miner'), {
        ...liabilities,
        paid: sum('paid'),
        chainFees: sum('chainFees'),
      }),
      row("Pool's fees", { ...fees, paid: '0', chainFees: '0' }).slice(0, 4),
    ],
  )
  print('')
  print(`Reserve    ${dcr(reserve)} DCR`)
  print(
    `Coinbases  ${dcr(coinbases)} DCR came in, ${dcr(paid)} were paid, ${dcr(chainFees)} were the chain's fees`,
  )
  if (ruin !== null)
    print(
      `Ruin       ${(ruin.probability * 100).toFixed(4)} % likely some day, with ${dcr(ruin.promised)} DCR put aside by the operator`,
    )
  const { eventAt } = figures.status()
  const when = eventAt === null ? '' : `, at ${absoluteTime(eventAt)}`
  print(
    `As of ledger entry ${integer(books.entries - 1)}${when}: the books ${books.agrees ? 'agree' : 'do not agree'}.`,
  )
}

const row = (
  name: string,
  balance: Pick<BalanceView, 'immature' | 'available' | 'inPayout' | 'paid' | 'chainFees'>,
): readonly string[] => [
  name,
  ...[balance.immature, balance.available, balance.inPayout, balance.paid, balance.chainFees].map(dcr),
]
