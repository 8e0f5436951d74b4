import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { Scheme } from '../../domain/events.ts'

/** The rules of docs/ledger-spec.md, written down once more, slowly and without anything of the program: for simnet. */

const POW_LIMIT = 2n ** 255n - 1n
const WHOLE = 2n ** 64n

interface Share {
  readonly place: string
  readonly account: string
  readonly units: bigint
  readonly worth: bigint
  readonly at: number
}

interface Block {
  readonly find: number
  readonly findAt: number
  readonly feePpm: bigint
  readonly finder: string | null
  reward: bigint
  shares: ReadonlyMap<string, bigint> | null
}

const targetOf = (bits: number): bigint => {
  const length = bits >>> 24
  const mantissa = BigInt(bits & 0x7fffff)
  return length > 3 ? mantissa << BigInt(8 * (length - 3)) : mantissa >> BigInt(8 * (3 - length))
}

/** What everybody would have earned under a scheme. */
export function earnedUnder(events: readonly RecordedEvent[], scheme: Scheme): ReadonlyMap<string, bigint> {
  const workers = new Map<string, string[]>()
  const jobs = new Map<string, { bits: number; subsidy: bigint }>()
  const shares: Share[] = []
  const finds = new Map<string, { index: number; at: number; feePpm: bigint }>()
  const blocks = new Map<string, Block>()
  let feePpm = 0n
  let height = 0
  let settled = 0
  for (const { stream, revision, type, data: text } of events) {
    const data = JSON.parse(text)
    const hash = stream.slice('block-'.length)
    const block = blocks.get(hash)
    if (type === 'PolicyAdopted') feePpm = BigInt(data.feePpm)
    if (type === 'WorkerAuthorized') workers.set(stream, [...(workers.get(stream) ?? []), data.account])
    if (type === 'WorkIssued') {
      jobs.set(`${stream.split('-')[1]}/${data.job}`, { bits: data.bits, subsidy: BigInt(data.subsidy) })
      if (data.height > height) settled = shares.length
      height = Math.max(height, data.height)
    }
    if (type === 'SharesAccepted') {
      const gateway = stream.split('-')[1]
      for (const { share, hash: solved } of data.solved)
        finds.set(solved, { index: shares.length + share, at: data.at, feePpm })
      for (const [i, difficulty] of data.difficulty.entries()) {
        const job = jobs.get(`${gateway}/${data.job[i]}`) ?? { bits: 0, subsidy: 0n }
        const units = (targetOf(job.bits) * WHOLE) / (POW_LIMIT / BigInt(difficulty))
        const account = workers.get(`connection-${gateway}.${data.connection[i]}`)?.[data.worker[i]] ?? ''
        const worth = units * job.subsidy * (1_000_000n - feePpm)
        shares.push({ place: `${stream}@${revision}:${i}`, account, units, worth, at: data.at })
      }
    }
    if (type === 'BlockFound') {
      const find = finds.get(hash) ?? { index: shares.length - 1, at: data.at, feePpm }
      blocks.set(hash, {
        ...{
          find: find.index,
          findAt: find.at,
          feePpm: find.feePpm,
          finder: data.account,
          reward: 0n,
          shares: null,
        },
      })
    }
    if (block === undefined) continue
    if (type === 'BlockConnected') block.reward = BigInt(data.reward.atoms)
    if (type === 'BlockDisconnected' || type === 'BlockDisapproved' || type === 'BlockOrphaned')
      block.shares = null
    if ((type === 'BlockApproved' || type === 'BlockMatured') && block.shares === null)
      block.shares = split(block, windowOf(block, shares, [...blocks.values()], scheme))
  }
  if (scheme.kind === 'pps') return paidByShare(shares.slice(0, settled))
  const earned = new Map<string, bigint>()
  for (const { shares } of blocks.values())
    for (const [account, atoms] of shares ?? [])
      if (atoms > 0n) earned.set(account, (earned.get(account) ?? 0n) + atoms)
  return earned
}

/** Work of each account in the window of a block. */
function windowOf(
  { find, findAt, finder }: Block,
  shares: readonly Share[],
  blocks: readonly Block[],
  scheme: Scheme,
): ReadonlyMap<string, bigint> {
  if (scheme.kind === 'solo') return new Map(finder === null ? [] : [[finder, 1n]])
  const sums = new Map<string, bigint>()
  const before = blocks
    .filter((other) => other.shares !== null && other.find < find)
    .map((other) => other.find)
  const barrier = scheme.kind === 'prop' ? Math.max(-1, ...before) : -1
  let room = scheme.kind === 'pplns' ? (BigInt(scheme.windowPpm) * WHOLE) / 1_000_000n : null
  for (let i = find; i > barrier && (room === null || room > 0n); i--) {
    const share = shares[i]
    if (share === undefined) break
    if (scheme.kind === 'pplns-time' && share.at <= findAt - scheme.periodMs) break
    const counted = room !== null && share.units > room ? room : share.units
    if (room !== null) room -= counted
    sums.set(share.account, (sums.get(share.account) ?? 0n) + counted)
  }
  return sums
}

/** Largest remainders, ties by account id. */
function split({ reward, feePpm }: Block, weights: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> {
  const net = reward - (reward * feePpm) / 1_000_000n
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0n)
  const rows = [...weights].map(([account, weight]) => ({
    account,
    atoms: (net * weight) / total,
    rest: (net * weight) % total,
  }))
  let left = net - rows.reduce((sum, { atoms }) => sum + atoms, 0n)
  rows.sort((a, b) => (a.rest === b.rest ? (a.account < b.account ? -1 : 1) : a.rest < b.rest ? 1 : -1))
  for (const row of rows) if (left-- > 0n) row.atoms += 1n
  return new Map(rows.map(({ account, atoms }) => [account, atoms]))
}

function paidByShare(shares: readonly Share[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>()
  for (const { account, worth } of shares) sums.set(account, (sums.get(account) ?? 0n) + worth)
  return new Map(
    [...sums]
      .map(([account, worth]) => [account, worth / (WHOLE * 1_000_000n)] as const)
      .filter(([, atoms]) => atoms > 0n),
  )
}
