/** Where a dcrd is and how to get in. */
export interface Peer {
  /** The operator's name for it. */
  readonly name: string
  /** `host:port` of its JSON-RPC; an IPv6 address in brackets. */
  readonly address: string
  /** dcrd's `rpc.cert`, PEM text: the only trusted root. */
  readonly certificate: string
  readonly user: string
  readonly password: string
}

/** How messages name a node. */
export const label = (peer: Peer): string => `${peer.name} (${peer.address})`

/** HTTP Basic authentication, which dcrd wants on every request. */
export const authorization = (peer: Peer): string =>
  `Basic ${Buffer.from(`${peer.user}:${peer.password}`).toString('base64')}`
