import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { type SettlementDue, settlementsDue } from '../../domain/bookkeeping/settlements-due.ts'
import { event, type PoolEvent } from '../../domain/events.ts'
import { allocate, allocationEvents } from '../../domain/reward/allocation.ts'
import { workSettledEvent } from '../../domain/reward/pay-per-share.ts'
import type { WindowError, WindowSums } from '../../domain/reward/share-window.ts'
import type { Ledger } from './money-log.ts'
import type { Problems } from './problems.ts'
import type { Find } from './share-records.ts'
import type { RecalledWindow } from './window-recall.ts'

/** Events of an allocation's parts in one append: eight of 57,000 bytes are under its limit. */
const PARTS_MAX = 8
/** Milliseconds of summing up before the process serves its miners again. */
const SLICE_MS = 4

/** Shares every block's reward when it is approved, takes it back when the block is lost, and settles work of `pps`. */
export interface Settlements {
  /** Does all that is due. What can't be done of one block holds up no other. @throws TreasuryEnd */
  readonly settle: () => Promise<void>
}

/** What settling needs. */
export interface SettlementsOptions {
  readonly ledger: Ledger
  readonly problems: Problems
  readonly nowMs: () => number
  readonly onSettled: (event: PoolEvent, seconds: number) => void
}

/** Begins with what the records say is due. */
export function openSettlements({ ledger, problems, nowMs, onSettled }: SettlementsOptions): Settlements {
  const { records } = ledger
  /** Blocks whose window can't be summed up: asking again gives the same answer. */
  const stuck = new Set<string>()

  function nextDue(): SettlementDue | undefined {
    return settlementsDue(records.books).find((due) => due.kind === 'reverse' || isShared(due.block))
  }

  /** A block is shared by the rules at its find; before there were any, and under `solo`, nobody is. */
  function isShared(block: string): boolean {
    const scheme = records.mined.finds.get(block)?.policy?.policy.scheme
    return scheme !== undefined && scheme.kind !== 'solo' && !stuck.has(block)
  }

  async function settle(): Promise<void> {
    for (;;) {
      const due = nextDue()
      if (due?.kind === 'reverse') await reverse(due)
      else if (isWorkDue()) await settleWork()
      else if (due !== undefined) await share(due)
      else return
    }
  }

  const isWorkDue = (): boolean =>
    records.mined.workDue[0] !== undefined && records.mined.workDue[0].height !== null

  async function record(stream: string, events: readonly PoolEvent[], begunMs: number): Promise<void> {
    for (let i = 0; i < events.length; i += PARTS_MAX)
      await ledger.write(stream, events.slice(i, i + PARTS_MAX))
    const last = events.at(-1)
    if (last !== undefined) onSettled(last, (nowMs() - begunMs) / 1000)
  }

  const reverse = ({ block, settlement, why }: SettlementDue & { kind: 'reverse' }): Promise<void> =>
    record(`settlement-${settlement}`, [event('RewardReversed', { v: 1, at: nowMs(), block, why })], nowMs())

  async function settleWork(): Promise<void> {
    const [due] = records.mined.workDue
    if (due === undefined || due.height === null) return
    const settled = workSettledEvent(nowMs(), due.policy, due.height, due.work)
    await record(`settlement-${records.nextSettlement}`, [settled], nowMs())
  }

  async function share({ block, begun }: SettlementDue & { kind: 'allocate' }): Promise<void> {
    const begunMs = nowMs()
    const known = records.mined.finds.get(block)
    if (known === undefined) return
    const window = await windowOf(block, known)
    if (E.isLeft(window)) {
      stuck.add(block)
      problems.set(`block ${block}`, {
        kind: window.left.kind,
        message: `The reward of block ${block} is not shared: ${window.left.message} The log has not what it needs: look whether it is whole, with "lodebook store verify".`,
      })
      return
    }
    const { find, sums } = window.right
    const { policy } = find
    if (policy === undefined || policy.policy.scheme.kind === 'solo') {
      stuck.add(block)
      return
    }
    const reward = records.books.blocks.get(block)?.reward ?? null
    if (reward === null) return
    const { scheme, feePpm } = policy.policy
    await turn()
    const allocation = allocate(scheme, reward, feePpm, sums)
    if (allocation === undefined) return
    await turn()
    // The block may have been lost while its window was summed up.
    const booked = records.books.blocks.get(block)
    if (booked === undefined || booked.reward !== reward || booked.allocation !== null) return
    if (booked.phase !== 'approved' && booked.phase !== 'matured') return
    const facts = { block, height: booked.height, policy: policy.revision }
    const events = allocationEvents(nowMs(), facts, allocation, sums)
    const rest = begun === null ? [] : events.slice(booked.pending?.parts.length ?? 0)
    if (begun !== null && E.isRight(records.trial(`settlement-${begun}`, rest)))
      await record(`settlement-${begun}`, rest, begunMs)
    else await record(`settlement-${records.nextSettlement}`, events, begunMs)
  }

  /**
   * The window of a block. Its shares are in memory until it is shared: one that was lost and came back is shared by those of the log. Of a
   * find from before the place where reading began memory says less than the log.
   */
  async function windowOf(block: string, find: Find): Promise<E.Either<WindowError, RecalledWindow>> {
    const { mined } = records
    if (mined.limitOf(find) === undefined) return E.right({ find, sums: null })
    const isHere = find.ordinal >= 0
    const sums = isHere ? await sumUp(find) : undefined
    if (sums !== undefined && (E.isRight(sums) || find.era !== mined.era))
      return E.map((there: WindowSums | null) => ({ find, sums: there }))(sums)
    return ledger.recalledWindow(block)
  }

  /** Sums up a window in memory, a slice at a time: miners are answered in between. Null where there is nothing to look at. */
  function sumUp(find: Find): Promise<E.Either<WindowError, WindowSums | null>> {
    const walk = records.mined.walk(find)
    if (walk === null) return Promise.resolve(E.right(null))
    return ledger.holdingShares(async () => {
      let sinceMs = performance.now()
      for (;;) {
        const step = walk.next()
        if (step.done === true) return step.value
        if (performance.now() - sinceMs < SLICE_MS) continue
        await turn()
        sinceMs = performance.now()
      }
    })
  }

  return { settle }
}
