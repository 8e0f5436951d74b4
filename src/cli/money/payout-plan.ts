import * as E from 'fp-ts/lib/Either.js'
import { type PayoutPreview, payoutPreview } from '../../../adapters/http/admin/preview.ts'
import { counted } from '../../../adapters/http/dashboard/format.ts'
import { giveOrder } from '../admin/give-order.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { complain, print, printJson } from '../terminal.ts'
import { type FiguresRequest, withFigures } from './figures.ts'
import { dcr, printTable } from './table.ts'

/** `lodebook payout plan`: a run of payouts now, or only a look at what it would pay. */
export async function payoutPlan(request: FiguresRequest & { readonly dryRun: boolean }): Promise<ExitCode> {
  if (request.dryRun) return look(request)
  if (request.store === undefined) return giveOrder(request, { kind: 'plan-payouts' })
  complain('a run is planned by a running pool on its own store; add --dry-run, or leave --store out')
  return EXIT.usage
}

const look = (request: FiguresRequest): Promise<ExitCode> =>
  withFigures(request, (figures) => {
    const preview = payoutPreview(figures, Date.now())
    if (E.isLeft(preview)) return E.left(preview.left.message)
    if (request.json) printJson(preview.right)
    else if (preview.right === null) print('This pool pays nobody.')
    else tell(preview.right)
    return E.right(EXIT.ok)
  })

function tell({ policy, paid, atoms, below }: PayoutPreview): void {
  if (paid.length > 0) {
    printTable(
      [
        { name: 'Miner', isFigure: false },
        { name: 'Available DCR', isFigure: true },
      ],
      paid.map(({ address, account, available }) => [address ?? account, dcr(available)]),
    )
    print('')
  }
  print(
    `A run planned now would pay ${dcr(atoms)} DCR to ${counted(paid.length, 'miner')}, less the chain's fee, as far as the wallet has it.`,
  )
  if (below.miners > 0)
    print(
      `${counted(below.miners, 'miner')} with ${dcr(below.atoms)} DCR in all ${below.miners === 1 ? 'is' : 'are'} below the minimum of ${dcr(policy.minimumPayout)} DCR and ${below.miners === 1 ? 'waits' : 'wait'}.`,
    )
  print('Nothing was planned: leave --dry-run out to plan it.')
}
