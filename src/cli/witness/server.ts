import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as E from 'fp-ts/lib/Either.js'
import { sha256 } from '../../../adapters/ledger/sha256.ts'
import { whyNot } from '../read-config.ts'
import { addCheckpoint, REQUEST_BYTES_MAX, type Witness } from './add-checkpoint.ts'

/** A running witness. */
export interface WitnessServer {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Serves `POST /add-checkpoint` and `GET /<SHA-256 of the origin>/checkpoint`. Left, in a sentence: why it can't. */
export function serveWitness(
  witness: Witness,
  host: string,
  port: number,
  report: (error: unknown) => void,
): Promise<E.Either<string, WitnessServer>> {
  const monitored = new Map(
    [...witness.logs.keys()].map((origin) => [
      `/${Buffer.from(sha256(Buffer.from(origin))).toString('hex')}/checkpoint`,
      origin,
    ]),
  )
  const limits = { requestTimeout: 10_000, headersTimeout: 10_000, keepAliveTimeout: 60_000 }
  const server = createServer(limits, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      report(error)
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' })
      response.end('The witness made a mistake, and has signed nothing.\n')
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (path === '/add-checkpoint') {
      if (request.method !== 'POST') return send(response, 405, PLAIN, 'Use POST.\n', { Allow: 'POST' })
      const body = await bodyOf(request)
      if (body === undefined) return send(response, 413, PLAIN, 'No checkpoint is so long.\n', CLOSE)
      const { status, contentType, body: text } = addCheckpoint(witness, body)
      return send(response, status, contentType, text)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, PLAIN, 'Use GET.\n', { Allow: 'GET, HEAD' })
    const origin = monitored.get(path)
    const latest = origin === undefined ? undefined : witness.records.latest(origin)
    return latest === undefined
      ? send(response, 404, PLAIN, 'This witness has signed no checkpoint of such a log.\n')
      : send(response, 200, PLAIN, latest.note, { 'Cache-Control': 'no-cache' })
  }

  return new Promise((resolve) => {
    server.once('error', (error) =>
      resolve(E.left(`The witness can't listen on ${host}:${port}: ${whyNot(error)}.`)),
    )
    server.listen({ host, port }, () => {
      const address = server.address()
      resolve(
        E.right({
          port: typeof address === 'object' && address !== null ? address.port : port,
          stop: () =>
            new Promise((stopped) => {
              server.close(() => stopped())
              server.closeAllConnections()
            }),
        }),
      )
    })
  })
}

const PLAIN = 'text/plain; charset=utf-8'
const CLOSE = { Connection: 'close' }

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'Content-Type': contentType })
  response.end(body)
}

/** The body of a request as text; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > REQUEST_BYTES_MAX) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
