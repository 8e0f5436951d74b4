import * as E from 'fp-ts/lib/Either.js'
import { accountId } from '../decred/address.ts'
import type { EventData } from '../events.ts'
import {
  firstPhase,
  isOver,
  type PayoutEvent,
  type PayoutStepEvent,
  phaseAfter,
} from '../payout/lifecycle.ts'
import type { BookedPayout, Books, BooksError, PlannedMoney } from './books.ts'
import {
  balanceOf,
  feeAccount,
  type LedgerAccount,
  minerAccount,
  move,
  type Posting,
  post,
} from './ledger.ts'

type Answer = E.Either<BooksError, readonly Posting[]>
type Plan = EventData<'PayoutPlanned'>

/** Books an event of the stream `payout-<number>`. Money moves with the plan, and when the payout is over. */
export function bookPayoutEvent(books: Books, number: number, event: PayoutEvent): Answer {
  const payout = books.payouts.get(number)
  if (event.type === 'PayoutPlanned') {
    return payout === undefined
      ? plan(books, number, event.data)
      : refuse('payout-exists', `Payout ${number} is planned already.`)
  }
  return payout === undefined
    ? refuse('unknown-payout', `Payout ${number} has no plan in the log.`)
    : step(books, number, payout, event)
}

const refuse = (kind: BooksError['kind'], message: string): E.Either<BooksError, never> =>
  E.left({ kind, message })

function plan(books: Books, number: number, data: Plan): Answer {
  const money = plannedMoney(data)
  const fault = planFault(books, number, data, money)
  if (fault !== undefined) return E.left(fault)
  const postings = towardsPayout(money)
  post(books.balances, postings)
  for (const output of money.funding) books.funding.set(output, number)
  if (money.hasFeeOutput) books.feePayouts++
  books.payouts.set(number, { phase: firstPhase(data.mode), plan: money })
  return E.right(postings)
}

/** Money that a plan moves. */
export function plannedMoney(data: Plan): PlannedMoney {
  const { poolFee } = data
  return {
    outputs: data.address.map((address, i) => ({
      account: accountId(address),
      deducted: BigInt(data.deducted[i] ?? '0'),
    })),
    poolFee: BigInt(poolFee?.deducted ?? '0') + BigInt(data.feeFromPoolFee),
    reserve: BigInt(data.feeFromReserve),
    paid: sum(data.atoms) + BigInt(poolFee?.atoms ?? '0'),
    fee: BigInt(data.fee),
    hasFeeOutput: poolFee !== null,
    funding: data.funding.transaction.map((id, i) => outpointOf(id, data.funding.output[i] ?? 0)),
  }
}

/** The key of {@link Books.funding} for an output of a transaction. */
export const outpointOf = (transaction: string, output: number): string => `${transaction}:${output}`

const sum = (amounts: readonly string[]): bigint =>
  amounts.reduce((total, atoms) => total + BigInt(atoms), 0n)

function planFault(books: Books, number: number, data: Plan, money: PlannedMoney): BooksError | undefined {
  const given = money.outputs.reduce((total, { deducted }) => total + deducted, money.poolFee + money.reserve)
  const funds = sum(data.funding.atoms)
  if (given !== money.paid + money.fee)
    return {
      kind: 'unbalanced-plan',
      message: `Payout ${number} takes ${given} atoms from accounts for ${money.paid + money.fee} of outputs and fee.`,
    }
  if (funds !== money.paid + money.fee + BigInt(data.change?.atoms ?? '0'))
    return {
      kind: 'unbalanced-plan',
      message: `Payout ${number} is funded with ${funds} atoms, and its outputs, change and fee are another sum.`,
    }
  const twice = money.funding.find(
    (output, i) => books.funding.has(output) || money.funding.indexOf(output) !== i,
  )
  if (twice !== undefined)
    return {
      kind: 'funded-twice',
      message: `Payout ${number} spends ${twice}, which payout ${books.funding.get(twice) ?? number} spends.`,
    }
  const overdrawn = overdrawnBy(books, money)
  return overdrawn === undefined
    ? undefined
    : { kind: 'overdrawn', message: `Payout ${number} takes more than there is from ${overdrawn}.` }
}

/** The first ledger account that a plan takes more from than there is. The reserve may go below zero. */
function overdrawnBy(books: Books, money: PlannedMoney): LedgerAccount | undefined {
  const taken = new Map<LedgerAccount, bigint>([[feeAccount('available'), money.poolFee]])
  for (const { account, deducted } of money.outputs) {
    const from = minerAccount(account, 'available')
    taken.set(from, (taken.get(from) ?? 0n) + deducted)
  }
  return [...taken].find(([account, atoms]) => atoms > balanceOf(books.balances, account))?.[0]
}

const towardsPayout = ({ outputs, poolFee, reserve }: PlannedMoney): readonly Posting[] => [
  ...outputs.flatMap(({ account, deducted }) =>
    move(deducted, minerAccount(account, 'available'), minerAccount(account, 'in-payout')),
  ),
  ...move(poolFee, feeAccount('available'), feeAccount('in-payout')),
  ...move(reserve, 'pool:reserve', feeAccount('in-payout')),
]

function step(books: Books, number: number, payout: BookedPayout, event: PayoutStepEvent): Answer {
  const phase = phaseAfter(payout.phase, event)
  if (phase === undefined || payout.plan === null)
    return refuse('out-of-order', `Payout ${number} is ${payout.phase}: ${event.type} can't happen to it.`)
  const postings = endPostings(
    payout.plan,
    phase === 'confirmed' ? 'paid' : isOver(phase) ? 'returned' : 'open',
  )
  post(books.balances, postings)
  if (phase === 'returned') {
    for (const output of payout.plan.funding) books.funding.delete(output)
    if (payout.plan.hasFeeOutput) books.feePayouts--
  }
  payout.phase = phase
  if (isOver(phase)) payout.plan = null
  return E.right(postings)
}

function endPostings(money: PlannedMoney, end: 'paid' | 'returned' | 'open'): readonly Posting[] {
  switch (end) {
    case 'open':
      return []
    case 'returned':
      return towardsPayout(money).map(({ account, atoms }) => ({ account, atoms: -atoms }))
    case 'paid':
      return [
        ...money.outputs.map(({ account, deducted }) => ({
          account: minerAccount(account, 'in-payout'),
          atoms: -deducted,
        })),
        { account: feeAccount('in-payout'), atoms: -(money.poolFee + money.reserve) },
        { account: 'chain:paid', atoms: money.paid },
        { account: 'chain:fees', atoms: money.fee },
      ]
  }
}
