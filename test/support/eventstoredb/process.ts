import { writeSync } from 'node:fs'
import { openFileStore } from './file-store.ts'
import { type Faults, type ServerOptions, startConformanceServer } from './server.ts'

/**
 * A conformance server as a process of its own: options as JSON in the first argument, prints its port, keeps its events in
 * `file`. Goes when its parent goes. A message `[name, ...arguments]` from the parent calls that fault.
 */
const { file, ...options }: ServerOptions & { readonly file: string } = JSON.parse(process.argv[2] ?? '')
const store = openFileStore(file, Date.now)
const server = await startConformanceServer({ ...options, store })
process.on('message', ([name, ...given]: [keyof Faults, ...never[]]) => {
  const fault: (...given: never[]) => void = server.faults[name]
  fault(...given)
  process.send?.('done')
})
process.on('disconnect', () => process.exit())
process.on('SIGTERM', async () => {
  await server.kill()
  await store.close()
  process.exit()
})
// Not process.stdout, which may keep a line back.
writeSync(1, `${server.port}\n`)
