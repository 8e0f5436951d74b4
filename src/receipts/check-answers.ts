import * as E from 'fp-ts/lib/Either.js'
import type { LedgerError, LedgerSource } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { accountId, SOLO_ACCOUNT_ID } from '../../domain/decred/address.ts'
import { headerTimestamp } from '../../domain/decred/header.ts'
import { fromHex } from '../../domain/decred/hex.ts'
import type { EventData, PoolEvent } from '../../domain/events.ts'
import { jobId } from '../../domain/mining/job.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import { readSolution } from '../../domain/stratum/solution.ts'
import { parseUser } from '../../domain/stratum/user.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import type { SignedCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { readEntryText } from '../../domain/transparency/read-entry.ts'
import type { ShareAnswer } from './answers-file.ts'

/** How the answers of a pool compare with its ledger. */
export interface CheckedAnswers {
  /** Answers that were `true`. */
  readonly accepted: number
  readonly found: number
  /** Answered `true`, and not in the ledger under the address of their user. */
  readonly missing: readonly ShareAnswer[]
  /** In the ledger, and counted for less than was told. */
  readonly lighter: readonly { readonly answer: ShareAnswer; readonly difficulty: number }[]
  /** Answered after the last entry of this checkpoint: a later one will have them. */
  readonly later: number
}

/**
 * Looks up each share that was answered `true` in the ledger under a checkpoint, whose signature the caller has checked. Reads the whole ledger and holds
 * every entry against the root. `progress` is told how many entries are read.
 */
export async function checkAnswers(
  source: LedgerSource,
  checkpoint: SignedCheckpoint,
  answers: readonly ShareAnswer[],
  progress: (entries: number) => void,
): Promise<E.Either<LedgerError, CheckedAnswers>> {
  const accepted = answers.filter((answer) => answer.accepted)
  const open = new Map<string, Set<ShareAnswer>>()
  for (const answer of accepted) open.set(answer.job, (open.get(answer.job) ?? new Set()).add(answer))
  const matcher = new Matcher(open)
  let lastMs = 0
  for await (const batch of ledgerReader(source, checkpoint).entries(0, checkpoint.size)) {
    if (E.isLeft(batch)) return batch
    for (const [i, bytes] of batch.right.entries.entries()) {
      const read = readEntryText(new TextDecoder().decode(bytes))
      if (E.isLeft(read))
        return E.left({
          kind: 'not-a-ledger',
          message: `Entry ${batch.right.first + i} ${read.left.message}.`,
        })
      const { stream, event } = read.right
      lastMs = Math.max(lastMs, event.data.at)
      matcher.read(stream, event)
    }
    progress(batch.right.first + batch.right.entries.length)
  }
  const rest = [...open.values()].flatMap((set) => [...set])
  const missing = rest.filter(({ at }) => at <= lastMs)
  return E.right({
    accepted: accepted.length,
    found: accepted.length - rest.length,
    missing: missing.toSorted((a, b) => a.at - b.at),
    lighter: matcher.lighter,
    later: rest.length - missing.length,
  })
}

/** What the ledger says of a connection. */
interface Connection {
  readonly extranonce1: string
  profile: string
  readonly accounts: string[]
}

/** Takes the answers that it finds out of those that are open. */
class Matcher {
  readonly lighter: { readonly answer: ShareAnswer; readonly difficulty: number }[] = []
  readonly #open: ReadonlyMap<string, Set<ShareAnswer>>
  readonly #connections = new Map<string, Connection>()
  readonly #work = new Map<string, EventData<'WorkIssued'>>()
  #solo = false

  constructor(open: ReadonlyMap<string, Set<ShareAnswer>>) {
    this.#open = open
  }

  read(stream: string, event: PoolEvent): void {
    const name = readStreamName(stream)
    switch (event.type) {
      case 'PoolOpened':
        this.#solo = event.data.mode === 'solo'
        break
      case 'MinerConnected':
        this.#connections.set(stream, {
          extranonce1: event.data.extranonce1,
          profile: '',
          accounts: [],
        })
        break
      case 'MinerIdentified': {
        const connection = this.#connections.get(stream)
        if (connection !== undefined) connection.profile = event.data.profile
        break
      }
      case 'WorkerAuthorized':
        this.#connections.get(stream)?.accounts.push(event.data.account)
        break
      case 'WorkIssued': {
        if (name.kind !== 'work') break
        const id = jobId(name.gateway, event.data.job)
        if (this.#open.has(id)) this.#work.set(id, event.data)
        break
      }
      case 'SharesAccepted':
        if (name.kind === 'shares') this.#shares(name.gateway, event.data)
        break
    }
  }

  #shares(gateway: number, data: EventData<'SharesAccepted'>): void {
    for (let i = 0; i < data.job.length; i++) {
      const id = jobId(gateway, data.job[i] ?? 0)
      const open = this.#open.get(id)
      const work = this.#work.get(id)
      if (open === undefined || work === undefined || open.size === 0) continue
      const connection = this.#connections.get(`connection-${gateway}.${data.connection[i]}`)
      if (connection === undefined) continue
      const difficulty = data.difficulty[i] ?? 0
      for (const answer of open) {
        if (!this.#isSame(answer, connection, work, data, i)) continue
        open.delete(answer)
        if (difficulty < answer.difficulty) this.lighter.push({ answer, difficulty })
        break
      }
    }
  }

  #isSame(
    answer: ShareAnswer,
    { extranonce1, profile, accounts }: Connection,
    work: EventData<'WorkIssued'>,
    data: EventData<'SharesAccepted'>,
    i: number,
  ): boolean {
    const account = this.#solo ? SOLO_ACCOUNT_ID : accountId(parseUser(answer.worker).address)
    const wire = profileNamed(profile)?.wire(work.powAlgorithm)
    const header = fromHex(work.header)
    if (accounts[data.worker[i] ?? -1] !== account || wire === undefined || header === undefined) return false
    const solution = readSolution(answer, wire, extranonce1)
    if ('text' in solution) return false
    return (
      solution.nonce === data.nonce[i] &&
      solution.ntime === headerTimestamp(header) + (data.ntime[i] ?? 0) &&
      solution.extranonce2 === data.extranonce2[i]
    )
  }
}
