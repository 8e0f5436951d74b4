import { describe, expect, test } from 'vitest'
import { HEADER_BYTES } from '../../../domain/decred/header.ts'
import { displayHash, fromHex, toHex } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { issueJob, newJobBook } from '../../../domain/mining/job-book.ts'
import { notifyParams } from '../../../domain/stratum/notify.ts'
import { profileOf, profiles } from '../../../domain/stratum/profiles/index.ts'
import { readSolution, solveHeader } from '../../../domain/stratum/solution.ts'
import vectors from '../../vectors/decred.json' with { type: 'json' }

interface NotifySubmit {
  readonly work: string
  readonly extraNonce1: string
  readonly notify: Record<string, readonly unknown[]>
  readonly submit: Record<
    string,
    { readonly params: readonly string[]; readonly solvedHeader: string } & Record<string, unknown>
  >
}
const data = vectors.vectors.find(({ id }) => id === 'asic-notify-submit')?.data as unknown as NotifySubmit

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? expect.fail(`not hex: ${hex}`)

const job = (algorithm: PowAlgorithm) =>
  issueJob(
    newJobBook(),
    1,
    networks.simnet,
    bytes(data.work).subarray(0, HEADER_BYTES),
    algorithm,
    'new-parent',
    1_000,
  )

const cases: readonly [agent: string, algorithm: PowAlgorithm, notify: string, submit: string][] = [
  ['cpuminer/1.0.0', 'blake3', 'head', 'head_cpu_gominer'],
  ['decred-gominer/2.0.0', 'blake3', 'head', 'head_cpu_gominer'],
  ['something-new/0.1', 'blake3', 'head', 'head_cpu_gominer'],
  ['', 'blake3', 'head', 'head_cpu_gominer'],
  ['NiceHash/1.0.0', 'blake3', 'head', 'head_cpu_gominer'],
  ['cpuminer/1.0.0', 'blake256', 'cpu_asic_era', 'cpu'],
  ['sgminer/4.4.2', 'blake256', 'd9', 'd9'],
  ['cgminer/4.10.0', 'blake256', 'd9', 'd9'],
  ['cgminer/4.9.0', 'blake256', 'dr3', 'dr3'],
  ['ccminer/2.3.1', 'blake256', 'dr3', 'dr3'],
  ['whatsminer/d1-v1.0', 'blake256', 'd1', 'd1'],
]

describe.each(cases)('%s on %s', (agent, algorithm, notifyCase, submitCase) => {
  const wire = profileOf(agent).wire(algorithm)

  test('is notified as the device expects', () => {
    const [, ...expected] = data.notify[notifyCase] ?? []
    const made = job(algorithm)
    expect(notifyParams(made, wire, true)).toEqual([made.id, ...expected])
  })

  test('is understood: the submitted fields give the header that was hashed', () => {
    const { params, solvedHeader } = data.submit[submitCase] ?? expect.fail('no such vector')
    const [worker = '', id = '', extranonce2 = '', ntime = '', nonce = ''] = params
    const solution = readSolution({ worker, job: id, extranonce2, ntime, nonce }, wire, data.extraNonce1)
    if ('text' in solution) expect.fail(solution.text)
    const header = new Uint8Array(HEADER_BYTES)
    solveHeader(job(algorithm).header, wire.extranonce, data.extraNonce1, solution, header)
    expect(toHex(header)).toBe(solvedHeader)
    expect(displayHash(powHash(algorithm, header))).toBe(data.submit[submitCase]?.[algorithm])
  })
})

describe('NiceHash on BLAKE-256', () => {
  const wire = profileOf('NiceHash/1.0.0').wire('blake256')

  test('gets the device family byte order and eight bytes to share out', () => {
    expect(notifyParams(job('blake256'), wire, false).slice(1)).toEqual([
      ...(data.notify['d9'] ?? []).slice(1, 8),
      false,
    ])
    expect(wire.extranonce.toldBytes).toBe(8)
  })

  test.each([
    ['01000000', '0100000000000000'],
    ['0102030405060708', '0102030405060708'],
  ])('extranonce2 %s is taken as %s', (sent, taken) => {
    const solution = readSolution(
      { worker: '', job: '', extranonce2: sent, ntime: '5e70ec05', nonce: '00000001' },
      wire,
      data.extraNonce1,
    )
    expect(solution).toEqual({ ntime: 0x5e70ec05, nonce: 1, extranonce2: taken })
  })
})

test('every profile is recognised by an agent of its own and unknown agents are served plainly', () => {
  const agents = [
    'sgminer/4.4.2',
    'cgminer/4.9.0',
    'whatsminer/d1-v1.0',
    'cgminer/4.10.0',
    'decred-gominer/2.1.0-pre',
    'ccminer/2.3.1',
    'NiceHash/1.0.0',
    'bfgminer/5',
  ]
  expect(agents.map((agent) => profileOf(agent).name)).toEqual(profiles.map(({ name }) => name))
})

describe('what a share may not be', () => {
  const dr3 = profileOf('cgminer/4.9.0').wire('blake256')
  const plain = profileOf('').wire('blake3')
  const good = { worker: 'w', job: 'j', extranonce2: '01000000', ntime: '05ec705e', nonce: '01000000' }

  test.each([
    [{ ...good, nonce: '0100000' }, 'nonce must be 8 hex characters, got 7'],
    [{ ...good, nonce: '0100000g' }, 'nonce must be 8 hex characters, got 8'],
    [{ ...good, ntime: '' }, 'ntime must be 8 hex characters, got 0'],
    [{ ...good, extranonce2: '0100' }, 'extranonce2 must be 8 hex characters, got 4'],
    [{ ...good, extranonce2: '0100000000' }, 'extranonce2 must be 8 hex characters, got 10'],
    [{ ...good, extranonce2: 'zzzzzzzz' }, 'extranonce2 must be 8 hex characters, got 8'],
  ])('%j', (submission, text) => {
    expect(readSolution(submission, plain, 'b072e5dc')).toEqual({ kind: 'malformed', text })
  })

  test('upper case is the same share as lower case', () => {
    const upper = { ...good, extranonce2: 'ABCDEF00', ntime: '05EC705E', nonce: '0A000000' }
    expect(readSolution(upper, plain, 'b072e5dc')).toEqual({
      ntime: 0x5e70ec05,
      nonce: 10,
      extranonce2: 'abcdef00',
    })
  })

  test('an echoed extranonce1 of another connection', () => {
    const foreign = { ...good, extranonce2: '0100000000000000b072e5dd' }
    expect(readSolution(foreign, dr3, 'b072e5dc')).toMatchObject({ kind: 'foreign-extranonce' })
  })
})
