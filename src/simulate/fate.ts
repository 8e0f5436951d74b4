import type { DevnetNode } from '../devnet/node.ts'
import type { Chance } from './chance.ts'
import type { SimulatedTime } from './time.ts'
import type { WalletTrouble } from './wallet.ts'

/** What fate plays with. */
export interface FateOptions {
  readonly time: SimulatedTime
  readonly chance: Chance
  readonly devnet: DevnetNode
  /** Whether bad things happen as well. */
  readonly faults: boolean
  /** Simulated time that the pool takes for a block on average. */
  readonly blockMsMean: number
  /** To be waited for before anything happens: what the pool has under way is written first. */
  readonly before: () => Promise<void>
  readonly setTrouble: (kind: WalletTrouble | null) => void
}

/** What happens on average once in so many blocks of the pool. */
const OTHERS_BLOCK = 3
const REORGANISATION = 25
const DISAPPROVAL = 15
const MISSING_VOTES = 8
const WALLET_TROUBLE = 40
/** Blocks that a reorganisation replaces: a deep one takes rewards back that were shared already. */
const DEPTH_MAX = 4
/** Blocks of the pool's pace for which a wallet is in trouble. */
const TROUBLE_BLOCKS = 4

/** Lets happen what miners and pool have no say in, from now on and for ever. */
export function beginFate({
  time,
  chance,
  devnet,
  faults,
  blockMsMean,
  before,
  setTrouble,
}: FateOptions): void {
  const { chain } = devnet

  /** Again and again at random, on average once in so many blocks of the pool. */
  function now(blocks: number, happen: () => Promise<void>): void {
    time.after(chance.wait(blocks * blockMsMean), async () => {
      now(blocks, happen)
      await before()
      await happen()
    })
  }

  now(OTHERS_BLOCK, async () => {
    await devnet.generate(1)
  })
  if (!faults) return
  now(REORGANISATION, async () => {
    const depth = 1 + chance.below(DEPTH_MAX)
    if (hasVotes(depth)) await devnet.reorganize(depth)
  })
  now(DISAPPROVAL, async () => {
    if (hasVotes(0)) devnet.count({ approves: false })
  })
  now(MISSING_VOTES, async () => {
    if (hasVotes(0)) devnet.count({ voters: 3 + chance.below(2) })
  })
  now(WALLET_TROUBLE, async () => {
    setTrouble(chance.pick(['away', 'locked']))
    time.after(chance.wait(TROUBLE_BLOCKS * blockMsMean), () => setTrouble(null))
  })

  /** Whether blocks carry votes even so far below the tip. */
  const hasVotes = (depth: number): boolean =>
    chain.tip.height - depth >= chain.parameters.network.stakeValidationHeight
}
