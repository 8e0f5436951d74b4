import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program of others that our files and notes are shown to: a Go package at one version. */
interface GoProgram {
  readonly name: string
  readonly module: string
  readonly version: string
}

/** Tessera's check of a whole log. Never the one on PATH: that checks file systems. */
export const FSCK: GoProgram = {
  name: 'fsck',
  module: 'github.com/transparency-dev/tessera/cmd/fsck',
  version: 'v1.0.4',
}

/** A witness for transparency logs. */
export const LITEWITNESS: GoProgram = {
  name: 'litewitness',
  module: 'filippo.io/torchwood/cmd/litewitness',
  version: 'v0.6.1',
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/lodebook-interop', import.meta.url))

const folderOf = ({ name, version }: GoProgram): string => join(cache, `${name}-${version}`)

/** Where an installed program is. */
export const pathOf = (program: GoProgram): string => join(folderOf(program), program.name)

/** Where the program of ./reference is, once it was built. */
export const REFERENCE = join(cache, 'reference')

/** Go, of a release that can build them: 1.25 or newer. */
export function findGo(): string | undefined {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' })
  return /go1\.(2[5-9]|[3-9]\d)\b/.test(stdout ?? '') ? stdout.trim() : undefined
}

/** The programs of OpenSSH, whose agent holds litewitness's key. */
export const hasSshAgent = (): boolean =>
  ['ssh-agent', 'ssh-add', 'ssh-keygen'].every((name) => spawnSync('which', [name]).status === 0)

/** Installs a program unless it is there. Returns why not, or undefined. */
export function install(program: GoProgram): string | undefined {
  if (existsSync(pathOf(program))) return undefined
  return go(['install', `${program.module}@${program.version}`], { GOBIN: folderOf(program) })
}

/** Builds the program of ./reference. Returns why not, or undefined. */
export const buildReference = (): string | undefined =>
  go(['build', '-o', REFERENCE, '.'], {}, fileURLToPath(new URL('reference', import.meta.url)))

function go(words: readonly string[], environment: NodeJS.ProcessEnv, cwd?: string): string | undefined {
  const { status, stderr } = spawnSync('go', words, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  })
  return status === 0 ? undefined : stderr.trim().split('\n').slice(-2).join(' ')
}

/**
 * What the program of ./reference answers.
 *
 * @throws Error with what it said, when it refuses.
 */
export const reference = (words: readonly string[], input = ''): string =>
  execFileSync(REFERENCE, words, { encoding: 'utf8', input, stdio: 'pipe' })
