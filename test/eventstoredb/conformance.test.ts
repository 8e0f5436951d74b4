import { join } from 'node:path'
import { startConformanceProcess } from '../support/eventstoredb/conformance-process.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { poolOnServer } from './pool-on-server.ts'

/** A process of its own that is killed with -9 and keeps what it answered, as a real server does. */
poolOnServer('the conformance server', async () => {
  const server = await startConformanceProcess({ file: join(temporaryDirectory(), 'server.log') })
  return { ...server, dispose: server.kill }
})
