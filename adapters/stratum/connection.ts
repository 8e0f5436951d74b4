import type { Socket } from 'node:net'
import type { DisconnectReason } from '../../domain/events.ts'
import type { Deadlines } from './deadlines.ts'
import type { StratumLimits } from './limits.ts'
import { cutLines } from './lines.ts'
import type { Outbox } from './outbox.ts'
import type { Accept, LineHandler, MinerSocket } from './port.ts'

/** What all connections of one listener have in common. */
export interface Surroundings {
  readonly listener: string
  readonly limits: StratumLimits
  readonly deadlines: Deadlines
  readonly outbox: Outbox
  readonly accept: Accept
  /** Told once by each connection when its socket is gone, before its handler is. */
  readonly left: (connection: Connection) => void
}

/**
 * One miner's open socket. Ten thousand of these wait in silence, hence one object with shared methods, and neither timer
 * nor buffer of its own. What is written in one turn of the event loop leaves in one system call at its end.
 */
export class Connection implements MinerSocket {
  readonly remoteAddress: string
  private readonly socket: Socket
  private readonly around: Surroundings
  private readonly handler: LineHandler
  private held: Buffer | undefined
  private unsent: Buffer | string | undefined
  private unsentBytes = 0
  private reason: DisconnectReason | undefined

  constructor(socket: Socket, remoteAddress: string, around: Surroundings) {
    this.socket = socket
    this.remoteAddress = remoteAddress
    this.around = around
    this.handler = around.accept(this)
    socket.on('data', (packet: Buffer) => this.receive(packet))
    socket.on('end', () => this.lost('closed-by-miner'))
    socket.on('error', () => this.lost('connection-lost'))
    socket.on('close', () => this.closed())
  }

  get listener(): string {
    return this.around.listener
  }

  write(bytes: Buffer | string): boolean {
    if (this.reason !== undefined) return false
    if (this.unsentBytes + this.socket.writableLength + bytes.length > this.around.limits.backlogBytesMax) {
      this.end('slow-reader')
      return false
    }
    if (this.unsent === undefined) this.around.outbox.add(this)
    this.unsent = joined(this.unsent, bytes)
    this.unsentBytes += bytes.length
    return true
  }

  end(reason: DisconnectReason): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.held = undefined
    this.flush()
    if (ABRUPT.has(reason)) {
      this.socket.destroy()
      return
    }
    this.socket.end()
    this.around.deadlines.set(this)
  }

  /** Hands over to the socket what this turn has written. */
  flush(): void {
    const bytes = this.unsent
    if (bytes === undefined) return
    this.unsent = undefined
    this.unsentBytes = 0
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** The time for a line, or for the last flush, is over. */
  expire(): void {
    if (this.reason === undefined) this.end('idle')
    else this.socket.destroy()
  }

  private receive(packet: Buffer): void {
    if (this.reason !== undefined) return
    const began = this.held === undefined
    const { lines, held, fault } = cutLines(this.held, packet, this.around.limits.lineBytesMax)
    this.held = held
    for (const line of lines) {
      this.handler.line(line)
      if (this.reason !== undefined) return
    }
    if (fault !== undefined) this.end('bad-input')
    else if (held !== undefined && (began || lines.length > 0)) this.around.deadlines.set(this)
    else if (held === undefined && !began) this.around.deadlines.clear(this)
  }

  /** The other side has closed or vanished; what is still queued may go out if it can. */
  private lost(reason: DisconnectReason): void {
    if (this.reason !== undefined) return
    this.reason = reason
    this.around.deadlines.set(this)
  }

  private closed(): void {
    this.around.deadlines.clear(this)
    this.held = undefined
    this.unsent = undefined
    this.around.left(this)
    this.handler.closed(this.reason ?? 'connection-lost')
  }
}

/** Those with whom there is nothing more to say: no waiting for their side of the farewell. */
const ABRUPT: ReadonlySet<DisconnectReason> = new Set<DisconnectReason>(['slow-reader', 'bad-input'])

function joined(first: Buffer | string | undefined, second: Buffer | string): Buffer | string {
  if (first === undefined) return second
  if (typeof first === 'string' && typeof second === 'string') return first + second
  return Buffer.concat([bytesOf(first), bytesOf(second)])
}

const bytesOf = (bytes: Buffer | string): Buffer => (typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
