import { createServer, type Socket } from 'node:net'

/**
 * The least that can be called a stratum server: parses each line, answers `true` to every share and keeps nothing. What it
 * does with a generator is the most that one process of Node can do on this machine, to hold the pool against.
 */

/** A simnet job; what it says does not matter here, since nobody checks a share. */
const HEADER = `0700000${'0'.repeat(225)}ffff7f20${'0'.repeat(32)}05ec705e${'0'.repeat(80)}`
const JOB = [
  ['00000001', HEADER.slice(8, 72), HEADER.slice(72), '', []],
  [HEADER.slice(0, 8), HEADER.slice(232, 240), HEADER.slice(272, 280), true],
].flat()

const WELCOME = [
  { id: null, method: 'mining.set_difficulty', params: [1] },
  { id: null, method: 'mining.notify', params: JOB },
]
  .map((message) => `${JSON.stringify(message)}\n`)
  .join('')

let connections = 0

const server = createServer({ noDelay: true }, (socket) => {
  connections += 1
  const extranonce1 = connections.toString(16).padStart(8, '0')
  let held = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    const lines = (held + text).split('\n')
    held = lines.pop() ?? ''
    let answers = ''
    for (const line of lines) answers += answer(JSON.parse(line), extranonce1)
    socket.write(answers, 'latin1')
  })
  socket.on('error', (): Socket => socket.destroy())
})

function answer({ id, method }: { id: number; method: string }, extranonce1: string): string {
  switch (method) {
    case 'mining.subscribe':
      return `{"id":${id},"error":null,"result":[[["mining.notify","s"]],"${extranonce1}",4]}\n`
    case 'mining.authorize':
      return `{"id":${id},"error":null,"result":true}\n${WELCOME}`
    default:
      return `{"id":${id},"error":null,"result":true}\n`
  }
}

server.listen(0, '127.0.0.1', 4096, () => {
  const address = server.address()
  if (typeof address === 'object') process.stdout.write(`${address?.port}\n`)
})
