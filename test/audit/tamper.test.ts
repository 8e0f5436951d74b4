import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { workSubsidy } from '../../domain/decred/subsidy.ts'
import { decodeTransaction, encodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { poolFee } from '../../domain/reward/allocation.ts'
import { splitExactly } from '../../domain/reward/split.ts'
import { type SignedCheckpoint, trustIn } from '../../domain/transparency/checkpoint.ts'
import { signingKey } from '../../domain/transparency/key.ts'
import { simulatedNode } from './chain-node.ts'
import {
  at,
  audited,
  auditedLog,
  type Cooked,
  copyOf,
  found,
  type History,
  history,
  indexOf,
  published,
  withoutGaps,
  withRightTotals,
} from './cooked-books.ts'

/**
 * Every way to cheat that docs/auditing.md names, on a history of the real engine: tampered with, published anew and signed with the real
 * key, as the pool itself could do it. Each is found by the check that is for it, at the entry that is wrong.
 */

let honest: History
beforeAll(async () => {
  honest = await history()
})

const isShares = ({ type, data }: Cooked): boolean => type === 'SharesAccepted' && data.difficulty.length > 2
const isAllocation = ({ type, data }: Cooked): boolean =>
  type === 'RewardAllocated' && data.account.length > 1
/** The first allocation whose window holds the shares of an entry. */
function allocationOf(log: readonly Cooked[], shares: number): number {
  const position = new Map(log.map(({ stream, revision }, i) => [`${stream}@${revision}`, i]))
  const place = ({ stream, revision }: { stream: string; revision: number }): number =>
    position.get(`${stream}@${revision}`) ?? -1
  return indexOf(
    log,
    ({ type, data }) =>
      type === 'RewardAllocated' && place(data.window.from) < shares && place(data.window.to) > shares,
  )
}
/** Takes a share out of the columns of an event. */
function withoutShare({ data }: Cooked, share: number): void {
  for (const column of COLUMNS) data[column].splice(share, 1)
  data.solved = data.solved
    .filter((each: { share: number }) => each.share !== share)
    .map((each: { share: number; hash: string }) => ({
      ...each,
      share: each.share > share ? each.share - 1 : each.share,
    }))
}
const COLUMNS = [
  'connection',
  'worker',
  'job',
  'difficulty',
  'extranonce2',
  'ntime',
  'nonce',
  'elapsed',
] as const
/** An event of shares in the middle of the history, none of which solved a block. */
const plainShares = (log: readonly Cooked[]): number =>
  indexOf(log, (each) => isShares(each) && each.data.solved.length === 0, 8)

test('an honest ledger passes, with the chain and without', async () => {
  const folder = await published(honest.log, honest.key)
  const alone = await audited(folder, honest.key)
  expect(alone.unfinished).toBeNull()
  expect(found(alone)).toEqual([])
  expect(alone.fold?.shares.hashed).toBe(900)
  const withChain = await audited(folder, honest.key, { node: simulatedNode(honest.chain) })
  expect(withChain.unfinished).toBeNull()
  expect(withChain.isChainAsked).toBe(true)
  expect(found(withChain)).toEqual([])
})

test('with threads it is the same', async () => {
  const threaded = await auditedLog(honest.log, honest.key, { workers: 2 })
  expect(found(threaded)).toEqual([])
  expect(threaded.fold?.shares.hashed).toBe(900)
})

describe('shares', () => {
  test('deleted, leaving a gap', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    const [gone] = log.splice(index, 1)
    const next = indexOf(log, ({ stream, revision }) => stream === gone?.stream && revision > gone.revision)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A2', 'gap', next])
  })

  test('deleted without a gap: the hour and the connections have other totals', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    const [gone] = log.splice(index, 1)
    withoutGaps(log)
    const closed = indexOf(log, ({ stream, type }) => stream === gone?.stream && type === 'EpochClosed')
    const ended = indexOf(
      log,
      ({ stream, type }) =>
        type === 'MinerDisconnected' &&
        gone?.data.connection.some((n: number) => stream === `connection-${gone.stream.split('-')[1]}.${n}`),
    )
    const answer = found(await auditedLog(log, honest.key))
    expect(answer).toContainEqual(['A2', 'epoch-totals', closed])
    expect(answer).toContainEqual(['A2', 'connection-totals', ended])
  })

  test('one deleted, and all totals put right: its block was shared by it', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    withoutShare(at(log, index), 1)
    const answer = found(await auditedLog(withRightTotals(log), honest.key))
    expect(answer).toContainEqual(['A6', 'other-allocation', allocationOf(log, index)])
  })

  test('added without work', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    const { data } = at(log, index)
    // Difficulties are low here: of ten made-up shares one hits by chance.
    for (let n = 0; n < 10; n++) {
      for (const column of COLUMNS) data[column].push(data[column][0])
      data.nonce[data.nonce.length - 1] = n
    }
    const answer = found(await auditedLog(withRightTotals(log), honest.key))
    expect(answer).toContainEqual(['A3', 'no-proof-of-work', index])
    expect(answer).toContainEqual(['A6', 'other-allocation', allocationOf(log, index)])
  })

  test('doubled', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    const { data } = at(log, index)
    for (const column of COLUMNS) data[column].push(data[column][0])
    expect(found(await auditedLog(withRightTotals(log), honest.key))).toContainEqual([
      'A3',
      'same-share',
      index,
    ])
  })

  test('of another difficulty', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    at(log, index).data.difficulty[0] += 1
    expect(found(await auditedLog(withRightTotals(log), honest.key))).toContainEqual([
      'A3',
      'other-difficulty',
      index,
    ])
  })

  test('of a difficulty that was assigned once its hash was known, to work that was given out already', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    const { stream, data } = at(log, index)
    const gateway = stream.split('-')[1]
    data.difficulty[0] *= 2
    const connection = `connection-${gateway}.${data.connection[0]}`
    const first = log.find(({ stream, type }) => stream === connection && type === 'DifficultyAssigned')
    const step = {
      ...{ stream: connection, revision: 1_000, type: 'DifficultyAssigned' },
      data: { ...first?.data, at: data.at, difficulty: data.difficulty[0] },
    }
    log.splice(index, 0, step)
    expect(found(await auditedLog(withRightTotals(withoutGaps(log)), honest.key))).toContainEqual([
      'A3',
      'other-difficulty',
      index + 1,
    ])
  })

  test('of another account: its header has the extranonce of who mined it', async () => {
    const log = copyOf(honest)
    const isOfTwo = (each: Cooked): boolean =>
      isShares(each) && each.data.solved.length === 0 && new Set(each.data.connection).size > 1
    const index = indexOf(log, isOfTwo, 8)
    const { data } = at(log, index)
    const other = data.connection.find((n: number) => n !== data.connection[0])
    data.connection = data.connection.map(() => other)
    expect(found(await auditedLog(withRightTotals(log), honest.key))).toContainEqual([
      'A3',
      'no-proof-of-work',
      index,
    ])
  })

  test('of a worker that was never there', async () => {
    const log = copyOf(honest)
    const index = plainShares(log)
    at(log, index).data.worker[0] = 31
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A3', 'unknown-worker', index])
  })

  test('moved out of the window: behind the find', async () => {
    const log = copyOf(honest)
    const allocation = indexOf(log, isAllocation, 3)
    const { to } = at(log, allocation).data.window
    const find = indexOf(log, ({ stream, revision }) => stream === to.stream && revision === to.revision)
    const before = indexOf(log, ({ stream, type }) => stream === to.stream && type === 'SharesAccepted', 0)
    const moved = log.slice(0, find).findLastIndex((each) => each.stream === to.stream && isShares(each))
    expect(moved).toBeGreaterThanOrEqual(before)
    const [shares] = log.splice(moved, 1)
    if (shares !== undefined) log.splice(find, 0, shares)
    withoutGaps(log)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'other-allocation', allocation])
  })

  test('on a job that is long over', async () => {
    const log = copyOf(honest)
    const index = indexOf(
      log,
      (each) => isShares(each) && each.data.solved.length === 0 && each.data.job[0] > 5,
    )
    at(log, index).data.job[0] = 0
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A3', 'stale-share', index])
  })
})

describe('streams', () => {
  /** A copy of an event as the next of its stream, behind another event. */
  function addAgain(log: Cooked[], index: number, behind = index): number {
    const again = structuredClone(at(log, index))
    log.splice(behind + 1, 0, again)
    withoutGaps(log)
    return behind + 1
  }

  test.each(['MinerConnected', 'AccountOpened'])('a %s that is there twice, word for word', async (type) => {
    const log = copyOf(honest)
    const again = addAgain(
      log,
      indexOf(log, (each) => each.type === type, 2),
    )
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A2', 'begun-again', again])
  })

  test('one that lacks its beginning', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type }) => type === 'MinerConnected', 2)
    const [gone] = log.splice(index, 1)
    const next = indexOf(log, ({ stream }) => stream === gone?.stream)
    expect(found(await auditedLog(withoutGaps(log), honest.key))).toContainEqual(['A2', 'no-beginning', next])
  })

  test.each(['EpochClosed', 'MinerDisconnected', 'PayoutConfirmed', 'RewardReversed'])(
    'a stream that goes on after its %s',
    async (type) => {
      const log = copyOf(honest)
      const again = addAgain(
        log,
        indexOf(log, (each) => each.type === type),
      )
      const answer = found(await auditedLog(log, honest.key))
      expect(answer).toContainEqual(['A2', 'after-end', again])
      expect(answer.filter(([, kind]) => kind === 'gap')).toEqual([])
    },
  )

  test('shares after the end of their hour', async () => {
    const log = copyOf(honest)
    const closed = indexOf(log, ({ type }) => type === 'EpochClosed')
    const shares = log.findIndex((each) => each.stream === at(log, closed).stream && isShares(each))
    const again = addAgain(log, shares, closed)
    const answer = found(await auditedLog(log, honest.key))
    expect(answer).toContainEqual(['A2', 'after-end', again])
    expect(answer.filter(([, kind]) => kind.startsWith('epoch'))).toEqual([])
  })

  test('of a gateway that never joined, though it would be the next', async () => {
    const log = copyOf(honest)
    const joined = log.findLastIndex(({ type }) => type === 'GatewayJoined')
    const { gateway } = at(log, joined).data
    log.splice(joined, 1)
    const isOf = (kind: string): number =>
      indexOf(log, ({ stream, type }) => stream.startsWith(`${kind}-${gateway}`) && type !== 'EpochClosed')
    const answer = found(await auditedLog(withoutGaps(log), honest.key))
    for (const kind of ['connection', 'work', 'shares'])
      expect(answer).toContainEqual(['A2', 'other-gateway', isOf(kind)])
  })

  test('an extranonce1 that another gateway gives', async () => {
    const log = copyOf(honest)
    const joined = indexOf(log, ({ type }) => type === 'GatewayJoined')
    at(log, joined).data.extranoncePrefix = 'fe'
    const first = indexOf(log, ({ type }) => type === 'MinerConnected')
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A3', 'wrong-extranonce', first])
  })
})

describe.each(['mainnet', 'testnet3'] as const)('the rules of %s, without a node', (name) => {
  const network = networks[name]
  const isWork = ({ type }: Cooked): boolean => type === 'WorkIssued'
  const isMatured = ({ type }: Cooked): boolean => type === 'BlockMatured'

  /** The history as if it were of that network: its work and its blocks go by the rules that need no chain. */
  function there(): Cooked[] {
    const log = copyOf(honest)
    at(log, 0).data.network = name
    for (const { data } of log.filter(isWork))
      data.subsidy = String(workSubsidy(network, data.height, network.votesPerBlock, 'dcp0012'))
    for (const { data } of log.filter(isMatured)) data.confirmations = network.coinbaseMaturity + 1
    return log
  }
  const foundByA5 = async (log: readonly Cooked[]) =>
    found(await auditedLog(log, honest.key)).filter(([check]) => check === 'A5')

  test('kept', async () => {
    expect(await foundByA5(there())).toEqual([])
  })

  test('another proof of work than BLAKE3', async () => {
    const log = there()
    const index = indexOf(log, isWork, 3)
    at(log, index).data.powAlgorithm = 'blake256'
    expect(await foundByA5(log)).toEqual([['A5', 'other-proof-of-work', index]])
  })

  test('a subsidy by a split that was in force once', async () => {
    const log = there()
    const index = indexOf(log, isWork, 3)
    const { data } = at(log, index)
    data.subsidy = String(workSubsidy(network, data.height, network.votesPerBlock, 'dcp0010'))
    expect(await foundByA5(log)).toEqual([['A5', 'other-subsidy', index]])
  })

  test('a block that is mature too early', async () => {
    const log = there()
    const index = indexOf(log, isMatured)
    at(log, index).data.confirmations = network.coinbaseMaturity
    expect(await foundByA5(log)).toEqual([['A5', 'too-young', index]])
  })
})

describe('rewards', () => {
  test('an allocation changed by one atom', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isAllocation, 2)
    const { data } = at(log, index)
    data.atoms[0] = String(BigInt(data.atoms[0]) - 1n)
    data.atoms[1] = String(BigInt(data.atoms[1]) + 1n)
    const answer = found(await auditedLog(log, honest.key))
    expect(answer).toContainEqual(['A6', 'other-allocation', index])
    expect(answer).toContainEqual(['A7', 'not-booked', index])
  })

  test('a fee raised without a policy, everything else right', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isAllocation, 2)
    const { data } = at(log, index)
    const reward = BigInt(data.reward)
    const fee = poolFee(toAtoms(reward), 20_000)
    const weights = data.account.map((account: string, i: number) => ({
      account,
      weight: BigInt(data.units[i]),
    }))
    data.fee = String(fee)
    data.atoms = splitExactly(reward - fee, weights).map(String)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'other-allocation', index])
  })

  test('a policy changed backwards', async () => {
    const log = copyOf(honest)
    at(
      log,
      indexOf(log, ({ type }) => type === 'PolicyAdopted'),
    ).data.feePpm = 0
    const first = indexOf(log, ({ type }) => type === 'RewardAllocated')
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'other-allocation', first])
  })

  test('by a policy that was adopted after the find', async () => {
    const log = copyOf(honest)
    const later = indexOf(log, ({ type }) => type === 'PolicyAdopted', 1)
    const index = indexOf(log.slice(0, later), isAllocation)
    at(log, index).data.policy = at(log, later).revision
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'other-allocation', index])
  })

  test('another scheme in mid-round', async () => {
    const log = copyOf(honest)
    const later = indexOf(log, ({ type }) => type === 'PolicyAdopted', 1)
    at(log, later).data.scheme = { kind: 'solo' }
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'policy-in-mid-round', later])
  })

  test('a reward kept from everybody', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isAllocation)
    const [gone] = log.splice(index, 1)
    const kept = log.filter(({ stream, type }) => stream !== gone?.stream && !type.startsWith('Payout'))
    const block = `block-${gone?.data.block}`
    const last = kept.findLastIndex(({ stream, type }) => stream === block && type.startsWith('Block'))
    expect(found(await auditedLog(kept, honest.key))).toContainEqual(['A6', 'not-shared', last])
  })

  test('pay per share: credits given to others', async () => {
    const pps = await history({ scheme: 'pps', faults: false, shares: 300 })
    const log = copyOf(pps)
    const index = indexOf(log, ({ type, data }) => type === 'WorkSettled' && data.accounts > 0)
    at(log, index).data.credits = 'ab'.repeat(32)
    expect(found(await auditedLog(pps.log, pps.key))).toEqual([])
    expect(found(await auditedLog(log, pps.key))).toContainEqual(['A6', 'other-settlement', index])
  })
})

describe('blocks', () => {
  /** A share that solved a block which was connected and shared. */
  function solved(log: readonly Cooked[]) {
    const allocation = indexOf(log, isAllocation, 2)
    const { block } = at(log, allocation).data
    const share = indexOf(
      log,
      ({ type, data }) =>
        type === 'SharesAccepted' && data.solved.some(({ hash }: { hash: string }) => hash === block),
    )
    return { block, share }
  }

  test('hidden: its stream and its reward taken out', async () => {
    const log = copyOf(honest)
    const { block, share } = solved(log)
    const left = log.filter(
      ({ stream, type, data }) =>
        stream !== `block-${block}` && !(type === 'RewardAllocated' && data.block === block),
    )
    expect(found(await auditedLog(withoutGaps(left), honest.key))).toContainEqual([
      'A4',
      'block-missing',
      share,
    ])
  })

  test('hidden: the share said to be an ordinary one, too', async () => {
    const log = copyOf(honest)
    const { block, share } = solved(log)
    at(log, share).data.solved = []
    const left = log.filter(
      ({ stream, type, data }) =>
        stream !== `block-${block}` && !(type === 'RewardAllocated' && data.block === block),
    )
    const answer = await auditedLog(withoutGaps(left), honest.key, { node: simulatedNode(honest.chain) })
    expect(found(answer)).toContainEqual(['A4', 'hidden-block', share])
    expect(found(answer).some(([check, kind]) => check === 'A5' && kind === 'block-of-ours-missing')).toBe(
      true,
    )
  })

  test('found by another', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type, data }) => type === 'BlockFound' && data.share !== null, 2)
    at(log, index).data.account = 'ab'.repeat(32)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A4', 'other-finder', index])
  })

  test('reorganised, and paid all the same', async () => {
    const log = copyOf(honest)
    const reversal = indexOf(log, ({ type }) => type === 'RewardReversed')
    const [gone] = log.splice(reversal, 1)
    const lost = log.findLastIndex(
      ({ stream, type }) => stream === `block-${gone?.data.block}` && type.startsWith('Block'),
    )
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A6', 'not-taken-back', lost])
  })

  test('reorganised, which the log does not say: the chain does', async () => {
    const log = copyOf(honest)
    const lost = indexOf(log, ({ type }) => type === 'BlockDisconnected')
    const { stream } = at(log, lost)
    const left = log.filter(
      (each, i) =>
        !(each.stream === stream && i >= lost) &&
        !(each.type === 'RewardReversed' && `block-${each.data.block}` === stream),
    )
    const last = left.findLastIndex((each) => each.stream === stream)
    const answer = await auditedLog(withoutGaps(left), honest.key, { node: simulatedNode(honest.chain) })
    expect(found(answer)).toContainEqual(['A5', 'not-on-chain', last])
  })

  test('of another reward than the coinbase pays', async () => {
    const log = copyOf(honest)
    const { block } = solved(log)
    const connected = indexOf(
      log,
      ({ stream, type }) => stream === `block-${block}` && type === 'BlockConnected',
    )
    const { reward } = at(log, connected).data
    reward.atoms = String(BigInt(reward.atoms) - 1000n)
    const last = log.findLastIndex(
      ({ stream, type }) => stream === `block-${block}` && type !== 'BlockSubmitted',
    )
    const answer = await auditedLog(log, honest.key, { node: simulatedNode(honest.chain) })
    expect(found(answer)).toContainEqual(['A5', 'other-reward-on-chain', last])
  })
})

describe('payouts', () => {
  const isPlan = ({ type, data }: Cooked): boolean => type === 'PayoutPlanned' && data.address.length > 1

  test('returned after it was signed, as if the reward that it spends were lost', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type }) => type === 'PayoutConfirmed')
    const { stream, data } = at(log, index)
    const why = { why: 'funding-lost', conflict: null }
    Object.assign(at(log, index), { type: 'PayoutReturned', data: { v: 1, at: data.at, ...why } })
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A8', 'funding-not-lost', index])

    const { funding } = at(
      log,
      indexOf(log, (each) => each.stream === stream),
    ).data
    const rewarded = log.find(
      (each) => each.type === 'BlockConnected' && each.data.reward.transaction === funding.transaction[0],
    )
    const lost = ['BlockDisconnected', 'BlockOrphaned'].map((type) => ({
      ...{ stream: rewarded?.stream ?? '', revision: 99, type },
      data: { v: 1, at: data.at, ...(type === 'BlockOrphaned' ? { why: 'deep' } : {}) },
    }))
    log.splice(index, 0, ...lost)
    const kinds = found(await auditedLog(withoutGaps(log), honest.key)).map(([, kind]) => kind)
    expect(kinds).not.toContain('funding-not-lost')
  })

  test('redirected by what is signed', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type }) => type === 'PayoutSigned')
    const { data } = at(log, index)
    const bytes = fromHex(data.bytes)
    const decoded = decodeTransaction(bytes ?? new Uint8Array(0))
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    const [first, ...rest] = decoded.right.outputs
    const script = first?.script.slice() ?? new Uint8Array(0)
    script[5] = (script[5] ?? 0) ^ 1
    const outputs = first === undefined ? [] : [{ ...first, script }, ...rest]
    const redirected = { ...decoded.right, outputs }
    data.bytes = toHex(encodeTransaction(redirected))
    data.transaction = transactionId(redirected)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A8', 'not-as-planned', index])
  })

  test('redirected by the plan, to another account', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isPlan)
    const { data } = at(log, index)
    data.address[0] = data.address[1]
    const answer = await auditedLog(log, honest.key)
    expect(found(answer)).toContainEqual(['A8', 'payout-not-booked', index])
  })

  test('repeated', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, isPlan)
    const numbers = log.flatMap(({ stream }) =>
      stream.startsWith('payout-') ? [Number(stream.slice(7))] : [],
    )
    const again = { ...structuredClone(at(log, index)), stream: `payout-${Math.max(...numbers) + 1}` }
    again.data.policy = log.findLast(({ type }) => type === 'PolicyAdopted')?.revision
    again.data.at = at(log, log.length - 1).data.at
    log.push(again)
    expect(found(await auditedLog(log, honest.key))).toContainEqual([
      'A8',
      'payout-not-booked',
      log.length - 1,
    ])
  })

  test('confirmed in a block that does not hold it', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type }) => type === 'PayoutConfirmed')
    at(log, index).data.block = at(
      log,
      indexOf(log, ({ type }) => type === 'BlockConnected'),
    ).stream.slice(6)
    const answer = await auditedLog(log, honest.key, { node: simulatedNode(honest.chain) })
    expect(found(answer)).toContainEqual(['A8', 'payout-not-on-chain', index])
    expect(answer.findings.count('discrepancy', 'A8')).toBe(1)
  })

  test('confirmed in a block that was reorganised away, and in another since: a notice', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type }) => type === 'PayoutConfirmed')
    at(log, index).data.block = '07'.repeat(32)
    const answer = await auditedLog(log, honest.key, { node: simulatedNode(honest.chain) })
    expect(found(answer)).toEqual([['A8', 'payout-not-on-chain', index]])
    expect(answer.findings.count('discrepancy')).toBe(0)
  })
})

describe('the log', () => {
  async function checkpointOf(folder: string): Promise<SignedCheckpoint> {
    const read = await readCheckpoint(ledgerFolder(folder), trustIn(honest.key.verifier))()
    if (E.isLeft(read)) throw new Error(read.left.message)
    return read.right
  }

  test('rolled back behind what was signed', async () => {
    const since = await checkpointOf(await published(honest.log, honest.key))
    const shorter = honest.log.slice(0, -10)
    expect(found(await auditedLog(shorter, honest.key, { since }))).toContainEqual([
      'A1',
      'rolled-back',
      shorter.length,
    ])
  })

  test('forked: another history after the same beginning', async () => {
    const since = await checkpointOf(await published(honest.log.slice(0, 300), honest.key))
    const log = copyOf(honest)
    const index = indexOf(log.slice(0, 300), ({ type }) => type === 'MinerIdentified')
    at(log, index).data.agent = 'another/1.0'
    expect(found(await auditedLog(honest.log, honest.key, { since }))).toEqual([])
    expect(found(await auditedLog(log, honest.key, { since }))).toEqual([['A1', 'forked-log', null]])
  })

  test('reordered', async () => {
    const since = await checkpointOf(await published(honest.log.slice(0, 300), honest.key))
    const log = copyOf(honest)
    const index = log
      .slice(0, 299)
      .findIndex(
        ({ stream, type }, i) => stream !== log[i + 1]?.stream && type === 'SharesAccepted' && i > 10,
      )
    log.splice(index, 2, at(log, index + 1), at(log, index))
    expect(found(await auditedLog(log, honest.key, { since }))).toContainEqual(['A1', 'forked-log', null])
  })

  test('signed by another key', async () => {
    const folder = await published(honest.log, honest.key)
    const other = signingKey(honest.key.verifier.name, 'note', new Uint8Array(32).fill(9))
    expect(found(await audited(folder, other))).toEqual([['A1', 'not-signed', null]])
  })

  test('with a tile cut off, and one with another hash', async () => {
    const folder = await published(honest.log, honest.key)
    const tile = join(folder, 'tile/0/000')
    const bytes = readFileSync(tile)
    truncateSync(tile, bytes.length - 7)
    expect(found(await audited(folder, honest.key))).toEqual([['A1', 'truncated-file', 0]])
    bytes[32 * 5] = (bytes[32 * 5] ?? 0) ^ 1
    writeFileSync(tile, bytes)
    expect(found(await audited(folder, honest.key))).toEqual([['A1', 'wrong-tile', 5]])
  })

  test('with a bundle cut off, and one with another entry', async () => {
    const folder = await published(honest.log, honest.key)
    const bundle = join(folder, 'tile/entries/000')
    const bytes = readFileSync(bundle)
    writeFileSync(bundle, bytes.subarray(0, -7))
    expect(found(await audited(folder, honest.key))).toEqual([['A1', 'truncated-file', 0]])
    const text = bytes.toString('latin1').replace('"worker":[0', '"worker":[1')
    writeFileSync(bundle, Buffer.from(text, 'latin1'))
    expect(found(await audited(folder, honest.key))).toContainEqual(['A1', 'wrong-root', null])
  })
})
