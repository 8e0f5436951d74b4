import { availableParallelism } from 'node:os'
import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import type { LedgerError, LedgerSource } from '../../adapters/ledger/port.ts'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import type { Node } from '../../adapters/node/port.ts'
import { networks } from '../../domain/decred/network.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import {
  type CheckpointError,
  type CheckpointTrust,
  type SignedCheckpoint,
  trustIn,
} from '../../domain/transparency/checkpoint.ts'
import { type VerifierKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { bundlePath, decodeBundle, TILE_WIDTH, tilePath } from '../../domain/transparency/tile.ts'
import {
  type AuditWorkers,
  type ProofTask,
  type ReadBundle,
  SINGLE_THREAD_ENTRIES_MAX,
  singleThreadWorkers,
} from './audit-workers.ts'
import { checkChain } from './checks/chain.ts'
import type { ShownReserves } from './checks/reserves.ts'
import { type ExpectedTile, type KnownRoot, TreeCheck } from './checks/tree.ts'
import { ColumnBuffers } from './column-buffers.ts'
import { Findings, reportOf } from './finding.ts'
import { Fold } from './fold.ts'
import type { ProofOutcome } from './prover.ts'
import { readEntry } from './read-entry.ts'
import { fetchFile, inOrder } from './read-ledger.ts'
import type { ResolvedShares } from './references.ts'
import { threadedWorkers } from './threaded-workers.ts'
import type { HashedWork } from './work-file.ts'

/** What is audited, and with what. */
export interface AuditOptions {
  readonly source: LedgerSource
  readonly key: VerifierKey
  /** A checkpoint that an earlier audit saved; its signature was checked. */
  readonly since: SignedCheckpoint | null
  /** Work that need not be hashed again; null for none. */
  readonly hashed: HashedWork | null
  /** The chain; null where it is not asked. */
  readonly node: Node | null
  /** Threads that hash; null for one on each core. */
  readonly workers: number | null
  /** What time it is, Unix ms: no entry is of later. */
  readonly nowMs: number
  readonly onProgress: (progress: AuditProgress) => void
  /** Told, some seconds apart, up to where all shares were hashed and nothing was wrong with them. */
  readonly onHashed: (work: HashedWork) => void
}

/** How far an audit is. */
export interface AuditProgress {
  readonly doing: 'entries' | 'blocks of the chain'
  readonly done: number
  readonly of: number
  readonly shares: number
}

/** Why an audit could not be finished. */
export type UnfinishedReason =
  | LedgerError
  | CheckpointError
  | { readonly kind: 'node' | 'no-beginning' | 'unknown-version'; readonly message: string }

/** What an audit came to. */
export interface Audited {
  readonly findings: Findings
  /** Null when none could be read. */
  readonly checkpoint: SignedCheckpoint | null
  /** Null when nothing could be folded. */
  readonly fold: Fold | null
  /** Null when everything was checked. */
  readonly unfinished: UnfinishedReason | null
  readonly isChainAsked: boolean
  /** Entries whose shares an earlier audit had hashed. */
  readonly hashedBefore: number
}

/** Bytes of bundles that are fetched, read or proven at a time: in memory they take some four times as much. */
const BYTES_AT_ONCE = 48 * 1024 * 1024
/** Bundles at a time at most, since those that come may be larger than all before; at the beginning; and tiles. */
const BUNDLES_AT_ONCE = 8
const BUNDLES_AT_FIRST = 2
const TILES_AT_ONCE = 8
/** Time between two words of how far the hashing is. */
const HASHED_MS = 5_000

const AFTER_UNKNOWN_VERSION =
  'After an event of a version that this program does not know nothing can be said. Use a newer lodebook.'

/** Audits a ledger. Never throws for what it reads; findings are in the answer. */
export async function audit(options: AuditOptions): Promise<Audited> {
  const { source, key } = options
  const findings = new Findings()
  const trust = trustIn(key)
  const { wrong } = reportOf('A1', findings.report)
  const nothing = { findings, checkpoint: null, fold: null, isChainAsked: false, hashedBefore: 0 }
  const read = await readCheckpoint(source, trust)()
  if (E.isLeft(read)) {
    const { kind, message } = read.left
    const finding = kind === 'origin' ? 'other-origin' : 'not-signed'
    if (kind === 'origin' || kind === 'unsigned' || kind === 'signature') {
      wrong(finding, null, message, `A checkpoint of ${key.name}, signed by ${verifierKeyText(key)}.`)
      return { ...nothing, unfinished: null }
    }
    return { ...nothing, unfinished: read.left }
  }
  const checkpoint = read.right
  const { since } = options
  if (since !== null && since.size > checkpoint.size)
    wrong(
      'rolled-back',
      checkpoint.size,
      `The ledger has ${checkpoint.size} entries, and a checkpoint of it was signed for ${since.size} before.`,
      `${since.size} entries at least: what was published can't be taken back.`,
    )
  const attempt = await passOver(options, trust, checkpoint, findings)
  return attempt === 'other-work'
    ? notOtherWork(await passOver({ ...options, hashed: null }, trust, checkpoint, new Findings()))
    : attempt
}

function notOtherWork(attempt: Audited | 'other-work'): Audited {
  if (attempt === 'other-work') throw new Error('work that nobody named is other work')
  return attempt
}

async function passOver(
  options: AuditOptions,
  trust: CheckpointTrust,
  checkpoint: SignedCheckpoint,
  findings: Findings,
): Promise<Audited | 'other-work'> {
  const run = new Run(options, trust, checkpoint, findings)
  try {
    const unfinished = await run.all()
    if (run.isOtherWork) return 'other-work'
    return {
      ...{ findings, checkpoint, fold: run.fold, unfinished },
      ...{ isChainAsked: run.isChainAsked, hashedBefore: run.hashedBefore },
    }
  } finally {
    await run.close()
  }
}

/** A bundle on its way through the audit. */
interface Passing {
  readonly bundle: number
  readonly outcomes: Promise<readonly ProofOutcome[]>
  readonly shares: readonly ResolvedShares[]
  readonly isHashed: boolean
  /** Entries up to its end, and their root. */
  readonly size: number
  readonly root: Uint8Array
}

/** One pass over a ledger. */
class Run {
  fold: Fold | null = null
  isChainAsked = false
  hashedBefore = 0
  /** What an earlier audit hashed was not this ledger: nothing of it counts. */
  isOtherWork = false
  readonly #options: AuditOptions
  readonly #trust: CheckpointTrust
  readonly #checkpoint: SignedCheckpoint
  readonly #findings: Findings
  readonly #tree: TreeCheck
  readonly #passing: Passing[] = []
  readonly #tiles = new Set<Promise<void>>()
  #workers: AuditWorkers | null = null
  /** Bytes of the largest bundle so far. */
  #largest = 0
  #unfinished: UnfinishedReason | null = null
  #shares = 0
  #toldHashedMs = Number.NEGATIVE_INFINITY

  constructor(
    options: AuditOptions,
    trust: CheckpointTrust,
    checkpoint: SignedCheckpoint,
    findings: Findings,
  ) {
    this.#options = options
    this.#trust = trust
    this.#checkpoint = checkpoint
    this.#findings = findings
    const { hashed } = options
    this.hashedBefore = hashed === null || hashed.entries > checkpoint.size ? 0 : hashed.entries
    this.#tree = new TreeCheck(findings.report, sha256, this.#knownRoots(), (tile) => this.#compareTile(tile))
  }

  #knownRoots(): readonly KnownRoot[] {
    const { since, hashed } = this.#options
    const { wrong } = reportOf('A1', this.#findings.report)
    const known: KnownRoot[] = []
    if (since !== null)
      known.push({
        ...since,
        differs: (built) =>
          wrong(
            'forked-log',
            null,
            `The first ${since.size} entries have the root ${toBase64(built)}, and ${toBase64(since.root)} was signed for them before.`,
            'The same entries as under the saved checkpoint: history was rewritten.',
          ),
      })
    if (hashed !== null)
      known.push({
        size: hashed.entries,
        root: hashed.root,
        differs: () => {
          this.isOtherWork = true
        },
      })
    return known
  }

  /** Everything. Answers why it could not be finished; null when it could, whatever was found. */
  async all(): Promise<UnfinishedReason | null> {
    const { size } = this.#checkpoint
    const bundles = Math.ceil(size / TILE_WIDTH)
    const stopped = await this.#begin()
    if (stopped !== null || this.fold === null) return stopped === 'found' ? null : stopped
    for await (const bundle of inOrder(
      bundles,
      0,
      () => this.#bundlesAtOnce(),
      (index) => this.#fetchAndRead(index),
    )) {
      if (bundle === 'found') {
        await this.#settleAll()
        return null
      }
      if ('kind' in bundle) {
        await this.#settleAll()
        return bundle
      }
      await this.#takeBundle(bundle.index, bundle.read)
      if (this.#unfinished !== null || this.isOtherWork) {
        await this.#settleAll()
        return this.#unfinished
      }
    }
    await this.#settleAll()
    this.#tree.end(this.#checkpoint)
    await Promise.all(this.#tiles)
    if (this.#unfinished !== null) return this.#unfinished
    this.fold.luck.takeQualities(await this.#workersOf().qualities())
    this.#tellHashed(size, this.#checkpoint.root, true)
    return this.#end(this.fold)
  }

  /** As many as are not too much for memory, by the largest so far; what is being proven counts too. */
  #bundlesAtOnce(): number {
    if (this.#largest === 0) return BUNDLES_AT_FIRST
    return Math.max(1, this.#bundlesPassing() - this.#passing.length)
  }

  #bundlesPassing(): number {
    const fit = Math.floor(BYTES_AT_ONCE / Math.max(1, this.#largest))
    return Math.max(2, Math.min(BUNDLES_AT_ONCE, fit))
  }

  /** Reads the very first entry, which says what network the rest is of. */
  async #begin(): Promise<UnfinishedReason | 'found' | null> {
    const { size } = this.#checkpoint
    if (size === 0)
      return {
        kind: 'no-beginning',
        message: 'The ledger is empty: there is nothing to audit. Audit it when the pool has begun.',
      }
    const bundle = await this.#fetch(0)
    if (bundle === 'found' || 'kind' in bundle) return bundle
    const entries = decodeBundle(bundle.bytes, bundle.width)
    if (E.isLeft(entries)) {
      const path = bundlePath(0, bundle.width)
      this.#truncated(path, 0, `${path} ${entries.left}.`)
      return 'found'
    }
    const [first] = entries.right
    const entry = first === undefined ? undefined : readEntry(first, new ColumnBuffers())
    if (entry?.kind !== 'event' || entry.event.type !== 'PoolOpened') {
      reportOf('A2', this.#findings.report).wrong(
        'no-beginning',
        0,
        'Entry 0 does not open a pool, so nothing says what network the ledger is of.',
        'PoolOpened, as docs/ledger-spec.md describes it.',
      )
      return 'found'
    }
    const { network } = entry.event.data
    this.fold = new Fold(networks[network], this.#findings.report, this.#options.nowMs)
    const { workers } = this.#options
    this.#workers =
      workers === null && size <= SINGLE_THREAD_ENTRIES_MAX
        ? singleThreadWorkers(networks[network], sha256)
        : threadedWorkers(network, workers ?? availableParallelism())
    return null
  }

  async close(): Promise<void> {
    await this.#workers?.close()
  }

  async #fetch(index: number) {
    const width = Math.min(TILE_WIDTH, this.#checkpoint.size - index * TILE_WIDTH)
    const fetched = await fetchFile(this.#options.source, this.#trust, {
      kind: 'bundle',
      level: 0,
      index,
      width,
    })
    if (E.isRight(fetched)) return fetched.right
    return this.#isContent(fetched.left, bundlePath(index, width), index * TILE_WIDTH)
      ? 'found'
      : fetched.left
  }

  /** A file that is there and not what was signed is a finding; one that can't be had leaves the audit unfinished. */
  #isContent({ kind, message }: LedgerError, path: string, entry: number): boolean {
    if (kind !== 'truncated' && kind !== 'too-large') return false
    this.#truncated(path, entry, message)
    return true
  }

  #truncated(path: string, entry: number, message: string): void {
    reportOf('A1', this.#findings.report).wrong(
      'truncated-file',
      entry,
      message,
      `${path} whole, as the checkpoint of ${this.#checkpoint.size} entries promises it.`,
    )
  }

  async #fetchAndRead(index: number) {
    const fetched = await this.#fetch(index)
    if (fetched === 'found' || 'kind' in fetched) return fetched
    const width = Math.min(TILE_WIDTH, this.#checkpoint.size - index * TILE_WIDTH)
    const bytes = fetched.bytes.length
    this.#largest = Math.max(this.#largest, bytes)
    const read = await this.#workersOf().read(index, fetched.bytes, fetched.width, width)
    if (E.isRight(read)) return { index, read: read.right }
    const path = bundlePath(index, width)
    this.#truncated(path, index * TILE_WIDTH, `${path} ${read.left}.`)
    return 'found'
  }

  #workersOf(): AuditWorkers {
    if (this.#workers === null) throw new Error('an audit without workers')
    return this.#workers
  }

  async #takeBundle(index: number, { leaves, entries }: ReadBundle): Promise<void> {
    const { fold } = this
    if (fold === null) return
    this.#tree.take(leaves)
    if (this.isOtherWork) return
    const shares: ResolvedShares[] = []
    const tasks: ProofTask[] = []
    for (const [place, entry] of entries.entries()) {
      const taken = fold.take(entry)
      if (entry.kind === 'faulty' && entry.why === 'unknown-version') {
        this.#unfinished ??= { kind: 'unknown-version', message: AFTER_UNKNOWN_VERSION }
        break
      }
      if (taken === null) continue
      shares.push(taken)
      tasks.push({ place, gateway: taken.gateway })
      this.#shares += taken.columns.count
    }
    this.#workersOf().learn(fold.takeFacts())
    const { size } = this.#tree
    const isHashed = size > this.hashedBefore
    const outcomes = this.#workersOf().prove(index, tasks, isHashed)
    outcomes.catch(() => undefined)
    this.#passing.push({ bundle: index, outcomes, shares, isHashed, size, root: this.#tree.root() })
    while (this.#passing.length >= Math.max(1, this.#bundlesPassing() / 2)) await this.#settleOne()
    while (this.#tiles.size >= TILES_AT_ONCE) await Promise.race(this.#tiles)
    this.#options.onProgress({
      doing: 'entries',
      done: size,
      of: this.#checkpoint.size,
      shares: this.#shares,
    })
  }

  async #settleAll(): Promise<void> {
    while (this.#passing.length > 0) await this.#settleOne()
    await Promise.all(this.#tiles)
  }

  async #settleOne(): Promise<void> {
    const next = this.#passing.shift()
    if (next === undefined) return
    const { bundle, outcomes, shares, isHashed, size, root } = next
    for (const [i, outcome] of (await outcomes).entries()) {
      const taken = shares[i]
      if (taken !== undefined) this.fold?.proved(taken, outcome, isHashed)
    }
    this.#workersOf().release(bundle)
    if (size % TILE_WIDTH === 0) this.#tellHashed(size, root, false)
  }

  /** What has a fault is hashed again the next time: the fault must be found again. */
  #tellHashed(entries: number, root: Uint8Array, isLast: boolean): void {
    const isRight = (['A1', 'A3', 'A4'] as const).every(
      (check) => this.#findings.count('discrepancy', check) === 0,
    )
    const now = performance.now()
    if (!isRight || entries < this.hashedBefore || (!isLast && now - this.#toldHashedMs < HASHED_MS)) return
    this.#toldHashedMs = now
    this.#options.onHashed({ origin: this.#checkpoint.origin, entries, root })
  }

  #compareTile(tile: ExpectedTile): void {
    const { level, index, width } = tile
    const entry = index * TILE_WIDTH * TILE_WIDTH ** level
    const compared = fetchFile(this.#options.source, this.#trust, { kind: 'tile', level, index, width }).then(
      (fetched) => {
        if (E.isRight(fetched))
          this.#tree.compareTile(tile, fetched.right.bytes.subarray(0, tile.bytes.length))
        else if (!this.#isContent(fetched.left, tilePath(level, index, width), entry))
          this.#unfinished ??= fetched.left
        this.#tiles.delete(compared)
      },
    )
    this.#tiles.add(compared)
  }

  async #end(fold: Fold): Promise<UnfinishedReason | null> {
    this.#checkKeys(fold)
    const { node, onProgress } = this.#options
    let shown: ShownReserves | null = null
    if (node !== null) {
      const asked = await checkChain(node, fold, this.#findings.report, (done, of) =>
        onProgress({ doing: 'blocks of the chain', done, of, shares: this.#shares }),
      )
      if (E.isLeft(asked)) {
        fold.end(null)
        return { kind: 'node', message: asked.left }
      }
      shown = asked.right
      this.isChainAsked = true
    }
    fold.end(shown)
    return null
  }

  /** What the ledger says of its own name and key is to be what the audit was given. */
  #checkKeys({ ledgerKeys }: Fold): void {
    const { key } = this.#options
    const text = verifierKeyText(key)
    const last = ledgerKeys.at(-1)
    if (last === undefined || ledgerKeys.some((each) => each.key === text && each.origin === key.name)) return
    reportOf('A1', this.#findings.report).wrong(
      'other-key',
      last.entry,
      `Entry ${last.entry} says that the ledger ${last.origin} is signed by ${last.key}.`,
      `${text}, the key of this audit.`,
    )
  }
}
