import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of this machine that was free a moment ago: for programs that can't say which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  await once(server.close(), 'close')
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  return bound.port
}
