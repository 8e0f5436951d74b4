import { uint32At } from '../../domain/decred/bytes.ts'
import {
  blockHash,
  EXTRA_DATA_OFFSET,
  HEADER_BYTES,
  headerBits,
  TIMESTAMP_OFFSET,
} from '../../domain/decred/header.ts'
import { fromHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { compactToTarget, difficultyTarget, targetBytes } from '../../domain/decred/target.ts'
import { EXTRANONCE1_BYTES, type ExtranonceLayout } from '../../domain/stratum/profile.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import type { ColumnBuffers } from './column-buffers.ts'
import { CHAIN_WORDS, type HashLanes, HEADER_WORDS, hashLanes, LANES, TAIL_WORD } from './hash-lanes.ts'
import { HashQualities, type HashQuality } from './hash-quality.ts'
import { NumberMap } from './number-map.ts'
import type { HeaderFact } from './references.ts'
import type { ShareColumns } from './share-columns.ts'

/** What hashing the shares of one event showed. */
export interface ProofOutcome {
  /** Shares that do not prove what they claim, and why. Those that refer to nothing known are left out. */
  readonly failed: readonly {
    readonly share: number
    readonly why: 'no-proof-of-work' | 'wrong-extranonce'
  }[]
  /** Shares that meet the network's target, with the block they made. */
  readonly blocks: readonly { readonly share: number; readonly hash: string }[]
  /** Two words for each share by which equal headers are found; zeros where it refers to nothing known. */
  readonly fingerprints: Uint32Array
}

interface KnownJob {
  /** Where its shares are hashed: that of its proof of work. */
  readonly batch: Batch
  /** Of the header, in the order of bytes in which its proof of work reads them. */
  readonly words: Uint32Array
  /** What compressing the words that all shares of the job have in common leaves; empty before a share was hashed. */
  chain: Uint32Array
  readonly template: number
  readonly timestamp: number
  readonly target: Uint32Array
}

interface KnownConnection {
  /** As a little-endian word, signed. */
  readonly extranonce1: number
  readonly blake256: KnownLayout | undefined
  readonly blake3: KnownLayout | undefined
  /** Of the account of each worker, in their order. */
  readonly qualities: HashQuality[]
}

/** The target of a difficulty. */
interface ShareTarget {
  readonly words: Uint32Array
  /** One divided by it, as near as a double comes. */
  readonly inverse: number
}

interface KnownLayout {
  readonly isBefore: boolean
  readonly extranonce2Bytes: number
}

/** Targets remembered: each connection has its difficulty. */
const TARGETS_MAX = 65_536
const TIME_WORD = TIMESTAMP_OFFSET / 4
const NONCE_WORD = TIME_WORD + 1
const EXTRA_WORD = EXTRA_DATA_OFFSET / 4
/** Words of extra data that layouts fill: twelve bytes. */
const EXTRA_WORDS = 3

/**
 * Rebuilds the headers of shares and hashes them, four at a time: what an audit spends most of its time with. Knows what it is told of
 * jobs and connections, in the order of the log. Mutable, one owner; each thread has its own. The rule is that of `rebuildShare`, and a
 * test holds one against the other.
 */
export class Prover {
  readonly #network: Network
  readonly #jobs = new Map<number, Map<number, KnownJob>>()
  readonly #connections = new Map<number, NumberMap<KnownConnection>>()
  readonly #targets = new Map<number, ShareTarget>()
  readonly #qualities = new HashQualities()
  readonly #batches: Record<PowAlgorithm, Batch | null> = { blake256: null, blake3: null }

  constructor(network: Network) {
    this.#network = network
  }

  /** Takes what the log says before the shares that come next. */
  learn(facts: readonly HeaderFact[]): void {
    for (const fact of facts)
      switch (fact.kind) {
        case 'job':
          inner(this.#jobs, fact.gateway).set(fact.number, knownJob(fact, this.#batch(fact.powAlgorithm)))
          break
        case 'connection':
          this.#connectionsOf(fact.gateway).set(fact.number, knownConnection(fact))
          break
        case 'worker':
          this.#connections
            .get(fact.gateway)
            ?.get(fact.number)
            ?.qualities.push(this.#qualities.of(fact.account))
          break
        case 'job-over':
          this.#jobs.get(fact.gateway)?.delete(fact.number)
          break
        case 'connection-over':
          this.#connections.get(fact.gateway)?.delete(fact.number)
      }
  }

  #connectionsOf(gateway: number): NumberMap<KnownConnection> {
    const known = this.#connections.get(gateway) ?? new NumberMap<KnownConnection>()
    this.#connections.set(gateway, known)
    return known
  }

  /** Of all that were hashed here. */
  qualities(): readonly HashQuality[] {
    return this.#qualities.list()
  }

  /**
   * Proves the shares of one event of a gateway; fingerprints come into `buffers`. Without `isHashed`, equal headers are looked for and nothing
   * is hashed.
   */
  prove(gateway: number, columns: ShareColumns, isHashed: boolean, buffers: ColumnBuffers): ProofOutcome {
    const { count, nonce, ntime, extranonce2, extranonceStart } = columns
    const failed: ProofOutcome['failed'][number][] = []
    const blocks: ProofOutcome['blocks'][number][] = []
    const fingerprints = buffers.words(2 * count).fill(0)
    const jobs = this.#jobs.get(gateway)
    const connections = this.#connections.get(gateway)
    let batch: Batch | null = null
    // Most shares are of the job of the one before, and of one of few difficulties.
    let number = -1
    let job: KnownJob | undefined
    let difficulty = -1
    let target = NO_TARGET
    const share: ShareWords = { time: 0, nonce: 0, extra0: 0, extra1: 0, extra2: 0 }
    for (let i = 0; i < count; i++) {
      if (columns.job[i] !== number) {
        number = columns.job[i] ?? -1
        job = jobs?.get(number)
      }
      const connection = connections?.get(columns.connection[i] ?? -1)
      const layout = job?.batch.isBlake3 === true ? connection?.blake3 : connection?.blake256
      if (job === undefined || connection === undefined || layout === undefined) continue
      const from = extranonceStart[i] ?? 0
      const bytes = (extranonceStart[i + 1] ?? 0) - from
      const { extranonce1 } = connection
      const isOwn = layout.isBefore || wordAt(extranonce2, from + bytes - EXTRANONCE1_BYTES) === extranonce1
      if (bytes !== layout.extranonce2Bytes || !isOwn) {
        failed.push({ share: i, why: 'wrong-extranonce' })
        continue
      }
      const second = layout.isBefore ? from : from + 4
      const left = from + bytes - second
      share.time = (job.timestamp + (ntime[i] ?? 0)) | 0
      share.nonce = (nonce[i] ?? 0) | 0
      share.extra0 = layout.isBefore ? extranonce1 : bytes > 0 ? wordAt(extranonce2, from) : 0
      share.extra1 = left > 0 ? wordAt(extranonce2, second) : 0
      share.extra2 = left > 4 ? wordAt(extranonce2, second + 4) : 0
      fingerprint(job.template, share, fingerprints, 2 * i)
      if (!isHashed) continue
      if (batch !== job.batch) {
        batch?.flush(failed, blocks)
        batch = job.batch
      }
      if (columns.difficulty[i] !== difficulty) {
        difficulty = columns.difficulty[i] ?? 1
        target = this.#target(difficulty)
      }
      batch.add(i, job, share, target, connection.qualities[columns.worker[i] ?? -1])
      if (batch.isFull) batch.flush(failed, blocks)
    }
    batch?.flush(failed, blocks)
    return { failed, blocks, fingerprints }
  }

  #batch(algorithm: PowAlgorithm): Batch {
    const known = this.#batches[algorithm] ?? new Batch(algorithm)
    this.#batches[algorithm] = known
    return known
  }

  #target(difficulty: number): ShareTarget {
    const known = this.#targets.get(difficulty)
    if (known !== undefined) return known
    if (this.#targets.size >= TARGETS_MAX) this.#targets.clear()
    const words = wordsOf(targetBytes(difficultyTarget(this.#network, difficulty)), true)
    const target = { words, inverse: 1 / upperWords(words[7] ?? 0, words[6] ?? 0, words[5] ?? 0) }
    this.#targets.set(difficulty, target)
    return target
  }
}

const NO_TARGET: ShareTarget = { words: new Uint32Array(8), inverse: 1 }
const NO_CHAIN = new Uint32Array(0)

/** What the header of a share has of its own, as little-endian words, signed: numbers that take no memory. */
interface ShareWords {
  time: number
  nonce: number
  extra0: number
  extra1: number
  extra2: number
}

const wordAt = (bytes: Uint8Array, at: number): number => uint32At(bytes, at) | 0

/** Up to four headers that are hashed together. */
class Batch {
  /** Which hash it is; words are little-endian in it, and in the other big-endian. A boolean, since this is asked for each share. */
  readonly isBlake3: boolean
  readonly #lanes: HashLanes
  readonly #jobs: (KnownJob | undefined)[] = new Array<undefined>(LANES)
  readonly #shares = new Float64Array(LANES)
  readonly #targets: ShareTarget[] = Array.from({ length: LANES }, () => NO_TARGET)
  readonly #qualities: (HashQuality | undefined)[] = new Array<undefined>(LANES)
  #count = 0

  constructor(algorithm: PowAlgorithm) {
    this.isBlake3 = algorithm === 'blake3'
    this.#lanes = hashLanes(algorithm)
  }

  get isFull(): boolean {
    return this.#count === LANES
  }

  /** Adds the header of a share. `quality` is where it counts. */
  add(
    index: number,
    job: KnownJob,
    share: ShareWords,
    target: ShareTarget,
    quality: HashQuality | undefined,
  ): void {
    const lane = this.#count++
    const { words, chains } = this.#lanes
    if (this.#jobs[lane] !== job) {
      if (job.chain.length === 0) job.chain = this.#chainOf(job)
      for (let w = TAIL_WORD; w < HEADER_WORDS; w++) words[LANES * w + lane] = job.words[w] ?? 0
      for (let w = 0; w < CHAIN_WORDS; w++) chains[LANES * w + lane] = job.chain[w] ?? 0
      this.#jobs[lane] = job
    }
    const isLittle = this.isBlake3
    words[LANES * TIME_WORD + lane] = isLittle ? share.time : swapped(share.time)
    words[LANES * NONCE_WORD + lane] = isLittle ? share.nonce : swapped(share.nonce)
    words[LANES * EXTRA_WORD + lane] = isLittle ? share.extra0 : swapped(share.extra0)
    words[LANES * (EXTRA_WORD + 1) + lane] = isLittle ? share.extra1 : swapped(share.extra1)
    words[LANES * (EXTRA_WORD + 2) + lane] = isLittle ? share.extra2 : swapped(share.extra2)
    this.#shares[lane] = index
    this.#targets[lane] = target
    this.#qualities[lane] = quality
  }

  /** The same for all shares of a job. What the lanes hold stays. */
  #chainOf({ words }: KnownJob): Uint32Array {
    const lanes = this.#lanes
    const kept = lanes.chains.slice()
    for (let w = 0; w < TAIL_WORD; w++) lanes.words[LANES * w] = words[w] ?? 0
    lanes.begin()
    const chain = Uint32Array.from({ length: CHAIN_WORDS }, (_, w) => lanes.chains[LANES * w] ?? 0)
    lanes.chains.set(kept)
    return chain
  }

  /** Hashes what is there, and tells what fails and what solves a block. */
  flush(failed: ProofOutcome['failed'][number][], blocks: ProofOutcome['blocks'][number][]): void {
    const count = this.#count
    if (count === 0) return
    this.#lanes.end()
    this.#count = 0
    for (let lane = 0; lane < count; lane++) {
      const share = this.#shares[lane] ?? 0
      const target = this.#targets[lane]
      const job = this.#jobs[lane]
      if (target === undefined || job === undefined) continue
      if (!this.#meets(lane, target.words)) failed.push({ share, why: 'no-proof-of-work' })
      const quality = this.#qualities[lane]
      if (quality !== undefined) {
        quality.shares++
        quality.parts += this.#value(lane) * target.inverse
      }
      if (this.#meets(lane, job.target)) blocks.push({ share, hash: blockHash(this.#headerOf(lane, job)) })
    }
  }

  /** Whether the hash of a lane, a little-endian integer, is at most a target. */
  #meets(lane: number, target: Uint32Array): boolean {
    for (let w = 7; w >= 0; w--) {
      const value = this.#word(lane, w)
      const limit = target[w] ?? 0
      if (value !== limit) return value < limit
    }
    return true
  }

  /** A word of the hash of a lane, little-endian. */
  #word(lane: number, w: number): number {
    const word = this.#lanes.hashes[LANES * w + lane] ?? 0
    return this.isBlake3 ? word : swapped(word) >>> 0
  }

  #value(lane: number): number {
    return upperWords(this.#word(lane, 7), this.#word(lane, 6), this.#word(lane, 5))
  }

  #headerOf(lane: number, job: KnownJob): Uint8Array {
    const header = new Uint8Array(HEADER_BYTES)
    const view = new DataView(header.buffer)
    for (let w = 0; w < HEADER_WORDS; w++) {
      const word = w < TAIL_WORD ? job.words[w] : this.#lanes.words[LANES * w + lane]
      view.setUint32(4 * w, word ?? 0, this.isBlake3)
    }
    return header
  }
}

/** The upper words of an integer of eight, as near as a double comes: of the hardest target that a share may have, a dozen bits. */
const upperWords = (word7: number, word6: number, word5: number): number =>
  (word7 * WORD + word6) * WORD + word5
const WORD = 2 ** 32

/** A word with its bytes in the opposite order. */
const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)

function wordsOf(bytes: Uint8Array, isLittleEndian: boolean): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, w) => view.getUint32(4 * w, isLittleEndian))
}

function inner<V>(map: Map<number, Map<number, V>>, key: number): Map<number, V> {
  const known = map.get(key) ?? new Map<number, V>()
  map.set(key, known)
  return known
}

const knownJob = ({ header, template }: Extract<HeaderFact, { kind: 'job' }>, batch: Batch): KnownJob => ({
  batch,
  words: wordsOf(header, batch.isBlake3),
  chain: NO_CHAIN,
  template,
  timestamp: uint32At(header, TIMESTAMP_OFFSET),
  target: wordsOf(targetBytes(compactToTarget(headerBits(header))), true),
})

function knownConnection({
  extranonce1,
  profile,
}: Extract<HeaderFact, { kind: 'connection' }>): KnownConnection {
  const known = profileNamed(profile)
  const layout = (algorithm: PowAlgorithm): KnownLayout | undefined =>
    known === undefined ? undefined : layoutOf(known.wire(algorithm).extranonce)
  return {
    extranonce1: wordAt(fromHex(extranonce1) ?? new Uint8Array(EXTRANONCE1_BYTES), 0),
    blake256: layout('blake256'),
    blake3: layout('blake3'),
    qualities: [],
  }
}

/** Undefined for one that does not fill whole words: no device has it. */
function layoutOf({ extranonce1, submittedBytes }: ExtranonceLayout): KnownLayout | undefined {
  const isBefore = extranonce1 === 'before'
  const extranonce2Bytes = Math.max(...submittedBytes)
  const bytes = extranonce2Bytes + (isBefore ? EXTRANONCE1_BYTES : 0)
  return bytes % 4 === 0 && bytes <= 4 * EXTRA_WORDS ? { isBefore, extranonce2Bytes } : undefined
}

/**
 * Mixes what tells headers of one template apart, and the template, into 63 bits. Two of ten million are equal by chance in one of
 * 180,000 ledgers. Who makes them equal on purpose accuses himself.
 */
function fingerprint(template: number, share: ShareWords, into: Uint32Array, at: number): void {
  let a = template ^ 0x9e37_79b9
  let b = Math.imul(template, 0x85eb_ca6b) ^ 0xc2b2_ae35
  const mix = (word: number): void => {
    a = Math.imul(a ^ word, 0xcc9e_2d51)
    a = (a << 15) | (a >>> 17)
    b = (Math.imul(b ^ word, 0x1b87_3593) + a) | 0
    b = (b << 13) | (b >>> 19)
  }
  mix(share.time)
  mix(share.nonce)
  mix(share.extra0)
  mix(share.extra1)
  mix(share.extra2)
  a ^= a >>> 16
  a = Math.imul(a, 0x85eb_ca6b)
  a ^= a >>> 13
  b ^= b >>> 15
  b = Math.imul(b, 0xc2b2_ae35)
  b ^= b >>> 16
  into[at] = a ^ b
  // Zeros mean that there is none.
  into[at + 1] = b | 1
}
