import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import type { Task } from 'fp-ts/lib/Task.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { errorText } from '../error-text.ts'
import { deadlines } from './deadlines.ts'
import { entrance } from './entrance.ts'
import type { ConnectionLimits } from './limits.ts'
import type { Accept } from './port.ts'

/** One address that miners connect to. */
export interface ListenerOptions {
  readonly name: string
  /** An address of this machine; `0.0.0.0` or `::` for all of them. */
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Key and certificate in PEM when miners speak TLS (1.2 or later). */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** `required` when every connection comes through a load balancer that begins it with a PROXY header. */
  readonly proxyProtocol: 'off' | 'required'
  /** Shared by the listeners of a process. */
  readonly limits: ConnectionLimits
}

/** Why a listener could not start. `message` is a sentence for the operator that says what to do. */
export interface ListenError {
  readonly kind: 'address-in-use' | 'not-permitted' | 'no-such-address' | 'bad-certificate' | 'failed'
  readonly message: string
}

/** A listener at work. */
export interface Listener {
  readonly name: string
  readonly port: number
  /** SHA-256 of the certificate, as `AB:CD:…`, for people to compare; undefined without TLS. */
  readonly fingerprint: string | undefined
  /** Open sockets, those that still shake hands included. */
  readonly connections: () => number
  /** Connections closed at once since the start, because a limit was reached. */
  readonly refused: () => number
  /** Takes no new connection from now on; the others stay. */
  readonly stopAccepting: () => void
  /** Stops accepting, ends every connection with `shutdown` and is done when the last is gone. */
  readonly close: Task<void>
}

/** Starts a listener. Once started only `close` ends it: not an accept error, and nothing that a miner sends. */
export const startListener =
  (options: ListenerOptions, accept: Accept): TaskEither<ListenError, Listener> =>
  async () => {
    const tls =
      options.tls === undefined ? undefined : secureServer(options.name, options.tls, options.limits)
    if (tls !== undefined && E.isLeft(tls)) return tls
    return listen(options, tls?.right, accept)
  }

interface SecureServer {
  readonly server: TlsServer
  readonly fingerprint: string
}

function secureServer(
  name: string,
  { key, cert }: { readonly key: string; readonly cert: string },
  limits: ConnectionLimits,
): E.Either<ListenError, SecureServer> {
  try {
    const server = createTlsServer({ key, cert, minVersion: 'TLSv1.2', handshakeTimeout: limits.lineMsMax })
    return E.right({ server, fingerprint: new X509Certificate(cert).fingerprint256 })
  } catch (error) {
    const message = `listener ${name}: key and certificate can't be used, check that both are PEM and belong together (${errorText(error)})`
    return E.left({ kind: 'bad-certificate', message })
  }
}

function listen(
  options: ListenerOptions,
  secure: SecureServer | undefined,
  accept: Accept,
): Promise<E.Either<ListenError, Listener>> {
  return new Promise((resolve) => {
    const server = createServer({ noDelay: true })
    const expiry = deadlines(options.limits.lineMsMax)
    let left: () => void = () => undefined
    const door = entrance(
      {
        listener: options.name,
        tls: secure?.server,
        proxyProtocol: options.proxyProtocol,
        limits: options.limits,
        deadlines: expiry,
      },
      accept,
      () => left(),
    )
    server.on('connection', door.arrive)
    server.once('error', (error) => {
      expiry.stop()
      resolve(E.left(listenError(options, error)))
    })
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, () => {
      server.removeAllListeners('error')
      // Of a connection that the system could not hand over nothing is left to close, and the next may succeed.
      server.on('error', () => undefined)
      const address = server.address()
      const stopAccepting = (): void => {
        if (server.listening) server.close()
      }
      resolve(
        E.right({
          name: options.name,
          port: typeof address === 'object' && address !== null ? address.port : options.port,
          fingerprint: secure?.fingerprint,
          connections: door.present,
          refused: door.refused,
          stopAccepting,
          close: () =>
            new Promise((closed) => {
              stopAccepting()
              left = () => {
                if (door.present() > 0) return
                expiry.stop()
                closed()
              }
              door.close()
              left()
            }),
        }),
      )
    })
  })
}

/** Connections that wait to be accepted: a whole farm comes back at once after a power cut. */
const BACKLOG = 4096

function listenError({ name, host, port }: ListenerOptions, error: NodeJS.ErrnoException): ListenError {
  const where = `listener ${name}: ${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return { kind: 'address-in-use', message: `${where} is taken by another program; choose another port` }
    case 'EACCES':
      return { kind: 'not-permitted', message: `${where} needs more rights; choose a port above 1023` }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return { kind: 'no-such-address', message: `${where} is no address of this machine; correct the host` }
    default:
      return { kind: 'failed', message: `${where} can't be listened on: ${error.message}` }
  }
}
