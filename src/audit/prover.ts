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
import { type HashLanes, HEADER_WORDS, hashLanes, LANES } from './hash-lanes.ts'
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
  readonly powAlgorithm: PowAlgorithm
  /** Of the header, in the order of bytes in which its proof of work reads them. */
  readonly words: Uint32Array
  readonly template: number
  readonly timestamp: number
  readonly target: Uint32Array
}

interface KnownConnection {
  /** As a little-endian word. */
  readonly extranonce1: number
  readonly layouts: Readonly<Record<PowAlgorithm, KnownLayout | undefined>>
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
  readonly #connections = new Map<number, Map<number, KnownConnection>>()
  readonly #targets = new Map<number, Uint32Array>()
  readonly #batches: Record<PowAlgorithm, Batch | null> = { blake256: null, blake3: null }

  constructor(network: Network) {
    this.#network = network
  }

  /** Takes what the log says before the shares that come next. */
  learn(facts: readonly HeaderFact[]): void {
    for (const fact of facts)
      switch (fact.kind) {
        case 'job':
          inner(this.#jobs, fact.gateway).set(fact.number, knownJob(fact))
          break
        case 'connection':
          inner(this.#connections, fact.gateway).set(fact.number, knownConnection(fact))
          break
        case 'job-over':
          this.#jobs.get(fact.gateway)?.delete(fact.number)
          break
        case 'connection-over':
          this.#connections.get(fact.gateway)?.delete(fact.number)
      }
  }

  /** Proves the shares of one event of a gateway. Without `isHashed`, equal headers are looked for and nothing is hashed. */
  prove(gateway: number, columns: ShareColumns, isHashed: boolean): ProofOutcome {
    const { count, nonce, ntime, extranonce2, extranonceStart } = columns
    const failed: ProofOutcome['failed'][number][] = []
    const blocks: ProofOutcome['blocks'][number][] = []
    const fingerprints = new Uint32Array(2 * count)
    const jobs = this.#jobs.get(gateway)
    const connections = this.#connections.get(gateway)
    let batch: Batch | null = null
    for (let i = 0; i < count; i++) {
      const job = jobs?.get(columns.job[i] ?? -1)
      const connection = connections?.get(columns.connection[i] ?? -1)
      const layout = job === undefined ? undefined : connection?.layouts[job.powAlgorithm]
      if (job === undefined || connection === undefined || layout === undefined) continue
      const from = extranonceStart[i] ?? 0
      const bytes = (extranonceStart[i + 1] ?? 0) - from
      const { extranonce1 } = connection
      const isOwn = layout.isBefore || uint32At(extranonce2, from + bytes - EXTRANONCE1_BYTES) === extranonce1
      if (bytes !== layout.extranonce2Bytes || !isOwn) {
        failed.push({ share: i, why: 'wrong-extranonce' })
        continue
      }
      const before = layout.isBefore ? 1 : 0
      for (let k = 0; k < EXTRA_WORDS; k++) {
        const at = 4 * (k - before)
        extra[k] = at < 0 ? extranonce1 : at < bytes ? uint32At(extranonce2, from + at) : 0
      }
      const time = job.timestamp + (ntime[i] ?? 0)
      fingerprint(job.template, time, nonce[i] ?? 0, fingerprints, 2 * i)
      if (!isHashed) continue
      if (batch?.algorithm !== job.powAlgorithm) {
        batch?.flush(failed, blocks)
        batch = this.#batch(job.powAlgorithm)
      }
      batch.add(i, job, time, nonce[i] ?? 0, this.#target(columns.difficulty[i] ?? 1))
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

  #target(difficulty: number): Uint32Array {
    const known = this.#targets.get(difficulty)
    if (known !== undefined) return known
    if (this.#targets.size >= TARGETS_MAX) this.#targets.clear()
    const target = wordsOf(targetBytes(difficultyTarget(this.#network, difficulty)), true)
    this.#targets.set(difficulty, target)
    return target
  }
}

/** Extra data of the share at hand, as little-endian words. */
const extra = new Uint32Array(EXTRA_WORDS)

/** Up to four headers that are hashed together. */
class Batch {
  readonly algorithm: PowAlgorithm
  readonly #lanes: HashLanes
  readonly #isLittleEndian: boolean
  readonly #jobs: (KnownJob | undefined)[] = new Array<undefined>(LANES)
  readonly #shares = new Float64Array(LANES)
  readonly #targets: Uint32Array[] = Array.from({ length: LANES }, () => new Uint32Array(8))
  #count = 0

  constructor(algorithm: PowAlgorithm) {
    this.algorithm = algorithm
    this.#lanes = hashLanes(algorithm)
    this.#isLittleEndian = algorithm === 'blake3'
  }

  get isFull(): boolean {
    return this.#count === LANES
  }

  /** Adds the header of a share, its extra data in `extra`. */
  add(share: number, job: KnownJob, time: number, nonce: number, target: Uint32Array): void {
    const lane = this.#count++
    const { words } = this.#lanes
    if (this.#jobs[lane] !== job) {
      for (let w = 0; w < HEADER_WORDS; w++) words[LANES * w + lane] = job.words[w] ?? 0
      this.#jobs[lane] = job
    }
    const isLittle = this.#isLittleEndian
    words[LANES * TIME_WORD + lane] = isLittle ? time : swapped(time)
    words[LANES * NONCE_WORD + lane] = isLittle ? nonce : swapped(nonce)
    for (let k = 0; k < EXTRA_WORDS; k++) {
      const word = extra[k] ?? 0
      words[LANES * (EXTRA_WORD + k) + lane] = isLittle ? word : swapped(word)
    }
    this.#shares[lane] = share
    this.#targets[lane] = target
  }

  /** Hashes what is there, and tells what fails and what solves a block. */
  flush(failed: ProofOutcome['failed'][number][], blocks: ProofOutcome['blocks'][number][]): void {
    const count = this.#count
    if (count === 0) return
    this.#lanes.run()
    this.#count = 0
    for (let lane = 0; lane < count; lane++) {
      const share = this.#shares[lane] ?? 0
      const target = this.#targets[lane]
      const job = this.#jobs[lane]
      if (target === undefined || job === undefined) continue
      if (!this.#meets(lane, target)) failed.push({ share, why: 'no-proof-of-work' })
      if (this.#meets(lane, job.target)) blocks.push({ share, hash: blockHash(this.#headerOf(lane)) })
    }
  }

  /** Whether the hash of a lane, a little-endian integer, is at most a target. */
  #meets(lane: number, target: Uint32Array): boolean {
    const { hashes } = this.#lanes
    for (let w = 7; w >= 0; w--) {
      const word = hashes[LANES * w + lane] ?? 0
      const value = this.#isLittleEndian ? word : swapped(word)
      const limit = target[w] ?? 0
      if (value !== limit) return value < limit
    }
    return true
  }

  #headerOf(lane: number): Uint8Array {
    const header = new Uint8Array(HEADER_BYTES)
    const view = new DataView(header.buffer)
    for (let w = 0; w < HEADER_WORDS; w++)
      view.setUint32(4 * w, this.#lanes.words[LANES * w + lane] ?? 0, this.#isLittleEndian)
    return header
  }
}

/** A word with its bytes in the opposite order. */
const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0

function wordsOf(bytes: Uint8Array, isLittleEndian: boolean): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, w) => view.getUint32(4 * w, isLittleEndian))
}

function inner<V>(map: Map<number, Map<number, V>>, key: number): Map<number, V> {
  const known = map.get(key) ?? new Map<number, V>()
  map.set(key, known)
  return known
}

const knownJob = ({ header, powAlgorithm, template }: Extract<HeaderFact, { kind: 'job' }>): KnownJob => ({
  powAlgorithm,
  words: wordsOf(header, powAlgorithm === 'blake3'),
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
    extranonce1: uint32At(fromHex(extranonce1) ?? new Uint8Array(EXTRANONCE1_BYTES), 0),
    layouts: { blake256: layout('blake256'), blake3: layout('blake3') },
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
 * 180,000 ledgers. Who makes them equal on purpose accuses himself. The extra data is in `extra`.
 */
function fingerprint(template: number, time: number, nonce: number, into: Uint32Array, at: number): void {
  let a = template ^ 0x9e37_79b9
  let b = Math.imul(template, 0x85eb_ca6b) ^ 0xc2b2_ae35
  for (let k = 0; k < EXTRA_WORDS + 2; k++) {
    const word = k === 0 ? time : k === 1 ? nonce : (extra[k - 2] ?? 0)
    a = Math.imul(a ^ word, 0xcc9e_2d51)
    a = (a << 15) | (a >>> 17)
    b = Math.imul(b ^ word, 0x1b87_3593) + a
    b = (b << 13) | (b >>> 19)
  }
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
