import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/** One line of the file: what happened to the chain, in order. Blocks are hex, hashes display hex. */
const FileRecord = t.union([
  t.readonly(t.strict({ block: t.string })),
  t.readonly(t.strict({ invalidate: t.string })),
  t.readonly(t.strict({ reconsider: t.string })),
])
export type FileRecord = t.TypeOf<typeof FileRecord>

/** First line of the file: whose blocks these are. */
const FileHead = t.readonly(t.strict({ devnet: t.literal(1), powAlgorithm: PowAlgorithm }))

/** Name of the file in the data directory. */
const FILE_NAME = 'blocks.jsonl'

const NEWLINE = 0x0a

/** The blocks of a devnet on disk: JSON lines that are only ever added to. */
export interface BlockFile {
  /** What was in the file when it was opened. */
  readonly records: readonly FileRecord[]
  /** Returns when the record is on the disk itself, so that a power cut after it loses nothing. */
  readonly append: (record: FileRecord) => void
  readonly close: () => void
}

/**
 * Opens or creates the file. A last line that a crash left unfinished is cut off: nobody was told of it.
 *
 * @throws Error with a sentence for the operator when the file is damaged or of a chain with another proof of work.
 */
export function openBlockFile(directory: string, powAlgorithm: PowAlgorithm): BlockFile {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, FILE_NAME)
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
  const [head, ...lines] = whole.toString('utf8').split('\n').slice(0, -1)
  if (head !== undefined) checkHead(path, head, powAlgorithm)
  const records = lines.map((line, index) => readRecord(path, line, index + 2))

  const file = openSync(path, 'a')
  ftruncateSync(file, whole.length)
  const append = (line: unknown): void => {
    writeSync(file, `${JSON.stringify(line)}\n`)
    fdatasyncSync(file)
  }
  if (head === undefined) {
    append({ devnet: 1, powAlgorithm })
    syncDirectory(directory)
  }
  return { records, append, close: () => closeSync(file) }
}

/** A new file is only there after a power cut when its directory is on the disk as well. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function checkHead(path: string, line: string, powAlgorithm: PowAlgorithm): void {
  const head = FileHead.decode(json(line))
  if (E.isLeft(head))
    throw new Error(`${path} is not a devnet's file: give the devnet another data directory.`)
  if (head.right.powAlgorithm !== powAlgorithm)
    throw new Error(
      `The devnet in ${path} mines ${head.right.powAlgorithm}, not ${powAlgorithm}: give it another data directory.`,
    )
}

function readRecord(path: string, line: string, number: number): FileRecord {
  const record = FileRecord.decode(json(line))
  if (E.isRight(record)) return record.right
  throw new Error(
    `Line ${number} of ${path} is damaged: delete the file to begin a new chain, or the lines from there on.`,
  )
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
