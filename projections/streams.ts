/** What a stream's name says about the events in it. `other`: a stream that no figure is made from. */
export type Stream =
  | { readonly kind: 'pool' }
  | { readonly kind: 'connection'; readonly gateway: number; readonly connection: number }
  /** Work or shares of one gateway and epoch. */
  | { readonly kind: 'gateway'; readonly gateway: number }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'block'; readonly hash: string }
  | { readonly kind: 'settlement'; readonly number: number }
  | { readonly kind: 'payout'; readonly number: number }
  | { readonly kind: 'admin' }
  | { readonly kind: 'other' }

const CONNECTION = /^connection-(\d{1,15})\.(\d{1,15})$/
const GATEWAY = /^(?:work|shares)-(\d{1,15})-/
const ACCOUNT = /^account-([0-9a-f]{64})$/
const BLOCK = /^block-([0-9a-f]{64})$/
const MONEY = /^(settlement|payout)-(\d{1,15})$/

/** Reads the name of a stream. */
export function parseStream(name: string): Stream {
  if (name === 'pool') return { kind: 'pool' }
  if (name === 'admin') return { kind: 'admin' }
  const gateway = GATEWAY.exec(name)
  if (gateway !== null) return { kind: 'gateway', gateway: Number(gateway[1]) }
  const connection = CONNECTION.exec(name)
  if (connection !== null)
    return { kind: 'connection', gateway: Number(connection[1]), connection: Number(connection[2]) }
  const account = ACCOUNT.exec(name)?.[1]
  if (account !== undefined) return { kind: 'account', account }
  const hash = BLOCK.exec(name)?.[1]
  if (hash !== undefined) return { kind: 'block', hash }
  const money = MONEY.exec(name)
  if (money !== null)
    return { kind: money[1] === 'payout' ? 'payout' : 'settlement', number: Number(money[2]) }
  return { kind: 'other' }
}
