import { randomBytes, randomInt } from 'node:crypto'
import type { Node } from '../../adapters/node/port.ts'
import { EXTRANONCES } from '../../domain/mining/session-book.ts'
import type { Blocks } from '../actors/blocks.ts'
import { type Gateway, openGateway } from '../actors/gateway.ts'
import type { Opening } from '../actors/opening.ts'
import type { Bans } from '../admin/bans.ts'
import type { Journal } from '../journal.ts'
import type { PoolContext } from './context.ts'

/** The gateway of this process, with the chance and the clock of the machine. It has no work yet and no listener. */
export const openGatewayOf = (
  { config, network, nowMs, log }: PoolContext,
  { gateway: ordinal, prefix }: Opening,
  journal: Journal,
  node: Node,
  { solved }: Blocks,
  bans: Bans,
): Gateway =>
  openGateway({
    ordinal,
    prefix,
    network,
    config,
    journal,
    nowMs,
    machineMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    drawExtranonce: () => randomInt(1, EXTRANONCES + 1),
    newSessionId: () => randomBytes(12).toString('hex'),
    renewWork: () => void node.renewWork()(),
    solved,
    bans,
    log,
  })
