import { encodeAddress } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { hashesPerDifficulty } from '../../domain/decred/target.ts'
import { type DialectName, dialectOf } from '../devnet/miner/dialect.ts'
import type { Chance } from './chance.ts'
import type { RigSettings } from './rig.ts'

/** Devices of one proof of work, the common ones more often. What NiceHash sends is never easy, and would be most of a simulated pool. */
const DEVICES: { readonly [A in PowAlgorithm]: readonly [DialectName, ...DialectName[]] } = {
  blake3: ['gominer', 'gominer', 'plain'],
  blake256: ['innosilicon-d9', 'antminer-dr3', 'antminer-dr5', 'whatsminer-d1', 'obelisk-dcr1', 'ccminer'],
}

/** Difficulties at which devices of a crowd send as many shares as are wanted: many slow ones, few fast ones. */
const SPEEDS = [0.5, 1, 1, 1, 1, 1, 2, 2, 2, 4, 4, 8] as const
/** One device in so many only looks. */
const IDLE = 0.02
/** Devices of one miner: another one with this probability, eight at most. */
const MORE_DEVICES = 0.25
const DEVICES_MAX = 8

/** An address of simnet that nobody has the key of. */
export const randomAddress = (chance: Chance): string =>
  encodeAddress('public-key-hash-ecdsa', chance.bytes(20), networks.simnet)

/** The devices of so many miners. `anonymous`: they log in with a name instead of an address. */
export function crowdOf(
  miners: number,
  powAlgorithm: PowAlgorithm,
  sharesPerMinute: number,
  anonymous: boolean,
  chance: Chance,
): readonly RigSettings[] {
  const perShare = (hashesPerDifficulty(networks.simnet) * sharesPerMinute) / 60
  const rigs: RigSettings[] = []
  for (let miner = 0; miner < miners; miner++) {
    const name = anonymous ? `miner${miner}` : randomAddress(chance)
    let devices = 1
    while (devices < DEVICES_MAX && chance.happens(MORE_DEVICES)) devices++
    for (let n = 0; n < devices; n++) {
      const dialect = dialectOf(chance.pick(DEVICES[powAlgorithm]), powAlgorithm)
      if (dialect === undefined) throw new Error('a device of a crowd knows another proof of work')
      const user = `${name}.rig${n}`
      const speed = chance.pick(SPEEDS)
      // The first miner always mines.
      const isIdle = rigs.length > 0 && chance.happens(IDLE)
      rigs.push({
        dialect,
        powAlgorithm,
        users: chance.happens(0.1) ? [user, `${user}b`] : [user],
        password: chance.happens(0.05) ? 'd=4' : 'x',
        hashesPerSecond: isIdle ? 0 : speed * perShare,
      })
    }
  }
  return rigs
}

/** Mean difficulty of the shares of a crowd, once each device has the one that fits it. */
export function meanDifficulty(rigs: readonly RigSettings[], sharesPerMinute: number): number {
  const perShare = (hashesPerDifficulty(networks.simnet) * sharesPerMinute) / 60
  let work = 0
  let shares = 0
  for (const { hashesPerSecond } of rigs) {
    const difficulty = Math.max(1, hashesPerSecond / perShare)
    work += hashesPerSecond / perShare
    shares += hashesPerSecond / perShare / difficulty
  }
  return work / shares
}
