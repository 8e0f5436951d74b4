import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Faults, ServerOptions } from './server.ts'

/** How a {@link ConformanceProcess} is made. */
export interface ProcessOptions
  extends Pick<ServerOptions, 'port' | 'tls' | 'users' | 'generation' | 'version' | 'appendBytesMax'> {
  /** Where it keeps its events; made when it is not there. */
  readonly file: string
}

/** A conformance server in a process of its own, which can be killed. What it answered is in its file. */
export interface ConformanceProcess {
  readonly port: number
  readonly url: string
  readonly pid: () => number
  /** `kill -9`. Resolves when it is gone. Idempotent. */
  readonly kill: () => Promise<void>
  /** Starts it again on the same port with the same file; kills it first when it runs. */
  readonly restart: () => Promise<void>
  /** `kill -STOP`: the kernel still takes connections and bytes, nobody answers. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** One of the faults of a server in this process. Resolves when it is in place. */
  readonly fault: <Name extends keyof Faults>(name: Name, ...given: Parameters<Faults[Name]>) => Promise<void>
}

/** Starts a server process. It is up when this resolves, and goes at the latest with this process. */
export async function startConformanceProcess(options: ProcessOptions): Promise<ConformanceProcess> {
  let running = await start(options)
  const { port } = running
  const kill = async (): Promise<void> => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    port,
    url: `esdb://127.0.0.1:${port}?tls=${options.tls !== undefined}`,
    pid: () => running.child.pid ?? 0,
    kill,
    restart: async () => {
      await kill()
      running = await start({ ...options, port })
    },
    freeze: () => {
      running.child.kill('SIGSTOP')
    },
    thaw: () => {
      running.child.kill('SIGCONT')
    },
    fault: async (name, ...given) => {
      running.child.send([name, ...given])
      await once(running.child, 'message')
    },
  }
}

const PROGRAM = fileURLToPath(new URL('./process.ts', import.meta.url))

async function start(
  options: ProcessOptions,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const { stdout } = child
  if (stdout === null) throw new Error('the process has no output')
  for await (const line of createInterface({ input: stdout })) return { child, port: Number(line) }
  throw new Error('the conformance process ended before it listened')
}
