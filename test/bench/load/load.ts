import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What a generator is to do. */
export interface LoadOptions {
  readonly port: number
  readonly connections: number
  /** Shares that each connection has unanswered at any time; 0 connects, authorizes and is silent. */
  readonly outstanding: number
  /** Shares a second over all connections, sent by the clock whatever the answers do. Replaces `outstanding`. */
  readonly rate?: number
  /** Measured after a second of warming up. */
  readonly seconds: number
  /** The worker's address; each connection is its own worker. */
  readonly address: string
}

/** What a generator saw while it measured. */
export interface LoadReport {
  readonly seconds: number
  readonly connections: number
  readonly accepted: number
  readonly acceptedPerSecond: number
  /** Refused shares by code. */
  readonly rejected: Readonly<Record<string, number>>
  /** From the moment a share was sent, or with a rate should have been, to its answer. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Time that the generator's process itself was busy, of one core: near 1 it was what limited the rate. */
  readonly busy: number
}

/** A generator at work. */
export interface Load {
  /** Every connection has a job, and the solutions are found. */
  readonly ready: Promise<void>
  readonly report: Promise<LoadReport>
}

/** Runs a generator in a process of its own. */
export function startLoad(options: LoadOptions): Load {
  const { lines, failed } = startProcess(
    'generator.ts',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
  )
  const ready = Promise.race([lines.next().then(() => undefined), failed])
  const report = Promise.race([lines.next().then((line) => JSON.parse(line) as LoadReport), failed])
  // Whoever waits for one of them alone hears of the failure there.
  ready.catch(() => undefined)
  report.catch(() => undefined)
  return { ready, report }
}

/** The server that does nothing but answer: its port, and how to end it. */
export async function startBareServer(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const { lines, failed, stop } = startProcess('bare-server.ts', [])
  const port = Number(await Promise.race([lines.next(), failed]))
  return { port, stop }
}

/** Runs a script of this folder. `failed` rejects with what it complained about when it ends before its time. */
function startProcess(script: string, words: readonly string[]) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const child = spawn(process.execPath, [path, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const waiting: ((line: string) => void)[] = []
  const come: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const wanted = waiting.shift()
    if (wanted === undefined) come.push(line)
    else wanted(line)
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('close', (code) => {
      if (code !== 0 && code !== null) reject(new Error(`${script} ended: ${complaint}`))
    })
  })
  failed.catch(() => undefined)
  const next = (): Promise<string> =>
    new Promise((resolve) => {
      const line = come.shift()
      if (line === undefined) waiting.push(resolve)
      else resolve(line)
    })
  return { lines: { next }, failed, stop: () => child.kill() }
}
