import { canonicalJson } from '../../domain/canonical-json.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'

/** Made-up events of a log: each has an entry, and no two are alike. */
export const someEvents = (count: number, from = 0): readonly LoggedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    stream: 'work-0-0',
    revision: from + i,
    type: 'SomethingHappened',
    data: canonicalJson({ at: 1_790_000_000_000 + from + i, n: from + i, v: 1 }),
  }))

/** The events in batches of a size. */
export async function* inBatches(
  events: readonly LoggedEvent[],
  size: number,
): AsyncGenerator<readonly LoggedEvent[]> {
  for (let at = 0; at < events.length; at += size) yield events.slice(at, at + size)
}
