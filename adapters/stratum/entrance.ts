import type { Socket } from 'node:net'
import type { TLSSocket, Server as TlsServer } from 'node:tls'
import { Connection, type Surroundings } from './connection.ts'
import type { Deadlines, Expiring } from './deadlines.ts'
import type { ConnectionLimits } from './limits.ts'
import { outbox } from './outbox.ts'
import type { Accept } from './port.ts'
import { readProxyHeader } from './proxy-protocol.ts'

/** What an entrance needs to know of its listener. */
export interface EntranceOptions {
  readonly listener: string
  /** Does the handshakes; it listens nowhere itself. */
  readonly tls: TlsServer | undefined
  readonly proxyProtocol: 'off' | 'required'
  readonly limits: ConnectionLimits
  readonly deadlines: Deadlines
}

/** Brings sockets past the limits, the PROXY header and the TLS handshake, in this order, and knows who is inside. */
export interface Entrance {
  readonly arrive: (socket: Socket) => void
  /** All who have a place: in the entrance or inside. */
  readonly present: () => number
  readonly refused: () => number
  /** Ends everyone with `shutdown`. */
  readonly close: () => void
}

/** A socket that is not yet a miner's connection. */
interface Arrival extends Expiring {
  readonly socket: Socket
  /** Known once the PROXY header is read; its place of the address is taken from then on. */
  address: string | undefined
  /** A connection has taken over the socket, and its places. */
  inside: boolean
}

/** Opens an entrance. `gone` is called whenever somebody has left. */
export function entrance(options: EntranceOptions, accept: Accept, gone: () => void): Entrance {
  const { limits, deadlines, tls } = options
  const arrivals = new Set<Arrival>()
  const connections = new Set<Connection>()
  const handshakes = new Map<string, Arrival>()
  let refused = 0

  const around: Surroundings = {
    listener: options.listener,
    limits,
    deadlines,
    outbox: outbox(),
    accept,
    left: (connection) => {
      connections.delete(connection)
      leave(connection.remoteAddress)
    },
  }

  const leave = (address: string | undefined): void => {
    limits.leavePlace()
    if (address !== undefined) limits.leaveAddress(address)
    gone()
  }

  const refuse = (socket: Socket): void => {
    refused += 1
    socket.destroy()
  }

  const arrive = (socket: Socket): void => {
    if (!limits.takePlace()) refuse(socket)
    else if (options.proxyProtocol === 'off' && tls === undefined) goStraightIn(socket)
    else receive(socket)
  }

  const goStraightIn = (socket: Socket): void => {
    const address = socket.remoteAddress
    if (address !== undefined && limits.takeAddress(address)) {
      connections.add(new Connection(socket, address, around))
      return
    }
    limits.leavePlace()
    refuse(socket)
  }

  const receive = (socket: Socket): void => {
    const arrival: Arrival = { socket, address: undefined, inside: false, expire: () => socket.destroy() }
    arrivals.add(arrival)
    deadlines.set(arrival)
    socket.on('error', ignore)
    socket.once('close', () => {
      deadlines.clear(arrival)
      arrivals.delete(arrival)
      if (!arrival.inside) leave(arrival.address)
    })
    if (options.proxyProtocol === 'required') readHeader(arrival)
    else identified(arrival, socket.remoteAddress)
  }

  const readHeader = (arrival: Arrival): void => {
    const { socket } = arrival
    let received = Buffer.alloc(0)
    const read = (packet: Buffer): void => {
      received = Buffer.concat([received, packet])
      const header = readProxyHeader(received)
      if (header.kind === 'incomplete') return
      socket.off('data', read)
      socket.pause()
      if (header.kind === 'malformed') {
        socket.destroy()
        return
      }
      if (received.length > header.bytes) socket.unshift(received.subarray(header.bytes))
      identified(arrival, header.address ?? socket.remoteAddress)
    }
    socket.on('data', read)
  }

  const identified = (arrival: Arrival, address: string | undefined): void => {
    if (address === undefined || !limits.takeAddress(address)) {
      refuse(arrival.socket)
      return
    }
    arrival.address = address
    if (tls === undefined) open(arrival, address, arrival.socket)
    else secure(arrival, tls)
  }

  const secure = (arrival: Arrival, tls: TlsServer): void => {
    const peer = peerOf(arrival.socket)
    handshakes.set(peer, arrival)
    arrival.socket.once('close', () => handshakes.delete(peer))
    tls.emit('connection', arrival.socket)
  }

  const secured = (socket: TLSSocket): void => {
    const arrival = handshakes.get(peerOf(socket))
    if (arrival?.address === undefined) socket.destroy()
    else open(arrival, arrival.address, socket)
  }

  const open = (arrival: Arrival, address: string, socket: Socket): void => {
    deadlines.clear(arrival)
    arrivals.delete(arrival)
    arrival.inside = true
    connections.add(new Connection(socket, address, around))
    socket.resume()
  }

  tls?.on('secureConnection', secured)

  return {
    arrive,
    present: () => arrivals.size + connections.size,
    refused: () => refused,
    close: () => {
      for (const arrival of arrivals) arrival.socket.destroy()
      for (const connection of connections) connection.end('shutdown')
    },
  }
}

/** What tells one live socket of a listener from another; TLS shows us its own socket over the one that arrived. */
const peerOf = (socket: Socket): string =>
  `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`

/** An error is followed by `close`, where all that is to be done is done. */
const ignore = (): void => undefined
