import { checkServerIdentity } from 'node:tls'
import { type ChannelCredentials, Client, connectivityState, credentials } from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type * as t from 'io-ts'
import { errorText } from '../../error-text.ts'
import type { After } from '../../timers.ts'
import { WALLET_DEADLINE_MS, type WalletError } from '../port.ts'
import * as faults from './faults.ts'
import { MESSAGE_BYTES_MAX, MESSAGES_MAX } from './limits.ts'
import type { Peer } from './peer.ts'
import { versionService, walletService } from './protocol.ts'

/** One channel to a dcrwallet. */
export interface Connection {
  /** Asks, and reads the answer by a codec. Left: the wallet's refusal, the deadline, or a broken way. */
  readonly call: <A>(
    method: string,
    request: object,
    answer: t.Decoder<unknown, A>,
  ) => TaskEither<WalletError, A>
  /** Asks for a stream, and reads all of its messages; the deadline is for each. */
  readonly all: <A>(
    method: string,
    request: object,
    answer: t.Decoder<unknown, A>,
  ) => TaskEither<WalletError, readonly A[]>
  /** Calls back once the connection, which was there for an answer, is lost. */
  readonly onLost: (run: () => void) => void
  /** Takes no more calls; those under way end with an error. */
  readonly close: (error: WalletError) => void
}

/** Name that TLS is told to ask for, since it may not be told an address; which one must be shown is checked here. */
const SERVER_NAME = 'dcrwallet'

/** Opens a channel to a dcrwallet. It connects with the first call. Left: nothing to connect to, or with. */
export function connect(peer: Peer, after: After): E.Either<WalletError, Connection> {
  const host = /^(?:\[([^\]]+)\]|([^:]+)):\d+$/.exec(peer.address)
  if (host === null) return E.left(faults.badAddress(peer))
  const secured = secure(peer, host[1] ?? host[2] ?? '')
  return E.isLeft(secured) ? secured : E.right(openChannel(peer, secured.right, after))
}

function secure(peer: Peer, host: string): E.Either<WalletError, ChannelCredentials> {
  try {
    const pem = [peer.certificate, peer.clientKey, peer.clientCertificate] as const
    const [root, key, chain] = pem.map((text) => Buffer.from(text))
    return E.right(
      credentials.createSsl(root, key, chain, {
        checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
      }),
    )
  } catch (error) {
    return E.left(faults.badCertificate(peer, errorText(error)))
  }
}

function openChannel(peer: Peer, secured: ChannelCredentials, after: After): Connection {
  const client = new Client(`dns:${peer.address}`, secured, {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.ssl_target_name_override': SERVER_NAME,
    // A transaction is sent once for each time the pool says so.
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  })
  const inFlight = new Set<(error: WalletError) => void>()

  /** Runs a request until it is settled, by itself, its deadline or `close`. */
  function request<A>(
    method: string,
    send: (settle: (outcome: E.Either<WalletError, A>) => void, wait: () => void) => () => void,
  ): TaskEither<WalletError, A> {
    return () =>
      new Promise((resolve) => {
        let cancelTimer = () => {}
        const settle = (outcome: E.Either<WalletError, A>) => {
          cancelTimer()
          inFlight.delete(end)
          resolve(outcome)
        }
        const end = (error: WalletError) => {
          settle(E.left(error))
          cancel()
        }
        const wait = () => {
          cancelTimer()
          // What arrives after the end changes nothing.
          if (!inFlight.has(end)) return
          cancelTimer = after(WALLET_DEADLINE_MS, () => end(faults.timeout(peer, method)))
        }
        inFlight.add(end)
        wait()
        const cancel = send(settle, wait)
      })
  }

  const read = <A>(method: string, answer: t.Decoder<unknown, A>, message: unknown) => {
    const result = answer.decode(message)
    return E.isRight(result) ? result : E.left(faults.malformed(peer, method))
  }

  return {
    call: (method, argument, answer) =>
      request(method, (settle) => {
        const { path, requestSerialize, responseDeserialize } = definitionOf(method)
        const sent = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          argument,
          (error, message) =>
            settle(
              error === null ? read(method, answer, message) : E.left(faults.refusal(peer, method, error)),
            ),
        )
        return () => sent.cancel()
      }),
    all: (method, argument, answer) =>
      request(method, (settle, wait) => {
        const { path, requestSerialize, responseDeserialize } = definitionOf(method)
        const messages: unknown[] = []
        const sent = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, argument)
        sent.on('data', (message: unknown) => {
          messages.push(message)
          if (messages.length <= MESSAGES_MAX) return wait()
          settle(E.left(faults.flooding(peer, method)))
          sent.cancel()
        })
        sent.on('error', (error: faults.Status) => settle(E.left(faults.refusal(peer, method, error))))
        sent.on('end', () => settle(E.traverseArray((message) => read(method, answer, message))(messages)))
        return () => sent.cancel()
      }),
    onLost: (run) => {
      const channel = client.getChannel()
      if (channel.getConnectivityState(false) !== connectivityState.READY) run()
      else channel.watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, run)
    },
    close: (error) => {
      for (const end of inFlight) end(error)
      client.close()
    },
  }
}

function definitionOf(method: string): MethodDefinition<object, object> {
  const definition = walletService[method] ?? versionService[method]
  if (definition === undefined) throw new Error(`walletrpc.proto has no method ${method}`)
  return definition
}
