import type { LoggedEvent } from '../../domain/transparency/entry.ts'

/** The parts of an entry. */
export interface CutEntry extends LoggedEvent {
  /** Unix ms; null when it says none. */
  readonly at: number | null
}

const HEAD = /^\{"at":(\d{1,15}|null),"data":\{/
/** Names of streams and types are printable ASCII, so that they can be told to a terminal. */
const TAIL =
  /^,"revision":(\d{1,15}),"stream":"([!#-[\]-~ ]*)","type":"([!#-[\]-~ ]*)","v":(?:\d{1,15}|null)\}$/

/**
 * Takes the text of an entry apart without parsing what is in it: nearly all of it is data, which is read once by the codec of its type.
 * Undefined for a text that is no entry. Whether it is canonical to the byte is for an auditor to say.
 */
export function cutEntry(text: string): CutEntry | undefined {
  const end = text.lastIndexOf('},"revision":') + 1
  const [head, at] = HEAD.exec(text) ?? []
  const [, revision, stream, type] = TAIL.exec(text.slice(end)) ?? []
  if (head === undefined || revision === undefined || stream === undefined || type === undefined)
    return undefined
  return {
    at: at === 'null' ? null : Number(at),
    stream,
    revision: Number(revision),
    type,
    data: text.slice(head.length - 1, end),
  }
}
