import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import { parseSigningKey } from '../../domain/transparency/key.ts'
import { noteSigner, parseSignatureLine } from '../../domain/transparency/note.ts'
import { type LedgerFault, ledgerWriter } from './ledger-writer.ts'
import type { FromWriter, ToWriter, WriterData } from './messages.ts'

/**
 * The thread that writes the ledger: hashing, files and signatures take nothing from the one that serves the miners. One piece of work
 * after the other, in the order in which it was asked for.
 */

const RETRY_MS = 1_000

const data: WriterData = workerData
const { folder, origin, signed, checkpointMsMax } = data
const signers = data.keys.map((text) => {
  const key = parseSigningKey(text)
  if (E.isLeft(key)) throw new RangeError(key.left.message)
  return noteSigner(key.right)
})
const writer = ledgerWriter({ folder: ledgerFolder(folder), origin, signers, signed })
let isChecked = false
let isBegun = false
/** Of the newest event that was taken, and of the newest one that is signed. */
let position: number | null = null
let signedPosition: number | null = null
let isStopping = false
let timer: NodeJS.Timeout | null = null
let queue: Promise<void> = Promise.resolve()

const say = (message: FromWriter): void => parentPort?.postMessage(message)

parentPort?.on('message', (message: ToWriter) => {
  if (message.kind === 'stop') isStopping = true
  queue = queue.then(() => handle(message))
})

async function handle(message: ToWriter): Promise<void> {
  switch (message.kind) {
    case 'events':
      return take(message.events, message.position)
    case 'end-of-log':
      if (signed !== null && !writer.isChecked())
        fail({ kind: 'log', message: tooShort(signed.size, writer.size()) })
      return
    case 'begin':
      isBegun = true
      return signSoon()
    case 'cosigned':
      return cosign(message.text, message.line)
    case 'stop':
      if (timer !== null) await sign()
      parentPort?.close()
  }
}

async function take(events: readonly LoggedEvent[], last: number): Promise<void> {
  if (
    !(await untilDone(
      () => writer.add(events),
      () => writer.add([]),
    ))
  )
    return
  position = last
  if (!isChecked && writer.isChecked()) {
    isChecked = true
    say({ kind: 'checked' })
  }
  if (isBegun) {
    if (events.some(({ type }) => type === 'BlockFound')) await sign()
    else signSoon()
  }
  say({ kind: 'taken' })
}

/** Half of the time is for reading the log, writing the files and signing. */
function signSoon(): void {
  timer ??= setTimeout(() => {
    queue = queue.then(sign)
  }, checkpointMsMax / 2)
}

async function sign(): Promise<void> {
  if (timer !== null) clearTimeout(timer)
  timer = null
  await untilDone(async () => {
    const written = await writer.sign()
    if (E.isRight(written)) {
      signedPosition = position
      say({ kind: 'published', checkpoint: written.right, position })
    }
    return written
  })
}

async function cosign(text: string, line: string): Promise<void> {
  const signature = parseSignatureLine(line)
  if (signature === undefined) return
  const written = await writer.cosign(text, signature)
  if (E.isRight(written) && written.right !== undefined)
    say({ kind: 'published', checkpoint: written.right, position: signedPosition })
  if (E.isLeft(written) && written.left.kind !== 'disk') fail(written.left)
}

/** Tries until the disk lets it, or until there is no point. */
async function untilDone(
  work: () => Promise<E.Either<LedgerFault, unknown>>,
  again: () => Promise<E.Either<LedgerFault, unknown>> = work,
): Promise<boolean> {
  let hadTrouble = false
  for (let done = await work(); ; done = await again()) {
    if (E.isRight(done)) {
      if (hadTrouble) say({ kind: 'trouble', message: '' })
      return true
    }
    if (done.left.kind !== 'disk') {
      fail(done.left)
      return false
    }
    if (!hadTrouble) say({ kind: 'trouble', message: done.left.message })
    hadTrouble = true
    if (isStopping) return false
    await sleep(RETRY_MS)
  }
}

function fail(fault: LedgerFault): void {
  if (timer !== null) clearTimeout(timer)
  timer = null
  say({ kind: 'fault', fault })
}

const tooShort = (signedSize: number, size: number): string =>
  `The log does not fit the ledger: ${signedSize} events are signed, and the log has ${size}. It was put back to an older state, or is ` +
  'not the one that belongs to this folder. Put the newest copy of the log back: what is missing can also be read from the ledger itself.'
