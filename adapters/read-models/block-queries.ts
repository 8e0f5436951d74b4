import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { PoolEvent } from '../../domain/events.ts'
import { poolMark } from '../../projections/blocks.ts'
import { effortRatio, luckRatio } from '../../projections/effort.ts'
import type { BlockRow, PoolMark, SolvedRow, Tally } from '../../projections/tally.ts'
import {
  type BlockCounts,
  type BlockMoment,
  BlockState,
  type BlockSummary,
  type BlockView,
  type Finder,
  type LuckView,
  type PageOf,
  type RoundView,
  type Submission,
} from '../../projections/views.ts'
import { beginOf, type Page, perOrder, writeCursor } from './cursor.ts'
import {
  BLOCKS_RANKED_MAX,
  type BlockFilter,
  type BlockOrder,
  type IssuedJob,
  type SolvedShare,
  type UnfinishedBlock,
} from './port.ts'
import { blockRow, jobRow, solvedRow } from './stored.ts'
import { readEvent } from './stored-money.ts'
import { decimal, member, number, type Row, textOrNull } from './values.ts'

/** Questions about blocks, rounds and work. Each throws what SQLite throws. */
export interface BlockQueries {
  readonly page: (filter: BlockFilter, page: Page) => PageOf<BlockSummary>
  readonly block: (hash: string) => BlockView | undefined
  readonly last: () => BlockSummary | null
  readonly counts: () => BlockCounts
  readonly foundBy: (account: string) => number
  readonly round: () => RoundView
  /** Over the last `rounds` rounds. */
  readonly luck: (rounds: number) => LuckView
  readonly unfinished: () => readonly UnfinishedBlock[]
  readonly matured: (limit: number) => readonly UnfinishedBlock[]
  readonly solvedWithoutBlock: () => readonly SolvedShare[]
  readonly job: (gateway: number, job: number) => IssuedJob | undefined
  readonly jobsByMerkleRoot: (merkleRoot: string) => readonly IssuedJob[]
  readonly newestJob: () => IssuedJob | undefined
}

/** A round ends with the pool's next block on the main chain, which is the next higher one. */
const BLOCK = `
  SELECT b.*, a.address,
    (SELECT p.mark_effort FROM blocks p WHERE p.on_chain = 1 AND p.height < b.height
     ORDER BY p.height DESC, p.number DESC LIMIT 1) AS effort_before
  FROM blocks b LEFT JOIN accounts a ON a.account = b.account`

/** What blocks are ordered by. Effort is a sum of 2^-96 less another: as numbers, precise enough to compare rounds. */
const BLOCK_KEYS: { readonly [B in BlockOrder['by']]: string } = {
  height: 'height',
  effort: 'max(0.0, CAST(mark_effort AS REAL) - ifnull(CAST(effort_before AS REAL), 0.0))',
}

const NEWEST_FIRST: BlockOrder = { by: 'height', descending: true }

/** Prepares them. `tally` has what is live: the pool's sums and the height of its work. */
export function openBlockQueries(db: DatabaseSync, tally: Tally, coinbaseMaturity?: number): BlockQueries {
  const listed = (where: string) =>
    perOrder<BlockOrder['by'], StatementSync>(({ by, descending }) => {
      const [is, way] = descending ? ['<', 'DESC'] : ['>', 'ASC']
      const key = BLOCK_KEYS[by]
      const begin =
        by === 'height'
          ? `${where} AND (b.height, b.number) ${is} (:key, :id)`
          : `${where} ORDER BY b.height DESC, b.number DESC LIMIT ${BLOCKS_RANKED_MAX}`
      return db.prepare(`SELECT * FROM (SELECT blocks.*, ${key} AS rank FROM (${BLOCK} WHERE ${begin}) blocks)
        WHERE (rank, number) ${is} (:key, :id) ORDER BY rank ${way}, number ${way} LIMIT :limit`)
    })
  const all = listed('1 = 1')
  const ofAccount = listed('b.account = :account')
  const byHash = db.prepare(`${BLOCK} WHERE b.hash = ?`)
  const events = db.prepare('SELECT type, data FROM block_events WHERE hash = ? ORDER BY revision')
  const counts = db.prepare('SELECT state, count FROM block_counts')
  const foundBy = db.prepare('SELECT count(*) AS count FROM blocks WHERE account = ?')
  const onChain = db.prepare(
    'SELECT * FROM blocks WHERE on_chain = 1 ORDER BY height DESC, number DESC LIMIT ?',
  )
  const unfinished = db.prepare('SELECT * FROM blocks WHERE final = 0 ORDER BY number')
  const matured = db.prepare(
    "SELECT * FROM blocks WHERE state = 'matured' ORDER BY height DESC, number DESC LIMIT ?",
  )
  const solved = db.prepare('SELECT * FROM solved ORDER BY at, hash')
  const job = db.prepare('SELECT * FROM jobs WHERE gateway = ? AND job = ?')
  const jobsByMerkleRoot = db.prepare('SELECT * FROM jobs WHERE merkle_root = ? ORDER BY entry DESC')
  const newestJob = db.prepare('SELECT * FROM jobs ORDER BY entry DESC LIMIT 1')
  const issued = (row: Row | undefined): IssuedJob | undefined =>
    row === undefined ? undefined : jobRow(row)
  const maturity = (): number => (coinbaseMaturity ?? tally.pool?.network.coinbaseMaturity ?? 0) + 1
  const summary = (row: Row): BlockSummary => summaryOf(row, tally, maturity())

  function page(
    { account, order = NEWEST_FIRST }: BlockFilter,
    { after, limit }: Page,
  ): PageOf<BlockSummary> {
    const range = { ...(after ?? beginOf(order)), limit: limit + 1 }
    const rows = account === undefined ? all(order).all(range) : ofAccount(order).all({ account, ...range })
    const last = rows[limit - 1]
    return {
      items: rows.slice(0, limit).map(summary),
      next:
        rows.length <= limit || last === undefined
          ? null
          : writeCursor({ key: number(last, 'rank'), id: number(last, 'number') }),
    }
  }

  return {
    page,
    last: () => page({}, { after: undefined, limit: 1 }).items[0] ?? null,
    block: (hash) => {
      const row = byHash.get(hash)
      return row === undefined ? undefined : viewOf(row, events.all(hash), tally, maturity())
    },
    counts: () => {
      const found = new Map(
        counts.all().map((row) => [member(BlockState, row, 'state'), number(row, 'count')]),
      )
      const of = (state: BlockState): number => found.get(state) ?? 0
      return {
        found: of('found'),
        submitted: of('submitted'),
        rejected: of('rejected'),
        connected: of('connected'),
        approved: of('approved'),
        disapproved: of('disapproved'),
        matured: of('matured'),
        disconnected: of('disconnected'),
        orphaned: of('orphaned'),
      }
    },
    foundBy: (account) => number(foundBy.get(account) ?? {}, 'count'),
    round: () => {
      const row = onChain.get(1)
      return roundOf(tally, row === undefined ? undefined : blockRow(row))
    },
    luck: (rounds) => luckOf(onChain.all(rounds + 1).map(blockRow), rounds),
    unfinished: () => unfinished.all().map((row) => unfinishedBlock(blockRow(row))),
    matured: (limit) => matured.all(limit).map((row) => unfinishedBlock(blockRow(row))),
    solvedWithoutBlock: () => solved.all().map((row) => solvedShare(solvedRow(row))),
    job: (gateway, number) => issued(job.get(gateway, number)),
    jobsByMerkleRoot: (merkleRoot) => jobsByMerkleRoot.all(merkleRoot).map(jobRow),
    newestJob: () => issued(newestJob.get()),
  }
}

const unfinishedBlock = (block: BlockRow): UnfinishedBlock => ({
  hash: block.hash,
  height: block.height,
  state: block.state,
  revision: block.revision,
  foundAt: block.foundAt,
  header: block.header,
  powAlgorithm: block.powAlgorithm,
  decidedBy: block.decidedBy,
})

const solvedShare = ({ mark: _, ...share }: SolvedRow): SolvedShare => share

const NOTHING_YET: PoolMark = { effort: 0n, shares: 0, difficulty: 0n }

function roundOf(tally: Tally, last: BlockRow | undefined): RoundView {
  const now = poolMark(tally)
  const since = last?.mark ?? NOTHING_YET
  return {
    block: last?.hash ?? null,
    since: last?.foundAt ?? tally.pool?.openedAt ?? 0,
    effort: effortRatio(now.effort - since.effort),
    shares: now.shares - since.shares,
    difficulty: String(now.difficulty - since.difficulty),
  }
}

/** `newestFirst` holds one block more than `rounds` when there is one: the work of its round is not counted. */
function luckOf(newestFirst: readonly BlockRow[], rounds: number): LuckView {
  const newest = newestFirst[0]
  if (newest === undefined) return { blocks: 0, luck: null }
  const blocks = Math.min(rounds, newestFirst.length)
  const before = newestFirst[rounds]?.mark.effort ?? 0n
  return { blocks, luck: luckRatio(blocks, newest.mark.effort - before) }
}

function summaryOf(row: Row, tally: Tally, maturity: number): BlockSummary {
  const block = blockRow(row)
  const before = textOrNull(row, 'effort_before') === null ? 0n : decimal(row, 'effort_before')
  return {
    hash: block.hash,
    height: block.height,
    state: block.state,
    foundAt: block.foundAt,
    effort: effortRatio(block.mark.effort - before),
    finder: finderOf(block, textOrNull(row, 'address')),
    reward: block.reward,
    decidedBy: block.decidedBy,
    // The newest work stands on the tip, so its height is one above it.
    confirmations: number(row, 'on_chain') === 0 ? 0 : Math.max(1, tally.height - block.height),
    maturity,
  }
}

function finderOf({ account, worker, connection }: BlockRow, address: string | null): Finder | null {
  const known = account !== null || worker !== null || connection !== null
  return known ? { account, address, worker, connection } : null
}

function viewOf(row: Row, eventRows: readonly Row[], tally: Tally, maturity: number): BlockView {
  const { header, powAlgorithm, gateway, job, share } = blockRow(row)
  const events = eventRows.map(readEvent)
  return {
    ...summaryOf(row, tally, maturity),
    header,
    powAlgorithm,
    gateway,
    job,
    share,
    submissions: events.flatMap(submissionOf),
    life: events.flatMap(momentOf),
  }
}

function submissionOf(event: PoolEvent): readonly Submission[] {
  if (event.type !== 'BlockSubmitted') return []
  const { at, node, verdict, message } = event.data
  return [{ at, node, verdict, message }]
}

function momentOf(event: PoolEvent): readonly BlockMoment[] {
  const moment = (step: BlockMoment['step'], detail: string): readonly BlockMoment[] => [
    { at: event.data.at, step, detail },
  ]
  switch (event.type) {
    case 'BlockFound':
      return moment(
        'found',
        event.data.share === null ? 'Its share was lost; the chain had it and its work was ours.' : '',
      )
    case 'BlockSubmitted':
      return moment('submitted', submittedWords(event.data))
    case 'BlockConnected':
      return moment('connected', 'It is on the main chain.')
    case 'BlockDisconnected':
      return moment('disconnected', 'A reorganisation took it off the main chain.')
    case 'BlockApproved':
      return moment('approved', `The votes in block ${event.data.by} approved it.`)
    case 'BlockDisapproved':
      return moment('disapproved', `The votes in block ${event.data.by} disapproved it: it pays nobody.`)
    case 'BlockMatured':
      return moment('matured', `${event.data.confirmations} confirmations: its reward can be spent.`)
    case 'BlockOrphaned':
      return moment('orphaned', event.data.why)
    default:
      return []
  }
}

function submittedWords({ node, verdict, message }: Omit<Submission, 'at'>): string {
  const words = { accepted: 'took it', rejected: 'refused it', failed: 'did not answer' }[verdict]
  return message === '' ? `Node ${node} ${words}.` : `Node ${node} ${words}: ${message}`
}
