import { networks } from '../../domain/decred/network.ts'
import type { EventData, PoolEvent, Scheme, ShareReference } from '../../domain/events.ts'
import { cachedShareUnits } from '../../domain/reward/units.ts'
import type { StreamName } from '../../domain/stream-name.ts'
import type { HistoryEvent } from '../replay/history.ts'
import { OpenRows } from './open-rows.ts'
import { ShareNames } from './share-names.ts'
import type { Cell, Put } from './tables.ts'

/**
 * Makes rows of the events of a history. A fold in the order of the log; mutable, one owner. What changes after its beginning (blocks,
 * payouts, connections) is a row when it is over, or at the end.
 */
export class Rows {
  readonly #put: Put
  readonly #names = new ShareNames()
  readonly #open: OpenRows
  readonly #addresses = new Map<string, string>()
  #unitsOf: ((bits: number, difficulty: number) => bigint) | null = null

  constructor(put: Put) {
    this.#put = put
    this.#open = new OpenRows(put)
  }

  /** Takes the next event of the log; undefined for one of a type that this program does not know. */
  take(recorded: HistoryEvent, stream: StreamName, event: PoolEvent | undefined): void {
    const { entry, revision, type, data } = recorded
    this.#put('events', [entry, event?.data.at ?? null, recorded.stream, revision, type, data])
    if (event === undefined) return
    switch (stream.kind) {
      case 'pool':
        return this.#takePool(recorded, event)
      case 'connection':
        return this.#takeConnection(entry, stream.gateway, stream.connection, event)
      case 'work':
        if (event.type === 'WorkIssued') this.#names.workIssued(stream.gateway, event.data)
        return
      case 'shares':
        if (event.type === 'SharesAccepted') this.#takeShares(entry, stream.gateway, event.data)
        if (event.type === 'SharesRejected') this.#takeRejected(entry, stream.gateway, event.data)
        return
      case 'account':
        if (event.type === 'AccountOpened') this.#takeAccount(entry, stream.account, event.data)
        return
      case 'block':
        return this.#open.takeBlock(entry, stream.hash, event)
      case 'settlement':
        return this.#takeSettlement(entry, stream.number, event)
      case 'payout':
        return this.#open.takePayout(entry, stream.number, event)
      case 'admin':
      case 'other':
        return
    }
  }

  /** Gives out what is not over. */
  end(): void {
    this.#open.end()
  }

  #takePool({ entry, revision }: HistoryEvent, { type, data }: PoolEvent): void {
    if (type === 'PoolOpened') this.#unitsOf = cachedShareUnits(networks[data.network])
    if (type === 'GatewayJoined') {
      this.#names.gatewayJoined(data.gateway)
      this.#open.gatewayJoined(data.gateway)
    }
    if (type !== 'PolicyAdopted') return
    this.#put('policies', [
      ...[entry, data.at, revision, ...schemeCells(data.scheme), data.feePpm, Number(data.minimumPayout)],
      ...[data.feeBearer, JSON.stringify(data.payoutSchedule), data.payoutMode, data.payoutConfirmations],
      ...[data.sharesPerMinute, data.lateShareGraceMs],
    ])
  }

  #takeConnection(entry: number, gateway: number, connection: number, event: PoolEvent): void {
    this.#open.takeConnection(entry, gateway, connection, event)
    if (event.type === 'WorkerAuthorized') {
      const { at, account, worker } = event.data
      const ordinal = this.#names.workerAuthorized(gateway, connection, { account, worker })
      this.#put('workers', [entry, at, gateway, connection, ordinal, account, worker])
    }
    if (event.type === 'MinerDisconnected') this.#names.minerDisconnected(gateway, connection)
  }

  #takeShares(entry: number, gateway: number, data: EventData<'SharesAccepted'>): void {
    const blocks = new Map(data.solved.map(({ share, hash }) => [share, hash]))
    for (const [position, connection] of data.connection.entries()) {
      const worker = this.#names.worker(gateway, connection, data.worker[position] ?? -1)
      const job = data.job[position] ?? 0
      const worked = this.#names.job(gateway, job)
      const difficulty = data.difficulty[position] ?? 0
      const block = blocks.get(position) ?? null
      if (block !== null) this.#open.solved(block, entry, position)
      this.#put('shares', [
        ...[entry, position, data.at + (data.elapsed[position] ?? 0)],
        ...[worker?.account ?? null, worker?.worker ?? null, gateway, connection, job],
        ...[worked?.height ?? null, difficulty, this.#units(worked?.bits, difficulty)],
        ...[data.ntime[position] ?? 0, data.nonce[position] ?? 0, data.extranonce2[position] ?? '', block],
      ])
    }
  }

  /** Null for a share without a known job, or one that is harder than a block: neither is worth anything. */
  #units(bits: number | undefined, difficulty: number): string | null {
    if (bits === undefined || this.#unitsOf === null) return null
    try {
      return String(this.#unitsOf(bits, difficulty))
    } catch {
      return null
    }
  }

  #takeRejected(entry: number, gateway: number, data: EventData<'SharesRejected'>): void {
    for (const [i, connection] of data.connection.entries()) {
      const worker = this.#names.worker(gateway, connection, data.worker[i] ?? -1)
      this.#put('rejections', [
        ...[entry, data.since, data.at, worker?.account ?? null, worker?.worker ?? null, gateway, connection],
        ...[data.reason[i] ?? '', data.count[i] ?? 0, data.needed[i] ?? 0, data.best[i] ?? 0],
      ])
    }
  }

  #takeAccount(entry: number, account: string, { at, address }: EventData<'AccountOpened'>): void {
    this.#addresses.set(account, address)
    this.#put('accounts', [entry, at, account, address])
  }

  #takeSettlement(entry: number, settlement: number, event: PoolEvent): void {
    if (event.type === 'RewardAllocated') this.#takeAllocation(entry, settlement, event.data)
    if (event.type === 'RewardReversed') {
      const { at, block, why } = event.data
      this.#open.shared(block, null)
      this.#put('reversals', [entry, at, settlement, block, why])
    }
    if (event.type === 'WorkSettled') {
      const { at, policy, height, shares, units, accounts, atoms, credits } = event.data
      this.#put('work_settlements', [
        ...[entry, at, settlement, policy, height, shares, units, accounts, Number(atoms), credits],
      ])
    }
  }

  #takeAllocation(entry: number, settlement: number, data: EventData<'RewardAllocated'>): void {
    const { at, block, height, window, part, parts } = data
    const units = window?.units ?? null
    for (const [i, account] of data.account.entries())
      this.#put('allocations', [
        ...[entry, at, settlement, block, height, account, this.#addresses.get(account) ?? null],
        ...[data.units[i] ?? '0', units, Number(data.atoms[i] ?? '0')],
      ])
    if (part < parts) return
    this.#open.shared(block, settlement)
    this.#put('rewards', [
      ...[entry, at, settlement, block, height, data.policy],
      ...[data.reward, data.fee, data.reserve].map(Number),
      ...placeCells(window?.from),
      ...placeCells(window?.to),
      ...[window?.shares ?? null, units],
    ])
  }
}

const placeCells = (share: ShareReference | undefined): readonly Cell[] =>
  share === undefined ? [null, null, null] : [share.stream, share.revision, share.index]

/** Its name, and the parameters that it has. */
function schemeCells(scheme: Scheme): readonly [string, Cell, Cell, Cell] {
  switch (scheme.kind) {
    case 'pplns':
      return [scheme.kind, scheme.windowPpm, null, null]
    case 'pplns-time':
      return [scheme.kind, null, scheme.periodMs, null]
    case 'pps':
      return [scheme.kind, null, null, Number(scheme.reserve)]
    case 'prop':
    case 'solo':
      return [scheme.kind, null, null, null]
  }
}
