import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { WitnessStatus } from '../../adapters/http/port.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { checkpointText } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, type VerifierKey } from '../../domain/transparency/key.ts'
import type { WitnessConfig } from '../config/config.ts'
import { showCheckpoint } from './add-checkpoint.ts'
import type { WrittenCheckpoint } from './ledger-writer.ts'

/** Shows the ledger's checkpoints to its witnesses, each at the pace of its own: none holds up another, nor the ledger. */
export interface Witnesses {
  /** Takes the newest checkpoint; one that a witness has not been shown yet is passed over. */
  readonly show: (checkpoint: WrittenCheckpoint) => void
  /** Resolves when each has signed one, or has failed to; never when one contradicts the ledger. */
  readonly heard: Promise<void>
  readonly status: () => readonly WitnessStatus[]
  readonly stop: () => void
}

/** What showing needs. */
export interface WitnessesOptions {
  readonly witnesses: readonly WitnessConfig[]
  /** Where proofs are made from. */
  readonly source: LedgerSource
  readonly log: Logger
  /** A witness has signed the checkpoint with this text: the line of its signature. */
  readonly onCosigned: (text: string, line: string) => void
  /** A witness did not sign, by its name. */
  readonly onError: (witness: string) => void
  /** A witness says that it has signed what this ledger does not continue. It is not shown anything any more. */
  readonly onContradiction: (witness: string, message: string) => void
}

/** A witness is asked this often at most, and after a failure ever more rarely. */
const SHOW_EVERY_MS = 1_000
const AGAIN_MS_MIN = 5_000
const AGAIN_MS_MAX = 60_000

/** Makes ready to show. */
export function openWitnesses(options: WitnessesOptions): Witnesses {
  const stopping = new AbortController()
  const shown = options.witnesses.map((config) => openWitness(config, options, stopping.signal))
  return {
    show: (checkpoint) => {
      for (const { show } of shown) show(checkpoint)
    },
    heard: Promise.all(shown.map(({ heard }) => heard)).then(() => undefined),
    status: () => shown.map(({ status }) => status()),
    stop: () => stopping.abort(),
  }
}

interface ShownWitness {
  readonly show: (checkpoint: WrittenCheckpoint) => void
  readonly heard: Promise<void>
  readonly status: () => WitnessStatus
}

function openWitness(
  { key: keyText, url }: WitnessConfig,
  { source, log, onCosigned, onError, onContradiction }: WitnessesOptions,
  stopping: AbortSignal,
): ShownWitness {
  const key = parseVerifierKey(keyText)
  const name = witnessName(keyText)
  let status: WitnessStatus = { name, size: null, time: null, message: '' }
  let newest: WrittenCheckpoint | null = null
  /** The size that the witness has signed, as far as is known; it says so itself when it is another. */
  let known = 0
  let isShowing = false
  let againMs = AGAIN_MS_MIN
  let isContradicting = false
  const heard = Promise.withResolvers<void>()

  async function showAll(verifier: VerifierKey): Promise<void> {
    while (newest !== null && !stopping.aborted) {
      const checkpoint = newest
      newest = null
      const answer = await showCheckpoint({ url, verifier, source, known, checkpoint, stopping })
      if (stopping.aborted) return
      if (E.isRight(answer)) {
        const { line, time } = answer.right
        known = checkpoint.size
        status = { name, size: checkpoint.size, time: time * 1000, message: '' }
        againMs = AGAIN_MS_MIN
        onCosigned(checkpointText(checkpoint), line)
        heard.resolve()
        await pause(SHOW_EVERY_MS)
      } else {
        refused(answer.left.message)
        if (answer.left.kind === 'contradicted') {
          isContradicting = true
          return onContradiction(name, answer.left.message)
        }
        heard.resolve()
        newest ??= checkpoint
        await pause(againMs)
        againMs = Math.min(2 * againMs, AGAIN_MS_MAX)
      }
    }
  }

  const pause = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: stopping, ref: false }).catch(() => undefined)

  function refused(message: string): void {
    if (status.message !== message) log.warn(`Witness ${name} did not sign the ledger: ${message}`)
    status = { ...status, message }
    onError(name)
  }

  const fault = keyFault(key)
  if (fault !== undefined) {
    refused(fault)
    heard.resolve()
  }
  return {
    heard: heard.promise,
    show: (checkpoint) => {
      if (E.isLeft(key) || fault !== undefined || isContradicting) return
      newest = checkpoint
      if (isShowing) return
      isShowing = true
      void showAll(key.right).finally(() => {
        isShowing = false
      })
    },
    status: () => status,
  }
}

function keyFault(key: E.Either<{ readonly message: string }, VerifierKey>): string | undefined {
  if (E.isLeft(key)) return key.left.message
  return key.right.use === 'cosignature'
    ? undefined
    : 'The key of the configuration is a log’s, not a witness’s. Ask its operator for the key of its cosignatures.'
}

/** Name of a witness, as its verifier key says it. */
export const witnessName = (key: string): string => key.split('+', 1)[0] ?? ''
