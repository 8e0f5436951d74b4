import { memoryEventStore } from '../../../adapters/event-store/memory/store.ts'
import { eventStoreContract } from '../../contract/event-store.ts'

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
    dispose: () => store.close(),
  }
})
