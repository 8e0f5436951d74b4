import * as E from 'fp-ts/lib/Either.js'
import { connectionLimits, stratumLimits } from '../../../adapters/stratum/limits.ts'
import { startListener } from '../../../adapters/stratum/listener.ts'

/**
 * A listener in a process of its own, for tests of descriptors and memory. Prints its port, then echoes lines; the line
 * `state` is answered with what the process knows of itself.
 */

const started = await startListener(
  {
    name: 'echo',
    host: '127.0.0.1',
    port: 0,
    proxyProtocol: 'off',
    limits: connectionLimits({ ...stratumLimits, connectionsMax: 20_000, connectionsPerAddressMax: 20_000 }),
  },
  (socket) => ({
    line: (text) => {
      socket.write(text === 'state' ? `${JSON.stringify(state())}\n` : `${text}\n`)
    },
    closed: () => undefined,
  }),
)()
if (E.isLeft(started)) throw new Error(started.left.message)
const listener = started.right

const state = () => {
  globalThis.gc?.()
  return {
    connections: listener.connections(),
    rssBytes: process.memoryUsage.rss(),
  }
}

process.stdout.write(`${listener.port}\n`)
