import { closeSync, fdatasync, ftruncateSync, openSync, readFileSync, writevSync } from 'node:fs'
import { promisify } from 'node:util'
import { type EventLog, eventLog, type WriteOutcome } from './log.ts'
import { frameOf, type LogRecord, recordAt } from './log-record.ts'
import type { Store } from './store.ts'

/** A store that a `kill -9` takes nothing from. */
export interface FileStore extends Store {
  /** Waits for what is being written, and gives the file free. */
  readonly close: () => Promise<void>
}

/**
 * Opens a store that keeps its events in a file, or makes it. The file is one group after another: a 32 bit length, then the
 * frames of the records that one write made, as readers get them. A group that is cut off was never answered.
 * Writes that arrive while one `fdatasync` runs share the next. A write that fails ends the process, as EventStoreDB's does.
 */
export function openFileStore(file: string, nowMs: () => number): FileStore {
  const log = eventLog(nowMs)
  const descriptor = openSync(file, 'a+')
  const { records, bytes } = wholeGroups(readFileSync(file))
  log.restore(records)
  ftruncateSync(descriptor, bytes)

  let waiting: PendingWrite[] = []
  let running: Promise<void> | undefined

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const writes = waiting
      waiting = []
      writeAll(
        descriptor,
        writes.flatMap(({ group }) => group),
      )
      await sync(descriptor)
      const last = writes.at(-1)
      if (last !== undefined) log.commit(last.recordCount)
      for (const { done, outcome } of writes) done(outcome)
    }
    running = undefined
  }

  return {
    log,
    write: (change, done) => {
      const before = log.records.length
      const outcome = change(log)
      if (outcome.kind !== 'written') {
        done(outcome)
        return
      }
      waiting.push({ group: groupOf(log, before), recordCount: log.records.length, outcome, done })
      running ??= flush()
    },
    close: async () => {
      await running
      closeSync(descriptor)
    },
  }
}

interface PendingWrite {
  readonly group: readonly Buffer[]
  readonly recordCount: number
  readonly outcome: WriteOutcome
  readonly done: (outcome: WriteOutcome) => void
}

const LENGTH_BYTES = 4

/** Nothing to write for events that were there before, but their answer waits its turn. */
function groupOf(log: EventLog, from: number): readonly Buffer[] {
  const frames = log.records.slice(from).map(frameOf)
  if (frames.length === 0) return []
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(frames.reduce((sum, frame) => sum + frame.length, 0))
  return [length, ...frames]
}

function wholeGroups(file: Buffer): { readonly records: readonly LogRecord[]; readonly bytes: number } {
  const records: LogRecord[] = []
  let at = 0
  while (file.length - at >= LENGTH_BYTES) {
    const end = at + LENGTH_BYTES + file.readUInt32BE(at)
    if (end > file.length) break
    for (let start = at + LENGTH_BYTES; start < end; ) {
      const record = recordAt(file, start, records.length)
      records.push(record)
      start += record.bytes
    }
    at = end
  }
  return { records, bytes: at }
}

const sync = promisify(fdatasync)

/** Buffers in one `writev` at most: Linux takes 1024. */
const BUFFERS_MAX = 1024

function writeAll(descriptor: number, buffers: readonly Buffer[]): void {
  for (let from = 0; from < buffers.length; from += BUFFERS_MAX) {
    const some = buffers.slice(from, from + BUFFERS_MAX)
    const bytes = some.reduce((sum, buffer) => sum + buffer.length, 0)
    const written = writevSync(descriptor, some)
    if (written < bytes) throw new Error(`wrote ${written} of ${bytes} bytes`)
  }
}
