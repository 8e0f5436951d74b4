import { randomUUID } from 'node:crypto'
import type { FaultState } from './faults.ts'
import type { GrpcCall, GrpcStatus } from './grpc.ts'
import type { Expected, WriteOutcome } from './log.ts'
import type { NewEvent } from './log-record.ts'
import type { Endpoint, Refusal } from './refusals.ts'
import type { Store } from './store.ts'

/** Which time a server is of. Each lacks what came after it. */
export type Generation =
  /** 24.10: everything. */
  | 'current'
  /** 20.10: no BatchAppend, no `caughtUp`, no positions in reads of a stream. */
  | 'without-batch-append'
  /** 20.6: nor the service that says what there is. */
  | 'without-features'

/** State of a node as gossip tells it: `VNodeState`. */
export type NodeState = 'initializing' | 'unknown' | 'follower' | 'leader' | 'read-only-replica' | 'shutdown'

/** Someone who may log in. */
export interface User {
  readonly name: string
  readonly password: string
  readonly mayWrite: boolean
}

/** One node as its services see it. */
export interface ServerNode {
  readonly store: Store
  readonly generation: Generation
  /** `MaxAppendSize`. */
  readonly appendBytesMax: number
  readonly faults: FaultState
  readonly state: () => NodeState
  readonly leader: () => Endpoint | null
  /** Undefined when everybody may do everything. */
  readonly users: readonly User[] | undefined
  /** Goes down at once. */
  readonly kill: () => void
  /** Calls that a test may end. */
  readonly appendCalls: Set<GrpcCall>
  readonly subscriptions: Set<(status: GrpcStatus) => void>
}

/** A write to a stream, as Append and BatchAppend ask for it. */
export interface AppendRequest {
  readonly stream: string
  readonly expected: Expected
  readonly events: readonly NewEvent[]
}

/** What comes of it for the caller. */
export type AppendAnswer = Extract<WriteOutcome, { kind: 'written' }> | Refusal

/** Whether the caller may do it here: who it is, and whether this node is the one to ask. */
export function refusalOf(
  node: ServerNode,
  call: GrpcCall,
  operation: 'read' | 'write',
): Refusal | undefined {
  if (node.users !== undefined) {
    const { authorization } = call.headers
    if (authorization === undefined) return { kind: 'access-denied' }
    const user = node.users.find(({ name, password }) => authorization === basic(name, password))
    if (user === undefined) return { kind: 'unauthenticated' }
    if (operation === 'write' && !user.mayWrite) return { kind: 'access-denied' }
  }
  const state = node.state()
  if (state === 'leader') return undefined
  if (state !== 'follower' && state !== 'read-only-replica') return { kind: 'not-ready' }
  // A follower passes writes on, a replica does not.
  const mustLead =
    call.headers['requires-leader'] === 'true' ||
    (operation === 'write' && (state === 'read-only-replica' || node.leader() === null))
  return mustLead ? { kind: 'not-leader', leader: node.leader() } : undefined
}

/**
 * Writes, unless something is wrong with the node. `answer` is called once the events are kept; never when the answer
 * is to be lost.
 */
export function append(
  node: ServerNode,
  call: GrpcCall,
  request: AppendRequest,
  answer: (answer: AppendAnswer) => void,
): void {
  const { faults, store } = node
  const delayed = (given: AppendAnswer): void => {
    if (faults.answerDelayMs === 0) answer(given)
    else setTimeout(answer, faults.answerDelayMs, given)
  }
  if (faults.refusing !== undefined && faults.refusing.count > 0) {
    faults.refusing.count--
    delayed(faults.refusing.refusal)
    return
  }
  if (faults.isDiskFull) {
    node.kill()
    return
  }
  const fault = faults.nextAppend
  faults.nextAppend = 'as-usual'
  if (fault === 'cut-before-writing') {
    call.cut()
    return
  }
  const { stream, expected, events } = request
  if (fault === 'conflict') store.write((log) => log.append(stream, 'any', [foreignEvent()]), ignore)
  store.write(
    (log) => log.append(stream, expected, events),
    (outcome) => {
      if (fault === 'lose-answer') call.cut()
      else if (fault !== 'swallow-answer') delayed(answerOf(outcome, stream, expected))
    },
  )
}

/** What a writer is told, who expected something of a stream. */
export function answerOf(outcome: WriteOutcome, stream: string, expected: Expected): AppendAnswer {
  switch (outcome.kind) {
    case 'written':
      return outcome
    case 'stream-deleted':
      return { kind: 'stream-deleted', stream }
    case 'wrong-expected-version':
      return { ...outcome, stream, expected }
  }
}

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

const foreignEvent = (): NewEvent => ({
  id: randomUUID(),
  type: 'Foreign',
  isJson: true,
  data: Buffer.from('{}'),
  metadata: Buffer.alloc(0),
})

const ignore = (): void => {}
