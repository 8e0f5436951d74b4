import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type * as t from 'io-ts'
import { WebSocket } from 'ws'
import type { After } from '../../timers.ts'
import { NODE_DEADLINE_MS, type NodeError } from '../port.ts'
import { readAnswer } from './answer.ts'
import * as faults from './faults.ts'
import { CLOSE_MS, IN_FLIGHT_MAX, MESSAGE_BYTES_MAX, PING_EVERY_MS, WAITING_MAX } from './limits.ts'
import { type Notification, type Response, readMessage, writeRequest } from './messages.ts'
import { authorization, type Peer } from './peer.ts'

/** What a connection tells its owner. */
export interface ConnectionEvents {
  readonly opened: () => void
  readonly notified: (notification: Notification) => void
  /** Exactly once, and nothing comes after. */
  readonly ended: (error: NodeError) => void
}

/** One websocket to a dcrd, from its opening to its end. */
export interface Connection {
  /**
   * Asks, and reads the answer by a codec. Left: dcrd's refusal, the deadline, or the end of the connection. An
   * `urgent` request is sent at once, whatever waits.
   */
  readonly call: <A>(
    method: string,
    params: readonly unknown[],
    answer: t.Decoder<unknown, A>,
    urgency?: 'urgent',
  ) => TaskEither<NodeError, A>
  /** Ends it because of something its owner found. */
  readonly fail: (error: NodeError) => void
  /** Ends it in good order, and is done when the socket is gone. */
  readonly close: () => Promise<void>
}

/** A request without an answer yet. */
interface Request {
  readonly text: string
  readonly settle: (outcome: E.Either<NodeError, Response>) => void
}

/** Opens a websocket to a dcrd. */
export function connect(peer: Peer, after: After, on: ConnectionEvents): Connection {
  const waiting = new Map<number, Request>()
  const inFlight = new Map<number, Request>()
  let lastId = 0
  let end: NodeError | undefined
  let everHeard = false
  let heardSincePing = true

  const socket = new WebSocket(`wss://${peer.address}/ws`, {
    ca: peer.certificate,
    headers: { authorization: authorization(peer) },
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  })
  let cancelTimer = after(NODE_DEADLINE_MS, () => fail(faults.timeout(peer, 'a websocket')))
  const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()))

  socket.on('open', () => {
    cancelTimer()
    keepAlive()
    on.opened()
  })
  socket.on('unexpected-response', (_request, response) => fail(faults.refused(peer, response.statusCode)))
  socket.on('error', (error) => fail(faults.broken(peer, error)))
  socket.on('close', () => fail(everHeard ? faults.lost(peer) : faults.turnedAway(peer)))
  socket.on('pong', () => {
    heardSincePing = true
  })
  socket.on('message', (data, isBinary) => {
    if (end !== undefined) return
    heardSincePing = true
    everHeard = true
    const message = isBinary ? undefined : readMessage(data.toString())
    if (message === undefined) fail(faults.garbled(peer, 'sent something that is no JSON-RPC message'))
    else if (message.id === null) on.notified(message)
    else receive(message)
  })

  function keepAlive() {
    if (!heardSincePing) return fail(faults.silent(peer))
    heardSincePing = false
    socket.ping()
    cancelTimer = after(PING_EVERY_MS, keepAlive)
  }

  function receive(response: Response) {
    const request = inFlight.get(response.id)
    if (request !== undefined) request.settle(E.right(response))
    // An id that was given out but is no longer here belongs to a request that ran into its deadline.
    else if (response.id > lastId) fail(faults.garbled(peer, 'answered what was never asked'))
  }

  function call<A>(
    method: string,
    params: readonly unknown[],
    answer: t.Decoder<unknown, A>,
    urgency?: 'urgent',
  ): TaskEither<NodeError, A> {
    return () =>
      new Promise((resolve) => {
        if (end !== undefined) return resolve(E.left(end))
        if (waiting.size >= WAITING_MAX && urgency === undefined)
          return resolve(E.left(faults.overloaded(peer)))
        const id = ++lastId
        const settle = (outcome: E.Either<NodeError, Response>) => {
          cancel()
          waiting.delete(id)
          inFlight.delete(id)
          sendNext()
          if (E.isLeft(outcome)) return resolve(outcome)
          const result = readAnswer(peer, method, answer, outcome.right)
          resolve(result)
          if (E.isLeft(result) && outcome.right.error === null) fail(result.left)
        }
        const cancel = after(NODE_DEADLINE_MS, () => settle(E.left(faults.timeout(peer, method))))
        const request = { text: writeRequest(id, method, params), settle }
        if (urgency === 'urgent') return send(id, request)
        waiting.set(id, request)
        sendNext()
      })
  }

  function sendNext() {
    for (const [id, request] of waiting) {
      if (end !== undefined || inFlight.size >= IN_FLIGHT_MAX) return
      waiting.delete(id)
      send(id, request)
    }
  }

  function send(id: number, request: Request) {
    inFlight.set(id, request)
    socket.send(request.text)
  }

  function fail(error: NodeError) {
    if (end !== undefined) return
    finish(error)
    socket.terminate()
  }

  function finish(error: NodeError) {
    end = error
    cancelTimer()
    for (const request of [...inFlight.values(), ...waiting.values()]) request.settle(E.left(error))
    on.ended(error)
  }

  async function close() {
    if (end === undefined) {
      finish(faults.closed(peer))
      socket.close()
    }
    const cancel = after(CLOSE_MS, () => socket.terminate())
    await gone
    cancel()
  }

  return { call, fail, close }
}
