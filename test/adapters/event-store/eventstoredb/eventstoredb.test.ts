import * as E from 'fp-ts/lib/Either.js'
import { openEventStoreDb } from '../../../../adapters/event-store/eventstoredb/open.ts'
import { eventStoreContract } from '../../../contract/event-store.ts'
import { startConformanceServer } from '../../../support/eventstoredb/server.ts'

/** The client against the conformance server, which speaks EventStoreDB's protocol and follows its rules. */
eventStoreContract(
  'EventStoreDB client and conformance server',
  async () => {
    const server = await startConformanceServer()
    const store = await openEventStoreDb(server.url)()
    if (E.isLeft(store)) throw new Error(store.left.message)
    return {
      store: store.right,
      goAway: () => server.kill(),
      comeBack: () => server.restart(),
      appendLosingAnswer: async (appends) => {
        for (const append of appends) {
          server.faults.loseNextAnswer()
          await store.right.append([append])()
        }
      },
      fill: async ({ stream, events }) => server.write(`lodebook:${stream}`, events),
      dispose: async () => {
        await store.right.close()
        await server.kill()
      },
    }
  },
  { comparesIdsOnly: 'counts as a repetition, since the server compares ids alone; nothing written' },
)
