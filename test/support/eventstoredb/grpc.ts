import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { GRPC_PREFIX_BYTES } from './protobuf.ts'

/**
 * gRPC over node:http2, as little of it as a server needs. @grpc/grpc-js as a server costs more per message than the
 * store behind it, and does not let a test hurt one connection.
 */

/** How a call ends: a gRPC status code with its text and trailers. */
export interface GrpcStatus {
  readonly code: number
  readonly message: string
  readonly trailers?: Readonly<Record<string, string>>
}

/** gRPC status codes that EventStoreDB answers with. */
export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** Ends a call well. */
export const OK: GrpcStatus = { code: Code.ok, message: '' }

/** One call in progress, as its service sees it. */
export interface GrpcCall {
  readonly headers: IncomingHttpHeaders
  /** Sends a message with its gRPC prefix, together with all others of this turn of the event loop. */
  readonly write: (frame: Buffer) => void
  /** Sends several at once. False when the client has not taken what was sent before: `drained` is called when it has. */
  readonly writeAll: (frames: readonly Buffer[]) => boolean
  readonly end: (status: GrpcStatus) => void
  /** Cuts the whole connection, as a broken network does. */
  readonly cut: () => void
  readonly isOver: () => boolean
}

/** What a service does with a call. Every callback is optional but `message`. */
export interface CallHandler {
  /** One request message, without its prefix. */
  readonly message: (bytes: Buffer) => void
  /** The client has sent its last message. */
  readonly halfClosed?: () => void
  readonly drained?: () => void
  /** Nobody listens any more: ended, cancelled or cut. */
  readonly closed?: () => void
}

/** Opens a call of a method. */
export type Method = (call: GrpcCall) => CallHandler

/** Chain and key, PEM. */
export interface TlsKeys {
  readonly cert: string
  readonly key: string
}

/** A listening gRPC server. */
export interface GrpcServer {
  readonly port: number
  /** Cuts every connection and stops listening. */
  readonly kill: () => Promise<void>
  /** Cuts every connection and goes on listening. */
  readonly cutConnections: () => void
  /** Takes nothing in and sends nothing out until `resume`; connections stay. */
  readonly pause: () => void
  readonly resume: () => void
}

/** Longest message taken, bytes: EventStoreDB's `MaxReceiveMessageSize`. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** Kestrel's window of a connection and of a stream. */
const CONNECTION_WINDOW_BYTES = 1024 * 1024
const STREAM_WINDOW_BYTES = 768 * 1024

/** Node gives a session 10 MB for everything in flight and refuses streams over that, which Kestrel does not. */
const SESSION_MEGABYTES_MAX = 1000

/** Listens on 127.0.0.1, on any free port for 0. `methods` is by path. */
export async function listen(
  port: number,
  tls: TlsKeys | undefined,
  methods: ReadonlyMap<string, Method>,
): Promise<GrpcServer> {
  const options = {
    maxSessionMemory: SESSION_MEGABYTES_MAX,
    settings: { initialWindowSize: STREAM_WINDOW_BYTES },
  }
  const server = tls === undefined ? createServer(options) : createSecureServer({ ...options, ...tls })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session: ServerHttp2Session) => {
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    session.on('error', ignore)
  })
  server.on('sessionError', ignore)
  const gate: Gate = { isClosed: false, waiting: new Set() }
  server.on('stream', (stream, headers) => serve(stream, headers, methods, gate))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const cutConnections = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cutConnections,
    pause: () => {
      gate.isClosed = true
    },
    resume: () => {
      gate.isClosed = false
      const waiting = [...gate.waiting]
      gate.waiting.clear()
      for (const go of waiting) go()
    },
    kill: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cutConnections()
      }),
  }
}

const ignore = (): void => {}

/** Held shut, what would happen waits. */
interface Gate {
  isClosed: boolean
  readonly waiting: Set<() => void>
}

function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, Method>,
  gate: Gate,
): void {
  stream.on('error', ignore)
  let isOver = false
  let outgoing: Buffer[] = []
  let ending: GrpcStatus | undefined
  let handler: CallHandler | undefined

  const drained = (): void => handler?.drained?.()
  const flush = (): void => {
    if (gate.isClosed) {
      gate.waiting.add(flush)
      return
    }
    const frames = outgoing
    outgoing = []
    if (frames.length > 0) writeAll(frames)
    if (ending !== undefined) finish(ending)
  }
  const scheduleFlush = (): void => {
    if (outgoing.length === 0 && ending === undefined) process.nextTick(flush)
  }
  const writeAll = (frames: readonly Buffer[]): boolean => {
    if (isOver || stream.destroyed) return true
    if (gate.isClosed) {
      scheduleFlush()
      outgoing.push(...frames)
      gate.waiting.add(drained)
      return false
    }
    if (!stream.headersSent) {
      stream.respond(RESPONSE_HEADERS, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers(trailersOf(ending ?? OK)))
    }
    const [first, ...others] = frames
    if (first === undefined) return true
    return stream.write(others.length === 0 ? first : Buffer.concat(frames))
  }
  const finish = (status: GrpcStatus): void => {
    if (isOver || stream.destroyed) return
    isOver = true
    if (stream.headersSent) stream.end()
    else stream.respond({ ...RESPONSE_HEADERS, ...trailersOf(status) }, { endStream: true })
  }

  const call: GrpcCall = {
    headers,
    write: (frame) => {
      if (isOver || ending !== undefined) return
      scheduleFlush()
      outgoing.push(frame)
    },
    writeAll,
    end: (status) => {
      if (ending !== undefined) return
      scheduleFlush()
      ending = status
    },
    cut: () => stream.session?.destroy(),
    isOver: () => isOver || ending !== undefined || stream.destroyed,
  }

  const open = methods.get(headers[':path'] ?? '')
  if (open === undefined) {
    stream.resume()
    call.end(UNIMPLEMENTED)
    return
  }
  let chunks: Buffer[] = []
  let bytes = 0
  let bytesNeeded = GRPC_PREFIX_BYTES
  let hasEnded = false
  const take = (): void => {
    if (gate.isClosed) {
      gate.waiting.add(take)
      return
    }
    if (bytes >= bytesNeeded) {
      const taken = chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)
      const at = takeMessages(taken)
      bytes = taken.length - at
      chunks = bytes === 0 ? [] : [taken.subarray(at)]
    }
    if (hasEnded) handler?.halfClosed?.()
  }
  /** Hands on every whole message and returns where the rest begins. */
  const takeMessages = (taken: Buffer): number => {
    let at = 0
    for (;;) {
      bytesNeeded = GRPC_PREFIX_BYTES
      if (taken.length - at < bytesNeeded) return at
      bytesNeeded += taken.readUInt32BE(at + 1)
      if (taken[at] !== 0 || bytesNeeded > MESSAGE_BYTES_MAX) {
        call.end(taken[at] === 0 ? TOO_LONG : COMPRESSED)
        stream.removeAllListeners('data').resume()
        return taken.length
      }
      if (taken.length - at < bytesNeeded) return at
      const message = taken.subarray(at + GRPC_PREFIX_BYTES, at + bytesNeeded)
      at += bytesNeeded
      try {
        handler?.message(message)
      } catch (error) {
        call.end({ code: Code.unknown, message: `Exception was thrown by handler. ${error}` })
      }
    }
  }
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    take()
  })
  stream.once('end', () => {
    hasEnded = true
    take()
  })
  stream.on('drain', drained)
  stream.once('close', () => {
    isOver = true
    handler?.closed?.()
  })
  handler = open(call)
}

const EMPTY = Buffer.alloc(0)
const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' }
const UNIMPLEMENTED: GrpcStatus = { code: Code.unimplemented, message: 'Service is unimplemented.' }
const TOO_LONG: GrpcStatus = {
  code: Code.resourceExhausted,
  message: 'Received message exceeds the maximum configured message size.',
}
const COMPRESSED: GrpcStatus = { code: Code.unimplemented, message: 'Unsupported grpc-encoding.' }

const trailersOf = ({ code, message, trailers }: GrpcStatus): Record<string, string> => ({
  'grpc-status': String(code),
  ...(message === '' ? {} : { 'grpc-message': encodeURIComponent(message) }),
  ...trailers,
})
