import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type ChannelCredentialOptions, EventStoreDBClient, NotLeaderError } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../error-text.ts'
import type { StoreError } from '../port.ts'
import type { ConnectionString } from './connection-string.ts'

/** The package's client, without its faults as far as they can be mended from here. */
export class DatabaseClient extends EventStoreDBClient {
  readonly #connection = this.#mend()

  #mend(): { readonly close: () => void } {
    // Without support for BatchAppend each append is a call of its own, with an end and a deadline of its own: docs/decisions/007.
    this.supports = async () => false
    // Nobody awaits it inside, so that its rejection (no leader while another call asks for one) would end the process.
    const handleError = this.handleError
    this.handleError = (client, error) => handleError(client, error).catch(() => undefined)
    // `dispose` leaves the connection open.
    const getChannel = this.getChannel
    let newest: Awaited<ReturnType<typeof getChannel>> | undefined
    this.getChannel = async () => {
      newest = await getChannel()
      return newest
    }
    return { close: () => newest?.close() }
  }

  /** As the server says, `24.10.0`; `unknown` when it is too old to say. */
  async serverVersion(): Promise<string> {
    return (await this.capabilities).serverVersion
  }

  /** Cancels what is on its way and ends the connection. */
  async end(): Promise<void> {
    await this.dispose()
    this.#connection.close()
  }
}

/** Makes a call, and once more when the node asked was not the leader: the client has then turned to the one that is. */
export async function askingLeader<A>(call: () => Promise<A>): Promise<A> {
  try {
    return await call()
  } catch (thrown) {
    if (!(thrown instanceof NotLeaderError)) throw thrown
    await setImmediate()
    return call()
  }
}

/** A server, and how to speak to it. */
export interface Server {
  /** For people. */
  readonly name: string
  /** What our streams' names begin with, the colon included. */
  readonly prefix: string
  /** Milliseconds after which an answer is not waited for any longer. */
  readonly answerMsMax: number
  /** Makes a client; each has a connection of its own, made with its first call. */
  readonly newClient: () => DatabaseClient
}

/** As the client's own deadline; the server gives up a write after two seconds. */
const ANSWER_MS_MAX = 10_000

/**
 * The server that a connection string names. Files are read now, so that each later client is made without a fault.
 * Left: `unavailable`, a file of certificates that can't be read.
 */
export function serverAt(to: ConnectionString): E.Either<StoreError, Server> {
  const credentials = channelCredentials(to)
  if (E.isLeft(credentials)) return credentials
  const { name, target, streamPrefix, settings } = to
  const answerMsMax = settings.defaultDeadline ?? ANSWER_MS_MAX
  const options = { ...settings, defaultDeadline: answerMsMax, throwOnAppendFailure: true }
  const user = to.credentials ?? undefined
  const newClient = (): DatabaseClient => {
    switch (target.kind) {
      case 'node':
        return new DatabaseClient({ ...options, endpoint: target.endpoint }, credentials.right, user)
      case 'cluster':
        return new DatabaseClient({ ...options, endpoints: [...target.endpoints] }, credentials.right, user)
      case 'discover':
        return new DatabaseClient({ ...options, discover: target.endpoint }, credentials.right, user)
    }
  }
  return E.right({ name, prefix: `${streamPrefix}:`, answerMsMax, newClient })
}

function channelCredentials({ tls }: ConnectionString): E.Either<StoreError, ChannelCredentialOptions> {
  if (tls === null) return E.right({ insecure: true })
  const files = [
    ['rootCertificate', 'tlsCAFile', tls.caFile],
    ['userCertFile', 'userCertFile', tls.userCertificateFile],
    ['userKeyFile', 'userKeyFile', tls.userKeyFile],
  ] as const
  const options: ChannelCredentialOptions = { insecure: false }
  for (const [option, key, file] of files) {
    if (file === null) continue
    try {
      options[option] = readFileSync(file)
    } catch (error) {
      const why = errorText(error)
      return E.left({ kind: 'unavailable', message: `${key} of the store can't be read: ${why}` })
    }
  }
  return E.right(options)
}
