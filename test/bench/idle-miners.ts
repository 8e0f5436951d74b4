import { connect } from 'node:net'

/**
 * Miners that subscribe, authorize and then only listen: `idle-miners.ts PORT COUNT`. Says `ready` when each has its first work.
 */
const [port, count] = process.argv.slice(2).map(Number)
if (port === undefined || count === undefined) throw new Error('idle-miners PORT COUNT')

/** So many arrive in the same moment, so that no connection is refused for want of a place to wait. */
const AT_ONCE = 100
const HELLO = (n: number): string =>
  '{"id":1,"method":"mining.subscribe","params":["cpuminer/1.0.0"]}\n' +
  `{"id":2,"method":"mining.authorize","params":["SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc.rig${n}",""]}\n`

const arrive = (n: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let heard = ''
    const listen = (bytes: Buffer): void => {
      heard += bytes.toString('latin1')
      if (!heard.includes('mining.notify')) return
      socket.off('data', listen)
      socket.resume()
      resolve()
    }
    socket.on('data', listen)
    socket.once('error', reject)
    socket.once('connect', () => socket.write(HELLO(n)))
  })

for (let n = 0; n < count; n += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, i) => arrive(n + i)))
process.send?.('ready')
process.on('disconnect', () => process.exit(0))
