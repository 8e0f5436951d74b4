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
import type { ChainParameters } from './parameters.ts'

/** One line of the file: what happened to the chain, in order. Blocks are hex, hashes display hex. */
const FileRecord = t.union([
  t.readonly(t.strict({ block: t.string })),
  t.readonly(t.strict({ invalidate: t.string })),
  t.readonly(t.strict({ reconsider: t.string })),
])
export type FileRecord = t.TypeOf<typeof FileRecord>

/**
 * First line of the file: whose blocks these are, and how the work of the next ones follows. That belongs to the chain: whoever mined on
 * its tip has told the bits of the next block.
 */
const FileHead = t.readonly(
  t.strict({ devnet: t.literal(1), powAlgorithm: PowAlgorithm, startBits: t.number, retarget: t.boolean }),
)

/** Name of the file in the data directory. */
const FILE_NAME = 'blocks.jsonl'

const NEWLINE = 0x0a

/** The blocks of a devnet on disk: JSON lines that are only ever added to. */
export interface BlockFile {
  /** Those that it was opened with, but for how the work of blocks follows: that is as it was when the file was begun. */
  readonly parameters: ChainParameters
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
export function openBlockFile(directory: string, parameters: ChainParameters): BlockFile {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, FILE_NAME)
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const whole = bytes.subarray(0, bytes.lastIndexOf(NEWLINE) + 1)
  const [head, ...lines] = whole.toString('utf8').split('\n').slice(0, -1)
  const kept = head === undefined ? parameters : keptParameters(path, head, parameters)
  const records = lines.map((line, index) => readRecord(path, line, index + 2))

  const file = openSync(path, 'a')
  ftruncateSync(file, whole.length)
  const append = (line: unknown): void => {
    writeSync(file, `${JSON.stringify(line)}\n`)
    fdatasyncSync(file)
  }
  if (head === undefined) {
    const { powAlgorithm, startBits, retarget } = parameters
    append({ devnet: 1, powAlgorithm, startBits, retarget })
    syncDirectory(directory)
  }
  return { parameters: kept, records, append, close: () => closeSync(file) }
}

/** A new file is only there after a power cut when its directory is on the disk as well. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function keptParameters(path: string, line: string, parameters: ChainParameters): ChainParameters {
  const head = FileHead.decode(json(line))
  if (E.isLeft(head))
    throw new Error(`${path} is not a devnet's file: give the devnet another data directory.`)
  const { powAlgorithm, startBits, retarget } = head.right
  if (powAlgorithm !== parameters.powAlgorithm)
    throw new Error(
      `The devnet in ${path} mines ${powAlgorithm}, not ${parameters.powAlgorithm}: give it another data directory.`,
    )
  return { ...parameters, startBits, retarget }
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
