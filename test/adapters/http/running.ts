import * as E from 'fp-ts/lib/Either.js'
import { onTestFinished } from 'vitest'
import { type HttpServer, startHttp } from '../../../adapters/http/server.ts'
import { type PoolExample, poolExample } from './pool-example.ts'

/** An example pool with its HTTP side on a free port; both end with the test. */
export interface RunningExample extends PoolExample {
  readonly server: HttpServer
  /** Asks the server, without following redirects. */
  readonly get: (path: string, init?: RequestInit) => Promise<Response>
}

/** Starts an example. `change` prepares it before the first request. */
export async function runningExample(
  change: (example: PoolExample) => void = () => {},
): Promise<RunningExample> {
  const example = poolExample(1_790_000_000_000)
  change(example)
  const started = await startHttp(example.options())()
  if (E.isLeft(started)) throw new Error(started.left.message)
  const server = started.right
  onTestFinished(() => server.stop())
  return Object.assign(example, {
    server,
    get: (path: string, init: RequestInit = {}) =>
      fetch(`${server.url}${path}`, { redirect: 'manual', ...init }),
  })
}

/** One event of an event stream. */
export interface StreamEvent {
  readonly event: string
  readonly data: unknown
}

/** Opens an event stream and reads its events one by one; `end` resolves to true when the server ended it. */
export async function openStream(
  server: HttpServer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{
  readonly response: Response
  readonly next: () => Promise<StreamEvent | undefined>
  readonly leave: () => void
}> {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const response = await fetch(`${server.url}/api/v1/events`, { signal: abort.signal, headers })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<StreamEvent | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const event = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (event !== undefined && data !== undefined) return { event, data: JSON.parse(data) }
        continue
      }
      const chunk = await reader?.read()
      if (chunk === undefined || chunk.done) return undefined
      text += chunk.value
    }
  }
  return { response, next, leave: () => abort.abort() }
}
