import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Node } from '../../adapters/node/port.ts'
import {
  BITS_OFFSET,
  HEIGHT_OFFSET,
  merkleRoot,
  PREVIOUS_BLOCK_OFFSET,
  previousBlock,
} from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { hashDifficulty, networkDifficulty, targetToCompact } from '../../domain/decred/target.ts'
import { rebuildShare } from '../../domain/transparency/share-evidence.ts'
import type { Chain } from '../../src/devnet/chain.ts'
import { simulatedNode } from './chain-node.ts'
import {
  at,
  auditedLog,
  type Cooked,
  copyOf,
  found,
  type History,
  history,
  indexOf,
  withoutGaps,
  withRightTotals,
} from './cooked-books.ts'

/**
 * Cheats with work, connections, blocks and time, in the manner of tamper.test.ts: on a history of the real engine, whose totals are put
 * right, published anew and signed with the real key.
 */

const network = networks.simnet
let honest: History
/** Its last process runs for so long that what it leaves undone is overdue. */
let long: History
beforeAll(async () => {
  honest = await history({ shares: 1000, miners: 3 })
  long = await history({ shares: 2500 })
})

const never = (): never => {
  throw new Error('a history without what the test needs')
}
const isWork = ({ type }: Cooked): boolean => type === 'WorkIssued'
const headerOf = ({ data }: Cooked): Uint8Array => fromHex(data.header) ?? never()
const parentOf = (work: Cooked): string => previousBlock(headerOf(work))
const isPayout = ({ stream }: Cooked): boolean => stream.startsWith('payout-')

/** An event that was not there. Its revision comes when gaps are closed. */
const added = (stream: string, type: string, data: Cooked['data']): Cooked => ({
  ...{ stream, type, data },
  revision: -1,
})

const rightAgain = (log: Cooked[]): Cooked[] => withRightTotals(withoutGaps(log))

/** A moment in the middle of the second process: its newest work, a miner that is there, and a stream for shares of its own. */
function moment(log: readonly Cooked[]) {
  const find = indexOf(
    log,
    ({ stream, type, data }) =>
      type === 'SharesAccepted' && stream.startsWith('shares-1-') && data.solved.length > 0,
    5,
  )
  const before = log.slice(0, find)
  const ended = new Set(before.filter(({ type }) => type === 'MinerDisconnected').map(({ stream }) => stream))
  const isThere = ({ stream, type, data }: Cooked): boolean =>
    type === 'MinerIdentified' &&
    stream.startsWith('connection-1.') &&
    !ended.has(stream) &&
    ['plain', 'gominer'].includes(data.profile)
  const identified = before.findLast(isThere) ?? never()
  const connected = before.find(
    ({ stream, type }) => stream === identified.stream && type === 'MinerConnected',
  )
  const work = before.findLast(isWork) ?? never()
  const jobs = log.filter((each) => isWork(each) && each.stream.startsWith('work-1-'))
  return {
    ...{ find, work, identified, connected: connected ?? never() },
    shares: at(log, find).stream,
    nextJob: Math.max(...jobs.map(({ data }) => data.job)) + 1,
    at: at(log, find).data.at,
  }
}
type Moment = ReturnType<typeof moment>

/** Work that is changed in its header, and says so. */
function otherWork(work: Cooked, job: number, change: (header: Uint8Array, view: DataView) => void): Cooked {
  const header = headerOf(work).slice()
  const view = new DataView(header.buffer)
  change(header, view)
  const [bits, height] = [view.getUint32(BITS_OFFSET, true), view.getUint32(HEIGHT_OFFSET, true)]
  return added(work.stream, 'WorkIssued', { ...work.data, job, bits, height, header: toHex(header) })
}

const setEasy = (_: Uint8Array, view: DataView): void =>
  view.setUint32(BITS_OFFSET, targetToCompact(network.powLimit / 2n), true)
const setHeight = (height: number) => (_: Uint8Array, view: DataView) =>
  view.setUint32(HEIGHT_OFFSET, height, true)

/** Shares that prove their work, of the lowest difficulty, none of which solves a block. */
function minedShares(now: Moment, { data: work }: Cooked, count: number): Cooked {
  const shares: Cooked['data'] = {
    ...{ v: 1, at: now.at, connection: [], worker: [], job: [], difficulty: [], extranonce2: [] },
    ...{ ntime: [], nonce: [], elapsed: [], solved: [] },
  }
  const [connection] = now.identified.stream.split('.').slice(1).map(Number)
  for (let nonce = 0; shares.nonce.length < count; nonce++) {
    const row = {
      ...{ connection, worker: 0, job: work.job, difficulty: 1, extranonce2: '00000000' },
      ...{ ntime: 0, nonce, elapsed: 0 },
    }
    const columns = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, [value]]))
    const rebuilt = rebuildShare(network, {
      ...{ position: 0, work, connected: now.connected.data, identified: now.identified.data },
      shares: { ...shares, ...columns },
    })
    if (E.isLeft(rebuilt)) throw new Error(rebuilt.left.message)
    const difficulty = hashDifficulty(network, powHash(work.powAlgorithm, rebuilt.right.header))
    if (difficulty >= networkDifficulty(network, work.bits)) continue
    for (const [name, value] of Object.entries(row)) shares[name].push(value)
  }
  return added(now.shares, 'SharesAccepted', shares)
}

/** A node that came when all side chains were gone. */
function newcomer(chain: Chain): Node {
  const all = simulatedNode(chain)
  const node: Node = {
    ...all,
    view: () => node,
    block: (hash) => {
      const block = chain.get(hash)
      return block !== undefined && chain.confirmations(block) > 0
        ? all.block(hash)
        : TE.left({ kind: 'not-found', message: 'The chain does not have it.' })
    },
  }
  return node
}

describe('work', () => {
  /** Puts work before a find, with shares on it that count for nearly a block each, and goes on with true work. */
  function withEasyWork(change: (header: Uint8Array, view: DataView) => void) {
    const log = copyOf(honest)
    const now = moment(log)
    const easy = otherWork(now.work, now.nextJob, change)
    const again = added(now.work.stream, 'WorkIssued', { ...now.work.data, job: now.nextJob + 1, at: now.at })
    easy.data.at = now.at
    const assigned = { v: 1, at: now.at, difficulty: 1, job: now.nextJob }
    log.splice(
      now.find,
      0,
      ...[easy, added(now.identified.stream, 'DifficultyAssigned', assigned)],
      ...[minedShares(now, easy, 4), again],
    )
    return { log: rightAgain(log), easy: now.find }
  }

  test('easier than the chain’s, for a while, on the true parent', async () => {
    const { log, easy } = withEasyWork(setEasy)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A5', 'other-bits', easy])
    const withChain = await auditedLog(log, honest.key, { node: simulatedNode(honest.chain) })
    expect(withChain.findings.list().filter(({ kind }) => kind === 'other-bits')).toHaveLength(2)
  })

  test('easier than the chain’s, on a parent that no chain has', async () => {
    const { log, easy } = withEasyWork((header, view) => {
      setEasy(header, view)
      header.fill(0xab, PREVIOUS_BLOCK_OFFSET, PREVIOUS_BLOCK_OFFSET + 32)
    })
    const node = simulatedNode(honest.chain)
    const unknown = (await auditedLog(log, honest.key, { node })).findings
      .list()
      .filter(({ kind }) => kind === 'unknown-parent')
    expect(unknown.map(({ entry, severity }) => [entry, severity])).toEqual([[easy, 'discrepancy']])
    expect(unknown[0]?.message).toContain('and 4 shares of difficulty 4 count for it.')
  })

  test('on side chains that the node never saw: a notice, since an honest pool did that', async () => {
    const { findings, unfinished } = await auditedLog(honest.log, honest.key, {
      node: newcomer(honest.chain),
    })
    expect(unfinished).toBeNull()
    expect(findings.count('discrepancy')).toBe(0)
    expect(findings.list().some(({ kind }) => kind === 'unknown-parent')).toBe(true)
  })

  test('of two heights on one parent', async () => {
    const log = copyOf(honest)
    const index = log.findIndex((each, i) => {
      const earlier = log.slice(0, i).findLast(isWork)
      return isWork(each) && earlier !== undefined && parentOf(earlier) === parentOf(each)
    })
    const { data } = at(log, index)
    Object.assign(at(log, index), otherWork(at(log, index), data.job, setHeight(data.height + 1)))
    expect(found(await auditedLog(withoutGaps(log), honest.key))).toContainEqual([
      'A5',
      'other-height',
      index,
    ])
  })

  test('of another height than follows from its parent: the chain says so', async () => {
    const log = copyOf(honest)
    const parent = parentOf(at(log, indexOf(log, isWork, 40)))
    const ofParent = log.filter((each) => isWork(each) && parentOf(each) === parent)
    for (const each of ofParent)
      Object.assign(each, otherWork(each, each.data.job, setHeight(each.data.height + 1)))
    withoutGaps(log)
    const first = log.indexOf(ofParent[0] ?? never())
    const isOther = ([, kind]: readonly [string, string, number | null]): boolean => kind === 'other-height'
    expect(found(await auditedLog(log, honest.key)).filter(isOther)).toEqual([])
    const withChain = await auditedLog(log, honest.key, { node: simulatedNode(honest.chain) })
    expect(found(withChain).filter(isOther)).toEqual([['A5', 'other-height', first]])
  })

  test('far ahead, so that what was mined would be forgotten and could be counted again', async () => {
    const log = copyOf(honest)
    const now = moment(log)
    const far = otherWork(now.work, now.nextJob, (header, view) => {
      setHeight(now.work.data.height + 400)(header, view)
      header.fill(0xcd, PREVIOUS_BLOCK_OFFSET, PREVIOUS_BLOCK_OFFSET + 32)
    })
    const again = added(now.work.stream, 'WorkIssued', { ...now.work.data, job: now.nextJob + 1, at: now.at })
    far.data.at = now.at
    log.splice(now.find, 0, far, again)
    const answer = found(await auditedLog(withoutGaps(log), honest.key))
    expect(answer).toContainEqual(['A3', 'wrong-work', now.find + 1])
    expect(answer).not.toContainEqual(['A3', 'wrong-work', now.find])
  })

  test('of a height that was left long ago, and its shares once more', async () => {
    const log = copyOf(long)
    const joined = log.findLastIndex(({ type }) => type === 'GatewayJoined')
    const first = log.findIndex(({ type }, i) => i > joined && type === 'SharesAccepted')
    const { stream, data } = at(log, first)
    const gateway = stream.split('-')[1]
    const works = log.filter((each) => isWork(each) && each.stream.startsWith(`work-${gateway}-`))
    const work = works.find((each) => each.data.job === data.job[0]) ?? never()
    const job = Math.max(...works.map((each) => each.data.job)) + 1
    const last = log.findLastIndex((each) => each.stream === stream && each.type === 'SharesAccepted')
    const now = at(log, last).data.at
    log.splice(
      last + 1,
      0,
      added(work.stream, 'WorkIssued', { ...work.data, at: now, job }),
      added(stream, 'SharesAccepted', { ...structuredClone(data), at: now, job: data.job.map(() => job) }),
    )
    const answer = found(await auditedLog(rightAgain(log), long.key))
    expect(answer).toContainEqual(['A3', 'same-share', last + 2])
    expect(answer).toContainEqual(['A5', 'other-height', last + 1])
  })
})

describe('connections', () => {
  const connection = (stream: string): number => Number(stream.split('.')[1])

  /** Everything of a connection once more under another number, and every share of it is that one's. */
  function withDouble(isResumed: boolean) {
    const log = copyOf(honest)
    const now = moment(log)
    const victim = now.identified.stream
    const numbers = log.flatMap(({ stream }) =>
      stream.startsWith('connection-1.') ? [connection(stream)] : [],
    )
    const thief = Math.max(...numbers) + 1
    const doubled = log.flatMap((each) => {
      if (each.stream !== victim || each.type === 'MinerDisconnected') return [each]
      const double = structuredClone(each)
      double.stream = `connection-1.${thief}`
      if (double.type === 'MinerConnected') double.data.resumes = isResumed ? connection(victim) : null
      return [each, double]
    })
    for (const { stream, type, data } of doubled)
      if (type === 'SharesAccepted' && stream.startsWith('shares-1-'))
        data.connection = data.connection.map((n: number, i: number) =>
          n === connection(victim) && (!isResumed || i % 2 === 0) ? thief : n,
        )
    const left = doubled.filter((each) => !isPayout(each))
    return { log: rightAgain(left), begun: left.indexOf(now.connected) + 1 }
  }

  test('two at a time with one extranonce1', async () => {
    const { log, begun } = withDouble(false)
    const { data } = at(log, begun)
    expect([data.extranonce1, data.resumes]).toEqual([at(log, begun - 1).data.extranonce1, null])
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A3', 'wrong-extranonce', begun])
  })

  test('one that goes on while another has taken its session over', async () => {
    const { log } = withDouble(true)
    const answer = found(await auditedLog(log, honest.key))
    expect(answer.some(([, kind]) => kind === 'ended-connection')).toBe(true)
    expect(answer.filter(([, kind]) => kind === 'wrong-extranonce')).toEqual([])
  })

  test('one that takes over a session with another extranonce1', async () => {
    const log = copyOf(honest)
    const index = indexOf(log, ({ type, data }) => type === 'MinerConnected' && data.resumes === null, 8)
    const gateway = at(log, index).stream.split('.')[0]
    const other = indexOf(
      log,
      ({ stream, type }) => type === 'MinerConnected' && stream.startsWith(`${gateway}.`),
    )
    at(log, index).data.resumes = connection(at(log, other).stream)
    expect(found(await auditedLog(log, honest.key))).toContainEqual(['A3', 'wrong-extranonce', index])
  })

  test('shares after the end, in the same bundle and in later ones', async () => {
    const log = copyOf(honest)
    const last = log.findIndex(
      ({ type, data }) => type === 'MinerDisconnected' && data.accepted > 30 && data.accepted < 90,
    )
    const [end] = log.splice(last, 1)
    const isOf = ({ stream, type, data }: Cooked): boolean =>
      type === 'SharesAccepted' &&
      stream.split('-')[1] === end?.stream.split('-')[1]?.split('.')[0] &&
      data.connection.includes(connection(end?.stream ?? ''))
    const first = log.findIndex(isOf)
    const isLater = ({ stream }: Cooked, i: number): boolean => stream === end?.stream && i > first
    const cooked = rightAgain([
      ...log.slice(0, first + 1),
      ...[...log.filter(isLater), end ?? never()],
      ...log.filter((each, i) => i > first && !isLater(each, i)),
    ])
    const over = cooked.indexOf(end ?? never())
    const after = cooked.flatMap((each, i) => (i > over && isOf(each) ? [i] : []))
    const answer = found(await auditedLog(cooked, honest.key))
    const named = answer.filter(([, kind]) => kind === 'ended-connection').map(([, , entry]) => entry)
    expect(new Set(named)).toEqual(new Set(after))
    expect((after.at(-1) ?? 0) - first).toBeGreaterThan(256)
    expect(answer.filter(([, kind]) => kind === 'no-proof-of-work')).toEqual([])
  })
})

describe('blocks', () => {
  test.each([
    ['connected', 'BlockApproved'],
    ['approved', 'BlockMatured'],
  ])('left %s for ever, so that nothing is shared or paid', async (phase, never_) => {
    const left = new Set([never_, ...(phase === 'connected' ? ['BlockMatured'] : [])])
    const money = ({ type }: Cooked): boolean => phase === 'connected' && type.startsWith('Reward')
    const log = copyOf(long).filter((each) => !left.has(each.type) && !isPayout(each) && !money(each))
    for (const node of [null, simulatedNode(long.chain)]) {
      const overdue = (await auditedLog(withoutGaps(log), long.key, { node })).findings
        .list()
        .filter(({ kind }) => kind === 'phase-overdue')
      expect(overdue.length).toBeGreaterThan(3)
      expect(overdue.every(({ message }) => message.includes(` ${phase}, and since `))).toBe(true)
    }
  })

  test('a pool that ends in the middle of everything is not blamed', async () => {
    for (let part = 1; part < 12; part += 3) {
      const log = long.log.slice(0, Math.floor((long.log.length * part) / 12))
      const { findings } = await auditedLog(log, long.key, { node: simulatedNode(long.chain) })
      expect(findings.list().filter(({ kind }) => kind === 'phase-overdue')).toEqual([])
    }
  })

  test('a small reward that is shared, and put right when nobody looks', async () => {
    const log = copyOf(honest)
    const connected = indexOf(log, ({ type }) => type === 'BlockConnected', 2)
    const { stream, data } = at(log, connected)
    const put = structuredClone(data.reward)
    data.reward.atoms = '1000'
    const shared = log.findIndex(
      ({ type, data }) => type === 'RewardAllocated' && `block-${data.block}` === stream,
    )
    const now = at(log, shared).data.at
    log.splice(
      shared + 1,
      0,
      added(stream, 'BlockDisconnected', { v: 1, at: now }),
      added(stream, 'BlockConnected', { v: 1, at: now, reward: put }),
    )
    expect(found(await auditedLog(withoutGaps(log), honest.key))).toContainEqual([
      'A5',
      'other-reward',
      shared + 2,
    ])
  })

  test('hidden, and its template issued again by the next gateway', async () => {
    const log = copyOf(honest).filter((each) => !isPayout(each))
    withoutGaps(log)
    const joined = indexOf(log, ({ type, data }) => type === 'GatewayJoined' && data.gateway === 1)
    const isGood = ({ stream, type, data }: Cooked): boolean =>
      type === 'BlockFound' &&
      data.share !== null &&
      log.some((each) => each.stream === stream && each.type === 'BlockMatured')
    const block = log.slice(0, joined).findLast(isGood) ?? never()
    const work = log.find(
      (each) => isWork(each) && each.stream.startsWith('work-0-') && each.data.job === block.data.job,
    )
    const shares = log.find(
      ({ stream, revision }) => stream === block.data.share.stream && revision === block.data.share.revision,
    )
    if (work === undefined || shares === undefined) return never()
    shares.data.solved = []
    const ofNext = log.find(({ stream }) => stream.startsWith('work-1-')) ?? never()
    const jobs = log
      .filter((each) => isWork(each) && each.stream === ofNext.stream)
      .map(({ data }) => data.job)
    const job = Math.max(...jobs) + 1
    log.splice(
      joined + 1,
      0,
      added(ofNext.stream, 'WorkIssued', { ...work.data, at: at(log, joined).data.at, job }),
    )
    const left = log.filter(
      ({ stream, type, data }) =>
        stream !== block.stream && !(type === 'RewardAllocated' && `block-${data.block}` === block.stream),
    )
    const first = left.findIndex(
      (each) => isWork(each) && toHex(headerOf(each)).includes(toHex(headerOf(work).subarray(36, 68))),
    )
    expect(merkleRoot(headerOf(at(left, first)))).toBe(merkleRoot(headerOf(work)))
    const node = simulatedNode(honest.chain)
    expect(found(await auditedLog(withoutGaps(left), honest.key, { node }))).toContainEqual([
      'A5',
      'block-of-ours-missing',
      first,
    ])
  })
})

describe('time', () => {
  /** From the first reward of the last process on nothing is shared. */
  function withoutSharing() {
    const log = copyOf(long).filter((each) => !isPayout(each))
    const joined = log.findLastIndex(({ type }) => type === 'GatewayJoined')
    const cut = log.findIndex(({ type }, i) => i > joined && type === 'RewardAllocated')
    return { joined, log: log.filter((each, i) => i < cut || !each.type.startsWith('Reward')) }
  }
  const nowMs = Date.UTC(2026, 5, 1)
  const kinds = async (log: Cooked[]) =>
    found(await auditedLog(withoutGaps(log), long.key, { nowMs })).map(([, kind]) => kind)

  test('of a start that is yet to come: it is named, and the clock goes on', async () => {
    const { log, joined } = withoutSharing()
    const later = log.filter(({ stream }, i) => stream === 'pool' && i >= joined)
    for (const { data } of later) data.at = Date.UTC(2027, 0, 1)
    const answer = await kinds(log)
    expect(answer).toContain('time-ahead')
    expect(answer).toContain('not-shared')
  })

  test('of a start that is a little ahead: the clock goes on', async () => {
    const { log, joined } = withoutSharing()
    const end = at(log, log.length - 1).data.at
    for (const each of log.filter(({ stream }, i) => stream === 'pool' && i >= joined)) each.data.at = end
    const answer = await kinds(log)
    expect(answer).not.toContain('time-ahead')
    expect(answer).toContain('not-shared')
  })
})
