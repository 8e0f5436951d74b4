import { readFileSync } from 'node:fs'
import { type ChannelCredentialOptions, EventStoreDBClient } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import type { StoreError } from '../port.ts'
import type { ConnectionString } from './connection-string.ts'

/** The package's client, without two of its faults. */
export class DatabaseClient extends EventStoreDBClient {
  readonly #connection = this.#mend()

  #mend(): { readonly close: () => void } {
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

/** Makes a client; each has a connection of its own, made with its first call. */
export type ClientFactory = () => DatabaseClient

/**
 * How to make clients of a server. Files are read now, so that each later client is made without a fault.
 * Left: `unavailable`, a file of certificates that can't be read.
 */
export function clientFactory(to: ConnectionString): E.Either<StoreError, ClientFactory> {
  const credentials = channelCredentials(to)
  if (E.isLeft(credentials)) return credentials
  const options = { ...to.settings, throwOnAppendFailure: true }
  const user = to.credentials ?? undefined
  const { target } = to
  return E.right(() => {
    switch (target.kind) {
      case 'node':
        return new DatabaseClient({ ...options, endpoint: target.endpoint }, credentials.right, user)
      case 'cluster':
        return new DatabaseClient({ ...options, endpoints: [...target.endpoints] }, credentials.right, user)
      case 'discover':
        return new DatabaseClient({ ...options, discover: target.endpoint }, credentials.right, user)
    }
  })
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
      const why = error instanceof Error ? error.message : String(error)
      return E.left({ kind: 'unavailable', message: `${key} of the store can't be read: ${why}` })
    }
  }
  return E.right(options)
}
