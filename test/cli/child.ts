import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/lodebook.js', import.meta.url))

/** What a finished command left. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of the real program, in a process and a directory of its own, without this machine's LODEBOOK_ variables. */
export interface Child {
  readonly process: ChildProcess
  /** Resolves when standard output or error holds the text; rejects when the process ends without it. */
  readonly says: (text: string | RegExp) => Promise<string>
  readonly finished: Promise<Finished>
}

/** Starts `lodebook <words>`. */
export function start(
  words: readonly string[],
  options: { readonly directory: string; readonly environment?: Record<string, string> },
): Child {
  const own = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LODEBOOK_')),
  )
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: options.directory,
    env: { ...own, NO_COLOR: '1', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
      for (const listener of listeners) listener()
    })
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
  const says = (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const all = said.stdout + said.stderr
        if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve(all)
      }
      listeners.add(look)
      look()
      finished.then(
        ({ code }) =>
          reject(new Error(`ended with ${code} and never said ${text}:\n${said.stdout}${said.stderr}`)),
        reject,
      )
    })
  return { process: child, says, finished }
}

/** Runs `lodebook <words>` to its end. */
export const lodebook = (
  words: readonly string[],
  options: { readonly directory: string; readonly environment?: Record<string, string> },
): Promise<Finished> => start(words, options).finished

/** A new empty directory, and its removal. */
export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lodebook-cli-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
