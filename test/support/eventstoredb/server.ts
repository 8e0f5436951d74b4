import { randomUUID } from 'node:crypto'
import grpcPb from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { appendMethod, batchAppendMethod } from './append-services.ts'
import { type FaultState, noFaults } from './faults.ts'
import {
  type GrpcCall,
  type GrpcServer,
  type GrpcStatus,
  listen,
  type Method,
  OK,
  type TlsKeys,
} from './grpc.ts'
import { type EventLog, type Expected, eventLog, LINK_TYPE, METADATA_TYPE } from './log.ts'
import { decodeRecord, idOf, type LogRecord, type NewEvent } from './log-record.ts'
import type { Generation, NodeState, ServerNode, User } from './node.ts'
import {
  deleteMethod,
  FEATURES_PATH,
  featuresMethod,
  GOSSIP_PATH,
  gossipMethod,
  type Member,
  tombstoneMethod,
} from './other-services.ts'
import { readMethod } from './read-service.ts'
import type { Refusal } from './refusals.ts'
import { memoryStore, type Store } from './store.ts'

/** How a {@link ConformanceServer} is made. */
export interface ServerOptions {
  /** Any free one when not given. */
  readonly port?: number
  readonly tls?: TlsKeys
  /** Who may log in. Everybody may do everything when not given, as with a server started `--insecure`. */
  readonly users?: readonly User[]
  readonly generation?: Generation
  /** What it says that it is; one of its generation when not given. */
  readonly version?: string
  /** `MaxAppendSize`, 1 MiB when not given: type (twice its characters), data and metadata of all events of one append. */
  readonly appendBytesMax?: number
  /** Another node of the cluster of this one: it has the same log, and both are in the gossip of both. */
  readonly joins?: ConformanceServer
  /** `leader` when not given, `follower` for one that joins. */
  readonly state?: NodeState
  /** Where events are kept; in memory when not given. */
  readonly store?: Store
}

/** Something wrong, until it is put right or has happened. */
export interface Faults {
  /** Cuts all connections. The node goes on. */
  readonly cutConnections: () => void
  /** Takes nothing in and sends nothing out, with all connections open. What came in is done after `answerAgain`. */
  readonly stopAnswering: () => void
  readonly answerAgain: () => void
  /** Every answer to an append takes so long from now on. */
  readonly delayAnswers: (ms: number) => void
  /** The next append is written, but the connection is cut before the answer; or the answer just does not come. */
  readonly loseNextAnswer: (how?: 'cut' | 'silence') => void
  /** The connection of the next append is cut before anything is written. */
  readonly cutBeforeNextAppend: () => void
  /** Someone else writes to the stream of the next append, just before. */
  readonly conflictWithNextAppend: () => void
  readonly refuseNextAppends: (count: number, refusal: Refusal) => void
  /**
   * The next append ends the process before anything is written, and so does each one after a restart: that is what
   * EventStoreDB does when a write fails (`StorageWriterService`, "Unexpected error… Terminating the process").
   */
  readonly fillDisk: () => void
  readonly freeDisk: () => void
  /** Ends every BatchAppend call as a server that is shutting down does: well, and with appends unanswered. */
  readonly endAppendCalls: () => void
  /** Ends every subscription, well when no status is given. */
  readonly endSubscriptions: (status?: GrpcStatus) => void
  /** From now on every subscription ends after so many events; `null` for never. */
  readonly endSubscriptionsAfter: (events: number | null, status?: GrpcStatus) => void
}

/** An event as a test writes or sees it. */
export interface PlainEvent {
  readonly id: string
  readonly stream: string
  readonly type: string
  readonly revision: number
  readonly position: number
  readonly isJson: boolean
  readonly data: string
  readonly metadata: string
}

/**
 * A server that speaks EventStoreDB's protocol with the client's real code, by the rules that stand in the source of 24.10. It is
 * not EventStoreDB: it has no scavenging, projections, access lists, `$maxAge` or persistent subscriptions.
 */
export interface ConformanceServer {
  readonly port: number
  readonly url: string
  readonly faults: Faults
  /** Every committed event in the order of `$all`. */
  readonly events: () => readonly PlainEvent[]
  /** Another application's writing: JSON as `data`. Throws when the stream is not as expected. */
  readonly write: (
    stream: string,
    events: readonly { readonly type: string; readonly data: string; readonly id?: string }[],
    expected?: Expected,
  ) => void
  /** Links as the `$by_category` projection writes them: `$ce-category`, pointing at an event. */
  readonly writeLink: (category: string, stream: string, revision: number) => void
  /** An event of the server's own statistics. */
  readonly writeStatistics: () => void
  /** Metadata of a stream, such as `{ $tb: 5 }` or `{ $maxCount: 10 }`. */
  readonly writeMetadata: (stream: string, metadata: Readonly<Record<string, unknown>>) => void
  readonly deleteStream: (stream: string) => void
  readonly tombstone: (stream: string) => void
  readonly state: () => NodeState
  readonly setState: (state: NodeState) => void
  /** Cuts all connections at once and stops listening, as `kill -9` does. Idempotent. */
  readonly kill: () => Promise<void>
  /** Listens again on the same port, with the same events. */
  readonly restart: () => Promise<void>
  readonly isUp: () => boolean
  /** For {@link ServerOptions.joins}. */
  readonly cluster: Cluster
}

/** Nodes that share a log. */
export interface Cluster {
  readonly store: Store
  readonly members: (() => Member)[]
}

/** Starts a server. It is up when this resolves. */
export async function startConformanceServer(options: ServerOptions = {}): Promise<ConformanceServer> {
  const cluster: Cluster = options.joins?.cluster ?? {
    store: options.store ?? memoryStore(eventLog(Date.now)),
    members: [],
  }
  const { store } = cluster
  const faults = noFaults()
  let state: NodeState = options.state ?? (options.joins === undefined ? 'leader' : 'follower')
  let server: GrpcServer | undefined
  let port = options.port ?? 0

  const member = (): Member => ({
    endpoint: { host: HOST, port },
    state,
    isAlive: server !== undefined,
  })
  cluster.members.push(member)
  const members = (): readonly Member[] => cluster.members.map((memberNow) => memberNow())

  const kill = async (): Promise<void> => {
    const running = server
    server = undefined
    await running?.kill()
  }
  const node: ServerNode = {
    store,
    generation: options.generation ?? 'current',
    appendBytesMax: options.appendBytesMax ?? APPEND_BYTES_MAX,
    faults,
    state: () => state,
    leader: () => members().find((other) => other.state === 'leader' && other.isAlive)?.endpoint ?? null,
    users: options.users,
    kill: () => {
      kill()
    },
    appendCalls: new Set(),
    subscriptions: new Set(),
  }
  const methods = methodsOf(node, members, options.version ?? VERSIONS[node.generation])
  const start = async (): Promise<void> => {
    server ??= await listen(port, options.tls, methods)
    port = server.port
  }
  await start()

  const write = (change: (log: EventLog) => ReturnType<EventLog['append']>): void =>
    store.write(change, (outcome) => {
      if (outcome.kind !== 'written') throw new Error(`a test's own write: ${outcome.kind}`)
    })
  const append = (stream: string, expected: Expected, events: readonly NewEvent[]): void =>
    write((log) => log.append(stream, expected, events))

  return {
    port,
    url: `esdb://${HOST}:${port}?tls=${options.tls !== undefined}`,
    cluster,
    faults: faultControls(faults, node, () => server),
    events: () => store.log.records.slice(0, store.log.committedCount()).map(plainEvent),
    write: (stream, events, expected = 'any') =>
      append(
        stream,
        expected,
        events.map(({ type, data, id }) => newEvent(type, data, id)),
      ),
    writeLink: (category, stream, revision) =>
      append(`$ce-${category}`, 'any', [newEvent(LINK_TYPE, `${revision}@${stream}`)]),
    writeStatistics: () =>
      append(`$stats-${HOST}:${port}`, 'any', [newEvent('$statsCollected', '{"proc":{}}')]),
    writeMetadata: (stream, metadata) =>
      append(`$$${stream}`, 'any', [newEvent(METADATA_TYPE, JSON.stringify(metadata))]),
    deleteStream: (stream) => write((log) => log.softDelete(stream, 'any')),
    tombstone: (stream) => write((log) => log.tombstone(stream, 'any')),
    state: () => state,
    setState: (next) => {
      state = next
    },
    kill,
    restart: async () => {
      await kill()
      store.log.forgetRecentIds()
      await start()
    },
    isUp: () => server !== undefined,
  }
}

const HOST = '127.0.0.1'

/** EventStoreDB's default of 20.6 to 24.10. */
const APPEND_BYTES_MAX = 1024 * 1024

const VERSIONS: Readonly<Record<Generation, string>> = {
  current: '24.10.4',
  'without-batch-append': '20.10.5',
  'without-features': '20.6.1',
}

function methodsOf(
  node: ServerNode,
  members: () => readonly Member[],
  version: string,
): ReadonlyMap<string, Method> {
  const { append, batchAppend, delete: softDelete, read, tombstone } = grpcPb.StreamsService
  const methods = new Map<string, Method>([
    [read.path, readMethod(node)],
    [append.path, appendMethod(node)],
    [softDelete.path, deleteMethod(node)],
    [tombstone.path, tombstoneMethod(node)],
    [GOSSIP_PATH, gossipMethod(members)],
  ])
  if (node.generation === 'current') methods.set(batchAppend.path, batchAppendMethod(node))
  if (node.generation !== 'without-features')
    methods.set(FEATURES_PATH, featuresMethod(node.generation, version))
  return methods
}

function faultControls(faults: FaultState, node: ServerNode, server: () => GrpcServer | undefined): Faults {
  return {
    cutConnections: () => server()?.cutConnections(),
    stopAnswering: () => server()?.pause(),
    answerAgain: () => server()?.resume(),
    delayAnswers: (ms) => {
      faults.answerDelayMs = ms
    },
    loseNextAnswer: (how = 'cut') => {
      faults.nextAppend = how === 'cut' ? 'lose-answer' : 'swallow-answer'
    },
    cutBeforeNextAppend: () => {
      faults.nextAppend = 'cut-before-writing'
    },
    conflictWithNextAppend: () => {
      faults.nextAppend = 'conflict'
    },
    refuseNextAppends: (count, refusal) => {
      faults.refusing = { count, refusal }
    },
    fillDisk: () => {
      faults.isDiskFull = true
    },
    freeDisk: () => {
      faults.isDiskFull = false
    },
    endAppendCalls: () => endAll(node.appendCalls),
    endSubscriptions: (status = OK) => {
      for (const end of [...node.subscriptions]) end(status)
    },
    endSubscriptionsAfter: (events, status = OK) => {
      faults.subscriptionLimit = events === null ? undefined : { events, status }
    },
  }
}

function endAll(calls: ReadonlySet<GrpcCall>): void {
  for (const call of [...calls]) call.end(OK)
}

const newEvent = (type: string, data: string, id: string = randomUUID()): NewEvent => ({
  id,
  type,
  isJson: type !== LINK_TYPE,
  data: Buffer.from(data),
  metadata: Buffer.alloc(0),
})

function plainEvent(record: LogRecord): PlainEvent {
  const { isJson, data, metadata } = decodeRecord(record)
  const { stream, type, revision, position } = record
  return {
    id: idOf(record),
    stream,
    type,
    revision,
    position,
    isJson,
    data: data.toString(),
    metadata: metadata.toString(),
  }
}
