import { parentPort, workerData } from 'node:worker_threads'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { NetworkName, networks } from '../../domain/decred/network.ts'
import { AuditWorker } from './audit-workers.ts'
import type { ThreadAnswer, ThreadQuestion } from './threaded-workers.ts'

/** One thread of an audit: reads bundles and proves their shares. */

const port = parentPort
if (port === null || !NetworkName.is(workerData)) throw new Error('this file is begun by threaded-workers.ts')
const worker = new AuditWorker(networks[workerData], sha256)

port.on('message', (question: ThreadQuestion) => {
  switch (question.kind) {
    case 'read': {
      const { id, bundle, bytes, fetchedWidth, width } = question
      answer({ kind: 'read', id, read: worker.read(bundle, bytes, fetchedWidth, width) })
      bytes.buffer.transfer(0)
      return
    }
    case 'learn':
      worker.learn(question.facts)
      return
    case 'qualities':
      answer({ kind: 'qualities', id: question.id, qualities: worker.qualities() })
      return
    case 'release':
      worker.release(question.bundle)
      return
    case 'prove': {
      const { id, bundle, tasks, isHashed } = question
      answer({ kind: 'prove', id, outcomes: worker.prove(bundle, tasks, isHashed) })
    }
  }
})

const answer = (given: ThreadAnswer): void => port.postMessage(given)
