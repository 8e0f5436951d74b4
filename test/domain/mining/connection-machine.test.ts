import { expect, test } from 'vitest'
import { createActor, SimulatedClock } from 'xstate'
import { connectionMachine } from '../../../domain/mining/connection-machine.ts'

function connection() {
  const clock = new SimulatedClock()
  const did: string[] = []
  const actor = createActor(connectionMachine, {
    clock,
    input: {
      preAuthorizationMsMax: 1_000,
      host: { startMining: () => did.push('mine'), leave: (reason) => did.push(reason) },
    },
  })
  actor.start()
  return { actor, clock, did }
}

test.each([
  ['subscribe first', ['SUBSCRIBED', 'AUTHORIZED']],
  ['authorize first', ['AUTHORIZED', 'SUBSCRIBED']],
  ['each twice', ['SUBSCRIBED', 'SUBSCRIBED', 'AUTHORIZED', 'AUTHORIZED', 'SUBSCRIBED']],
] as const)('%s: mining starts once', (_, events) => {
  const { actor, did, clock } = connection()
  for (const type of events) actor.send({ type })
  expect(actor.getSnapshot().value).toBe('mining')
  clock.increment(10_000)
  expect(did).toEqual(['mine'])
})

test.each([[[]], [['SUBSCRIBED']], [['AUTHORIZED']]] as const)('%j and silence: ended in time', (events) => {
  const { actor, did, clock } = connection()
  for (const type of events) actor.send({ type })
  clock.increment(999)
  expect(actor.getSnapshot().status).toBe('active')
  clock.increment(1)
  expect(did).toEqual(['not-authorized-in-time'])
  expect(actor.getSnapshot().status).toBe('done')
})

test('a miner that was asked to come back and stays is ended when its last shares must be here', () => {
  const { actor, did, clock } = connection()
  for (const type of ['SUBSCRIBED', 'AUTHORIZED', 'DRAIN'] as const) actor.send({ type })
  clock.increment(999)
  expect(actor.getSnapshot().value).toBe('draining')
  clock.increment(1)
  expect(did).toEqual(['mine', 'shutdown'])
})

test('the end comes once, from any phase, and says why', () => {
  for (const events of [
    [],
    ['SUBSCRIBED'],
    ['SUBSCRIBED', 'AUTHORIZED'],
    ['SUBSCRIBED', 'AUTHORIZED', 'DRAIN'],
  ] as const) {
    const { actor, did } = connection()
    for (const type of events) actor.send({ type })
    actor.send({ type: 'ENDED', reason: 'idle' })
    actor.send({ type: 'ENDED', reason: 'shutdown' })
    expect(did.filter((what) => what !== 'mine')).toEqual(['idle'])
  }
})
