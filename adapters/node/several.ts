import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Subject, Subscription } from 'rxjs'
import { type After, realAfter } from '../timers.ts'
import { tipChange } from './chain-tip.ts'
import type { ChainTip, Node, NodeError, NodeEvent, Work } from './port.ts'

/** What is known of one node. */
interface Member {
  readonly node: Node
  /** Where its chain stands; undefined while it is down. */
  tip: ChainTip | undefined
  /** Its newest work; undefined until it gave some since it came up. */
  work: Work | undefined
  /** Since it is lower than another that gives work: calls off what comes of it when it stays so. */
  callOff: (() => void) | undefined
  /** It stayed lower for {@link BEHIND_MS_MAX}. */
  isBehind: boolean
}

/**
 * Milliseconds that the node in use may be lower than another. A block is everywhere within a second or two; a node that has lost its
 * peers stays up, and what is mined on its tip is worth nothing.
 */
export const BEHIND_MS_MAX = 5_000

/**
 * Several nodes of one network as one, in the operator's order of preference. Solved blocks go to all. Events come
 * from the first that gives work and is not behind the others, and a change to another begins with that one's `up` and its current
 * work, so whoever catches up from his own tip to that of each `up` misses no block. `down` of a node that is not in use is
 * not told while another is. Questions go to the node in use and, when it can't answer, to the others in turn, each
 * with its own deadline; those of a view to the one that is in use when the view is taken.
 */
export function severalNodes(nodes: readonly Node[], after: After = realAfter): Node {
  const [first] = nodes
  if (first === undefined) throw new Error('severalNodes: no nodes')
  if (nodes.some(({ network }) => network !== first.network))
    throw new Error('severalNodes: different networks')

  const events = new Subject<NodeEvent>()
  const subscription = new Subscription()
  const unknown = { tip: undefined, work: undefined, callOff: undefined, isBehind: false }
  const members: readonly Member[] = nodes.map((node) => ({ node, ...unknown }))
  let inUse: Member | undefined

  for (const member of members) subscription.add(member.node.events.subscribe((event) => hear(member, event)))

  function hear(member: Member, event: NodeEvent) {
    remember(member, event)
    watchHeights()
    const before = inUse
    inUse = choose(members, before)
    if (member === before || (before === undefined && event.kind === 'down')) events.next(event)
    if (inUse !== undefined && inUse !== before) introduce(inUse)
  }

  function watchHeights() {
    for (const member of members)
      if (member.tip === undefined || isHighest(member, members)) {
        member.callOff?.()
        member.callOff = undefined
        member.isBehind = false
      } else member.callOff ??= after(BEHIND_MS_MAX, () => leaveBehind(member))
  }

  function leaveBehind(member: Member) {
    member.isBehind = true
    const before = inUse
    inUse = choose(members, before)
    if (inUse !== undefined && inUse !== before) introduce(inUse)
  }

  function introduce({ node, tip, work }: Member) {
    if (tip !== undefined) events.next({ kind: 'up', node: node.name, tip })
    // For whoever worked for another node this is new, whatever it was when its node gave it.
    if (work !== undefined) events.next({ kind: 'work', node: node.name, work: { ...work, reason: 'asked' } })
  }

  const preferred = (): Node => inUse?.node ?? first

  const ask =
    <A>(question: (node: Node) => TaskEither<NodeError, A>): TaskEither<NodeError, A> =>
    async () => {
      const asked = preferred()
      let answer = await question(asked)()
      for (const node of nodes) {
        if (E.isRight(answer) || answer.left.kind === 'not-found') break
        if (node === asked) continue
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
    view: () => preferred().view(),
    renewWork: () => preferred().renewWork(),
    workSubsidy: (height, voters) => ask((node) => node.workSubsidy(height, voters)),
    stop: async () => {
      subscription.unsubscribe()
      for (const { callOff } of members) callOff?.()
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

const givesWork = ({ tip, work }: Member): boolean => tip !== undefined && work !== undefined

/** Whether none that gives work is higher. */
const isHighest = ({ tip }: Member, members: readonly Member[]): boolean =>
  members.every((other) => !givesWork(other) || (other.tip?.height ?? 0) <= (tip?.height ?? 0))

/**
 * The first that gives work and is as high as the highest; the one in use may be lower for a moment. Before any gives work, the one in
 * use; else the first that is up.
 */
function choose(members: readonly Member[], inUse: Member | undefined): Member | undefined {
  const giving = members.find(
    (member) => givesWork(member) && (isHighest(member, members) || (member === inUse && !member.isBehind)),
  )
  if (giving !== undefined) return giving
  return inUse?.tip === undefined ? members.find(({ tip }) => tip !== undefined) : inUse
}
