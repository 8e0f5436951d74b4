import type { EventData } from '../../domain/events.ts'

/** What money goes by in `SharesAccepted`. */
export type MoneyColumns = Pick<
  EventData<'SharesAccepted'>,
  'at' | 'connection' | 'worker' | 'job' | 'difficulty' | 'solved'
>

/** Columns that are arrays of plain values, in the order of canonical JSON. */
const COLUMNS = ['connection', 'difficulty', 'elapsed', 'extranonce2', 'job', 'nonce', 'ntime'] as const
const HEAD = '{"at":'
const HASH = /^[0-9a-f]{64}$/

/**
 * Reads the columns of a `SharesAccepted` that money goes by out of its canonical JSON, and passes over the others unread: they are more
 * than half of the text, and parsing that is most of the time of a fold. Undefined for any other text and for anything doubtful: then the
 * event is to be decoded as a whole, which says what is wrong. Where both answer they answer the same.
 */
export function moneyColumns(data: string): MoneyColumns | undefined {
  const texts: Partial<Record<(typeof COLUMNS)[number], string>> = {}
  let at = data.indexOf(',')
  if (!data.startsWith(HEAD)) return undefined
  const time = Number(data.slice(HEAD.length, at))
  for (const name of COLUMNS) {
    const key = `,"${name}":`
    const end = data.indexOf(']', at)
    if (!data.startsWith(`${key}[`, at) || end < 0) return undefined
    texts[name] = data.slice(at + key.length, end + 1)
    at = end + 1
  }
  const connection = integers(texts.connection, 0)
  const difficulty = integers(texts.difficulty, 1)
  const job = integers(texts.job, 0)
  const tail = parsed(`{${data.slice(at + 1)}`)
  if (!isTail(tail) || !Number.isSafeInteger(time) || time < 0) return undefined
  const { solved, worker } = tail
  if (connection === undefined || difficulty === undefined || job === undefined) return undefined
  const count = difficulty.length
  if (connection.length !== count || job.length !== count || worker.length !== count) return undefined
  return { at: time, connection, worker, job, difficulty, solved }
}

function integers(text: string | undefined, min: number): readonly number[] | undefined {
  const values = parsed(text ?? '')
  return areIntegers(values, min) ? values : undefined
}

function areIntegers(values: unknown, min: number): values is readonly number[] {
  if (!Array.isArray(values)) return false
  for (let i = 0; i < values.length; i++) {
    const each: unknown = values[i]
    if (typeof each !== 'number' || !Number.isSafeInteger(each) || each < min) return false
  }
  return true
}

function isTail(value: unknown): value is Pick<MoneyColumns, 'solved' | 'worker'> {
  if (typeof value !== 'object' || value === null) return false
  if (Object.keys(value).join() !== 'solved,v,worker') return false
  if (!('solved' in value && 'v' in value && 'worker' in value)) return false
  const { solved, v, worker } = value
  return v === 1 && areIntegers(worker, 0) && Array.isArray(solved) && solved.every(isSolved)
}

const isSolved = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'share' in value &&
  'hash' in value &&
  Object.keys(value).length === 2 &&
  Number.isSafeInteger(value.share) &&
  Number(value.share) >= 0 &&
  typeof value.hash === 'string' &&
  HASH.test(value.hash)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
