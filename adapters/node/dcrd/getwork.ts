import { request } from 'node:https'
import * as E from 'fp-ts/lib/Either.js'
import type { After } from '../../timers.ts'
import { NODE_DEADLINE_MS, type NodeError, type Work } from '../port.ts'
import { readAnswer } from './answer.ts'
import * as faults from './faults.ts'
import { MESSAGE_BYTES_MAX } from './limits.ts'
import { GetWork, readMessage, writeRequest } from './messages.ts'
import { authorization, type Peer } from './peer.ts'
import { readWork } from './work-data.ts'

/**
 * Asks dcrd for work without standing in the way of a solved block. Every `getwork` goes through one place in dcrd,
 * and a request for work may hold it for 5.5 s just after a new tip. dcrd 2 frees the place when the HTTP connection
 * of the request ends (the end of a websocket does not free it). So a request for work goes over HTTPS, alone on its
 * connection, is cut when a block is to be submitted and sent anew after. dcrd 1.7 does not look at the connection:
 * there the block waits.
 */
export interface WorkRequests {
  /** The current work. One request serves all who ask meanwhile. */
  readonly ask: () => Promise<E.Either<NodeError, Work>>
  /** Runs `submit` while no request for work is with dcrd. */
  readonly makeWay: <A>(submit: () => Promise<A>) => Promise<A>
  /** Answers who asked with an error and leaves nothing running. */
  readonly stop: (error: NodeError) => void
}

type Outcome = E.Either<NodeError, Work>

/** Requests for work at one dcrd. */
export function workRequests(peer: Peer, after: After): WorkRequests {
  let pending: { readonly outcome: Promise<Outcome>; readonly settle: (outcome: Outcome) => void } | undefined
  let cut = () => {}
  let submits = 0

  function ask() {
    if (pending !== undefined) return pending.outcome
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const cancel = after(NODE_DEADLINE_MS, () => settle(E.left(faults.timeout(peer, 'getwork'))))
    const settle = (outcome: Outcome) => {
      cancel()
      cut()
      pending = undefined
      resolve(outcome)
    }
    pending = { outcome: promise, settle }
    if (submits === 0) send()
    return promise
  }

  function send() {
    cut = post(peer, (outcome) => pending?.settle(outcome))
  }

  async function makeWay<A>(submit: () => Promise<A>): Promise<A> {
    submits++
    cut()
    try {
      return await submit()
    } finally {
      submits--
      if (submits === 0 && pending !== undefined) send()
    }
  }

  return { ask, makeWay, stop: (error) => pending?.settle(E.left(error)) }
}

/** Sends one `getwork`. The returned function cuts it; `done` is then not called. */
function post(peer: Peer, done: (outcome: Outcome) => void): () => void {
  let over = false
  const finish = (outcome: Outcome) => {
    if (over) return
    over = true
    done(outcome)
  }
  const broken = (error: Error) => finish(E.left(faults.broken(peer, error)))
  const sent = request(
    `https://${peer.address}/`,
    { method: 'POST', ca: peer.certificate, agent: false, headers: { authorization: authorization(peer) } },
    (response) => {
      if (response.statusCode !== 200) return finish(E.left(faults.refused(peer, response.statusCode)))
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > MESSAGE_BYTES_MAX) sent.destroy(new Error('the answer is too long'))
        else chunks.push(chunk)
      })
      response.on('error', broken)
      response.on('end', () => finish(readWorkAnswer(peer, Buffer.concat(chunks).toString())))
    },
  )
  sent.on('error', broken)
  sent.end(writeRequest(1, 'getwork', []))
  return () => {
    over = true
    sent.destroy()
  }
}

function readWorkAnswer(peer: Peer, text: string): Outcome {
  const message = readMessage(text)
  if (message === undefined || message.id === null)
    return E.left(faults.garbled(peer, 'answered getwork with something that is no JSON-RPC answer'))
  const answer = readAnswer(peer, 'getwork', GetWork, message)
  if (E.isLeft(answer)) return answer
  const work = readWork(answer.right.data, 'asked')
  return E.isLeft(work) ? E.left(faults.badWork(peer, work.left)) : work
}
