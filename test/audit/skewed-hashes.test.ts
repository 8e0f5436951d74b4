import { expect, test } from 'vitest'
import { fromHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { hashDifficulty } from '../../domain/decred/target.ts'
import type { ExtranonceLayout } from '../../domain/stratum/profile.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import { plain } from '../../domain/stratum/profiles/plain.ts'
import { solveHeader } from '../../domain/stratum/solution.ts'
import { HashQualities, qualityDeviation } from '../../src/audit/hash-quality.ts'
import { auditedLog, type Cooked, copyOf, history } from './cooked-books.ts'

const skewed = async (
  log: readonly Cooked[],
  key: Parameters<typeof auditedLog>[1],
  workers: number | null,
) =>
  (await auditedLog(log, key, { workers })).findings
    .list()
    .filter(({ kind }) => kind === 'skewed-hashes')
    .map(({ check, severity, message }) => [check, severity, message.slice(0, 60)])

test('a miner whose shares each count what their hash just reaches stands out; nobody does in an honest ledger', async () => {
  const honest = await history({ shares: 2_000, powAlgorithm: 'blake3' })
  expect(await skewed(honest.log, honest.key, null)).toEqual([])
  const log = copyOf(honest)
  const [account, raised] = raise(log)
  expect(raised).toBeGreaterThan(60)
  for (const workers of [null, 2])
    expect(await skewed(log, honest.key, workers)).toEqual([
      ['A9', 'notice', `The hashes of the ${raised} shares of account ${account}`.slice(0, 60)],
    ])
})

/** Credits the account with the most shares with what each of its hashes reaches. Answers the account and how many shares. */
function raise(log: readonly Cooked[]): readonly [account: string, shares: number] {
  const work = new Map<string, Cooked['data']>()
  const connections = new Map<string, { extranonce1: string; layout: ExtranonceLayout; accounts: string[] }>()
  const byAccount = new Map<string, (() => void)[]>()
  for (const { stream, type, data } of log) {
    const gateway = stream.split('-')[1]
    if (type === 'WorkIssued') work.set(`${gateway}.${data.job}`, data)
    if (type === 'MinerConnected')
      connections.set(stream, { extranonce1: data.extranonce1, layout: NO_LAYOUT, accounts: [] })
    const connection = connections.get(stream)
    if (type === 'MinerIdentified' && connection !== undefined)
      connection.layout = profileNamed(data.profile)?.wire('blake3').extranonce ?? NO_LAYOUT
    if (type === 'WorkerAuthorized') connection?.accounts.push(data.account)
    if (type !== 'SharesAccepted') continue
    for (let i = 0; i < data.job.length; i++) {
      const by = connections.get(`connection-${gateway}.${data.connection[i]}`)
      const job = work.get(`${gateway}.${data.job[i]}`)
      const template = fromHex(job.header)
      if (by === undefined || template === undefined) throw new Error('a share refers to nothing')
      const header = new Uint8Array(template)
      const ntime = new DataView(template.buffer).getUint32(136, true) + data.ntime[i]
      const solution = { ntime, nonce: data.nonce[i], extranonce2: data.extranonce2[i] }
      solveHeader(template, by.layout, by.extranonce1, solution, header)
      const reached = hashDifficulty(networks.simnet, powHash('blake3', header))
      const account = by.accounts[data.worker[i]] ?? ''
      const raises = byAccount.get(account) ?? []
      byAccount.set(account, raises)
      raises.push(() => {
        data.difficulty[i] = reached
      })
    }
  }
  const [most] = [...byAccount].sort(([, a], [, b]) => b.length - a.length)
  for (const each of most?.[1] ?? []) each()
  return [most?.[0] ?? '', most?.[1].length ?? 0]
}

const NO_LAYOUT = plain.wire('blake3').extranonce

test('the mean of uniform parts is within its deviation, and that of parts near one is not', () => {
  const qualities = new HashQualities()
  const uniform = qualities.of('uniform')
  const high = qualities.of('high')
  for (let i = 0; i < 10_000; i++) {
    uniform.shares++
    uniform.parts += (i + 0.5) / 10_000
    high.shares++
    high.parts += 0.5 + (i + 0.5) / 20_000
  }
  qualities.add({ account: 'uniform', shares: 1, parts: 0.5 })
  expect(qualities.list().map(({ account, shares }) => [account, shares])).toEqual([
    ['uniform', 10_001],
    ['high', 10_000],
  ])
  expect(Math.abs(qualityDeviation(uniform))).toBeLessThan(1e-9)
  expect(qualityDeviation(high)).toBeCloseTo(0.25 * Math.sqrt(120_000), 6)
})
