import type { DisconnectReason } from '../../domain/events.ts'

/** One miner's socket, seen from above. */
export interface MinerSocket {
  /** Name of the listener that accepted it. */
  readonly listener: string
  /** For limits and logs only, from the PROXY protocol where that is on; never published. */
  readonly remoteAddress: string
  /**
   * Queues bytes; never waits. When more than `backlogBytesMax` wait unsent, the connection is dropped as `slow-reader`
   * and false is returned; a socket that has ended returns false too. One Buffer may be written to many sockets.
   */
  readonly write: (bytes: Buffer | string) => boolean
  /**
   * Ends the connection. What is queued is flushed first, for a bounded time; a slow reader is cut off at once.
   * No line is heard after it.
   */
  readonly end: (reason: DisconnectReason) => void
}

/** What a connection does with its lines. */
export interface LineHandler {
  /** One line without its newline: valid UTF-8, not empty, at most `lineBytesMax` bytes. */
  readonly line: (text: string) => void
  /** The socket is gone and nothing can be written any more; exactly once, and never from inside `accept`. */
  readonly closed: (reason: DisconnectReason) => void
}

/** Asked once for each miner that got past the limits, the PROXY header and the TLS handshake. */
export type Accept = (socket: MinerSocket) => LineHandler
