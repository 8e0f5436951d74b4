import type { EventType } from './events.ts'

/** What the name of a stream says. `epoch` is a UTC hour, `2026112318`. `other`: no stream that this program knows. */
export type StreamName =
  | { readonly kind: 'pool' }
  | { readonly kind: 'connection'; readonly gateway: number; readonly connection: number }
  | { readonly kind: 'work'; readonly gateway: number; readonly epoch: string }
  | { readonly kind: 'shares'; readonly gateway: number; readonly epoch: string }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'block'; readonly hash: string }
  | { readonly kind: 'settlement'; readonly number: number }
  | { readonly kind: 'payout'; readonly number: number }
  | { readonly kind: 'admin' }
  | { readonly kind: 'other' }

const NUMBER = '(0|[1-9][0-9]{0,14})'
const CONNECTION = new RegExp(`^connection-${NUMBER}\\.${NUMBER}$`)
const GATEWAY = new RegExp(`^(work|shares)-${NUMBER}-([0-9]{10})$`)
const MONEY = new RegExp(`^(settlement|payout)-${NUMBER}$`)
const HASHED = /^(account|block)-([0-9a-f]{64})$/

/** Reads the name of a stream. */
export function readStreamName(name: string): StreamName {
  if (name === 'pool') return { kind: 'pool' }
  if (name === 'admin') return { kind: 'admin' }
  const gateway = GATEWAY.exec(name)
  if (gateway !== null)
    return {
      kind: gateway[1] === 'work' ? 'work' : 'shares',
      gateway: Number(gateway[2]),
      epoch: gateway[3] ?? '',
    }
  const connection = CONNECTION.exec(name)
  if (connection !== null)
    return { kind: 'connection', gateway: Number(connection[1]), connection: Number(connection[2]) }
  const hashed = HASHED.exec(name)
  if (hashed !== null)
    return hashed[1] === 'account'
      ? { kind: 'account', account: hashed[2] ?? '' }
      : { kind: 'block', hash: hashed[2] ?? '' }
  const money = MONEY.exec(name)
  if (money !== null)
    return { kind: money[1] === 'payout' ? 'payout' : 'settlement', number: Number(money[2]) }
  return { kind: 'other' }
}

/** The kind of stream that each type belongs in. */
export const streamOfType: Readonly<Record<EventType, StreamName['kind']>> = {
  PoolOpened: 'pool',
  PolicyAdopted: 'pool',
  GatewayJoined: 'pool',
  LedgerKeyAdopted: 'pool',
  MinerConnected: 'connection',
  MinerIdentified: 'connection',
  WorkerAuthorized: 'connection',
  DifficultyAssigned: 'connection',
  MinerDisconnected: 'connection',
  WorkIssued: 'work',
  SharesAccepted: 'shares',
  SharesRejected: 'shares',
  EpochClosed: 'shares',
  AccountOpened: 'account',
  BlockFound: 'block',
  BlockSubmitted: 'block',
  BlockConnected: 'block',
  BlockDisconnected: 'block',
  BlockApproved: 'block',
  BlockDisapproved: 'block',
  BlockMatured: 'block',
  BlockOrphaned: 'block',
  RewardAllocated: 'settlement',
  RewardReversed: 'settlement',
  WorkSettled: 'settlement',
  PayoutPlanned: 'payout',
  PayoutApproved: 'payout',
  PayoutSigned: 'payout',
  PayoutPublished: 'payout',
  PayoutConfirmed: 'payout',
  PayoutReturned: 'payout',
  AdministratorActed: 'admin',
}
