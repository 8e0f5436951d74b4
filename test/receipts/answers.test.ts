import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { jobId } from '../../domain/mining/job.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { answerLine, readAnswers, type ShareAnswer } from '../../src/receipts/answers-file.ts'
import { checkAnswers } from '../../src/receipts/check-answers.ts'
import { lodebook } from '../cli/child.ts'
import { publish, right, simulatedLedger } from './simulated.ts'

type Simulated = Awaited<ReturnType<typeof simulatedLedger>>
let pool: Simulated
let answers: readonly ShareAnswer[]

/** Uint32 as eight hex digits, from either end. */
function hex8(value: number, bigEndian: boolean): string {
  const bytes = Buffer.alloc(4)
  if (bigEndian) bytes.writeUInt32BE(value)
  else bytes.writeUInt32LE(value)
  return bytes.toString('hex')
}

/** What every miner of a history was answered, in the byte order of its device. */
function answersOf(events: readonly RecordedEvent[]): readonly ShareAnswer[] {
  const data = (event: RecordedEvent) => JSON.parse(event.data)
  const ofType = (type: string) => events.filter((event) => event.type === type)
  const addresses = new Map(
    ofType('AccountOpened').map((event) => [event.stream.slice('account-'.length), data(event).address]),
  )
  const profiles = new Map(ofType('MinerIdentified').map((event) => [event.stream, data(event).profile]))
  const workers = Map.groupBy(ofType('WorkerAuthorized'), ({ stream }) => stream)
  const work = new Map(
    ofType('WorkIssued').map((event) => [`${event.stream.split('-')[1]}/${data(event).job}`, data(event)]),
  )
  return ofType('SharesAccepted').flatMap((event) => {
    const gateway = Number(event.stream.split('-')[1])
    const shares = data(event)
    return shares.job.map((job: number, i: number): ShareAnswer => {
      const stream = `connection-${gateway}.${shares.connection[i]}`
      const issued = work.get(`${gateway}/${job}`)
      const wire = profileNamed(profiles.get(stream))?.wire(issued.powAlgorithm)
      const worker = workers.get(stream)?.[shares.worker[i]]
      if (wire === undefined || worker === undefined) throw new Error(`${stream} is not in the history`)
      const { account, worker: name } = data(worker)
      const time = Buffer.from(issued.header, 'hex').readUInt32LE(136) + shares.ntime[i]
      return {
        at: shares.at + shares.elapsed[i],
        worker: `${addresses.get(account)}.${name}`,
        job: jobId(gateway, job),
        extranonce2: shares.extranonce2[i],
        ntime: hex8(time, wire.bigEndianSubmit),
        nonce: hex8(shares.nonce[i], wire.bigEndianSubmit),
        difficulty: shares.difficulty[i],
        accepted: true,
      }
    })
  })
}

beforeAll(async () => {
  pool = await simulatedLedger({ seed: 5, shares: 800, sharesPerBlock: 150 })
  answers = answersOf(pool.events)
})

async function checked(folder: string, given: readonly ShareAnswer[]) {
  const source = ledgerFolder(folder)
  const checkpoint = right(await readCheckpoint(source, trustIn(pool.key.verifier))())
  return right(await checkAnswers(source, checkpoint, given, () => undefined))
}

describe('answers of a pool', () => {
  test('are all in an honest ledger, of every device', async () => {
    expect(answers).toHaveLength(800)
    expect(await checked(pool.folder, answers)).toEqual({
      accepted: 800,
      found: 800,
      missing: [],
      lighter: [],
      later: 0,
    })
  })

  test('that the pool dropped, counted for another or counted for less are named', async () => {
    const at = pool.events.findIndex(({ type, data }) => {
      if (type !== 'SharesAccepted') return false
      const { job, solved } = JSON.parse(data)
      return job.length > 1 && solved.length === 0
    })
    const event = pool.events[at]
    if (event === undefined) throw new Error('no event with several shares')
    const before = answersOf(pool.events.slice(0, at)).length
    const altered = (change: (data: Record<string, unknown[]>) => void): readonly RecordedEvent[] => {
      const data = JSON.parse(event.data)
      change(data)
      return pool.events.with(at, { ...event, data: canonicalJson(data) })
    }
    const dropped = altered((data) => {
      for (const column of Object.values(data)) if (Array.isArray(column) && column.length > 1) column.shift()
    })
    expect((await checked(await publish(dropped, pool.key), answers)).missing).toContainEqual(answers[before])
    const told = answers.map((answer, i) => (i === before ? { ...answer, difficulty: 1_000_000 } : answer))
    const { difficulty } = answers[before] ?? expect.fail('no such answer')
    expect((await checked(pool.folder, told)).lighter).toEqual([{ answer: told[before], difficulty }])
    const stolen = answers.map((answer, i) =>
      i === before
        ? { ...answer, worker: answers.find(({ worker }) => worker !== answer.worker)?.worker ?? '' }
        : answer,
    )
    expect((await checked(pool.folder, stolen)).missing).toEqual([stolen[before]])
  })

  test('that are younger than the ledger are not called missing', async () => {
    const [first] = answers
    const young = { ...(first ?? expect.fail('no answer')), nonce: '01020304', at: Number.MAX_SAFE_INTEGER }
    expect(await checked(pool.folder, [young])).toMatchObject({ found: 0, missing: [], later: 1 })
  })

  test('are read line by line, a line that is cut off is left out', () => {
    const text = answers.slice(0, 3).map(answerLine).join('')
    expect(readAnswers(`${text}{"at":17`)).toEqual(E.right(answers.slice(0, 3)))
    expect(readAnswers(`${text}hello\n`)).toEqual(
      E.left(
        'Line 4 is no answer to a share: it needs at, worker, job, extranonce2, ntime, nonce, difficulty and accepted.',
      ),
    )
  })
})

describe('lodebook verify', () => {
  const key = () => verifierKeyText(pool.key.verifier)

  test('checks a file of answers and ends with 1 when one is missing', async () => {
    const file = join(pool.folder, 'answers.jsonl')
    writeFileSync(file, answers.map(answerLine).join(''))
    const good = await lodebook(['verify', '--answers', file, '--ledger', pool.folder, '--key', key()], {
      directory: pool.folder,
    })
    expect(good).toMatchObject({ code: 0, stdout: '800 shares answered true, 800 of them in the ledger.\n' })
    const [first] = answers
    writeFileSync(file, answerLine({ ...(first ?? expect.fail()), nonce: 'ffffffff' }))
    const bad = await lodebook(['verify', '--answers', file, '--ledger', pool.folder, '--key', key()], {
      directory: pool.folder,
    })
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('MISSING')
  })

  test('says what is wrong with what it was given', async () => {
    const says = async (...given: string[]) => {
      const { code, stderr } = await lodebook(['verify', ...given], { directory: pool.folder })
      return [code, stderr]
    }
    expect(await says('--key', 'nonsense')).toEqual([
      2,
      expect.stringContaining('--key: "nonsense" is no verifier key.'),
    ])
    expect(await says('--key', key())).toEqual([
      2,
      'lodebook: give the file of a receipt, or --answers and --ledger\n',
    ])
    expect(await says('/nowhere.tlog-proof', '--key', key())).toEqual([
      2,
      expect.stringContaining("/nowhere.tlog-proof can't be read"),
    ])
  })
})
