import { Worker } from 'node:worker_threads'
import * as E from 'fp-ts/lib/Either.js'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { AuditWorkers, ProofTask, ReadBundle } from './audit-workers.ts'
import type { HashQuality } from './hash-quality.ts'
import type { ProofOutcome } from './prover.ts'
import type { HeaderFact } from './references.ts'

/** What a thread is asked. */
export type ThreadQuestion =
  | {
      readonly kind: 'read'
      readonly id: number
      readonly bundle: number
      /** They become the thread's. */
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly fetchedWidth: number
      readonly width: number
    }
  | { readonly kind: 'learn'; readonly facts: readonly HeaderFact[] }
  | { readonly kind: 'release'; readonly bundle: number }
  | { readonly kind: 'qualities'; readonly id: number }
  | {
      readonly kind: 'prove'
      readonly id: number
      readonly bundle: number
      readonly tasks: readonly ProofTask[]
      readonly isHashed: boolean
    }

/** What a thread answers to a question that has a number. */
export type ThreadAnswer =
  | { readonly kind: 'read'; readonly id: number; readonly read: E.Either<string, ReadBundle> }
  | { readonly kind: 'prove'; readonly id: number; readonly outcomes: readonly ProofOutcome[] }
  | { readonly kind: 'qualities'; readonly id: number; readonly qualities: readonly HashQuality[] }

interface Waiter {
  readonly resolve: (answer: ThreadAnswer) => void
  readonly reject: (why: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly waiters: Map<number, Waiter>
  /** Bundles that it reads or has to prove. */
  busy: number
}

/** Megabytes of objects that one thread may have: a bundle of the largest entries takes 60. */
const HEAP_MB_MAX = 256
/** Of which for what is new: most is thrown away at once, and a larger one only takes longer to be looked through. */
const NEW_MB_MAX = 8

/** Begins so many threads. Each reads bundles and proves the ones that it read. */
export function threadedWorkers(network: NetworkName, count: number): AuditWorkers {
  const threads = Array.from({ length: count }, () => begin(network))
  const readers = new Map<number, Thread>()
  let nextId = 0

  function ask(
    thread: Thread,
    question: (id: number) => ThreadQuestion,
    transfer: readonly ArrayBuffer[],
  ): Promise<ThreadAnswer> {
    const id = nextId++
    return new Promise((resolve, reject) => {
      thread.waiters.set(id, { resolve, reject })
      thread.worker.postMessage(question(id), [...transfer])
    })
  }

  return {
    read: async (bundle, bytes, fetchedWidth, width) => {
      const thread = threads.reduce((least, each) => (each.busy < least.busy ? each : least))
      thread.busy++
      readers.set(bundle, thread)
      const own = owned(bytes)
      const answer = await ask(
        thread,
        (id) => ({ kind: 'read', id, bundle, bytes: own, fetchedWidth, width }),
        [own.buffer],
      )
      return answer.kind === 'read' ? answer.read : E.left('was not read')
    },
    learn: (facts) => {
      if (facts.length > 0) for (const { worker } of threads) worker.postMessage({ kind: 'learn', facts })
    },
    prove: async (bundle, tasks, isHashed) => {
      const thread = readers.get(bundle)
      if (thread === undefined) throw new Error(`bundle ${bundle} is proven before it was read`)
      const answer = await ask(thread, (id) => ({ kind: 'prove', id, bundle, tasks, isHashed }), [])
      thread.busy--
      return answer.kind === 'prove' ? answer.outcomes : []
    },
    qualities: async () => {
      const answers = await Promise.all(
        threads.map((thread) => ask(thread, (id) => ({ kind: 'qualities', id }), [])),
      )
      return answers.flatMap((answer) => (answer.kind === 'qualities' ? answer.qualities : []))
    },
    release: (bundle) => {
      readers.get(bundle)?.worker.postMessage({ kind: 'release', bundle })
      readers.delete(bundle)
    },
    close: async () => {
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}

/** Bytes that stand alone in their memory are handed over, others are copied; `slice` of a Buffer would not copy. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

function begin(network: NetworkName): Thread {
  const worker = new Worker(new URL('./worker-thread.ts', import.meta.url), {
    workerData: network,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: NEW_MB_MAX },
  })
  const thread: Thread = { worker, waiters: new Map(), busy: 0 }
  worker.on('message', (answer: ThreadAnswer) => {
    thread.waiters.get(answer.id)?.resolve(answer)
    thread.waiters.delete(answer.id)
  })
  worker.on('error', (error) => {
    for (const { reject } of thread.waiters.values()) reject(error)
    thread.waiters.clear()
  })
  return thread
}
