import * as E from 'fp-ts/lib/Either.js'
import { parseConnectionString } from '../../../adapters/event-store/eventstoredb/connection-string.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** Names the server that these tests run against: a connection string of one node. */
export const SERVER_VARIABLE = 'LODEBOOK_ESDB'

/** Why the variable's value will not do; undefined when it will. */
export function unusable(url: string): string | undefined {
  const parsed = parseConnectionString(url)
  if (E.isLeft(parsed)) return parsed.left
  if (parsed.right.target.kind !== 'node') return 'it names a cluster; these tests cut the way to one node'
  const { address } = parsed.right.target.endpoint
  return parsed.right.tls === null || address === '127.0.0.1' || address === 'localhost'
    ? undefined
    : `with TLS the certificate must be for 127.0.0.1 or localhost, by which these tests reach ${address}`
}

/** A way to the server, and a place of its own on it. */
export interface OwnPlace {
  readonly url: string
  readonly proxy: TcpProxy
}

let places = 0

/** Streams that no other test and no pool has, reached through a proxy. They stay on the server. */
export async function ownPlace(): Promise<OwnPlace> {
  const url = process.env[SERVER_VARIABLE] ?? ''
  const parsed = parseConnectionString(url)
  if (E.isLeft(parsed) || parsed.right.target.kind !== 'node')
    throw new Error(`${SERVER_VARIABLE} is not usable`)
  const { address, port } = parsed.right.target.endpoint
  const proxy = await startTcpProxy(address, port)
  const host = address === 'localhost' ? address : '127.0.0.1'
  const [, before = '', query = ''] = /^([^?]*?)\/?(?:\?(.*))?$/.exec(url) ?? []
  const throughProxy = before.replace(/[^/@]+$/, `${host}:${proxy.port}`)
  const prefix = `lodebooktest.${Date.now()}.${process.pid}.${places++}`
  return { url: `${throughProxy}?${query === '' ? '' : `${query}&`}streamPrefix=${prefix}`, proxy }
}
