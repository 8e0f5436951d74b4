import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { Observable, throwError } from 'rxjs'
import { expect, onTestFinished, test } from 'vitest'
import type { EventStore, StoreError } from '../../adapters/event-store/port.ts'
import type { Node } from '../../adapters/node/port.ts'
import { event } from '../../domain/events.ts'
import { openTreasury } from '../../src/treasury/treasury.ts'
import { poll } from '../support/house.ts'
import { minerAddress, network, World } from './world.ts'

/** What the treasury does when the log can't be read on. */

/** A treasury on a log whose reads fail in one way or another. Orders are given up when `giveUp` is called. */
async function treasuryOn(over: (store: EventStore) => Partial<EventStore>) {
  const world = await World.open()
  const errors: StoreError['kind'][] = []
  const said: string[] = []
  let giveUp = (): void => undefined
  const tip: Node['tip'] = () => async () => E.left({ kind: 'unreachable', message: 'It is away.' })
  const treasury = openTreasury({
    store: { ...world.store, ...over(world.store) },
    node: { tip, view: () => ({ tip }) } as unknown as Node,
    network,
    paying: null,
    payoutHold: () => null,
    untilSigned: () => null,
    nowMs: world.nowMs,
    log: pino({ level: 'warn' }, { write: (line: string) => void said.push(JSON.parse(line).msg) }),
    onWalletError: () => undefined,
    onStoreError: ({ kind }) => errors.push(kind),
    onWritten: () => undefined,
    timers: {
      after: (_, run) => {
        giveUp = run
        return () => undefined
      },
      every: () => () => undefined,
    },
  })
  onTestFinished(() => treasury.stop())
  return { world, treasury, errors, said, giveUp: () => giveUp() }
}

const failing = (error: StoreError): Partial<EventStore> => ({ follow: () => throwError(() => error) })

test('a log that is found damaged while it is followed stops it at once, with the reason, and orders are answered', async () => {
  const { treasury, errors, said } = await treasuryOn(() =>
    failing({ kind: 'damaged', message: 'event 5 fails its checksum' }),
  )
  await poll(() => treasury.status().state).toBe('stopped')
  expect(treasury.status().message).toBe("The log can't be booked. event 5 fails its checksum.")
  expect(errors).toEqual(['damaged'])
  expect(said).toContain(
    "No money is booked or paid any more: The log can't be booked. event 5 fails its checksum.",
  )
  const refusal = E.left("Nothing can be done: The log can't be booked. event 5 fails its checksum.")
  expect(await treasury.approve(0)).toEqual(refusal)
  expect(await treasury.reject(0)).toEqual(refusal)
})

test('an order that waits for the log when it is found damaged is answered', async () => {
  let fail = (): void => undefined
  const { world, treasury } = await treasuryOn(() => ({
    follow: () =>
      new Observable((subscriber) => {
        fail = () => subscriber.error({ kind: 'damaged', message: 'event 5 fails its checksum' })
      }),
  }))
  await poll(() => treasury.status().state).toBe('ready')
  await world.append(
    `account-${'ff'.repeat(32)}`,
    event('AccountOpened', { v: 1, at: 1, address: minerAddress(77) }),
  )
  const approval = treasury.approve(0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  fail()
  expect(await approval).toEqual(
    E.left("Nothing was done: The log can't be booked. event 5 fails its checksum."),
  )
})

test('a store that is away is waited for and counted, and an order is not kept for ever, nor carried out later', async () => {
  let isAway = false
  const unavailable: StoreError = { kind: 'unavailable', message: 'it is away' }
  const { world, treasury, errors, giveUp } = await treasuryOn((store) => ({
    head: () => (isAway ? async () => E.left(unavailable) : store.head()),
  }))
  await poll(() => treasury.status().state).toBe('ready')
  isAway = true
  const approval = treasury.approve(0)
  await poll(() => errors.length).toBeGreaterThan(0)
  giveUp()
  expect(await approval).toEqual(
    E.left('Nothing was done: the store does not answer. Mend it, then say it again.'),
  )
  isAway = false
  expect(await treasury.approve(0)).toEqual(E.left('There is no open payout 0.'))
  expect(treasury.status().state).toBe('ready')
  expect(await world.events('PayoutApproved')).toEqual([])
})
