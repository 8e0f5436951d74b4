import * as E from 'fp-ts/lib/Either.js'

/** Where an EventStoreDB or KurrentDB is and how it is spoken to, as its connection string says. */
export interface ConnectionString {
  /** The string without user, password and keys: for logs and pages. */
  readonly name: string
  /** One node; several of a cluster; or a DNS name behind which the nodes of a cluster are. */
  readonly target:
    | { readonly kind: 'node'; readonly endpoint: Endpoint }
    | { readonly kind: 'cluster'; readonly endpoints: readonly Endpoint[] }
    | { readonly kind: 'discover'; readonly endpoint: Endpoint }
  /** Null for a connection without TLS, which has no user either. */
  readonly tls: TlsSettings | null
  readonly credentials: { readonly username: string; readonly password: string } | null
  /** What the names of our streams begin with in the database, with a colon after it: `lodebook`. */
  readonly streamPrefix: string
  readonly settings: Partial<Record<NumberKey, number>> & { readonly connectionName?: string }
}

/** A node's address. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** PEM files: the authority to trust instead of the system's, and who we are, where the server asks for that. */
export interface TlsSettings {
  readonly caFile: string | null
  readonly userCertificateFile: string | null
  readonly userKeyFile: string | null
}

const SCHEME = /^(esdb|kurrentdb|kurrent|kdb)(\+discover)?:\/\/(?:([^@/?#]*)@)?([^/?#@]+)\/?(?:\?(.*))?$/
const PORT = 2113
const STREAM_PREFIX = 'lodebook'

/** Keys whose value is a whole number, with the smallest that makes sense. Milliseconds but for attempts and the timeout of gossip, seconds. */
const NUMBER_KEYS = {
  defaultDeadline: 1,
  discoveryInterval: 1,
  gossipTimeout: 1,
  keepAliveInterval: 10_000,
  keepAliveTimeout: 1,
  maxDiscoverAttempts: 1,
} as const
type NumberKey = keyof typeof NUMBER_KEYS

const TEXT_KEYS = ['connectionName', 'streamPrefix', 'tlsCAFile', 'userCertFile', 'userKeyFile'] as const
type TextKey = (typeof TEXT_KEYS)[number]

/** Keys of the official clients that this program has an answer of its own to. */
const REFUSED_KEYS: Readonly<Record<string, string>> = {
  tlsverifycert: 'certificates are always checked; name the authority that signed the server in tlsCAFile',
  throwonappendfailure: 'a failed append is always an error',
  nodepreference: 'the leader is always asked, since a follower may not know the newest events yet',
}

/** Whether a store's address is one of these at all. */
export const isConnectionString = (url: string): boolean =>
  /^(esdb|kurrentdb|kurrent|kdb)(\+discover)?:/.test(url)

/**
 * Reads a connection string, in the form that all clients of EventStoreDB and KurrentDB take, with one key more: `streamPrefix`.
 * Left: what is wrong with it, without its password.
 */
export function parseConnectionString(url: string): E.Either<string, ConnectionString> {
  const match = SCHEME.exec(url)
  if (match === null)
    return E.left('it is not of the form esdb://user:password@host:2113,host:2113?key=value&key=value')
  const [, , discover, user, hosts = '', query] = match
  const endpoints = hosts.split(',').map(readEndpoint)
  const good = endpoints.filter((endpoint) => endpoint !== undefined)
  const [first] = good
  if (first === undefined || good.length < endpoints.length)
    return E.left(`${hosts} is not a list of host:port`)
  if (discover !== undefined && good.length > 1)
    return E.left('with +discover there is one name, behind which DNS has all nodes')
  const keys = readKeys(query ?? '')
  if (E.isLeft(keys)) return keys
  const { insecure, numbers, texts } = keys.right
  const credentials = readCredentials(user)
  if (E.isLeft(credentials)) return credentials
  const wrong = contradiction(insecure, credentials.right !== null, texts)
  if (wrong !== undefined) return E.left(wrong)
  const { connectionName } = texts
  return E.right({
    name: `esdb${discover ?? ''}://${hosts}`,
    target: targetOf(discover !== undefined, first, good),
    tls: insecure
      ? null
      : {
          caFile: texts.tlsCAFile ?? null,
          userCertificateFile: texts.userCertFile ?? null,
          userKeyFile: texts.userKeyFile ?? null,
        },
    credentials: credentials.right,
    streamPrefix: texts.streamPrefix ?? STREAM_PREFIX,
    settings: { ...numbers, ...(connectionName === undefined ? {} : { connectionName }) },
  })
}

function targetOf(discover: boolean, first: Endpoint, all: readonly Endpoint[]): ConnectionString['target'] {
  if (discover) return { kind: 'discover', endpoint: first }
  return all.length > 1 ? { kind: 'cluster', endpoints: all } : { kind: 'node', endpoint: first }
}

function readEndpoint(text: string): Endpoint | undefined {
  const match = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? PORT)
  return match?.[1] === undefined || port < 1 || port > 65_535 ? undefined : { address: match[1], port }
}

function readCredentials(user: string | undefined): E.Either<string, ConnectionString['credentials']> {
  if (user === undefined) return E.right(null)
  const [username, password, ...more] = user.split(':').map(decode)
  if (username === undefined || username === '' || password === undefined || more.length > 0)
    return E.left(
      'before the @ stand user:password, with : @ / ? # % in either written as %3A %40 %2F %3F %23 %25',
    )
  return E.right({ username, password })
}

interface Keys {
  readonly insecure: boolean
  readonly numbers: Partial<Record<NumberKey, number>>
  readonly texts: Partial<Record<TextKey, string>>
}

function readKeys(query: string): E.Either<string, Keys> {
  let insecure = false
  const numbers: Partial<Record<NumberKey, number>> = {}
  const texts: Partial<Record<TextKey, string>> = {}
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [given = '', ...rest] = pair.split('=')
    const value = decode(rest.join('='))
    const flat = given.toLowerCase()
    const number = numberKeys.find((key) => key.toLowerCase() === flat)
    const text = TEXT_KEYS.find((key) => key.toLowerCase() === flat)
    if (value === undefined || value === '') return E.left(`${given} has no value that can be read`)
    const refusal = REFUSED_KEYS[flat]
    if (refusal !== undefined) return E.left(`${given} can't be set: ${refusal}`)
    if (flat === 'tls') {
      if (value !== 'true' && value !== 'false') return E.left(`tls=${value} is neither true nor false`)
      insecure = value === 'false'
    } else if (number !== undefined) {
      if (!/^[0-9]{1,9}$/.test(value) || Number(value) < NUMBER_KEYS[number])
        return E.left(`${number}=${value} is not a whole number from ${NUMBER_KEYS[number]}`)
      numbers[number] = Number(value)
    } else if (text !== undefined) texts[text] = value
    else return E.left(`there is no key ${given}; there are ${allKeys.join(', ')}`)
  }
  return E.right({ insecure, numbers, texts })
}

const numberKeys: readonly NumberKey[] = [
  'defaultDeadline',
  'discoveryInterval',
  'gossipTimeout',
  'keepAliveInterval',
  'keepAliveTimeout',
  'maxDiscoverAttempts',
]

const allKeys: readonly string[] = ['tls', ...TEXT_KEYS, ...numberKeys]

function contradiction(insecure: boolean, hasUser: boolean, texts: Keys['texts']): string | undefined {
  if (insecure && hasUser)
    return 'a user and password are only ever sent over TLS: leave tls=false out, or the user'
  if (insecure && (texts.tlsCAFile ?? texts.userCertFile ?? texts.userKeyFile) !== undefined)
    return 'tls=false and certificates contradict each other'
  if ((texts.userCertFile === undefined) !== (texts.userKeyFile === undefined))
    return 'userCertFile and userKeyFile belong together'
  // Without a colon no prefix is the beginning of another, without a dash the database's categories stay ours.
  if (texts.streamPrefix !== undefined && !/^[A-Za-z0-9._]{1,64}$/.test(texts.streamPrefix))
    return 'streamPrefix has 1 to 64 letters, digits, dots and underscores'
  return undefined
}

/** Percent-decoded, when it can be. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
