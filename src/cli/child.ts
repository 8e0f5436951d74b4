import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Characters of a child's complaints that are kept, to say why it ended. */
const COMPLAINT_MAX = 2000

/** Another command of this program in a process of its own, which never outlives this one. */
export interface Child {
  /** First line of its standard output; undefined when it ended before. */
  readonly ready: Promise<string | undefined>
  /** Resolves when it has ended, with its last complaint, maybe empty. */
  readonly ended: Promise<string>
  /** Asks it to end and waits until it has. */
  readonly stop: () => Promise<void>
}

/**
 * Starts `lodebook <words> --until-stdin-ends`. Its standard input is a pipe from here: when this process ends in whatever way
 * the pipe breaks, and the child ends too. A group of its own keeps a Ctrl-C from reaching it first.
 */
export function startChild(words: readonly string[]): Child {
  const child = spawn(process.execPath, [MAIN, ...words, '--until-stdin-ends'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-COMPLAINT_MAX)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', () => resolve(complaint.replace(/^lodebook: /, '').trim()))
  })
  const ready = new Promise<string | undefined>((resolve) => {
    const lines = createInterface({ input: child.stdout })
    lines.once('line', resolve)
    void ended.then(() => resolve(undefined))
  })
  return {
    ready,
    ended,
    stop: async () => {
      child.stdin.destroy()
      await ended
    },
  }
}
