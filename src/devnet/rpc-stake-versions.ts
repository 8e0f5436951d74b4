import { headerVoters } from '../../domain/decred/header.ts'
import type { Chain } from './chain.ts'
import type { Json } from './rpc-json.ts'

/** Blocks over which simnet counts the versions of votes. */
const INTERVAL_BLOCKS = 112

/** Result of `getstakeversioninfo`: the running interval. Every version on a devnet is 0. */
export function stakeVersions(chain: Chain): Json {
  const { height, hash } = chain.tip
  const start = endOfLastInterval(chain, height) + 1
  const result = { currentheight: height, hash }
  if (height <= start) return { ...result, intervals: [] }
  let votes = 0
  for (let at = start; at <= height; at++) votes += headerVoters(chain.at(at)?.header ?? chain.tip.header)
  const interval = {
    startheight: start,
    endheight: height,
    posversions: [{ version: 0, count: height - start + 1 }],
    voteversions: votes === 0 ? [] : [{ version: 0, count: votes }],
  }
  return { ...result, intervals: [interval] }
}

/** Intervals end as if the first had begun with the first votes. */
function endOfLastInterval(chain: Chain, height: number): number {
  const offset = chain.parameters.network.stakeValidationHeight % INTERVAL_BLOCKS
  const since = height - offset - 1
  return since - ((since + 1) % INTERVAL_BLOCKS) + offset
}
