import * as E from 'fp-ts/lib/Either.js'
import { canonicalJson, isObject, type Json } from '../canonical-json.ts'

/** An event as it stands in a log: `data` is canonical JSON text. */
export interface LoggedEvent {
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly data: string
}

/** An event as it is published: one leaf of the ledger. */
export interface Entry {
  /** Canonical JSON of `{"at","data","revision","stream","type","v"}`; `at` and `v` are the data's own, null where it has none. */
  readonly text: string
  /** Unix ms; null when the data says none. */
  readonly at: number | null
}

/** The entry of an event. Left: why there is none, completing "its data …". */
export function entryOf({ stream, revision, type, data }: LoggedEvent): E.Either<string, Entry> {
  const value = parse(data)
  if (!isObject(value)) return E.left('is no JSON object')
  if (!isCanonical(value, data)) return E.left('is not canonical JSON')
  const { at = null, v = null } = value
  // `data` is its own canonical form, and the six names are in order.
  const text = `{"at":${canonicalJson(at)},"data":${data},"revision":${revision},"stream":${JSON.stringify(stream)},"type":${JSON.stringify(type)},"v":${canonicalJson(v)}}`
  return E.right({ text, at: typeof at === 'number' ? at : null })
}

function parse(data: string): Json | undefined {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

function isCanonical(value: Json, text: string): boolean {
  try {
    return canonicalJson(value) === text
  } catch (thrown) {
    if (thrown instanceof RangeError) return false
    throw thrown
  }
}
