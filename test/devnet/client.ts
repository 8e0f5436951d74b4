import { WebSocket } from 'ws'
import type { Devnet } from '../../src/devnet/devnet.ts'

/** An answer of JSON-RPC, and the text it came as. */
export interface Reply {
  readonly text: string
  readonly result: unknown
  readonly error: { readonly code: number; readonly message: string } | null
}

/** A notification, and the text it came as. */
export interface Notification {
  readonly text: string
  readonly method: string
  readonly params: readonly unknown[]
}

/** A websocket to a devnet, with everything it was told. */
export interface Client {
  readonly call: (method: string, ...params: unknown[]) => Promise<Reply>
  /** The result of a call that succeeds. */
  readonly ask: <A>(method: string, ...params: unknown[]) => Promise<A>
  /** Sends a text as it is, and resolves with the next text that comes. */
  readonly raw: (text: string) => Promise<string>
  /** Notifications so far that nobody took, in order. */
  readonly notifications: Notification[]
  /** Every text that came, in order. */
  readonly texts: readonly string[]
  /** Takes the next notification. */
  readonly next: () => Promise<Notification>
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly close: () => void
}

/** Where a devnet listens; a whole one fits. */
export type Address = Pick<Devnet, 'host' | 'port' | 'certificate' | 'user' | 'password'>

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Opens a websocket as the devnet's own user, another one, or nobody (null). */
export async function connect(
  devnet: Address,
  login: { readonly user: string; readonly password: string } | null = devnet,
): Promise<Client> {
  const socket = new WebSocket(`wss://${devnet.host}:${devnet.port}/ws`, {
    ca: devnet.certificate,
    headers: login === null ? {} : { authorization: basic(login.user, login.password) },
  })
  const answers = new Map<number, (reply: Reply) => void>()
  const notifications: Notification[] = []
  const texts: string[] = []
  const takers: ((notification: Notification) => void)[] = []
  let nextText: ((text: string) => void) | undefined
  let id = 0
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('message', (data) => {
    const text = String(data)
    texts.push(text)
    nextText?.(text)
    nextText = undefined
    const message = JSON.parse(text)
    if (message.method !== undefined) {
      const taker = takers.shift()
      if (taker === undefined) notifications.push({ text, ...message })
      else taker({ text, ...message })
      return
    }
    answers.get(message.id)?.({ text, result: message.result, error: message.error })
    answers.delete(message.id)
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  const call = (method: string, ...params: unknown[]): Promise<Reply> =>
    new Promise((resolve) => {
      id++
      answers.set(id, resolve)
      socket.send(JSON.stringify({ jsonrpc: '1.0', id, method, params }))
    })
  return {
    call,
    ask: async <A>(method: string, ...params: unknown[]) => {
      const { result, error } = await call(method, ...params)
      if (error !== null) throw new Error(`${method}: ${error.message}`)
      return result as A
    },
    raw: (text) =>
      new Promise((resolve) => {
        nextText = resolve
        socket.send(text)
      }),
    notifications,
    texts,
    next: () =>
      new Promise((resolve) => {
        const notification = notifications.shift()
        if (notification === undefined) takers.push(resolve)
        else resolve(notification)
      }),
    closed,
    close: () => socket.close(),
  }
}

/** Posts a text to `/`, and gives status and body. */
export async function post(
  devnet: Address,
  body: string,
  login: { readonly user: string; readonly password: string } | null = devnet,
): Promise<{ readonly status: number; readonly body: string }> {
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: devnet.host,
        port: devnet.port,
        method: 'POST',
        ca: devnet.certificate,
        headers: login === null ? {} : { authorization: basic(login.user, login.password) },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
