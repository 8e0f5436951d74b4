import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { propose, proposeAppend, read } from '../../../adapters/event-store/catalogue.ts'
import { NO_STREAM } from '../../../adapters/event-store/port.ts'
import { event } from '../../../domain/events.ts'
import { memoryEventStore } from '../../support/memory-event-store.ts'

const opened = event('AccountOpened', { v: 1, at: 5, address: 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc' })
const approved = event('BlockApproved', { v: 1, at: 7, by: 'a'.repeat(64) })

test('an event is proposed as canonical JSON, and the same each time', () => {
  const proposed = propose('account-1', 0, opened)
  expect(proposed).toMatchObject({
    type: 'AccountOpened',
    data: '{"address":"SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc","at":5,"v":1}',
  })
  expect(propose('account-1', 0, opened)).toEqual(proposed)
  expect(propose('account-1', 1, opened).id).not.toBe(proposed.id)
  expect(propose('account-2', 0, opened).id).not.toBe(proposed.id)
})

test('an append proposes each event at its own revision', () => {
  expect(proposeAppend('block-1', NO_STREAM, [approved, opened])).toEqual({
    stream: 'block-1',
    expected: NO_STREAM,
    events: [propose('block-1', 0, approved), propose('block-1', 1, opened)],
  })
  expect(proposeAppend('block-1', 4, [approved]).events).toEqual([propose('block-1', 5, approved)])
})

test('what went into a store is read from it', async () => {
  const store = memoryEventStore()
  await store.append([proposeAppend('a', NO_STREAM, [opened, approved])])()
  const log = await store.readAll(null, 10)()
  expect(E.isRight(log) && log.right.map(read)).toEqual([E.right(opened), E.right(approved)])
})

test('what the catalogue does not know is an error', () => {
  const recorded = { id: '', type: 'Unknown', data: '{}', stream: 'a', revision: 0, position: 1 }
  expect(read(recorded)).toMatchObject(E.left({ kind: 'unknown-type' }))
})
