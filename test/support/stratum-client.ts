import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** One line from the pool, parsed: an answer has an id, a notification a method. */
export interface StratumMessage {
  readonly id?: number | string | null
  readonly method?: string
  readonly params?: readonly unknown[]
  readonly result?: unknown
  readonly error?: readonly [number, string, unknown] | null
}

/** A scripted miner. Whatever it waits for and does not get within ten seconds fails with all that it did get. */
export interface StratumClient {
  readonly socket: Socket
  /** Everything heard so far, in order. */
  readonly messages: readonly StratumMessage[]
  /** Sends bytes as they are: half lines, many lines, nonsense. */
  readonly sendRaw: (bytes: string | Buffer) => void
  /** Sends a request and waits for the answer with its id; ids count from 1 unless one is given. */
  readonly request: (
    method: string,
    params: readonly unknown[],
    id?: number | string,
  ) => Promise<StratumMessage>
  /** The first answer with this id, or the next one when it is still to come. */
  readonly answer: (id: number | string | null) => Promise<StratumMessage>
  /** The next notification of this method that was not asked for yet. */
  readonly notification: (method: string) => Promise<StratumMessage>
  /** Done when the connection is gone, from whichever side. */
  readonly closed: Promise<void>
  readonly close: () => Promise<void>
}

/** Where to connect; `tls` trusts any certificate. `before` is sent ahead of everything, TLS included: a PROXY header. */
export interface StratumClientOptions {
  readonly port: number
  readonly host?: string
  readonly tls?: boolean
  readonly before?: string | Buffer
}

const PATIENCE_MS = 10_000

interface Wish {
  readonly wanted: (message: StratumMessage) => boolean
  readonly granted: (message: StratumMessage) => void
  readonly denied: (error: Error) => void
}

/** Connects, and is ready when the TCP connection (and TLS, if any) is up. */
export async function connectStratum(options: StratumClientOptions): Promise<StratumClient> {
  const socket = await open(options)
  const messages: StratumMessage[] = []
  const unclaimed: StratumMessage[] = []
  const wishes = new Set<Wish>()
  let held = ''
  let lastId = 0

  const take = (message: StratumMessage): void => {
    messages.push(message)
    for (const wish of wishes)
      if (wish.wanted(message)) {
        wishes.delete(wish)
        wish.granted(message)
        return
      }
    unclaimed.push(message)
  }

  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (held + text).split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) take(JSON.parse(line) as StratumMessage)
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      for (const wish of wishes) wish.denied(new Error('the connection is gone'))
      resolve()
    })
  })

  const wait = (what: string, wanted: (message: StratumMessage) => boolean): Promise<StratumMessage> =>
    new Promise((resolve, reject) => {
      const index = unclaimed.findIndex(wanted)
      const here = unclaimed[index]
      if (here !== undefined) {
        unclaimed.splice(index, 1)
        resolve(here)
        return
      }
      const denied = (error: Error): void => {
        clearTimeout(timer)
        reject(new Error(`${what}: ${error.message}; heard ${JSON.stringify(messages)}`))
      }
      const wish: Wish = {
        wanted,
        granted: (message) => {
          clearTimeout(timer)
          resolve(message)
        },
        denied,
      }
      const timer = setTimeout(() => {
        wishes.delete(wish)
        denied(new Error('it did not come'))
      }, PATIENCE_MS)
      if (socket.destroyed) denied(new Error('the connection is gone'))
      else wishes.add(wish)
    })

  const answer = (id: number | string | null): Promise<StratumMessage> =>
    wait(`answer ${id}`, (message) => message.method === undefined && message.id === id)

  return {
    socket,
    messages,
    sendRaw: (bytes) => {
      socket.write(bytes)
    },
    request: (method, params, id = ++lastId) => {
      const answered = answer(id)
      socket.write(`${JSON.stringify({ id, method, params })}\n`)
      return answered
    },
    answer,
    notification: (method) => wait(`notification ${method}`, (message) => message.method === method),
    closed,
    close: () => {
      socket.destroy()
      return closed
    },
  }
}

/** A TCP or TLS connection that is up. */
function open({ port, host = '127.0.0.1', tls = false, before }: StratumClientOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const plain = connect({ port, host, noDelay: true })
    plain.once('error', reject)
    plain.once('connect', () => {
      if (before !== undefined) plain.write(before)
      if (!tls) {
        plain.off('error', reject)
        resolve(plain)
        return
      }
      const secure = connectTls({ socket: plain, rejectUnauthorized: false })
      secure.once('error', reject)
      secure.once('secureConnect', () => {
        secure.off('error', reject)
        resolve(secure)
      })
    })
  })
}
