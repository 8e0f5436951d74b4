import * as E from 'fp-ts/lib/Either.js'
import type { AdminOrder } from '../../../adapters/http/admin/order.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'
import { type RunningPool, runningPoolOf } from './control-client.ts'

/** What the command line says about the pool that is meant. */
export interface PoolRequest extends ConfigRequest {
  readonly json: boolean
}

/** Finds the running pool of a configuration. Left: the exit code, after a complaint. */
export function findPool(request: PoolRequest): E.Either<ExitCode, RunningPool> {
  const read = readConfig(request)
  if (E.isRight(read)) return E.right(runningPoolOf(read.right.config.pool.dataDirectory))
  tellProblems(read.left, request.json)
  return E.left(EXIT.usage)
}

/** Gives the running pool an order, and tells what came of it. */
export async function giveOrder(request: PoolRequest, order: AdminOrder): Promise<ExitCode> {
  const pool = findPool(request)
  if (E.isLeft(pool)) return pool.left
  const done = await pool.right.order(order)
  if (request.json) printJson({ done: E.isRight(done), message: E.isRight(done) ? done.right : done.left })
  else if (E.isRight(done)) print(done.right)
  else complain(done.left)
  return E.isRight(done) ? EXIT.ok : EXIT.failed
}
