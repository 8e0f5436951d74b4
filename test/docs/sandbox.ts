import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root as repository } from './shell-blocks.ts'

/** What a command left. */
interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How a command is to be run. */
export interface Manner {
  readonly environment?: Readonly<Record<string, string>>
  /** On its standard input. */
  readonly input?: string
}

/** A machine of its own for a page: directories of a system below one of ours, and a shell that knows no others. */
export interface Sandbox {
  /** Where a path of the page is: `/etc/lodebook`, `~/.dcrd` or one below the working directory. */
  readonly path: (ofPage: string) => string
  /** A text of the page with the paths of the system in it. */
  readonly placed: (text: string) => string
  /** Runs a command to its end, which must be a good one, and gives what it printed. */
  readonly run: (command: string, manner?: Manner) => Promise<string>
  /** Starts a command that goes on until it is asked to end, and waits until it says something. */
  readonly serve: (command: string, says: RegExp, manner?: Manner) => Promise<Served>
  /** All that commands which go on have said. */
  readonly heard: () => string
  /** Ends what still runs, and removes everything. */
  readonly close: () => Promise<void>
}

/** A command that goes on. */
export interface Served {
  /** Ctrl-C: it must end in order. Idempotent. */
  readonly end: () => Promise<void>
}

const DIRECTORIES = [
  ...[
    'etc',
    'var/lib',
    'srv',
    'backup',
    'tmp',
    'run/secrets',
    'opt/lodebook',
    'usr/local/bin',
    'usr/local/share/man/man1',
  ],
  ...['home/.dcrd', 'home/.dcrwallet', 'home/.zfunc', 'home/.config/fish/completions', 'home/work'],
]
/** A path of the system at the beginning of a word, or of a value. */
const SYSTEM = /(?<![\w.~}$*/-])\/(?:(?:etc|var\/lib|srv|backup|tmp|run\/secrets|opt|usr\/local)\b)/g
/** Other paths that may be in a command, since nothing is written there. */
const HARMLESS = /^\/(bin\/(ba)?sh|usr\/sbin\/nologin|dev\/stdin)$/

/** What this process has not seen the end of. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid)
})

const STAND_INS = join(repository, 'test/docs/stand-ins')

const sentenceOf = (command: string, { code, stdout, stderr }: Said): string =>
  `${command} ended with ${code}:\n${stdout}${stderr}`

function wellEnded(command: string, said: Said): string {
  if (said.code !== 0) throw new Error(sentenceOf(command, said))
  return said.stdout
}

/** A new sandbox, in which a home with a directory to work in is all there is. */
export function openSandbox(): Sandbox {
  const root = mkdtempSync(join(tmpdir(), 'lodebook-page-'))
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true })
  // Not the repository itself, which is nobody's to pull or install into.
  for (const name of ['src', 'node_modules'])
    symlinkSync(join(repository, name), join(root, 'opt/lodebook', name))
  const home = join(root, 'home')
  const work = join(home, 'work')
  const open = new Set<Served>()
  const heard: { stdout: string; stderr: string }[] = []

  const placed = (text: string): string => text.replaceAll(SYSTEM, (path) => root + path)
  const place = (command: string): string => {
    const text = placed(command)
    const strange = [...text.matchAll(/(?<=^|[\s'"=:])\/(?!\/)[\w./-]+/g)]
      .map(([path]) => path)
      .filter((path) => !path.startsWith(`${root}/`) && !HARMLESS.test(path))
    if (strange.length > 0) throw new Error(`${command} would leave its sandbox: ${strange.join(', ')}`)
    return text
  }
  const begin = (
    command: string,
    manner: Manner,
  ): {
    readonly child: ChildProcess
    readonly ended: Promise<Said>
    readonly said: { stdout: string; stderr: string }
  } => {
    const own = Object.entries(process.env).filter(([name]) => !/^(LODEBOOK_|npm_)/.test(name))
    const path = [
      ...[STAND_INS, join(root, 'usr/local/bin'), dirname(process.execPath), process.env['PATH'] ?? ''],
      join(STAND_INS, 'where-absent'),
    ]
    const child = spawn('bash', ['-c', `set -euo pipefail\n${place(command)}`], {
      cwd: work,
      env: {
        ...Object.fromEntries(own),
        ...{ HOME: home, PATH: path.join(':'), NO_COLOR: '1', npm_config_update_notifier: 'false' },
        ...manner.environment,
      },
      // A group of its own, so that Ctrl-C can be sent to all of it.
      detached: true,
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    const said = { stdout: '', stderr: '' }
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text
      })
    child.stdin.on('error', () => {})
    child.stdin.end(manner.input ?? '')
    const ended = new Promise<Said>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code, ...said }))
    })
    return { child, ended, said }
  }

  return {
    path: (ofPage) =>
      ofPage.startsWith('/')
        ? root + ofPage
        : join(ofPage.startsWith('~/') ? home : work, ofPage.replace(/^~\//, '')),
    placed,
    run: async (command, manner = {}) => wellEnded(command, await begin(command, manner).ended),
    serve: async (command, says, manner = {}) => {
      const { child, ended, said } = begin(command, manner)
      heard.push(said)
      await new Promise<void>((resolve, reject) => {
        const look = () => {
          if (says.test(said.stdout + said.stderr)) resolve()
        }
        child.stdout?.on('data', look)
        child.stderr?.on('data', look)
        ended.then((end) => reject(new Error(sentenceOf(command, end))), reject)
      })
      let ending: Promise<void> | undefined
      const end = async (): Promise<void> => {
        open.delete(served)
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
        const end = await ended
        // npm ends by the signal itself, whatever its program does.
        if (!command.startsWith('npm ') || end.code !== null) wellEnded(command, end)
      }
      const served: Served = {
        end: () => {
          ending ??= end()
          return ending
        },
      }
      open.add(served)
      return served
    },
    heard: () => heard.map(({ stdout, stderr }) => stdout + stderr).join(''),
    close: async () => {
      try {
        for (const served of open) await served.end()
      } finally {
        rmSync(root, { recursive: true, force: true })
      }
    },
  }
}
