import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import { WALLET_DEADLINE_MS, type WalletError } from '../port.ts'
import { API_MAJOR_MIN, MESSAGES_MAX } from './limits.ts'
import { label, type Peer } from './peer.ts'
import { StatusCode } from './protocol.ts'

/** What can go wrong between the pool and dcrwallet, each as a sentence that says what to do. */

const fault =
  (kind: WalletError['kind'], text: string) =>
  (peer: Peer): WalletError => ({ kind, message: `${label(peer)} ${text}.` })

/** The pool itself stopped it. */
export const closed = fault('closed', 'is no longer used: the pool stops')

/** The configured address is none. */
export const badAddress = fault('away', "can't be reached: give its address as host:port")

/** The connection ended between two calls. */
export const lost = fault('away', 'closed the connection. Look into its log')

/** No answer within the deadline. */
export const timeout = (peer: Peer, method: string): WalletError =>
  fault(
    'timeout',
    `did not answer ${method} within ${WALLET_DEADLINE_MS / 1000} s. Look at its load and its log`,
  )(peer)

/** The pool's own certificate and key, or the wallet's certificate, can't be read. */
export const badCertificate = (peer: Peer, why: string): WalletError =>
  fault(
    'certificate',
    `can't be called: its certificate, the pool's certificate or its key is damaged, or the latter two belong to different pairs (${why})`,
  )(peer)

/** A stream without an end. */
export const flooding = (peer: Peer, method: string): WalletError =>
  fault(
    'refused',
    `answers ${method} with more than ${MESSAGES_MAX} messages. Gather small outputs: "dcrctl --wallet consolidate"`,
  )(peer)

/** Too old a dcrwallet. */
export const tooOld = (peer: Peer, version: string): WalletError =>
  fault(
    'too-old',
    `has gRPC interface ${version}; the pool needs ${API_MAJOR_MIN} or newer. Update dcrwallet`,
  )(peer)

/** Another network than configured. `currencyNet` is dcrd's number of the wallet's. */
export function wrongNetwork(peer: Peer, wanted: NetworkName, currencyNet: number): WalletError {
  const actual =
    Object.values(networks).find((network) => network.currencyNet === currencyNet)?.name ??
    `a network unknown here (${currencyNet})`
  return fault(
    'wrong-network',
    `is on ${actual}, the pool is configured for ${wanted}. Correct the pool's network or point it at another wallet`,
  )(peer)
}

/** An answer that is not what dcrwallet sends. */
export const malformed = (peer: Peer, method: string): WalletError =>
  fault(
    'malformed',
    `answered ${method} in an unexpected form. Make sure that it is dcrwallet 1.5 or newer`,
  )(peer)

/** An answer that contradicts what was asked. */
export const contradiction = (peer: Peer, what: string): WalletError =>
  fault('malformed', `${what}. Check its version, and whether somebody has tampered with it`)(peer)

/** An address that can't be paid, and why. */
export const unpayable = (peer: Peer, address: string, why: string): WalletError =>
  fault('refused', `was not asked to pay ${address}. ${why.replace(/\.$/, '')}`)(peer)

/** Bytes that are no transaction. */
export const noTransaction = (peer: Peer, why: string): WalletError =>
  fault('refused', `was not asked: what it should work on is no transaction (${why})`)(peer)

/** No account of that name. */
export const unknownAccount = (peer: Peer, account: string, others: readonly string[]): WalletError =>
  fault(
    'unknown-account',
    `has no account "${account}"; it has ${others.join(', ')}. Correct the pool's configuration, or create the account`,
  )(peer)

/** Inputs that it did not sign. */
export const unsigned = (peer: Peer, inputs: readonly number[]): WalletError =>
  fault(
    'locked',
    `left inputs unsigned (${inputs.join(', ')}). Give the pool its passphrase, or unlock it: "dcrctl --wallet walletpassphrase". An account with a passphrase of its own is unlocked by "unlockaccount"; a wallet that only watches can't sign`,
  )(peer)

/** An error of gRPC. */
export interface Status {
  readonly code: number
  readonly details: string
}

/** An error that dcrwallet, or the way to it, answered to a call. Codes and texts: dcrwallet 2.1, its errors package. */
export function refusal(peer: Peer, method: string, { code, details }: Status): WalletError {
  switch (code) {
    case StatusCode.unavailable:
      return broken(peer, details)
    case StatusCode.deadlineExceeded:
      return timeout(peer, method)
    case StatusCode.invalidArgument:
      if (/invalid passphrase/.test(details))
        return fault(
          'wrong-passphrase',
          "refuses the passphrase. Make the pool's the same as the wallet's private passphrase",
        )(peer)
      if (/exceeds allowed maximum/.test(details))
        return fault(
          'too-large',
          'finds the transaction too large. Pay fewer accounts at once, or gather small outputs first',
        )(peer)
      break
    case StatusCode.notFound:
      if (method === 'GetTransaction') return unknownCoinbase(peer)
      if (method === 'Rescan') return behind(peer, details)
      if (/missing account|account not found/.test(details))
        return fault('unknown-account', 'lost the account while it was used. Create it again')(peer)
      break
    case StatusCode.resourceExhausted:
      if (/insufficient balance/.test(details)) return tooLittle(peer)
      if (/larger than max/.test(details)) return malformed(peer, method)
      break
    case StatusCode.failedPrecondition:
      return notReady(peer, method, details)
    case StatusCode.unimplemented:
      if (/watching only/.test(details))
        return fault('locked', "only watches and can't sign. Use the wallet that has the private keys")(peer)
      return fault('too-old', `does not know ${method}. Update dcrwallet`)(peer)
    case StatusCode.internal:
      if (/message parsing|decompress/i.test(details)) return malformed(peer, method)
      break
  }
  if (method === 'PublishTransaction') return unpublished(peer, details)
  return fault('refused', `refused ${method}: ${details}`)(peer)
}

const tooLittle = fault(
  'too-little-spendable',
  'has too little spendable money in the account. Wait until coinbases are mature, or move money there',
)

const unknownCoinbase = fault(
  'unknown-coinbase',
  'does not know the coinbase. Make sure that dcrd mines to an address of this wallet (--miningaddr); if it does, let the wallet look again: "lodebook payout retry" or "dcrctl --wallet rescanwallet"',
)

const behind = (peer: Peer, details: string): WalletError =>
  fault('not-synced', `has not come that far on the chain (${details}). Wait until it is synced`)(peer)

function notReady(peer: Peer, method: string, details: string): WalletError {
  if (/not ready/.test(details))
    return fault(
      'not-synced',
      'runs, but has no wallet open. Start it without --noinitialload, and look into its log',
    )(peer)
  if (/consensus server/.test(details))
    return fault(
      'not-synced',
      'has no connection to dcrd. Look whether dcrd runs, and into the log of the wallet',
    )(peer)
  if (/locked/.test(details)) return fault('locked', 'is locked. Give the pool its passphrase')(peer)
  return fault('refused', `refused ${method}: ${details}`)(peer)
}

/** Why a transaction was not published, in the words of dcrwallet and of dcrd behind it. */
function unpublished(peer: Peer, details: string): WalletError {
  if (/double spend|already spends|fully-spent/.test(details))
    return fault(
      'double-spend',
      `refuses the transaction: its money is spent by another one, or not there. Find out who else uses the wallet's seed, and look at the inputs in a block explorer. It says: ${details}`,
    )(peer)
  if (/pays a fee of|high fees|allowHighFee/.test(details))
    return fault(
      'fee-refused',
      `refuses the fee. Set the pool's fee rate to 10000 atoms for 1000 bytes, or what the network asks for now. It says: ${details}`,
    )(peer)
  if (/larger than max allowed/.test(details))
    return fault(
      'too-large',
      `finds the transaction too large. Pay fewer accounts at once. It says: ${details}`,
    )(peer)
  if (/i\/o|connection/i.test(details))
    return fault('not-synced', `has lost its dcrd. Look whether dcrd runs. It says: ${details}`)(peer)
  return fault('refused', `refuses the transaction: ${details}`)(peer)
}

/** Texts of TLS and the socket, as @grpc/grpc-js passes them on, and what they mean. */
const BROKEN: readonly {
  readonly text: RegExp
  readonly kind: WalletError['kind']
  readonly says: string
}[] = [
  {
    text: /Decred network is unreachable/,
    kind: 'not-synced',
    says: 'has no connection to the network. Look whether dcrd runs, and into the log of the wallet',
  },
  {
    text: /certificate has expired/,
    kind: 'certificate',
    says: 'has a certificate that has expired. Delete rpc.cert and rpc.key there, restart dcrwallet, copy the new rpc.cert',
  },
  {
    text: /certificate is not yet valid/,
    kind: 'certificate',
    says: 'has a certificate from the future. Set the clocks of both machines',
  },
  {
    text: /does not match certificate's altnames/,
    kind: 'certificate',
    says: 'has a certificate for another host. Use a name that stands in it, or delete rpc.cert and rpc.key there and start dcrwallet with --altdnsnames',
  },
  {
    text: /SSL alert number (42|46|48|116)\b/,
    kind: 'certificate',
    says: "does not know the pool's certificate. Put it into the file of dcrwallet's --clientcafile (clients.pem in its directory), and restart dcrwallet",
  },
  {
    text: /SSL alert number 45\b/,
    kind: 'certificate',
    says: "finds that the pool's certificate has expired. Make a new one, put it into the file of dcrwallet's --clientcafile, and restart dcrwallet",
  },
  {
    text: /self-signed certificate|unable to (get|verify)|certificate signature failure|invalid CA|unsuitable certificate/i,
    kind: 'certificate',
    says: "shows another certificate than the one the pool was given. Copy rpc.cert from dcrwallet's directory again",
  },
  {
    text: /wrong version number|packet length too long/,
    kind: 'malformed',
    says: 'does not speak TLS. Start dcrwallet without --noservertls, or correct the address',
  },
  {
    text: /Protocol error|SSL alert number 120\b/,
    kind: 'malformed',
    says: "does not speak gRPC. Give the address of --grpclisten, not that of the wallet's or dcrd's JSON-RPC",
  },
  {
    text: /Failed to connect/,
    kind: 'away',
    says: "closes every connection at once. Look whether it is just starting or stopping, and whether it has the pool's certificate in the file of its --clientcafile",
  },
  {
    text: /ECONNREFUSED/,
    kind: 'away',
    says: 'refuses connections. Start dcrwallet there, or correct the address. Its gRPC only listens once it has the file of --clientcafile',
  },
  {
    text: /Name resolution failed/,
    kind: 'away',
    says: "can't be found: its host name has no address. Correct it, or the name server",
  },
]

/** The way to the wallet is broken. */
function broken(peer: Peer, details: string): WalletError {
  const known = BROKEN.find(({ text }) => text.test(details))
  return known === undefined
    ? fault(
        'away',
        `closed the connection, or can't be reached (${details}). Look whether it runs, and at the network`,
      )(peer)
    : fault(known.kind, known.says)(peer)
}
