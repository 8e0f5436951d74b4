import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Subject, Subscription } from 'rxjs'
import { tipChange } from './chain-tip.ts'
import type { ChainTip, Node, NodeError, NodeEvent, Work } from './port.ts'

/** What is known of one node. */
interface Member {
  readonly node: Node
  /** Where its chain stands; undefined while it is down. */
  tip: ChainTip | undefined
  /** Its newest work; undefined until it gave some since it came up. */
  work: Work | undefined
}

/**
 * Several nodes of one network as one, in the operator's order of preference. Solved blocks go to all. Events come
 * from the first that gives work, and a change to another begins with that one's `up` and its current work, so
 * whoever catches up from his own tip to that of each `up` misses no block. `down` of a node that is not in use is
 * not told while another is. Questions go to the node in use and, when it can't answer, to the others in turn, each
 * with its own deadline.
 */
export function severalNodes(nodes: readonly Node[]): Node {
  const [first] = nodes
  if (first === undefined) throw new Error('severalNodes: no nodes')
  if (nodes.some(({ network }) => network !== first.network))
    throw new Error('severalNodes: different networks')

  const events = new Subject<NodeEvent>()
  const subscription = new Subscription()
  const members: readonly Member[] = nodes.map((node) => ({ node, tip: undefined, work: undefined }))
  let inUse: Member | undefined

  for (const member of members) subscription.add(member.node.events.subscribe((event) => hear(member, event)))

  function hear(member: Member, event: NodeEvent) {
    remember(member, event)
    const before = inUse
    inUse = choose(members, before)
    if (member === before || (before === undefined && event.kind === 'down')) events.next(event)
    if (inUse !== undefined && inUse !== before) introduce(inUse)
  }

  function introduce({ node, tip, work }: Member) {
    if (tip !== undefined) events.next({ kind: 'up', node: node.name, tip })
    // For whoever worked for another node this is new, whatever it was when its node gave it.
    if (work !== undefined) events.next({ kind: 'work', node: node.name, work: { ...work, reason: 'asked' } })
  }

  const ask =
    <A>(question: (node: Node) => TaskEither<NodeError, A>): TaskEither<NodeError, A> =>
    async () => {
      const preferred = inUse?.node ?? first
      let answer = await question(preferred)()
      for (const node of nodes) {
        if (E.isRight(answer) || answer.left.kind === 'not-found') break
        if (node === preferred) continue
        const other = await question(node)()
        if (E.isRight(other) || other.left.kind === 'not-found') answer = other
      }
      return answer
    }

  return {
    name: nodes.map(({ name }) => name).join(', '),
    network: first.network,
    events: events.asObservable(),
    start: () => {
      for (const node of nodes) node.start()
    },
    currentWork: () => ask((node) => node.currentWork()),
    submit: async (header, powAlgorithm) =>
      (await Promise.all(nodes.map((node) => node.submit(header, powAlgorithm)))).flat(),
    tip: () => ask((node) => node.tip()),
    block: (hash) => ask((node) => node.block(hash)),
    hashAt: (height) => ask((node) => node.hashAt(height)),
    rawBlock: (hash) => ask((node) => node.rawBlock(hash)),
    workSubsidy: (height, voters) => ask((node) => node.workSubsidy(height, voters)),
    stop: async () => {
      subscription.unsubscribe()
      events.complete()
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

function remember(member: Member, event: NodeEvent): void {
  switch (event.kind) {
    case 'up':
      member.tip = event.tip
      return
    case 'down':
      member.tip = undefined
      member.work = undefined
      return
    case 'work':
      member.work = event.work
      return
    case 'block-connected':
    case 'block-disconnected':
      member.tip = tipChange(event).to
  }
}

/** The first that gives work; before any does, the one in use; else the first that is up. */
function choose(members: readonly Member[], inUse: Member | undefined): Member | undefined {
  const giving = members.find(({ tip, work }) => tip !== undefined && work !== undefined)
  if (giving !== undefined) return giving
  return inUse?.tip === undefined ? members.find(({ tip }) => tip !== undefined) : inUse
}
