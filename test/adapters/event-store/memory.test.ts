import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { NO_STREAM, type StoreError, type StreamAppend } from '../../../adapters/event-store/port.ts'
import { eventStoreContract } from '../../contract/event-store.ts'
import { memoryEventStore } from '../../support/memory-event-store.ts'

eventStoreContract('memory', async () => {
  const store = memoryEventStore()
  return {
    store,
    goAway: async () => store.goAway(),
    comeBack: async () => store.comeBack(),
    appendLosingAnswer: async (appends) => {
      store.loseNextAnswer()
      await store.append(appends)()
    },
    fill: (append) => store.append([append])(),
    dispose: () => store.close(),
  }
})

describe('memory store, as it is told', () => {
  const create = (stream: string): StreamAppend => ({
    stream,
    expected: NO_STREAM,
    events: [{ id: stream, type: 'T', data: '{}' }],
  })

  test('the next append fails, only that one, and writes nothing', async () => {
    const store = memoryEventStore()
    const error: StoreError = { kind: 'unavailable', message: 'disk full' }
    store.failNextAppend(error)
    expect(await store.append([create('a')])()).toEqual(E.left(error))
    expect(await store.readAll(null, 10)()).toEqual(E.right([]))
    expect(await store.append([create('a')])()).toMatchObject({ _tag: 'Right' })
  })

  test('away: nothing is read, and who follows is told', async () => {
    const store = memoryEventStore()
    await store.append([create('a')])()
    store.goAway()
    expect(await store.readAll(null, 10)()).toMatchObject(E.left({ kind: 'unavailable' }))
    const followed = new Promise((_, reject) =>
      store.follow(null, 10, async () => {}).subscribe({ error: reject }),
    )
    await expect(followed).rejects.toMatchObject({ kind: 'unavailable' })
    store.comeBack()
    expect(await store.readAll(null, 10)()).toMatchObject({ _tag: 'Right' })
  })

  test('a call is kept whole or not at all', async () => {
    const store = memoryEventStore()
    const wrong = { ...create('b'), expected: 5 }
    expect(await store.append([create('a'), wrong])()).toMatchObject({ _tag: 'Left' })
    expect(await store.readAll(null, 10)()).toEqual(E.right([]))
  })
})
