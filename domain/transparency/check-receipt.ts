import * as E from 'fp-ts/lib/Either.js'
import { accountId } from '../decred/address.ts'
import { toHex } from '../decred/hex.ts'
import { networks } from '../decred/network.ts'
import { meetsTarget, type PowAlgorithm } from '../decred/proof-of-work.ts'
import type { EventType, PoolEvent } from '../events.ts'
import { readStreamName } from '../stream-name.ts'
import { type CheckpointTrust, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { verifyInclusion } from './proof.ts'
import { type LedgerEvent, readEntryText } from './read-entry.ts'
import type { ProvenEntry, Receipt } from './receipt.ts'
import { rebuildShare } from './share-evidence.ts'
import { leafHash, type Sha256 } from './tree.ts'

/** What a receipt shows, step by step. */
export type StepName =
  | 'signature'
  | 'cosignatures'
  | 'inclusion'
  | 'share'
  | 'context'
  | 'header'
  | 'proof-of-work'
  | 'account'

/** One step: whether it holds, and a sentence that says what was found. */
export interface Step {
  readonly name: StepName
  readonly holds: boolean
  readonly says: string
}

/** What a receipt proves when every step holds. */
export interface ProvenShare {
  /** Index of the ledger's entry, and the place of the share in it. */
  readonly entry: number
  readonly position: number
  /** Unix ms. */
  readonly at: number
  readonly difficulty: number
  /** Account id; its address is null in a solo pool. */
  readonly account: string
  readonly address: string | null
  readonly worker: string
  /** The 180 bytes that were hashed, hex, and their proof of work as a big-endian number, hex. */
  readonly header: string
  readonly hash: string
  readonly solvedBlock: boolean
}

/** A receipt that was checked: all steps up to the first that does not hold; `share` is there when all do. */
export interface CheckedReceipt {
  readonly steps: readonly Step[]
  readonly share: ProvenShare | null
}

/** The hashes that the check is done with: a server has faster ones than a browser. */
export interface Hashes {
  readonly sha256: Sha256
  readonly powHash: (algorithm: PowAlgorithm, header180: Uint8Array) => Uint8Array
}

/** Checks a receipt against the keys one trusts, offline. */
export function checkReceipt(receipt: Receipt, trust: CheckpointTrust, hashes: Hashes): CheckedReceipt {
  const steps: Step[] = []
  const step = (name: StepName, result: E.Either<string, string>): boolean => {
    steps.push({ name, holds: E.isRight(result), says: E.isRight(result) ? result.right : result.left })
    return E.isRight(result)
  }
  const failed = { steps, share: null }

  const opened = openCheckpoint(receipt.checkpoint, trust)
  if (E.isLeft(opened)) {
    step('signature', E.left(opened.left.message))
    return failed
  }
  step('signature', E.right(signatureText(opened.right)))
  if (trust.witnesses.length > 0 && !step('cosignatures', cosignatures(opened.right, trust))) return failed
  if (!step('inclusion', inclusion(receipt, opened.right, hashes.sha256))) return failed

  const read = readEntries(receipt)
  if (!step('share', read.share)) return failed
  const context = contextOf(read.entries, receipt.position)
  if (!step('context', E.isLeft(context) ? context : E.right(context.right.says)) || E.isLeft(context))
    return failed

  const { parts } = context.right
  const rebuilt = rebuildShare(networks[parts.network], parts)
  if (E.isLeft(rebuilt)) {
    step('header', E.left(rebuilt.left.message))
    return failed
  }
  const { header, target, networkTarget, difficulty, powAlgorithm } = rebuilt.right
  step('header', E.right(`The 180 bytes that were hashed are ${toHex(header)}.`))

  const hash = hashes.powHash(powAlgorithm, header)
  const shown = bigEndian(hash)
  const work = meetsTarget(hash, target)
    ? E.right(`Their ${powAlgorithm} hash ${shown} meets the target of difficulty ${difficulty}.`)
    : E.left(
        `Their ${powAlgorithm} hash ${shown} misses the target ${bigEndian(target)} of difficulty ${difficulty}.`,
      )
  if (!step('proof-of-work', work)) return failed

  const { account, address, worker } = parts
  const owner =
    address === null || accountId(address) === account
      ? E.right(`The share is worker "${worker}"'s of ${address ?? 'the solo pool'}.`)
      : E.left(
          `The account is said to be that of ${address}, but it is not named by the hash of that address.`,
        )
  if (!step('account', owner)) return failed
  const { shares, position } = parts
  return {
    steps,
    share: {
      entry: receipt.evidence.index,
      position,
      at: shares.at + (shares.elapsed[position] ?? 0),
      difficulty,
      account,
      address,
      worker,
      header: toHex(header),
      hash: shown,
      solvedBlock: meetsTarget(hash, networkTarget),
    },
  }
}

const bigEndian = (hash: Uint8Array): string => toHex(hash.slice().reverse())

const signatureText = ({ origin, size, signedBy }: SignedCheckpoint): string =>
  `"${origin}" signed a ledger of ${size} entries with key ${signedBy.map(({ id }) => toHex(id)).join(', ')}.`

function cosignatures(
  { cosignedBy }: SignedCheckpoint,
  { witnesses }: CheckpointTrust,
): E.Either<string, string> {
  const missing = witnesses.filter((witness) => !cosignedBy.some(({ key }) => key === witness))
  return missing.length === 0
    ? E.right(`${cosignedBy.map(({ key }) => key.name).join(', ')} cosigned it.`)
    : E.left(`${missing.map(({ name }) => name).join(', ')} did not cosign this checkpoint.`)
}

function inclusion(
  { evidence, context }: Receipt,
  { size, root }: SignedCheckpoint,
  sha256: Sha256,
): E.Either<string, string> {
  const utf8 = new TextEncoder()
  const isUnderRoot = ({ index, entry, proof }: ProvenEntry): boolean =>
    verifyInclusion(sha256, { leaf: leafHash(sha256, utf8.encode(entry)), index, size, proof, root })
  const outside = [evidence, ...context].find((each) => !isUnderRoot(each))
  return outside === undefined
    ? E.right(`Entry ${evidence.index} and ${context.length} entries that it refers to are under its root.`)
    : E.left(`Entry ${outside.index} as this receipt has it is not under the root that was signed.`)
}

interface ReadReceipt {
  readonly share: E.Either<string, string>
  /** In the order of the ledger; the last is that of the share. */
  readonly entries: readonly (LedgerEvent & { readonly index: number })[]
}

function readEntries({ evidence, context, position }: Receipt): ReadReceipt {
  const entries: (LedgerEvent & { readonly index: number })[] = []
  for (const { index, entry } of [...context.toSorted((a, b) => a.index - b.index), evidence]) {
    const read = readEntryText(entry)
    if (E.isLeft(read)) return { share: E.left(`Entry ${index} ${read.left.message}.`), entries }
    entries.push({ ...read.right, index })
  }
  const last = entries.at(-1)?.event
  if (last?.type !== 'SharesAccepted')
    return { share: E.left(`Entry ${evidence.index} holds no shares.`), entries }
  const count = last.data.difficulty.length
  return position < count
    ? { share: E.right(`Share ${position} of the ${count} in entry ${evidence.index}.`), entries }
    : { share: E.left(`Entry ${evidence.index} holds ${count} shares, none at ${position}.`), entries }
}

type DataOf<T extends EventType> = Extract<PoolEvent, { readonly type: T }>['data']

interface Parts {
  readonly network: DataOf<'PoolOpened'>['network']
  readonly shares: DataOf<'SharesAccepted'>
  readonly position: number
  readonly work: DataOf<'WorkIssued'>
  readonly connected: DataOf<'MinerConnected'>
  readonly identified: DataOf<'MinerIdentified'>
  readonly account: string
  readonly address: string | null
  readonly worker: string
}

/** Finds what the share names among the entries before it. */
function contextOf(
  entries: ReadReceipt['entries'],
  position: number,
): E.Either<string, { readonly parts: Parts; readonly says: string }> {
  const last = entries.at(-1)
  const sharesOf = readStreamName(last?.stream ?? '')
  if (last?.event.type !== 'SharesAccepted' || sharesOf.kind !== 'shares')
    return E.left('The share is not in a stream of shares.')
  const { gateway } = sharesOf
  const shares = last.event.data
  const before = entries.filter(({ index }) => index < last.index)
  const opened = before[0]
  if (opened?.event.type !== 'PoolOpened' || opened.index !== 0)
    return E.left('The receipt lacks the first entry of the ledger, which names the network.')

  const job = shares.job[position]
  const work = before.flatMap(({ stream, event }) => {
    const name = readStreamName(stream)
    const isOfGateway = name.kind === 'work' && name.gateway === gateway
    return isOfGateway && event.type === 'WorkIssued' && event.data.job === job ? [event.data] : []
  })[0]
  if (work === undefined) return E.left(`The receipt lacks job ${job} of gateway ${gateway}.`)

  const name = `connection-${gateway}.${shares.connection[position]}`
  const connection = before.filter(({ stream }) => stream === name)
  if (connection.some(({ revision }, i) => revision !== i))
    return E.left(`The receipt leaves out events of ${name}: it can't be told which worker is meant.`)
  const events = connection.map(({ event }) => event)
  const connected = events.flatMap((event) => (event.type === 'MinerConnected' ? [event.data] : []))[0]
  const identified = events.flatMap((event) => (event.type === 'MinerIdentified' ? [event.data] : [])).at(-1)
  const workers = events.flatMap((event) => (event.type === 'WorkerAuthorized' ? [event.data] : []))
  const worker = workers[shares.worker[position] ?? -1]
  if (connected === undefined || identified === undefined || worker === undefined)
    return E.left(`The receipt lacks the beginning of ${name}, or its worker ${shares.worker[position]}.`)

  const { network, mode } = opened.event.data
  const address = before.flatMap(({ stream, event }) =>
    stream === `account-${worker.account}` && event.type === 'AccountOpened' ? [event.data.address] : [],
  )[0]
  if (mode === 'public' && address === undefined)
    return E.left(`The receipt lacks the address of account ${worker.account}.`)
  return E.right({
    says: `Job ${work.job} for block ${work.height}, and connection ${name} of ${identified.profile}, were there before it.`,
    parts: {
      network,
      shares,
      position,
      work,
      connected,
      identified,
      account: worker.account,
      address: mode === 'public' ? (address ?? null) : null,
      worker: worker.worker,
    },
  })
}
