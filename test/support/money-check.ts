import * as E from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { assertBooks } from '../../domain/bookkeeping/invariants.ts'
import { balanceOf } from '../../domain/bookkeeping/ledger.ts'
import { payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { headerVoteBits } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { transactionId } from '../../domain/decred/transaction.ts'
import type { EventData } from '../../domain/events.ts'
import { planOfEvent } from '../../domain/payout/plan-event.ts'
import { unsignedTransaction } from '../../domain/payout/transaction.ts'
import type { ChainBlock } from '../../src/devnet/block-tree.ts'
import { type Chain, decoded } from '../../src/devnet/chain.ts'
import { Records } from '../../src/treasury/records.ts'

const network = networks.simnet

/** What a log adds up to, from its beginning. Every event in it is booked without complaint, and the books are right. */
export function recordsOf(log: readonly RecordedEvent[]): Records {
  const records = new Records(network)
  for (const recorded of log) expect(records.take(recorded)).toEqual(E.right(undefined))
  assertBooks(records.books)
  return records
}

/** Atoms that the main chain pays to an address, in transactions of blocks that are not disapproved. */
export function onChain(chain: Chain, address: string): bigint {
  const payable = payableAddress(address, network)
  if (E.isLeft(payable)) throw new Error(payable.left.message)
  const script = toHex(paymentScript(payable.right))
  let sum = 0n
  for (let height = 2; height <= chain.tip.height; height++) {
    const block = chain.at(height)
    if (block === undefined || isDisapproved(chain, block)) continue
    for (const { outputs } of decoded(block).transactions)
      for (const output of outputs) if (toHex(output.script) === script) sum += output.atoms
  }
  return sum
}

function isDisapproved(chain: Chain, block: ChainBlock): boolean {
  const next = chain.next(block)
  return next !== undefined && (headerVoteBits(next.header) & 1) === 0
}

/**
 * What must hold at every moment: paid + owed + fees + reserve = the coinbases of the approved blocks, and the chain pays nobody
 * anything but what a payout plans for him, once. When a process has just died, some of the blocks may not be shared yet, or not taken back.
 */
export function checkMoney(log: readonly RecordedEvent[], chain: Chain, hasJustDied: boolean): void {
  const { books } = recordsOf(log)
  let approved = 0n
  for (const [hash, { phase, reward, allocation }] of books.blocks) {
    const block = chain.get(hash)
    const isApproved =
      block !== undefined &&
      chain.isMain(block) &&
      chain.next(block) !== undefined &&
      !isDisapproved(chain, block)
    if (!hasJustDied)
      expect({ hash, isApproved }).toEqual({ hash, isApproved: phase === 'approved' || phase === 'matured' })
    if (hasJustDied ? allocation !== null : isApproved) approved += reward ?? 0n
  }
  let held = 0n
  for (const [account, atoms] of books.balances) if (account !== 'chain:coinbase') held += atoms
  expect(held).toBe(approved)
  expect(-balanceOf(books.balances, 'chain:coinbase')).toBe(approved)

  const expected = new Map<string, bigint>()
  for (const { type, data } of log) {
    if (type !== 'PayoutPlanned') continue
    const plan = planOfEvent(JSON.parse(data) as EventData<'PayoutPlanned'>)
    const found = chain.transaction(transactionId(unsignedTransaction(network, plan)))
    const isPaid = found !== undefined && !isDisapproved(chain, found.block)
    for (const { address, atoms } of [...plan.outputs, ...(plan.poolFee === null ? [] : [plan.poolFee])])
      expected.set(address, (expected.get(address) ?? 0n) + (isPaid ? atoms : 0n))
  }
  for (const [address, atoms] of expected)
    expect({ address, atoms: onChain(chain, address) }).toEqual({ address, atoms })
}
