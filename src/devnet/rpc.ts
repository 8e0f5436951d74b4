import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import * as E from 'fp-ts/lib/Either.js'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { toHex } from '../../domain/decred/hex.ts'
import type { Certificate } from './certificate.ts'
import { GetWork, workData } from './getwork.ts'
import type { DevnetEvent, DevnetNode } from './node.ts'
import { type Json, toJson } from './rpc-json.ts'
import type { Subscriptions } from './rpc-method.ts'
import { answerRequest, answerText, type Role, readRequest } from './rpc-request.ts'

/** A name and a password of HTTP Basic authentication. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/** What a server is made with. */
export interface RpcSetting {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly certificate: Certificate
  /** The user who may do everything. */
  readonly admin: Credentials
  /** The user who may only look; undefined when there is none. */
  readonly limited: Credentials | undefined
  /** Milliseconds that the first `getwork` after a new tip waits for a newer template; dcrd up to 5500. */
  readonly templateWaitMs: number
  readonly random: (bytes: number) => Uint8Array
}

/** Open websockets; dcrd's own limit. One more is closed at once. */
const WEBSOCKETS_MAX = 25

/** Bytes of one request; the longest that a pool sends has some 500. */
const REQUEST_BYTES_MAX = 1 << 20

/** Bytes that may wait for a client that does not read: notifications of some 20 000 blocks. */
const UNREAD_BYTES_MAX = 16 << 20

interface Client {
  readonly socket: WebSocket
  readonly subscriptions: Subscriptions
  role: Role
}

/** dcrd's JSON-RPC over TLS: websockets at `/ws`, POST everywhere else. */
export class RpcServer {
  readonly #node: DevnetNode
  readonly #setting: RpcSetting
  readonly #getWork: GetWork
  readonly #server: Server
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: REQUEST_BYTES_MAX })
  readonly #connections = new Set<Duplex>()
  readonly #clients = new Set<Client>()
  /** Notifications on their way out, in order. */
  #outbox: (() => void)[] = []
  /** True while the answer to the cause goes first. */
  #answersFirst = false
  /** Answers held back; undefined when none are. */
  #held: (() => void)[] | undefined
  #blockConnectedMuted = false

  constructor(node: DevnetNode, setting: RpcSetting) {
    this.#node = node
    this.#setting = setting
    this.#getWork = new GetWork(node, setting.templateWaitMs)
    const { certificate, key } = setting.certificate
    this.#server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2' })
    this.#server.on('secureConnection', (socket) => {
      this.#connections.add(socket)
      socket.on('close', () => this.#connections.delete(socket))
      // A client that breaks off is no fault; the close tells of it.
      socket.on('error', () => undefined)
    })
    this.#server.on('request', (request, response) => this.#post(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    node.listen((event) => this.#notify(event))
  }

  /**
   * Opens the port.
   *
   * @returns its number.
   */
  listen(): Promise<number> {
    const { host, port } = this.#setting
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** Holds back every answer, but no notification. */
  pauseAnswers(): void {
    this.#held ??= []
  }

  /** Sends what was held back, in order. */
  resumeAnswers(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const send of held) send()
  }

  /** Breaks off every connection without a word. */
  dropConnections(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  /** Leaves out `blockconnected`, as if the notification was lost, until told otherwise. */
  muteBlockConnected(muted: boolean): void {
    this.#blockConnectedMuted = muted
  }

  /** Closes the port and breaks off every connection. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.dropConnections()
    })
  }

  #roleOf(authorization: string | undefined): Role {
    const { admin, limited } = this.#setting
    if (authorization === basic(admin)) return 'admin'
    return limited !== undefined && authorization === basic(limited) ? 'limited' : 'stranger'
  }

  #post(request: IncomingMessage, response: ServerResponse): void {
    const role = this.#roleOf(request.headers.authorization)
    response.shouldKeepAlive = false
    if (role === 'stranger') {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="dcrd RPC"', 'Content-Type': 'text/plain' })
      response.end('401 Unauthorized.\n')
      return
    }
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      body += part
      if (body.length > REQUEST_BYTES_MAX) request.destroy()
    })
    request.on('end', () => {
      response.setHeader('Content-Type', 'application/json')
      void this.#answer(body, role, undefined, (answer) => response.end(`${answer ?? ''}\n`))
    })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { authorization } = request.headers
    const role = this.#roleOf(authorization)
    if (request.url !== '/ws' || (authorization !== undefined && role === 'stranger')) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n401 Unauthorized.\n')
      return
    }
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => this.#welcome(websocket, role))
  }

  #welcome(socket: WebSocket, role: Role): void {
    if (this.#clients.size >= WEBSOCKETS_MAX) {
      socket.terminate()
      return
    }
    const session = new DataView(this.#setting.random(8).slice().buffer).getBigUint64(0)
    const client: Client = { socket, role, subscriptions: { session, blocks: false, work: false } }
    this.#clients.add(client)
    socket.on('close', () => this.#clients.delete(client))
    // A client that breaks the protocol is closed by the library; nothing else follows from it.
    socket.on('error', () => undefined)
    socket.on('message', (data) => this.#hear(client, messageText(data)))
  }

  /** dcrd closes the connection of a stranger whose first message is not the right `authenticate`. */
  #hear(client: Client, text: string): void {
    const send = (answer: string | undefined): void => this.#send(client, answer)
    if (client.role !== 'stranger') {
      void this.#answer(text, client.role, client.subscriptions, send)
      return
    }
    const request = readRequest(text)
    const asked = E.isRight(request) && request.right.method === 'authenticate' ? request.right : undefined
    const [user, password] = asked?.params ?? []
    client.role = this.#roleOf(basic({ user: String(user), password: String(password) }))
    if (asked === undefined || client.role === 'stranger') client.socket.terminate()
    else send(answerText(asked, E.right(null)))
  }

  /** Carries out a request and sends its answer, now or when answers are let out again; undefined when none is wanted. */
  async #answer(
    text: string,
    role: Role,
    subscriptions: Subscriptions | undefined,
    send: (answer: string | undefined) => void,
  ): Promise<void> {
    const context = { node: this.#node, getWork: this.#getWork, subscriptions }
    const request = readRequest(text)
    const answer = E.isLeft(request)
      ? answerText(undefined, request)
      : await answerRequest(request.right, role, context)
    if (this.#held === undefined) send(answer)
    else this.#held.push(() => send(answer))
  }

  /**
   * Tells the clients what happened. What dcrd tells of blocks reaches a client before or after the answer to the request
   * that caused it, and the devnet takes turns; the new work comes last.
   */
  #notify(event: DevnetEvent): void {
    const clients = [...this.#clients].filter(({ subscriptions }) =>
      event.kind === 'work' ? subscriptions.work : subscriptions.blocks,
    )
    if (event.kind === 'work' && clients.length > 0) {
      if (event.work.reason === 'newparent') this.#node.work.forgetOld()
      this.#node.work.remember(event.work)
    }
    if (!(event.kind === 'connected' && this.#blockConnectedMuted)) {
      const text = toJson({ jsonrpc: '1.0', ...this.#notification(event), id: null })
      this.#outbox.push(() => {
        for (const client of clients) this.#send(client, text)
      })
    }
    if (this.#answersFirst || event.kind === 'work') setImmediate(() => this.#flush())
    else this.#flush()
    if (event.kind === 'work') this.#answersFirst = !this.#answersFirst
  }

  #notification(event: DevnetEvent): { readonly method: string; readonly params: readonly Json[] } {
    switch (event.kind) {
      case 'connected':
        return { method: 'blockconnected', params: [toHex(event.block.header), null] }
      case 'disconnected':
        return { method: 'blockdisconnected', params: [toHex(event.block.header)] }
      case 'reorganized':
        return {
          method: 'reorganization',
          params: [event.from.hash, event.from.height, event.to.hash, event.to.height],
        }
      case 'work': {
        const { data, target } = workData(this.#node, event.work.header)
        return { method: 'work', params: [data, target, event.work.reason] }
      }
    }
  }

  #flush(): void {
    const outbox = this.#outbox
    this.#outbox = []
    for (const send of outbox) send()
  }

  #send({ socket }: Client, text: string | undefined): void {
    if (text === undefined) return
    if (socket.bufferedAmount > UNREAD_BYTES_MAX) socket.terminate()
    else socket.send(text)
  }
}

/** The header that names a user. */
const basic = ({ user, password }: Credentials): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function messageText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data).toString('utf8')
}
