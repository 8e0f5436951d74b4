import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { type LoadedConfig, loadConfig } from '../config/load.ts'
import { type ConfigProblem, problem } from '../config/problem.ts'
import { type ConfigFlag, FILE_VARIABLE } from '../config/sources.ts'
import { complain, printJson } from './terminal.ts'

/** The file that is read when none is named, if it is there. */
export const DEFAULT_FILE = 'lodebook.toml'

/** Bytes of a file that holds settings or a password, at most: a hundred times what a full one has. */
const FILE_BYTES_MAX = 1024 * 1024

/** What the command line says about the configuration. */
export interface ConfigRequest {
  /** Value of `--config`. */
  readonly config?: string
  readonly flags: readonly ConfigFlag[]
}

/** A loaded configuration and the file it was read from, `null` when there was none. */
export interface ReadConfig extends LoadedConfig {
  readonly file: string | null
}

/** Reads the configuration of this process: its file, its environment and the flags. */
export function readConfig({ config, flags }: ConfigRequest): E.Either<readonly ConfigProblem[], ReadConfig> {
  const named = config ?? (process.env[FILE_VARIABLE] || undefined)
  const name = named ?? DEFAULT_FILE
  const text = readText(absolute(name))
  if (E.isLeft(text) && (named !== undefined || text.left !== NOT_THERE)) {
    const origin =
      config !== undefined
        ? ({ kind: 'flag', flag: '--config' } as const)
        : named !== undefined
          ? ({ kind: 'environment', variable: FILE_VARIABLE } as const)
          : ({ kind: 'default' } as const)
    const advice = 'name a file that can be read, or write one with "lodebook config init"'
    return E.left([problem('unreadable-file', '', origin, `${name} can't be read (${text.left}); ${advice}`)])
  }
  const file = E.isRight(text) ? { name, toml: text.right } : null
  return E.map((loaded: LoadedConfig) => ({ ...loaded, file: file?.name ?? null }))(
    loadConfig({ file, environment: process.env, flags, absolute, readText }),
  )
}

/** Tells the problems of a configuration: sentences, or JSON where a program asked. */
export function tellProblems(problems: readonly ConfigProblem[], json: boolean): void {
  if (json) printJson({ problems })
  else for (const { message } of problems) complain(message)
}

/** Relative to the working directory, or to the home directory by `~/`. */
export const absolute = (path: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)

const NOT_THERE = 'there is no such file'

const REASONS: { readonly [code: string]: string } = {
  ENOENT: NOT_THERE,
  ENOTDIR: NOT_THERE,
  EACCES: 'this user has no permission',
  EISDIR: 'it is a directory',
  EEXIST: 'there is one already',
  EPERM: 'this user has no permission',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
  EADDRINUSE: 'another program has this port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'names can not be looked up at the moment',
  ETIMEDOUT: 'there was no answer',
  EHOSTUNREACH: 'there is no way to that host',
}

/** Text of a small file, or in a few words why it can't be read. */
export function readText(path: string): E.Either<string, string> {
  try {
    const bytes = readFileSync(path)
    return bytes.length > FILE_BYTES_MAX
      ? E.left(`it is larger than ${FILE_BYTES_MAX} bytes`)
      : E.right(bytes.toString('utf8'))
  } catch (error) {
    return E.left(whyNot(error))
  }
}

/** An error of the file system or the network in a few words. */
export function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const reason = 'code' in error && typeof error.code === 'string' ? REASONS[error.code] : undefined
  return reason ?? (error.cause === undefined ? error.message : whyNot(error.cause))
}
