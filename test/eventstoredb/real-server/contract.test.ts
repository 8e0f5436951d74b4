import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { openEventStoreDb } from '../../../adapters/event-store/eventstoredb/open.ts'
import { eventStoreContract } from '../../contract/event-store.ts'
import { ownPlace } from './server.ts'

/** Longer than a server takes to write. */
const WRITTEN_MS = 500

eventStoreContract(
  'EventStoreDB client and a real server',
  async () => {
    const { url, proxy } = await ownPlace()
    const store = await openEventStoreDb(url)()
    if (E.isLeft(store)) throw new Error(store.left.message)
    return {
      store: store.right,
      goAway: proxy.cut,
      comeBack: proxy.restore,
      appendLosingAnswer: async (appends) => {
        for (const append of appends) {
          proxy.swallowAnswers()
          const appending = store.right.append([append])()
          await sleep(WRITTEN_MS)
          await proxy.cut()
          await appending
          await proxy.restore()
        }
      },
      fill: (append) => store.right.append([append])(),
      dispose: async () => {
        await store.right.close()
        await proxy.cut()
      },
    }
  },
  { comparesIdsOnly: 'counts as a repetition, since the server compares ids alone; nothing written' },
)
