import type { Node, NodeEvent } from '../../../adapters/node/port.ts'

/** An event of a kind. */
export type EventOf<K extends NodeEvent['kind']> = Extract<NodeEvent, { readonly kind: K }>

/** What a node said so far, and a way to wait for more. */
export interface Listener {
  readonly all: readonly NodeEvent[]
  /** Waits for the next event, which must be of this kind. */
  readonly next: <K extends NodeEvent['kind']>(kind: K) => Promise<EventOf<K>>
  /** Events that nobody has waited for yet. */
  readonly unread: () => readonly NodeEvent[]
}

export function listen(node: Node): Listener {
  const all: NodeEvent[] = []
  let read = 0
  let wake = () => {}
  node.events.subscribe((event) => {
    all.push(event)
    wake()
  })
  return {
    all,
    unread: () => all.slice(read),
    next: async <K extends NodeEvent['kind']>(kind: K) => {
      while (read === all.length) await new Promise<void>((resolve) => (wake = resolve))
      const event = all[read++]
      if (event?.kind !== kind) throw new Error(`wanted ${kind}, heard ${JSON.stringify(event)}`)
      return event as EventOf<K>
    },
  }
}
