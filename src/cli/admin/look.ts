import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import { RejectReason } from '../../../domain/events.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { printTable } from '../money/table.ts'
import { complain, print, printJson } from '../terminal.ts'
import { findPool, type PoolRequest } from './give-order.ts'

const orNull = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

const Connections = t.readonlyArray(
  t.type({
    number: orNull(t.number),
    address: t.string,
    listener: t.string,
    agent: t.string,
    connectedAt: t.number,
    isMining: t.boolean,
    workers: t.readonlyArray(t.type({ account: t.string, user: t.string })),
    accepted: t.number,
    rejected: t.readonlyArray(t.type({ reason: RejectReason, count: t.number })),
    refusal: orNull(t.string),
  }),
)

const Bans = t.readonlyArray(
  t.intersection([
    t.type({ kind: t.keyof({ account: null, address: null }), since: t.number, until: orNull(t.number) }),
    t.partial({ account: t.string, address: orNull(t.string), range: t.string }),
  ]),
)

const plain = (name: string) => ({ name, isFigure: false })

/** `lodebook admin connections`: who is connected to the running pool, and what was refused. */
export const adminConnections = (request: PoolRequest): Promise<ExitCode> =>
  look(request, '/connections', Connections, (connections) => {
    printTable(
      ['Miner', 'From', 'Agent', 'Since', 'Accepted', 'Refused'].map((name) => ({
        name,
        isFigure: name === 'Accepted',
      })),
      connections.map(({ workers, address, agent, connectedAt, accepted, rejected, refusal }) => [
        workers.map(({ user }) => user).join(' ') || '(not logged in)',
        address,
        agent,
        absoluteTime(connectedAt),
        integer(accepted),
        [...rejected.map(({ reason, count }) => `${reason} ${count}`), refusal ?? '']
          .filter((part) => part !== '')
          .join(', '),
      ]),
    )
    print(`${counted(connections.length, 'connection')}.`)
  })

/** `lodebook admin bans`: who may not mine. */
export const adminBans = (request: PoolRequest): Promise<ExitCode> =>
  look(request, '/bans', Bans, (bans) => {
    if (bans.length === 0) return print('Nobody is banned.')
    printTable(
      ['Who', 'Since', 'Until'].map(plain),
      bans.map(({ range, address, account, since, until }) => [
        range ?? address ?? account ?? '',
        absoluteTime(since),
        until === null ? 'for good' : absoluteTime(until),
      ]),
    )
  })

async function look<A>(
  request: PoolRequest,
  path: string,
  codec: t.Type<A>,
  tell: (what: A) => void,
): Promise<ExitCode> {
  const pool = findPool(request)
  if (E.isLeft(pool)) return pool.left
  const read = await pool.right.read(path, codec)
  if (E.isLeft(read)) {
    complain(read.left)
    return EXIT.failed
  }
  if (request.json) printJson(read.right)
  else tell(read.right)
  return EXIT.ok
}
