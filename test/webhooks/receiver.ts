import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a receiver was sent. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly message: {
    readonly id: string
    readonly type: string
    readonly block: string | null
    readonly payout: number | null
    readonly [name: string]: unknown
  }
}

/** A receiver of webhooks on a real socket. */
export interface Receiver {
  readonly url: string
  /** Everything that came in, taken or not. */
  readonly received: readonly Received[]
  /** Resolves with the first that a test of a message finds, also later. */
  readonly gets: (wanted: (message: Received['message']) => boolean) => Promise<Received>
  /** What it does with the next messages: a status, or nothing for ever. */
  answer: number | 'nothing'
  readonly close: () => Promise<void>
  /** Listens on the same port as before. */
  readonly open: () => Promise<void>
}

/** Starts one that takes everything. It ends with the test. */
export async function webhookReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  let port = 0
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await request.setEncoding('utf8').toArray()).join('')
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    received.push({ headers, body, message: JSON.parse(body) })
    for (const look of waiting) look()
    if (receiver.answer === 'nothing') return
    response.writeHead(receiver.answer, { location: `${receiver.url}/elsewhere` }).end('noted')
  }
  const server = createServer((request, response) => void handle(request, response))
  const open = () =>
    new Promise<void>((resolve) => {
      server.listen({ host: '127.0.0.1', port }, () => {
        port = (server.address() as AddressInfo).port
        resolve()
      })
    })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await open()
  onTestFinished(close)
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    gets: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = received.find(({ message }) => wanted(message))
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    answer: 200,
    close,
    open,
  }
  return receiver
}
