import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { displayHash, toHex } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { difficultyTarget, targetBytes } from '../../../domain/decred/target.ts'
import { type Dialect, type DialectName, dialectOf } from '../../../src/devnet/miner/dialect.ts'
import { Search } from '../../../src/devnet/miner/search.ts'
import { applySolution, readNotify, submitParams, type Work } from '../../../src/devnet/miner/work.ts'
import { bytes, vectors } from '../../domain/decred/vectors.ts'

interface NotifySubmit {
  readonly extraNonce1: string
  readonly notify: Readonly<Record<string, readonly unknown[]>>
  readonly submit: Readonly<
    Record<
      string,
      { readonly params: readonly string[]; readonly solvedHeader: string; readonly nonceTried?: number }
    >
  >
}
const asics = vectors<NotifySubmit>('asic-notify-submit')

interface CpuSubmissions {
  readonly workData192: string
  readonly submissions: readonly {
    readonly powAlgorithm: PowAlgorithm
    readonly extraNonce1: string
    readonly extraNonce2: string
    readonly nTime: string
    readonly nonce: string
    readonly solvedHeader180: string
    readonly powHashDisplay: string
  }[]
}
const cpu = vectors<CpuSubmissions>('cpu-submissions')

const device = (name: DialectName, algorithm: PowAlgorithm): Dialect =>
  dialectOf(name, algorithm) ?? expect.fail(`${name} can't compute ${algorithm}`)

/** A job of the vectors, as the device holds it. */
function workOf(
  dialect: Dialect,
  algorithm: PowAlgorithm,
  notify: string,
  extranonce1: string,
  told = 4,
): E.Either<string, Work> {
  const params = asics.notify[notify] ?? expect.fail('no such vector')
  return readNotify(dialect, algorithm, { sent: bytes(extranonce1), told }, params)
}

const right = <T>(either: E.Either<string, T>): T =>
  E.isRight(either) ? either.right : expect.fail(either.left)

const pad = '00000000'
const plain = asics.extraNonce1

describe.each([
  ['plain', 'blake3', 'head', 'head_cpu_gominer', plain],
  ['gominer', 'blake3', 'head', 'head_cpu_gominer', plain],
  ['nicehash', 'blake3', 'head', 'head_cpu_gominer', plain],
  ['plain', 'blake256', 'cpu_asic_era', 'cpu', plain],
  ['innosilicon-d9', 'blake256', 'd9', 'd9', plain],
  ['obelisk-dcr1', 'blake256', 'd9', 'd9', plain],
  ['nicehash', 'blake256', 'd9', 'd9', plain],
  ['antminer-dr3', 'blake256', 'dr3', 'dr3', pad + pad + plain],
  ['antminer-dr5', 'blake256', 'dr3', 'dr3', pad + pad + plain],
  ['whatsminer-d1', 'blake256', 'd1', 'd1', pad + plain],
] as const)('%s on %s', (name, algorithm, notify, submit, extranonce1) => {
  it('hashes the header of the vectors and submits it in the device’s byte orders', () => {
    const dialect = device(name, algorithm)
    const vector = asics.submit[submit] ?? expect.fail('no such vector')
    const work = right(workOf(dialect, algorithm, notify, extranonce1))
    const header = work.header.slice()
    applySolution(work, header, { counter: 1, nonce: vector.nonceTried ?? 1, time: work.time })
    expect(toHex(header)).toBe(vector.solvedHeader)
    expect(submitParams(dialect, 'worker', work, header)).toEqual(vector.params)
  })
})

it.each(cpu.submissions)('a CPU’s submission of $origin is the header that it was', (vector) => {
  const hex = cpu.workData192
  const split = vector.powAlgorithm === 'blake256'
  const dialect = device('plain', vector.powAlgorithm)
  const work = right(
    readNotify(dialect, vector.powAlgorithm, { sent: bytes(vector.extraNonce1), told: 4 }, [
      'JOB',
      hex.slice(8, 72),
      hex.slice(72, split ? 288 : 360),
      split ? hex.slice(352, 360) : '',
      [],
      hex.slice(0, 8),
      hex.slice(232, 240),
      hex.slice(272, 280),
      true,
    ]),
  )
  const header = work.header.slice()
  const number = (text: string): number => Buffer.from(text, 'hex').readUInt32LE()
  applySolution(work, header, {
    counter: number(vector.extraNonce2),
    nonce: number(vector.nonce),
    time: number(vector.nTime),
  })
  expect(toHex(header)).toBe(vector.solvedHeader180)
  expect(displayHash(powHash(vector.powAlgorithm, header))).toBe(vector.powHashDisplay)
  expect(meetsTarget(powHash(vector.powAlgorithm, header), work.networkTarget)).toBe(true)
  expect(submitParams(dialect, 'worker', work, header)).toEqual([
    'worker',
    'JOB',
    vector.extraNonce2,
    vector.nTime,
    vector.nonce,
  ])
})

describe('where a device counts', () => {
  const echo = (work: Work, dialect: Dialect, counter: number): string | undefined => {
    const header = work.header.slice()
    applySolution(work, header, { counter, nonce: 0, time: work.time })
    return submitParams(dialect, 'worker', work, header)[2]
  }

  it('ccminer: in the second word of its area', () => {
    const dialect = device('ccminer', 'blake256')
    const work = right(workOf(dialect, 'blake256', 'dr3', pad + pad + plain, 8))
    expect(echo(work, dialect, 0x01020304)).toBe(`${pad}04030201${plain}`)
  })

  it('NiceHash: in as many bytes as it is told', () => {
    const dialect = device('nicehash', 'blake256')
    const work = right(workOf(dialect, 'blake256', 'd9', plain, 7))
    expect(echo(work, dialect, 0x01020304)).toBe('04030201000000')
    expect(toHex(work.header.subarray(144, 148))).toBe(plain)
  })

  it('an Antminer that gets no padding has no room, and says its own extranonce1 again', () => {
    const dialect = device('antminer-dr3', 'blake256')
    const work = right(workOf(dialect, 'blake256', 'dr3', plain, 8))
    expect(echo(work, dialect, 1)).toBe(plain)
  })
})

describe('a job that the device can’t do', () => {
  it.each([
    ['numbers in the other byte order', 'innosilicon-d9', 'd1', 'bits'],
    ['numbers in the other byte order', 'whatsminer-d1', 'd9', 'bits'],
    ['the long genTx1', 'innosilicon-d9', 'head', 'length'],
  ] as const)('has %s', (_, name, notify, complaint) => {
    const work = workOf(device(name, 'blake256'), 'blake256', notify, pad + plain)
    expect(E.isLeft(work) ? work.left : '').toContain(complaint)
  })

  it('has the short genTx1, for gominer', () => {
    expect(E.isLeft(workOf(device('gominer', 'blake3'), 'blake3', 'cpu_asic_era', plain))).toBe(true)
  })

  it.each([[[]], [['JOB']], [{}], [null], [['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', true]]])(
    'is %j',
    (params) => {
      const dialect = device('plain', 'blake3')
      expect(E.isLeft(readNotify(dialect, 'blake3', { sent: bytes(plain), told: 4 }, params))).toBe(true)
    },
  )

  it('has no room for the extranonces', () => {
    expect(E.isLeft(workOf(device('nicehash', 'blake3'), 'blake3', 'head', plain, 29))).toBe(true)
    expect(E.isLeft(workOf(device('antminer-dr3', 'blake256'), 'blake256', 'dr3', '00'.repeat(33)))).toBe(
      true,
    )
  })
})

describe('a search', () => {
  const dialect = device('plain', 'blake3')
  const work = right(workOf(dialect, 'blake3', 'head', plain))

  it('finds what meets the target, and knows a block', () => {
    const target = targetBytes(difficultyTarget(networks.simnet, 50))
    const search = new Search(work, target, 0)
    const found = Array.from({ length: 40 }, () => search.run(100_000, work.time).found)
    for (const share of found) {
      const hash = powHash('blake3', share?.header ?? expect.fail('nothing found'))
      expect(meetsTarget(hash, target)).toBe(true)
      expect(share?.block).toBe(meetsTarget(hash, work.networkTarget))
    }
    expect(new Set(found.map((share) => share?.block))).toContain(true)
  })

  it('tries no header twice, in one search or in the next', () => {
    const all = targetBytes((1n << 256n) - 1n)
    const seen = new Set<string>()
    let counter = 0
    for (const tries of [70_000, 70_000]) {
      const search = new Search(work, all, counter)
      for (let i = 0; i < tries; i++) {
        const { found } = search.run(1, work.time)
        seen.add(submitParams(dialect, 'w', work, found?.header ?? expect.fail('nothing found')).join())
      }
      counter = search.nextCounter
    }
    expect(seen.size).toBe(140_000)
    expect(counter).toBe(4)
  })

  it('writes the time it is given', () => {
    const { found } = new Search(work, targetBytes((1n << 256n) - 1n), 0).run(1, work.time + 7)
    const header = found?.header ?? expect.fail('nothing found')
    expect(new DataView(header.buffer).getUint32(136, true)).toBe(work.time + 7)
  })
})
