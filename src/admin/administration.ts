import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { AdminOrder } from '../../adapters/http/admin/order.ts'
import type { Administration, AdminRefusal, MachineStatus } from '../../adapters/http/admin/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import { accountId, payableAddress } from '../../domain/decred/address.ts'
import { formatDcr } from '../../domain/decred/amount.ts'
import type { Network } from '../../domain/decred/network.ts'
import { type AdminAct, type AdminWay, LogLevel } from '../../domain/events.ts'
import type { Gateway } from '../actors/gateway.ts'
import type { RebuildableReadModels } from '../actors/read-model-rebuild.ts'
import type { Backups } from '../backup/backups.ts'
import type { Treasury } from '../treasury/treasury.ts'
import { type Bans, readRange } from './bans.ts'
import type { AdminRecord } from './record.ts'

/** What an administration works on. */
export interface AdministrationOptions {
  readonly record: AdminRecord
  readonly network: Network
  /** Null in mode `solo`. */
  readonly treasury: Treasury | null
  readonly gateway: Pick<Gateway, 'live' | 'endBanned'>
  readonly bans: Bans
  readonly backups: Backups
  readonly readModels: Pick<ReadModels, 'account'>
  readonly rebuilding: Pick<RebuildableReadModels, 'rebuild' | 'isRebuilding'>
  readonly store: string
  readonly settings: MachineStatus['settings']
  readonly logins: () => MachineStatus['logins']
  readonly nowMs: () => number
  readonly log: Logger
}

/** An order that makes sense: what is written down of it, and how it is carried out. Right of `run`: what was done. */
interface Ready {
  readonly act: AdminAct
  readonly run: () => Promise<E.Either<string, string>>
}

/** The one place that knows what an administrator can do. */
export function openAdministration(options: AdministrationOptions): Administration {
  const { record, treasury, gateway, bans, backups, rebuilding, nowMs, log } = options

  async function order(ordered: AdminOrder, way: AdminWay): Promise<E.Either<AdminRefusal, string>> {
    const ready = prepare(ordered)
    if (E.isLeft(ready)) return E.left({ kind: 'impossible', message: ready.left })
    const written = await record.write(way, ready.right.act)
    if (E.isLeft(written)) return E.left(notRecorded(written.left))
    log.info({ way, act: ready.right.act.kind }, 'an administrator acted')
    const done = await ready.right.run()
    return E.mapLeft((message: string): AdminRefusal => ({ kind: 'failed', message }))(done)
  }

  function prepare(ordered: AdminOrder): E.Either<string, Ready> {
    switch (ordered.kind) {
      case 'plan-payouts':
      case 'retry':
        return withTreasury((money) => ({
          act: ordered,
          run: () => (ordered.kind === 'retry' ? retry(money) : planPayouts(money)),
        }))
      case 'approve-payout':
      case 'reject-payout':
        return decidePayout(ordered)
      case 'back-up':
        return E.right({
          act: ordered,
          run: async () => E.map(() => 'The backup is being made, and verified after it.')(backups.begin()),
        })
      case 'ban-account':
      case 'unban-account':
        return banAccount(ordered)
      case 'ban-address':
      case 'unban-address':
        return banAddress(ordered)
      case 'set-log-level':
        return E.right({ act: ordered, run: async () => E.right(setLogLevel(ordered.level)) })
      case 'rebuild-read-models':
        return rebuilding.isRebuilding()
          ? E.left('The read models are being made anew already.')
          : E.right({ act: ordered, run: async () => E.right(rebuild()) })
    }
  }

  function withTreasury(use: (money: Treasury) => Ready): E.Either<string, Ready> {
    if (treasury === null) return E.left('This pool pays nobody: it runs in mode solo.')
    const { state, message, wallet } = treasury.status()
    if (state === 'stopped')
      return E.left(`Nothing is booked or paid any more: ${message} Mend that, then restart the pool.`)
    return wallet ? E.right(use(treasury)) : E.left(message)
  }

  async function planPayouts(money: Treasury): Promise<E.Either<string, string>> {
    const before = new Set(money.status().payouts.map(({ payout }) => payout))
    money.payNow()
    await money.chainMoved()
    const { payouts, problems } = money.status()
    const planned = payouts.filter(({ payout }) => !before.has(payout))
    const problem = problems.find(({ about }) => about === 'payouts')
    const sentences = planned.map(
      ({ payout, phase, atoms }) => `Payout ${payout} is ${phase}: ${formatDcr(BigInt(atoms))} DCR.`,
    )
    if (problem !== undefined) sentences.push(problem.message)
    if (sentences.length > 0)
      return planned.length > 0 ? E.right(sentences.join(' ')) : E.left(sentences.join(' '))
    return E.right('Nothing was planned: nobody has the minimum available that is not in a payout already.')
  }

  /** What keeps a run of payouts needs a run to be tried again; everything else is looked at whenever something moves. */
  async function retry(money: Treasury): Promise<E.Either<string, string>> {
    const before = money.status().problems
    if (before.some(({ about }) => about === 'payouts')) money.payNow()
    await money.chainMoved()
    const { problems } = money.status()
    if (problems.length > 0) return E.left(problems.map(({ message }) => message).join(' '))
    return E.right(before.length > 0 ? 'What was in the way has passed.' : 'Nothing was in the way.')
  }

  function decidePayout(
    ordered: Extract<AdminOrder, { readonly kind: 'approve-payout' | 'reject-payout' }>,
  ): E.Either<string, Ready> {
    const { kind, payout } = ordered
    return E.chain((ready: Ready): E.Either<string, Ready> => {
      const open = treasury?.status().payouts.find((each) => each.payout === payout)
      if (open === undefined) return E.left(`There is no open payout ${payout}.`)
      const isUndecided = open.phase === 'planned' || (kind === 'reject-payout' && open.phase === 'approved')
      return isUndecided
        ? E.right(ready)
        : E.left(`Payout ${payout} is ${open.phase}: there is nothing to decide.`)
    })(
      withTreasury((money) => ({
        act: ordered,
        run: async () =>
          kind === 'approve-payout'
            ? E.map(() => `Payout ${payout} is approved and goes out.`)(await money.approve(payout))
            : E.map(() => `Payout ${payout} is rejected: its money is back with its miners.`)(
                await money.reject(payout),
              ),
      })),
    )
  }

  function banAccount(
    ordered: Extract<AdminOrder, { readonly kind: 'ban-account' | 'unban-account' }>,
  ): E.Either<string, Ready> {
    const who = minerOf(ordered.miner)
    if (E.isLeft(who)) return who
    const { account, address } = who.right
    const name = address ?? account
    if (ordered.kind === 'unban-account')
      return E.right({
        act: { kind: ordered.kind, account },
        run: async () => E.map(() => `${name} may mine again.`)(bans.remove('account', account, nowMs())),
      })
    const { until } = ordered
    return E.right({
      act: { kind: ordered.kind, account, until },
      run: async () => {
        const added = bans.add({ kind: 'account', account, address, since: nowMs(), until }, nowMs())
        gateway.endBanned()
        return E.map(() => `${name} is banned${endText(until)}. What it has earned stays its own.`)(added)
      },
    })
  }

  function minerOf(
    miner: string,
  ): E.Either<string, { readonly account: string; readonly address: string | null }> {
    const known = options.readModels.account(miner, nowMs())
    if (E.isRight(known) && known.right !== undefined) return E.right(known.right)
    if (/^[0-9a-f]{64}$/.test(miner)) return E.right({ account: miner, address: null })
    const payable = payableAddress(miner, options.network)
    return E.isRight(payable)
      ? E.right({ account: accountId(miner), address: miner })
      : E.left(payable.left.message)
  }

  function banAddress(
    ordered: Extract<AdminOrder, { readonly kind: 'ban-address' | 'unban-address' }>,
  ): E.Either<string, Ready> {
    const read = readRange(ordered.range)
    if (E.isLeft(read)) return E.left(`${read.left}.`)
    const range = read.right
    if (ordered.kind === 'unban-address')
      return E.right({
        act: { kind: ordered.kind },
        run: async () => E.map(() => `${range} may connect again.`)(bans.remove('address', range, nowMs())),
      })
    const { until } = ordered
    return E.right({
      act: { kind: ordered.kind, until },
      run: async () => {
        const added = bans.add({ kind: 'address', range, since: nowMs(), until }, nowMs())
        gateway.endBanned()
        return E.map(() => `${range} is banned${endText(until)}.`)(added)
      },
    })
  }

  function setLogLevel(level: LogLevel): string {
    log.level = level
    return `The log is written from level ${level} on, until the pool is restarted.`
  }

  function rebuild(): string {
    void rebuilding.rebuild()
    return 'The read models are being made anew from the log; pages show the old ones until then.'
  }

  return {
    order,
    connections: gateway.live,
    bans: () => bans.all(nowMs()),
    backups: backups.status,
    openBackup: backups.open,
    machine: () => ({
      store: options.store,
      logLevel: levelOf(log),
      settings: options.settings,
      rebuilding: rebuilding.isRebuilding(),
      logins: options.logins(),
    }),
    entered: async (kind) => E.mapLeft(notRecorded)(await record.write('web', { kind })),
  }
}

const levelOf = ({ level }: Logger): LogLevel => (LogLevel.is(level) ? level : 'info')

const endText = (until: number | null): string =>
  until === null ? ' for good' : ` until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const notRecorded = (why: string): AdminRefusal => ({
  kind: 'not-recorded',
  message: `It could not be written down, so it was not done: ${why}.`,
})
