import { addressGroup } from './address.ts'

/** What one miner, and all miners together, may take. Shared by every listener of a process. */
export interface StratumLimits {
  /** Longest line, without its newline. All that miners send fits in 512 bytes. */
  readonly lineBytesMax: number
  /** A line that was begun, a PROXY header, a TLS handshake and the last flush must each be complete within this. */
  readonly lineMsMax: number
  /** Open sockets, those that still shake hands included. */
  readonly connectionsMax: number
  /** Open sockets of one IPv4 address or one IPv6 /64. A farm behind one address needs one for each machine. */
  readonly connectionsPerAddressMax: number
  /** Bytes that may wait for one miner to read them: about a hundred jobs. */
  readonly backlogBytesMax: number
}

/**
 * `lineBytesMax` times `connectionsMax` is the most that half lines can hold (40 MiB), `backlogBytesMax` times
 * `connectionsMax` the most that unread answers can (640 MiB, if every miner stopped reading in the same moment).
 */
export const stratumLimits: StratumLimits = {
  lineBytesMax: 4096,
  lineMsMax: 10_000,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 1_000,
  backlogBytesMax: 65_536,
}

/** The places that are taken. One object for all listeners, so that a limit holds for them together. */
export interface ConnectionLimits extends StratumLimits {
  /** Takes a place of the total, or says that there is none. */
  readonly takePlace: () => boolean
  readonly leavePlace: () => void
  /** Takes a place of this address, or says that there is none. */
  readonly takeAddress: (address: string) => boolean
  readonly leaveAddress: (address: string) => void
}

/** Starts counting at nothing. */
export function connectionLimits(limits: StratumLimits): ConnectionLimits {
  let taken = 0
  const byAddress = new Map<string, number>()
  return {
    ...limits,
    takePlace: () => {
      if (taken >= limits.connectionsMax) return false
      taken += 1
      return true
    },
    leavePlace: () => {
      taken -= 1
    },
    takeAddress: (address) => {
      const group = addressGroup(address)
      const count = byAddress.get(group) ?? 0
      if (count >= limits.connectionsPerAddressMax) return false
      byAddress.set(group, count + 1)
      return true
    },
    leaveAddress: (address) => {
      const group = addressGroup(address)
      const count = byAddress.get(group) ?? 0
      if (count > 1) byAddress.set(group, count - 1)
      else byAddress.delete(group)
    },
  }
}
