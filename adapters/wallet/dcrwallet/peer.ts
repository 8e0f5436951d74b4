/** Where a dcrwallet is, how to get in, and how to sign. */
export interface Peer {
  /** `host:port` of its gRPC; an IPv6 address in brackets. */
  readonly address: string
  /** dcrwallet's `rpc.cert`, PEM text: the only trusted root. */
  readonly certificate: string
  /** The pool's own certificate, PEM text: the wallet has it in the file of its `--clientcafile`. */
  readonly clientCertificate: string
  /** Key of the pool's certificate, PEM text. */
  readonly clientKey: string
  /** Of the wallet's private keys. Empty for a wallet that the operator keeps unlocked. Never in a message or a log. */
  readonly passphrase: string
}

/** How messages name a wallet. */
export const label = ({ address }: Peer): string => `The wallet (${address})`
