import * as E from 'fp-ts/lib/Either.js'
import { absoluteTime } from '../../../adapters/http/dashboard/format.ts'
import type { StatementLineView } from '../../../projections/money/views.ts'
import type { AccountView } from '../../../projections/views.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { print, printJson } from '../terminal.ts'
import { allPages, type FiguresRequest, withFigures } from './figures.ts'
import { dcr, printTable } from './table.ts'

/** `lodebook statement`: everything that changed what a miner is owed, oldest first. */
export const statement = (request: FiguresRequest & { readonly address: string }): Promise<ExitCode> =>
  withFigures(request, (figures) => {
    const account = figures.account(request.address, Date.now())
    if (E.isLeft(account)) return E.left(account.left.message)
    const miner = account.right
    if (miner === undefined)
      return E.left(`${request.address} is no miner of this pool: give the address as it was connected with`)
    const newestFirst = allPages((page) => figures.statement(miner.account, page))
    if (E.isLeft(newestFirst)) return newestFirst
    const lines = [...newestFirst.right].reverse()
    const { address, balances } = miner
    if (request.json) printJson({ account: miner.account, address, balances, lines })
    else tell(miner, lines)
    return E.right(EXIT.ok)
  })

function tell({ account, address, balances, quota }: AccountView, lines: readonly StatementLineView[]): void {
  print(`Statement of ${address ?? account}, in DCR`)
  print('')
  printTable(
    ['Date', 'What', 'Block or transaction', 'Amount', 'Balance'].map((name, i) => ({
      name,
      isFigure: i > 2,
    })),
    lines.map((line) => [
      absoluteTime(line.at),
      WORDS[line.kind],
      about(line),
      dcr(line.amount),
      dcr(line.balance),
    ]),
  )
  print('')
  print(`Immature   ${dcr(balances.immature)}`)
  print(`Available  ${dcr(balances.available)}`)
  print(`In payout  ${dcr(balances.inPayout)}`)
  print(`Paid       ${dcr(balances.paid)} and ${dcr(balances.chainFees)} of the chain's fees`)
  if (quota !== null) print(`Of the next block about ${(quota.share * 100).toFixed(4)} %, were it found now`)
}

const WORDS: { readonly [K in StatementLineView['kind']]: string } = {
  earned: 'part of a block',
  restored: 'block back, less advance',
  matured: 'block matured',
  reversed: 'block lost',
  credited: 'work',
  planned: 'payout planned',
  returned: 'payout returned',
  paid: 'payout confirmed',
}

const about = ({ block, transaction, payout }: StatementLineView): string =>
  block ?? transaction ?? (payout === null ? '' : `payout ${payout}`)
