import * as E from 'fp-ts/lib/Either.js'
import { canonicalJson } from '../canonical-json.ts'
import { toAtoms } from '../decred/amount.ts'
import type { EventData, PoolEvent } from '../events.ts'
import { creditsDigest, type WorkCredit } from '../reward/pay-per-share.ts'
import { splitExactly } from '../reward/split.ts'
import { advance, endRepayment, repay } from './advances.ts'
import { eachGain, type Gain } from './allocated.ts'
import { type BookedAllocation, type BookedBlock, type Books, type BooksError, ordinalOf } from './books.ts'
import { balanceOf, minerAccount, move, type Posting, post } from './ledger.ts'

/** Events of a settlement's stream that share a block's reward or take that back. */
export type AllocationEvent = Extract<PoolEvent, { readonly type: 'RewardAllocated' | 'RewardReversed' }>

type Answer = E.Either<BooksError, readonly Posting[]>
type Part = EventData<'RewardAllocated'>

/**
 * Books an event of the stream `settlement-<number>`. An allocation in parts moves money with its last one; money of a block
 * that matured before is available at once. A reward that comes back after it was taken back first repays what the reserve has advanced
 * for each account since, so that the block counts as though it had never been lost.
 */
export function bookAllocationEvent(books: Books, number: number, event: AllocationEvent): Answer {
  const { block: hash } = event.data
  const block = books.blocks.get(hash)
  if (block === undefined)
    return refuse(
      'unknown-block',
      `Block ${hash} has no beginning in the log: settlement ${number} is of it.`,
    )
  switch (event.type) {
    case 'RewardAllocated':
      return bookPart(books, number, hash, block, event.data)
    case 'RewardReversed':
      return reverse(books, number, hash, block)
  }
}

const refuse = (kind: BooksError['kind'], message: string): E.Either<BooksError, never> =>
  E.left({ kind, message })

function bookPart(books: Books, number: number, hash: string, block: BookedBlock, data: Part): Answer {
  if (block.allocation !== null)
    return refuse(
      'allocated-twice',
      `The reward of block ${hash} is shared by settlement ${block.allocation.settlement} already.`,
    )
  if (!block.wasApproved)
    return refuse('not-approved', `Block ${hash} was never approved on the main chain: nobody has earned it.`)
  if (block.reward !== BigInt(data.reward))
    return refuse(
      'other-reward',
      `The coinbase of block ${hash} pays ${block.reward}, not ${data.reward} atoms.`,
    )
  const before = block.pending?.settlement === number ? block.pending.parts : []
  const parts = [...before, data]
  const fault = partFault(before, data)
  if (fault !== undefined) return refuse('parts-disagree', `Settlement ${number} of block ${hash}: ${fault}.`)
  if (data.part < data.parts) {
    block.pending = { settlement: number, parts }
    return E.right([])
  }
  const credits = creditsOf(parts)
  if (!isSplitRight(data, credits))
    return refuse(
      'wrong-split',
      `Settlement ${number} does not split the reward of block ${hash} by its units.`,
    )
  return E.right(allot(books, number, hash, block, data, credits))
}

/** What is wrong with the next part after those before, which are in order; undefined when nothing is. */
function partFault(before: readonly Part[], next: Part): string | undefined {
  const shared = (part: Part): string =>
    canonicalJson({ ...part, at: 0, part: 0, account: [], units: [], atoms: [] })
  if (next.part !== before.length + 1) return 'its parts are not in order'
  const last = before.at(-1)
  if (last !== undefined && shared(last) !== shared(next)) return 'its parts are not of one allocation'
  return next.account.some((account, i) => account <= (next.account[i - 1] ?? last?.account.at(-1) ?? ''))
    ? 'its accounts are not in order, or one is named twice'
    : undefined
}

interface PartCredit {
  readonly account: string
  readonly units: bigint
  readonly atoms: bigint
}

const creditsOf = (parts: readonly Part[]): readonly PartCredit[] =>
  parts.flatMap(({ account, units, atoms }) =>
    account.map((id, i) => ({
      account: id,
      units: BigInt(units[i] ?? '0'),
      atoms: BigInt(atoms[i] ?? '0'),
    })),
  )

function isSplitRight({ reward, fee, reserve, window }: Part, credits: readonly PartCredit[]): boolean {
  const shared = BigInt(reward) - BigInt(fee) - BigInt(reserve)
  if (window === null) return credits.length === 0 && shared === 0n
  const units = credits.reduce((sum, credit) => sum + credit.units, 0n)
  if (units !== BigInt(window.units) || shared < 0n || (units === 0n && shared > 0n)) return false
  const parts = splitExactly(
    shared,
    credits.map((credit) => ({ account: credit.account, weight: credit.units })),
  )
  return credits.every(({ atoms }, i) => atoms === parts[i])
}

function allot(
  books: Books,
  settlement: number,
  hash: string,
  block: BookedBlock,
  data: Part,
  credits: readonly PartCredit[],
): readonly Posting[] {
  const stage = block.phase === 'matured' ? 'available' : 'immature'
  const paid = credits.filter(({ atoms }) => atoms > 0n)
  const allocation: BookedAllocation = {
    settlement,
    reward: toAtoms(BigInt(data.reward)),
    fee: BigInt(data.fee),
    reserve: BigInt(data.reserve),
    accounts: Uint32Array.from(paid, ({ account }) => ordinalOf(books.names, account)),
    atoms: BigUint64Array.from(paid, ({ atoms }) => atoms),
    stage,
  }
  const give = ({ at, atoms }: Gain): readonly Posting[] => [
    ...move(atoms, 'chain:coinbase', at(stage)),
    ...move(repaidWith(books, hash, block, stage, { at, atoms }), at(stage), 'pool:reserve'),
  ]
  const postings = [
    ...move(allocation.reserve, 'chain:coinbase', 'pool:reserve'),
    ...[...eachGain(books.names, allocation)].flatMap(give),
  ]
  post(books.balances, postings)
  block.pending = null
  block.allocation = allocation
  return postings
}

/** What somebody's part of a reward repays. */
const repaidWith = (
  { advances }: Books,
  hash: string,
  { takenBack }: BookedBlock,
  stage: BookedAllocation['stage'],
  { at, atoms }: Gain,
): bigint =>
  takenBack === null
    ? 0n
    : repay(advances, at('available'), {
        atoms,
        since: takenBack,
        immature: stage === 'immature' ? hash : null,
      })

function reverse(books: Books, number: number, hash: string, block: BookedBlock): Answer {
  const { allocation } = block
  if (allocation?.settlement !== number)
    return refuse('not-allocated', `Settlement ${number} does not share the reward of block ${hash} now.`)
  const isThere = allocation.stage === 'available'
  if (isThere) block.takenBack = ++books.reversals
  const take = (gain: Gain): readonly Posting[] =>
    isThere ? takeAvailable(books, gain) : takeImmature(books, hash, gain)
  const postings = [
    ...move(allocation.reserve, 'pool:reserve', 'chain:coinbase'),
    ...[...eachGain(books.names, allocation)].flatMap(take),
  ]
  post(books.balances, postings)
  block.allocation = null
  return E.right(postings)
}

/** All of it is there, but for what has repaid the reserve: that is open again. */
function takeImmature({ advances }: Books, hash: string, { at, atoms }: Gain): readonly Posting[] {
  const repaid = endRepayment(advances, at('available'), hash, 'open-again')
  return [
    ...move(atoms - repaid, at('immature'), 'chain:coinbase'),
    ...move(repaid, 'pool:reserve', 'chain:coinbase'),
  ]
}

/** What an account has no longer, because it was planned or paid, is advanced by the reserve: nobody goes below zero but the pool. */
function takeAvailable({ balances, advances, reversals }: Books, { at, atoms }: Gain): readonly Posting[] {
  const account = at('available')
  const held = balanceOf(balances, account)
  const there = held < atoms ? held : atoms
  advance(advances, account, reversals, atoms - there)
  return [...move(there, account, 'chain:coinbase'), ...move(atoms - there, 'pool:reserve', 'chain:coinbase')]
}

/**
 * Books a `WorkSettled` with the credits that its shares come to: from the reserve, at once available. The event names them only
 * by their digest.
 */
export function bookWorkSettled(
  books: Books,
  data: EventData<'WorkSettled'>,
  credits: readonly WorkCredit[],
): Answer {
  const sum = credits.reduce((total, { atoms }) => total + atoms, 0n)
  if (
    sum !== BigInt(data.atoms) ||
    credits.length !== data.accounts ||
    creditsDigest(credits) !== data.credits
  )
    return refuse(
      'other-credits',
      `The work settled at height ${data.height} comes to ${sum} atoms for ${credits.length} accounts, ` +
        `the log says ${data.atoms} for ${data.accounts}, or gives them to others.`,
    )
  const postings = credits.flatMap(({ account, atoms }) =>
    move(atoms, 'pool:reserve', minerAccount(account, 'available')),
  )
  post(books.balances, postings)
  return E.right(postings)
}
