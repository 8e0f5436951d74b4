import { type Observable, Subject } from 'rxjs'
import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { Device, type DeviceEvent } from './device.ts'
import { type DialectName, dialectOf } from './dialect.ts'

/** How to mine. */
export interface MinerOptions {
  readonly host: string
  readonly port: number
  /** Any certificate is taken, as miners do. */
  readonly tls?: boolean
  /** `address.worker`, or whatever the pool wants. */
  readonly user: string
  readonly password: string
  readonly network: NetworkName
  readonly powAlgorithm: PowAlgorithm
  readonly dialect: DialectName
  /** Devices, each with a connection of its own. */
  readonly connections: number
  /** Of each device. As fast as this thread can when not given; 0 connects and does not hash. */
  readonly hashesPerSecondMax?: number
}

/** What happens to a miner's devices, which are counted from 0. */
export type MinerEvent = DeviceEvent & { readonly device: number }

/** Sums over all devices since the start. */
export interface MinerTotals {
  readonly hashes: number
  /** Devices that are connected and authorized now. */
  readonly mining: number
  readonly accepted: number
  /** Sum of the difficulties of the accepted shares. */
  readonly acceptedDifficulty: number
  /** Refused shares by the code of the pool's error; 0 when it gave none. */
  readonly rejected: ReadonlyMap<number, number>
  /** Accepted shares that also met the network's target. */
  readonly blocks: number
  readonly faults: number
}

/** A running CPU miner. */
export interface Miner {
  readonly events: Observable<MinerEvent>
  readonly totals: () => MinerTotals
  /** Disconnects and hashes no more. */
  readonly stop: () => Promise<void>
}

/** Hashes a second that no thread reaches. */
const UNLIMITED = 1e12
/** Hashes of one device before it is another's turn. */
const TURN_HASHES = 64
/** How long the sockets wait for the hashing at most. */
const SLICE_MS = 5
const IDLE_MS = 10
/** A device that lags behind its rate makes up for so much of it. */
const ALLOWANCE_MS = 100

/**
 * Starts devices that mine on a pool until they are stopped: for trying a pool and for its tests, not for money. They hash
 * for real, in slices of this thread.
 *
 * @throws RangeError when the dialect's device can't compute the proof of work.
 */
export function startMiner(options: MinerOptions): Miner {
  const { powAlgorithm, hashesPerSecondMax = UNLIMITED } = options
  const dialect = dialectOf(options.dialect, powAlgorithm)
  if (dialect === undefined) throw new RangeError(`${options.dialect} can't compute ${powAlgorithm}`)

  const events = new Subject<MinerEvent>()
  const rejected = new Map<number, number>()
  const authorized = new Set<number>()
  const counted = { hashes: 0, accepted: 0, acceptedDifficulty: 0, blocks: 0, faults: 0 }

  const count = (event: MinerEvent): void => {
    switch (event.kind) {
      case 'authorized':
        authorized.add(event.device)
        break
      case 'disconnected':
        authorized.delete(event.device)
        break
      case 'fault':
        counted.faults += 1
        break
      case 'share':
        if (event.accepted) {
          counted.accepted += 1
          counted.acceptedDifficulty += event.difficulty
          if (event.block) counted.blocks += 1
        } else rejected.set(event.code, (rejected.get(event.code) ?? 0) + 1)
        break
    }
    events.next(event)
  }

  const settings = { ...options, dialect, network: networks[options.network], tls: options.tls ?? false }
  const devices = Array.from({ length: options.connections }, (_, device) => ({
    device: new Device(settings, (event) => count({ ...event, device })),
    allowance: 0,
  }))

  let earlierMs = performance.now()
  let next: { readonly cancel: () => void } | undefined

  /** Lets every device hash in turn for a slice, then the sockets again. */
  const slice = (): void => {
    const nowMs = performance.now()
    const cap = Math.max(1, (hashesPerSecondMax * ALLOWANCE_MS) / 1000)
    const earned = (hashesPerSecondMax * (nowMs - earlierMs)) / 1000
    earlierMs = nowMs
    for (const turn of devices) turn.allowance = Math.min(cap, turn.allowance + earned)
    let busy = true
    while (busy && performance.now() < nowMs + SLICE_MS) {
      busy = false
      for (const turn of devices) {
        const hashes = Math.min(TURN_HASHES, Math.floor(turn.allowance))
        if (hashes === 0 || !turn.device.canHash) continue
        const done = turn.device.hash(hashes)
        turn.allowance -= done
        counted.hashes += done
        busy = true
      }
    }
    schedule(busy)
  }

  const schedule = (busy: boolean): void => {
    if (busy) {
      const immediate = setImmediate(slice)
      next = { cancel: () => clearImmediate(immediate) }
    } else {
      const timeout = setTimeout(slice, IDLE_MS)
      next = { cancel: () => clearTimeout(timeout) }
    }
  }
  schedule(false)

  return {
    events: events.asObservable(),
    totals: () => ({ ...counted, mining: authorized.size, rejected: new Map(rejected) }),
    stop: async () => {
      next?.cancel()
      await Promise.all(devices.map(({ device }) => device.stop()))
      events.complete()
    },
  }
}
