import { startDevnet } from '../../src/devnet/devnet.ts'

/** A devnet in a process of its own, to be killed: data directory as argument, address on standard output. */
const devnet = await startDevnet({
  startDifficulty: 1,
  retarget: false,
  ...(process.argv[2] === undefined ? {} : { dataDirectory: process.argv[2] }),
})
const { host, port, certificate, user, password } = devnet
console.log(JSON.stringify({ host, port, certificate, user, password }))
