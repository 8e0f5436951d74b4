import { readFileSync } from 'node:fs'

interface RewardVectors {
  readonly payout_arithmetic: {
    readonly dcrpool_share_percentages: Readonly<Record<string, unknown>>
    readonly dcrpool_tx_fee_split: {
      readonly cases: readonly {
        readonly inputs: readonly number[]
        readonly outputs: Readonly<Record<string, number>>
        readonly expect: Readonly<Record<string, number>>
      }[]
    }
    readonly p2poolv2_proportional: {
      readonly cases: readonly {
        readonly total: number
        readonly weights: readonly number[]
        readonly expect: readonly number[]
      }[]
    }
  }
  readonly reward_system_tables: {
    readonly proportional: {
      readonly valueRelativeToFair: Readonly<Record<string, number>>
      readonly hopThreshold_x: number
      readonly hopperVsSolo_overall: number
      readonly hopperWhileInPool: number
    }
    readonly pps_reserve: {
      readonly table: readonly {
        readonly fee: number
        readonly ruin: number
        readonly reserveInBlockRewards: number
      }[]
    }
    readonly pplns_window: {
      readonly table: readonly {
        readonly X: number
        readonly probShareNeverPaid: number
        readonly expectedTimesPaid: number
        readonly perShareCV: number
        readonly maturityInBlocks: number
      }[]
    }
  }
  readonly decred_dust_facts: {
    readonly p2pkhOutputSize: number
    readonly relayFeeAtomsPerKB: number
    readonly firstNonDustAtoms: number
    readonly powSubsidyAtomsFullVotesDCP0012: Readonly<Record<string, number>>
    readonly coinbaseMaturityBlocks: number
    readonly targetSecondsPerBlock: number
  }
}

/** test/vectors/rewards.json. */
export const rewardVectors = JSON.parse(
  readFileSync(new URL('../../vectors/rewards.json', import.meta.url), 'utf8'),
) as RewardVectors
