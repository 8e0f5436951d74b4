import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A program of this folder, running in a process of its own. */
export interface OtherProcess {
  readonly pid: number
  /** The next line that it prints; undefined when it has ended. */
  readonly line: () => Promise<string | undefined>
  /** `kill -9`. Resolves when it is gone, with the lines that nobody has read. */
  readonly kill: () => Promise<readonly string[]>
}

/** Starts a program with a file to work on. It does not outlive the test. */
export function start(program: string, file: string): OtherProcess {
  const script = fileURLToPath(new URL(`./${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string | undefined> => (await lines.next()).value
  return {
    pid: child.pid ?? 0,
    line,
    kill: async () => {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      const unread: string[] = []
      for (let text = await line(); text !== undefined; text = await line()) unread.push(text)
      await gone
      return unread
    },
  }
}
