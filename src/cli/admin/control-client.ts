import { request } from 'node:http'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { controlSocketOf } from '../../../adapters/http/admin/control.ts'
import type { AdminOrder } from '../../../adapters/http/admin/order.ts'

/** The running pool of a data directory, through its control socket. Left, of both: why not, a sentence for the operator. */
export interface RunningPool {
  /** Right: what was done. */
  readonly order: (order: AdminOrder) => Promise<E.Either<string, string>>
  /** What is at a path of the control socket. */
  readonly read: <A>(path: string, codec: t.Type<A>) => Promise<E.Either<string, A>>
}

const Said = t.type({ message: t.string })

/** Reaches the pool with each call; whether one runs is known then. */
export function runningPoolOf(dataDirectory: string): RunningPool {
  const socket = controlSocketOf(dataDirectory)
  return {
    order: async (order) => {
      const answer = await ask(socket, dataDirectory, 'POST', '/orders', JSON.stringify(order))
      if (E.isLeft(answer)) return answer
      const { status, body } = answer.right
      if (!Said.is(body)) return E.left(NOT_OURS)
      return status === 200 ? E.right(body.message) : E.left(body.message)
    },
    read: async (path, codec) => {
      const answer = await ask(socket, dataDirectory, 'GET', path, '')
      if (E.isLeft(answer)) return answer
      const { status, body } = answer.right
      if (status !== 200) return E.left(Said.is(body) ? body.message : NOT_OURS)
      return codec.is(body) ? E.right(body) : E.left(NOT_OURS)
    },
  }
}

const NOT_OURS = 'the pool that runs is of another version than this command: use the one it was started with'

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** To plan payouts the wallet is asked several times, each time half a minute at most. */
const ANSWER_MS_MAX = 180_000

function ask(
  socketPath: string,
  dataDirectory: string,
  method: 'GET' | 'POST',
  path: string,
  body: string,
): Promise<E.Either<string, Answer>> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const asking = request({ socketPath, method, path, headers, timeout: ANSWER_MS_MAX }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', (error) => resolve(E.left(unreachable(error, dataDirectory))))
      response.on('end', () =>
        resolve(
          E.right({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(parts).toString('utf8')) }),
        ),
      )
    })
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${ANSWER_MS_MAX / 1000} s`)))
    asking.on('error', (error) => resolve(E.left(unreachable(error, dataDirectory))))
    asking.end(body)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreachable(error: NodeJS.ErrnoException, dataDirectory: string): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `no pool runs on ${dataDirectory}: start it, or name the directory of the one that runs with --pool.data_directory`
    case 'EACCES':
      return `only the user that runs the pool on ${dataDirectory} may give it orders: be that user (sudo -u)`
    default:
      return `the pool on ${dataDirectory} does not answer: ${error.message}`
  }
}
