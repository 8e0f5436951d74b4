import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { blockHash, HEADER_BYTES } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type EventData, TIME_MS_MAX } from '../../domain/events.ts'
import { profiles } from '../../domain/stratum/profiles/index.ts'
import { rebuildShare } from '../../domain/transparency/share-evidence.ts'
import { ColumnBuffers } from '../../src/audit/column-buffers.ts'
import { ExactSum } from '../../src/audit/exact-sum.ts'
import { HEADER_WORDS, hashLanes, LANES } from '../../src/audit/hash-lanes.ts'
import { HeaderSet } from '../../src/audit/header-set.ts'
import { fewer, more } from '../../src/audit/poisson.ts'
import { Prover } from '../../src/audit/prover.ts'
import { columnsOf, readEntry } from '../../src/audit/read-entry.ts'
import { readSharesEntry } from '../../src/audit/read-shares-entry.ts'
import { TimeSeries } from '../../src/audit/time-series.ts'

/** What the audit does its own way, for speed or memory, against the plain way. */

const network = networks.simnet
const buffers = new ColumnBuffers()
const algorithms: readonly PowAlgorithm[] = ['blake3', 'blake256']
const header = fc.uint8Array({ minLength: HEADER_BYTES, maxLength: HEADER_BYTES })
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })

describe.each(algorithms)('four headers at a time, %s', (algorithm) => {
  test('have the hashes that each has alone', () => {
    const lanes = hashLanes(algorithm)
    const isLittle = algorithm === 'blake3'
    fc.assert(
      fc.property(fc.array(header, { minLength: LANES, maxLength: LANES }), (headers) => {
        for (const [lane, bytes] of headers.entries()) {
          const view = new DataView(bytes.buffer, bytes.byteOffset)
          for (let w = 0; w < HEADER_WORDS; w++)
            lanes.words[LANES * w + lane] = view.getUint32(4 * w, isLittle)
        }
        lanes.begin()
        lanes.end()
        for (const [lane, bytes] of headers.entries()) {
          const hash = new Uint8Array(32)
          const view = new DataView(hash.buffer)
          for (let w = 0; w < 8; w++) view.setUint32(4 * w, lanes.hashes[LANES * w + lane] ?? 0, isLittle)
          expect(toHex(hash)).toBe(toHex(powHash(algorithm, bytes)))
        }
      }),
      { numRuns: 50 },
    )
  })
})

const sharesData = (count: number): fc.Arbitrary<EventData<'SharesAccepted'>> => {
  const column = <A>(value: fc.Arbitrary<A>) => fc.array(value, { minLength: count, maxLength: count })
  return fc.record({
    v: fc.constant(1 as const),
    at: fc.nat(TIME_MS_MAX),
    connection: column(uint32),
    worker: column(fc.nat(31)),
    job: column(uint32),
    difficulty: column(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
    extranonce2: column(fc.uint8Array({ minLength: 0, maxLength: 12 }).map(toHex)),
    ntime: column(fc.nat(7_200)),
    nonce: column(uint32),
    elapsed: column(fc.nat(1_000)),
    solved: fc.array(
      fc.record({ share: fc.nat(600), hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex) }),
      { maxLength: 3 },
    ),
  })
}

const entryBytes = (data: EventData<'SharesAccepted'>, over: object = {}): Uint8Array =>
  new TextEncoder().encode(
    canonicalJson({
      ...{
        at: data.at,
        data: { ...data },
        revision: 7,
        stream: 'shares-0-2026010100',
        type: 'SharesAccepted',
      },
      ...{ v: data.v, ...over },
    }),
  )

describe('reading shares straight from bytes', () => {
  test('gives what decoding the event gives', () => {
    fc.assert(
      fc.property(fc.nat(6).chain(sharesData), (data) => {
        const fast = readSharesEntry(entryBytes(data), buffers)
        expect(fast?.columns).toEqual(columnsOf(data))
        expect(fast).toMatchObject({ at: data.at, revision: 7, stream: 'shares-0-2026010100' })
      }),
    )
  })

  test('takes nothing that is not canonical: a byte more, less or changed is never read as something else', () => {
    fc.assert(
      fc.property(sharesData(2), fc.nat(), fc.nat(255), fc.nat(2), (data, place, byte, how) => {
        const bytes = [...entryBytes(data)]
        bytes.splice(place % bytes.length, how === 0 ? 1 : how === 1 ? 0 : 1, ...(how === 0 ? [] : [byte]))
        const changed = Uint8Array.from(bytes)
        const fast = readSharesEntry(changed, buffers)
        if (fast === undefined) return
        const text = new TextDecoder().decode(changed)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('leaves what is right and unusual to the general reader', () => {
    const [data] = fc.sample(sharesData(2), { numRuns: 1, seed: 1 })
    if (data === undefined) throw new Error('no sample')
    const odd = entryBytes(data, { stream: 'Shares-0' })
    expect(readSharesEntry(odd, buffers)).toBeUndefined()
    expect(readEntry(odd, buffers)).toMatchObject({ kind: 'shares', stream: 'Shares-0' })
    const spaced = new TextEncoder().encode(` ${new TextDecoder().decode(entryBytes(data))}`)
    expect(readEntry(spaced, buffers)).toMatchObject({ kind: 'faulty', why: 'not-canonical' })
    expect(readEntry(Uint8Array.of(0xff), buffers)).toMatchObject({
      kind: 'faulty',
      why: 'not-canonical',
      place: null,
    })
    expect(readEntry(new TextEncoder().encode('[]'), buffers)).toMatchObject({
      kind: 'faulty',
      why: 'malformed',
    })
    const other = entryBytes(data, { v: 2 })
    expect(readEntry(other, buffers)).toMatchObject({
      kind: 'faulty',
      message: 'has another at or v than its data',
    })
  })
})

test('a share is proven as it is rebuilt from its entries, in every layout', () => {
  fc.assert(
    fc.property(
      header,
      fc.constantFrom(...algorithms),
      fc.constantFrom(...profiles),
      uint32,
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      uint32,
      fc.nat(100),
      (jobHeader, powAlgorithm, profile, extranonce, tail, nonce, ntime) => {
        const bytes = jobHeader.slice()
        bytes.fill(0, 140, 176)
        // Bits of the easiest target, so that shares solve blocks too.
        new DataView(bytes.buffer).setUint32(116, 0x207fffff, true)
        const extranonce1 = extranonce.toString(16).padStart(8, '0')
        const layout = profile.wire(powAlgorithm).extranonce
        const longest = 2 * Math.max(...layout.submittedBytes)
        const free = toHex(tail).slice(0, layout.extranonce1 === 'after' ? longest - 8 : longest)
        const extranonce2 = layout.extranonce1 === 'after' ? free + extranonce1 : free
        const shares: EventData<'SharesAccepted'> = {
          ...{
            v: 1,
            at: 0,
            connection: [4],
            worker: [0],
            job: [9],
            difficulty: [1],
            extranonce2: [extranonce2],
          },
          ...{ ntime: [ntime], nonce: [nonce], elapsed: [0], solved: [] },
        }
        const work: EventData<'WorkIssued'> = {
          ...{ v: 1, at: 0, job: 9, header: toHex(bytes), powAlgorithm, height: 1, bits: 0x207fffff },
          ...{ subsidy: '0', reason: 'refresh' },
        }
        const rebuilt = rebuildShare(network, {
          ...{ shares, position: 0, work },
          connected: { v: 1, at: 0, extranonce1, listener: '', resumes: null },
          identified: { v: 1, at: 0, agent: '', profile: profile.name },
        })
        if (E.isLeft(rebuilt)) throw new Error(rebuilt.left.message)
        const { header: solved, target, networkTarget } = rebuilt.right
        const hash = powHash(powAlgorithm, solved)
        const prover = new Prover(network)
        prover.learn([
          { kind: 'job', gateway: 0, number: 9, header: bytes, powAlgorithm, template: 0 },
          { kind: 'connection', gateway: 0, number: 4, extranonce1, profile: profile.name },
        ])
        const columns = columnsOf(shares)
        if (columns === undefined) throw new Error('no columns')
        const { failed, blocks } = prover.prove(0, columns, true, buffers)
        expect(failed).toEqual(meetsTarget(hash, target) ? [] : [{ share: 0, why: 'no-proof-of-work' }])
        expect(blocks).toEqual(
          meetsTarget(hash, networkTarget) ? [{ share: 0, hash: blockHash(solved) }] : [],
        )
      },
    ),
  )
})

test('an extranonce2 of another length, or with a foreign extranonce1, is no share of its connection', () => {
  const prover = new Prover(network)
  prover.learn([
    {
      kind: 'job',
      gateway: 0,
      number: 0,
      header: new Uint8Array(180),
      powAlgorithm: 'blake256',
      template: 0,
    },
    { kind: 'connection', gateway: 0, number: 0, extranonce1: 'aabbccdd', profile: 'antminer-dr3-dr5' },
  ])
  const columns = columnsOf({
    ...{ v: 1, at: 0, connection: [0, 0, 1], worker: [0, 0, 0], job: [0, 0, 0], difficulty: [1, 1, 1] },
    extranonce2: ['00000000aabbccdd', '0000000000000000aabbccde', '00'],
    ...{ ntime: [0, 0, 0], nonce: [0, 0, 0], elapsed: [0, 0, 0], solved: [] },
  })
  if (columns === undefined) throw new Error('no columns')
  const { failed, fingerprints } = prover.prove(0, columns, true, buffers)
  expect(failed).toEqual([
    { share: 0, why: 'wrong-extranonce' },
    { share: 1, why: 'wrong-extranonce' },
  ])
  // The third refers to a connection that is not known: nobody vouches for it.
  expect([...fingerprints.subarray(4)]).toEqual([0, 0])
})

test('a set of headers is a set, however large it grows, and remembers those of sixteen heights', () => {
  const set = new HeaderSet()
  const told = (height: number, fingerprints: readonly number[]) => {
    const missing: number[] = []
    const repeated: number[] = []
    const run = { from: 0, to: fingerprints.length / 2, height }
    set.add(Uint32Array.from(fingerprints), run, {
      missing: (i) => missing.push(i),
      repeated: (i) => repeated.push(i),
    })
    return { missing, repeated }
  }
  const nothing = { missing: [], repeated: [] }
  const many = Array.from({ length: 20_000 }, (_, i) => [(i * 2_654_435_761) >>> 0, 2 * i + 1]).flat()
  expect(told(100, many)).toEqual(nothing)
  expect(told(100, many).repeated).toHaveLength(20_000)
  for (let height = 101; height < 115; height++)
    expect(told(height, [9, 9, 0, 0, 9, 9])).toEqual({ missing: [1], repeated: [2] })
  expect(told(100, [0, 1])).toEqual({ missing: [], repeated: [0] })
  expect(told(115, [9, 9])).toEqual(nothing)
  expect(told(116, [9, 9])).toEqual(nothing)
  expect(told(100, [0, 1])).toEqual(nothing)
})

test('sums of integers within 2^53 are exact', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (values) => {
      const sum = new ExactSum()
      for (const value of values) sum.add(value)
      const all = new ExactSum()
      all.addAll(Float64Array.from([...values, 7]), values.length)
      expect(all.total).toBe(sum.total)
      expect(sum.total).toBe(values.reduce((total, value) => total + BigInt(value), 0n))
    }),
  )
})

test('Poisson probabilities are those of the tables', () => {
  // P(X <= 4) at 10 and P(X >= 20) at 10, to six places, and far tails that no sum from zero would reach.
  expect(fewer(4, 10)).toBeCloseTo(0.029253, 6)
  expect(more(20, 10)).toBeCloseTo(0.003454, 6)
  expect(fewer(0, 4.605)).toBeCloseTo(0.01, 4)
  expect(fewer(900_000, 1_000_000)).toBeLessThan(1e-300)
  expect(fewer(1_000_000, 1_000_000) + more(1_000_001, 1_000_000)).toBeCloseTo(1, 9)
  expect([more(0, 5), fewer(3, 0), more(1, 0)]).toEqual([1, 1, 0])
})

test('a series of any length keeps a bounded number of points, in order, with the last one', () => {
  const series = new TimeSeries(1)
  for (let i = 0; i < 50_000; i++) series.add(1_000 + 7 * i, [i])
  const points = series.points()
  expect(points.length).toBeLessThanOrEqual(1_025)
  expect(points.length).toBeGreaterThan(250)
  expect(points.at(-1)).toEqual({ at: 1_000 + 7 * 49_999, values: [49_999] })
  expect(points.every(({ at }, i) => i === 0 || at > (points[i - 1]?.at ?? 0))).toBe(true)
})

test('columns have room of their own, and the next bundle is read into the same memory', () => {
  const columnBuffers = new ColumnBuffers()
  const fill = (sizes: readonly number[]) => {
    const columns = sizes.flatMap((n) => [
      columnBuffers.words(n),
      columnBuffers.doubles(n),
      columnBuffers.bytes(n),
    ])
    for (const [i, column] of columns.entries()) column.fill(i + 1)
    for (const [i, column] of columns.entries()) expect(column.every((value) => value === i + 1)).toBe(true)
    return new Set(columns.map(({ buffer }) => buffer))
  }
  const sizes = [3, 0, 600, 200_000, 1]
  const first = fill(sizes)
  columnBuffers.clear()
  const second = fill(sizes)
  expect(second.size).toBe(first.size)
  expect([...second].every((buffer) => first.has(buffer))).toBe(true)
})
