import type { BlockPhase } from '../../domain/block/lifecycle.ts'
import { accountId } from '../../domain/decred/address.ts'
import type { EventData, PoolEvent } from '../../domain/events.ts'
import { firstPhase, isOver, type PayoutPhase } from '../../domain/payout/lifecycle.ts'
import type { Cell, Put } from './tables.ts'

interface OpenBlock {
  readonly entry: number
  readonly found: EventData<'BlockFound'>
  readonly share: SharePlace | null
  phase: BlockPhase
  reward: EventData<'BlockConnected'>['reward'] | null
  settlement: number | null
  connectedAt: number | null
  approvedAt: number | null
  maturedAt: number | null
}

interface SharePlace {
  readonly entry: number
  readonly position: number
}

interface OpenPayout {
  readonly entry: number
  readonly plan: EventData<'PayoutPlanned'>
  phase: PayoutPhase
  transaction: string | null
}

interface OpenConnection {
  readonly entry: number
  readonly connected: EventData<'MinerConnected'>
  identified: EventData<'MinerIdentified'> | null
}

/** Gateways whose connections may still go on, counted back from the newest. */
const GATEWAYS_KEPT = 16

/**
 * What is a row once it is over: connections and payouts; and blocks, which are never over for good, at the end. Memory grows with the
 * blocks of the pool alone. Mutable, one owner.
 */
export class OpenRows {
  readonly #put: Put
  readonly #blocks = new Map<string, OpenBlock>()
  readonly #payouts = new Map<number, OpenPayout>()
  readonly #connections = new Map<number, Map<number, OpenConnection>>()
  /** Shares that were offered as blocks which are not in the log yet. */
  readonly #solved = new Map<string, SharePlace>()

  constructor(put: Put) {
    this.#put = put
  }

  solved(hash: string, entry: number, position: number): void {
    this.#solved.set(hash, { entry, position })
  }

  /** The reward of a block is shared by a settlement, or by none any more. */
  shared(hash: string, settlement: number | null): void {
    const block = this.#blocks.get(hash)
    if (block !== undefined) block.settlement = settlement
  }

  takeBlock(entry: number, hash: string, { type, data }: PoolEvent): void {
    if (type === 'BlockFound') {
      if (this.#blocks.has(hash)) return
      const share = this.#solved.get(hash) ?? null
      this.#solved.delete(hash)
      this.#blocks.set(hash, {
        ...{ entry, found: data, share, phase: 'found', reward: null, settlement: null },
        ...{ connectedAt: null, approvedAt: null, maturedAt: null },
      })
      return
    }
    const block = this.#blocks.get(hash)
    const phase = PHASES.get(type)
    if (block === undefined || phase === undefined) return
    block.phase = phase
    if (type === 'BlockConnected') {
      block.reward = data.reward
      block.connectedAt = data.at
    }
    if (type === 'BlockApproved') block.approvedAt = data.at
    if (type === 'BlockMatured') block.maturedAt = data.at
  }

  takePayout(entry: number, number: number, { type, data }: PoolEvent): void {
    if (type === 'PayoutPlanned') {
      this.#payouts.set(number, { entry, plan: data, phase: firstPhase(data.mode), transaction: null })
      return
    }
    const payout = this.#payouts.get(number)
    const phase = PAYOUT_PHASES.get(type)
    if (payout === undefined || phase === undefined) return
    payout.phase = phase
    if (type === 'PayoutSigned') payout.transaction = data.transaction
    if (!isOver(phase)) return
    this.#payouts.delete(number)
    this.#putPayout(number, payout, data.at, type === 'PayoutConfirmed' ? data.block : null)
  }

  #putPayout(
    number: number,
    { entry, plan, phase, transaction }: OpenPayout,
    endedAt: number | null,
    block: string | null,
  ): void {
    const put = (account: string | null, address: string, deducted: string, atoms: string): void =>
      this.#put('payments', [
        ...[entry, plan.at, number, phase, endedAt, transaction, block, account, address],
        ...[Number(deducted), Number(atoms)],
      ])
    for (const [i, address] of plan.address.entries())
      put(accountId(address), address, plan.deducted[i] ?? '0', plan.atoms[i] ?? '0')
    if (plan.poolFee !== null) put(null, plan.poolFee.address, plan.poolFee.deducted, plan.poolFee.atoms)
  }

  takeConnection(entry: number, gateway: number, number: number, { type, data }: PoolEvent): void {
    const ofGateway = this.#connections.get(gateway) ?? new Map<number, OpenConnection>()
    this.#connections.set(gateway, ofGateway)
    if (type === 'MinerConnected') ofGateway.set(number, { entry, connected: data, identified: null })
    const connection = ofGateway.get(number)
    if (connection === undefined) return
    if (type === 'MinerIdentified') connection.identified = data
    if (type !== 'MinerDisconnected') return
    ofGateway.delete(number)
    const { at, reason, accepted, rejected } = data
    this.#putConnection(gateway, number, connection, [at, reason, accepted, rejected])
  }

  #putConnection(
    gateway: number,
    number: number,
    { entry, connected, identified }: OpenConnection,
    end: readonly [Cell, Cell, Cell, Cell],
  ): void {
    const { at, extranonce1, listener, resumes } = connected
    const { agent = null, profile = null } = identified ?? {}
    const row = [entry, at, gateway, number, extranonce1, listener, resumes, agent, profile, ...end]
    this.#put('connections', row)
  }

  /** A gateway that was killed ends none of its connections. */
  gatewayJoined(gateway: number): void {
    for (const known of this.#connections.keys())
      if (known <= gateway - GATEWAYS_KEPT) this.#putConnectionsOf(known)
  }

  #putConnectionsOf(gateway: number): void {
    for (const [number, connection] of this.#connections.get(gateway) ?? [])
      this.#putConnection(gateway, number, connection, [null, null, null, null])
    this.#connections.delete(gateway)
  }

  end(): void {
    for (const gateway of [...this.#connections.keys()]) this.#putConnectionsOf(gateway)
    for (const [number, payout] of this.#payouts) this.#putPayout(number, payout, null, null)
    for (const [hash, block] of this.#blocks) {
      const { entry, found, phase, share, reward, settlement, connectedAt, approvedAt, maturedAt } = block
      this.#put('blocks', [
        ...[entry, found.at, found.height, hash, phase, found.account, found.worker],
        ...[share?.entry ?? null, share?.position ?? null],
        ...[reward === null ? null : Number(reward.atoms), reward?.transaction ?? null, settlement],
        ...[connectedAt, approvedAt, maturedAt],
      ])
    }
  }
}

const PHASES: ReadonlyMap<PoolEvent['type'], BlockPhase> = new Map([
  ['BlockConnected', 'connected'],
  ['BlockDisconnected', 'disconnected'],
  ['BlockApproved', 'approved'],
  ['BlockDisapproved', 'disapproved'],
  ['BlockMatured', 'matured'],
  ['BlockOrphaned', 'orphaned'],
])

const PAYOUT_PHASES: ReadonlyMap<PoolEvent['type'], PayoutPhase> = new Map([
  ['PayoutApproved', 'approved'],
  ['PayoutSigned', 'signed'],
  ['PayoutPublished', 'published'],
  ['PayoutConfirmed', 'confirmed'],
  ['PayoutReturned', 'returned'],
])
