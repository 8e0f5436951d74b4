import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { visitorKey } from './visitor.ts'

/** What those who connect may hold of a server. */
export interface SocketLimits {
  /** Sockets open at once: event streams, and some hundreds of short requests. */
  readonly socketsMax: number
  /** Sockets of one visitor at once. */
  readonly socketsPerVisitorMax: number
  /** Bytes that all visitors together, and one of them, were sent and have not taken. */
  readonly unreadBytesMax: number
  readonly unreadBytesPerVisitorMax: number
}

/**
 * One visitor gets a sixteenth of the sockets: ten browsers' worth, and a tenth part more than its event streams. It may leave two of the
 * largest files of the ledger untaken (16 MiB each), and all of them together what a small server can spare.
 */
export const SOCKET_LIMITS: SocketLimits = {
  socketsMax: 4000,
  socketsPerVisitorMax: 250,
  unreadBytesMax: 256 * 1024 * 1024,
  unreadBytesPerVisitorMax: 32 * 1024 * 1024,
}

/** How often it is looked who does not read: what is made in between comes on top of what may be unread. */
const LOOK_MS = 250

/**
 * Keeps one visitor from taking every socket, and all of them from filling the memory with answers that they ask for and do not read: the
 * fullest sockets are cut first. `behindProxy`: they all come from one address, so only what holds for all is looked at.
 */
export function guardSockets(server: Server, limits: SocketLimits, behindProxy: boolean): void {
  const visitors = new Map<Socket, string>()
  const counts = new Map<string, number>()
  const visitorOf = (socket: Socket): string => (behindProxy ? '' : visitorKey(socket.remoteAddress ?? ''))

  function arrive(socket: Socket): void {
    const visitor = visitorOf(socket)
    const count = (counts.get(visitor) ?? 0) + 1
    if (!behindProxy && count > limits.socketsPerVisitorMax) {
      socket.destroy()
      return
    }
    counts.set(visitor, count)
    socket.once('close', () => {
      const left = (counts.get(visitor) ?? 1) - 1
      if (left === 0) counts.delete(visitor)
      else counts.set(visitor, left)
    })
  }

  function watch(socket: Socket): void {
    visitors.set(socket, visitorOf(socket))
    socket.once('close', () => visitors.delete(socket))
  }

  function look(): void {
    const unread = new Map<string, number>()
    let all = 0
    for (const [{ writableLength }, visitor] of visitors) {
      unread.set(visitor, (unread.get(visitor) ?? 0) + writableLength)
      all += writableLength
    }
    const mayVisitor = behindProxy ? Number.POSITIVE_INFINITY : limits.unreadBytesPerVisitorMax
    const isTooMuch = (visitor: string): boolean =>
      all > limits.unreadBytesMax || (unread.get(visitor) ?? 0) > mayVisitor
    if (![...unread.keys()].some(isTooMuch)) return
    const fullestFirst = [...visitors].sort(([a], [b]) => b.writableLength - a.writableLength)
    for (const [socket, visitor] of fullestFirst) {
      if (!isTooMuch(visitor)) continue
      all -= socket.writableLength
      unread.set(visitor, (unread.get(visitor) ?? 0) - socket.writableLength)
      socket.destroy()
    }
  }

  server.maxConnections = limits.socketsMax
  server.on('connection', arrive)
  // What TLS has not sent waits in a socket of its own.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', watch)
  const timer = setInterval(look, LOOK_MS).unref()
  server.once('close', () => clearInterval(timer))
}
