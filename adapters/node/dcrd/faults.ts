import * as t from 'io-ts'
import type { NetworkName } from '../../../domain/decred/network.ts'
import { networks } from '../../../domain/decred/network.ts'
import { NODE_DEADLINE_MS, type NodeError } from '../port.ts'
import { API_MAJOR_MIN, WAITING_MAX } from './limits.ts'
import type { RpcError } from './messages.ts'
import { label, type Peer } from './peer.ts'

/** What can go wrong between the pool and dcrd, each as a sentence that says what to do. */

const fault =
  (kind: NodeError['kind'], text: string) =>
  (peer: Peer): NodeError => ({ kind, message: `${label(peer)} ${text}.` })

/** The connection ended while it was in use. */
export const lost = fault('unreachable', 'closed the connection. Look into its log; it is being tried again')

/** The connection ended before dcrd said anything. */
export const turnedAway = fault(
  'unreachable',
  'closed the connection at once. dcrd does so when it has too many websocket clients: raise its --rpcmaxwebsockets, or end some',
)

/** No sign of life, not even to a ping. */
export const silent = fault('unreachable', 'answers no more. Look at the machine and the network between')

/** Thousands of changes without an answer where the chain stands. */
export const flooding = fault(
  'timeout',
  'tells news faster than it answers where its chain stands. Look at its load and its log',
)

/** This node was stopped by the pool. */
export const closed = fault('closed', 'was stopped')

/** Nothing was tried yet. */
export const connecting = fault('unreachable', 'is not connected yet')

/** The configured address is none. */
export const badAddress = fault('unreachable', "can't be reached: give its address as host:port")

/** No answer within the deadline. */
export const timeout = (peer: Peer, method: string): NodeError =>
  fault(
    'timeout',
    `did not answer ${method} within ${NODE_DEADLINE_MS / 1000} s. Look at its load and its log`,
  )(peer)

/** More requests than can sensibly wait. */
export const overloaded = fault(
  'timeout',
  `has ${WAITING_MAX} requests waiting for it. Look at its load and its log`,
)

/** A message that is not what dcrd sends. */
export const garbled = (peer: Peer, what: string): NodeError =>
  fault('protocol', `${what}. Make sure that it is dcrd 1.7 or newer`)(peer)

/** Too old a dcrd, or none. */
export const tooOld = (peer: Peer, version: string, api: string): NodeError =>
  fault(
    'protocol',
    `is dcrd ${version} with JSON-RPC ${api}; the pool needs ${API_MAJOR_MIN} or newer. Update dcrd`,
  )(peer)

/** Padding of work and state of the agenda contradict each other. */
export const contradiction = fault(
  'protocol',
  'says that BLAKE3 is active but gives work for BLAKE-256. Restart it, and check its version',
)

/** Unreadable work. */
export const badWork = (peer: Peer, why: string): NodeError => fault('protocol', why)(peer)

/** Another network than configured. `currencyNet` is the answer of `getcurrentnet`. */
export function wrongNetwork(peer: Peer, wanted: NetworkName, currencyNet: number): NodeError {
  const actual =
    Object.values(networks).find((network) => network.currencyNet === currencyNet)?.name ??
    `a network unknown here (${currencyNet})`
  return fault(
    'wrong-network',
    `is on ${actual}, the pool is configured for ${wanted}. Correct the pool's network or point it at another dcrd`,
  )(peer)
}

/** Still downloading the chain. */
export const downloading = (peer: Peer, blocks: number, headers: number): NodeError =>
  fault(
    'not-synced',
    `is still downloading the chain, block ${blocks} of ${Math.max(blocks, headers)}. Wait until it is done`,
  )(peer)

/** An HTTP status in place of an answer. */
export function refused(peer: Peer, status: number | undefined): NodeError {
  switch (status) {
    case 401:
      return fault(
        'wrong-password',
        "refuses the user name or password. Make them the same as rpcuser and rpcpass of dcrd's configuration",
      )(peer)
    case 503:
      return fault('unreachable', 'has too many RPC clients. Raise its --rpcmaxclients, or end some')(peer)
    default:
      return fault(
        'protocol',
        `answered with HTTP status ${status}. Make sure that the address is dcrd's RPC port`,
      )(peer)
  }
}

/** An error that dcrd answered to a request. Codes: dcrd, package dcrjson. */
export function refusal(peer: Peer, method: string, { code, message }: RpcError): NodeError {
  if (/limited user/i.test(message))
    return fault(
      'limited-user',
      `lets this user do little: it is the one of rpclimituser. Give the pool rpcuser and rpcpass`,
    )(peer)
  if (code === -5 || (method === 'getblockhash' && code === -1))
    return { kind: 'not-found', message: `${label(peer)}: ${message}.` }
  if (method === 'getwork') {
    if (code === -9)
      return fault(
        'not-synced',
        'has no peers, so a block would reach nobody. Check its network connection',
      )(peer)
    if (code === -10)
      return fault('not-synced', 'is still downloading the chain. Wait until it is done')(peer)
    if (code === -32603 && message.includes('--miningaddr'))
      return fault(
        'no-mining-address',
        'has no address to mine to. Start dcrd with --miningaddr=<address of the pool>',
      )(peer)
    if (code === -1 || code === -32603)
      return fault('no-work', `has no work now, it is asked again: ${message}`)(peer)
  }
  return fault('protocol', `refused ${method}: ${message} (${code})`)(peer)
}

const Coded = t.type({ code: t.string })
const NameMismatch = t.type({ host: t.string, cert: t.type({ subjectaltname: t.string }) })

/** Why TLS does not trust a certificate: not the one given, whatever else it is. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
])

/** A failure of the socket, of TLS or of the websocket protocol. */
export function broken(peer: Peer, error: Error): NodeError {
  const code = Coded.is(error) ? error.code : ''
  if (UNTRUSTED.has(code))
    return fault(
      'wrong-certificate',
      `shows another certificate than the one the pool was given. Copy rpc.cert from dcrd's directory again`,
    )(peer)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return nameMismatch(peer, error)
  if (code === 'CERT_HAS_EXPIRED')
    return fault(
      'wrong-certificate',
      'has a certificate that has expired. Delete rpc.cert and rpc.key there, restart dcrd, copy the new rpc.cert',
    )(peer)
  if (code === 'CERT_NOT_YET_VALID')
    return fault(
      'wrong-certificate',
      'has a certificate from the future. Set the clocks of both machines',
    )(peer)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO')
    return fault('protocol', 'does not speak TLS. Start dcrd without --notls, or correct the address')(peer)
  if (code.startsWith('WS_ERR') || code.startsWith('HPE_'))
    return garbled(peer, `sent something that is no websocket message (${error.message})`)
  if (code === 'ECONNREFUSED')
    return fault('unreachable', 'refuses connections. Start dcrd there, or correct the address')(peer)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return fault(
      'unreachable',
      "can't be found: its host name has no address. Correct it, or the name server",
    )(peer)
  return fault(
    'unreachable',
    `can't be reached (${code || error.message}). Check the address and the network`,
  )(peer)
}

function nameMismatch(peer: Peer, error: Error): NodeError {
  if (!NameMismatch.is(error)) return fault('wrong-certificate', 'has a certificate for another host')(peer)
  const names = [...error.cert.subjectaltname.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(
    (match) => match[1],
  )
  return fault(
    'wrong-certificate',
    `has a certificate for ${names.join(', ')}, not for ${error.host}. ` +
      `Use one of those names, or delete rpc.cert and rpc.key there and start dcrd with --altdnsnames=${error.host}`,
  )(peer)
}
