import { execFileSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Names the dcrd of release 1.7: the last whose simnet has the ASICs' proof of work. */
export const BLAKE256_VARIABLE = 'LODEBOOK_DCRD_BLAKE256'

/** A program that tests can use. */
export interface Program {
  readonly path: string
  /** First line of what it says about itself. */
  readonly version: string
}

/** dcrd with today's proof of work: from release 1.8 on. */
export const findDcrd = (): Program | undefined =>
  found(onPath('dcrd'), '--version', /^dcrd\S* version (?!1\.[0-7]\.)/)

/** dcrd with the ASICs' proof of work; undefined when the variable is not set or names something else. */
export const findBlake256Dcrd = (): Program | undefined =>
  found(process.env[BLAKE256_VARIABLE], '--version', /^dcrd\S* version 1\.[67]\./)

/** dcrwallet, of the releases whose gRPC interface the pool knows: from 1.5 on. */
export const findDcrwallet = (): Program | undefined =>
  found(onPath('dcrwallet'), '--version', /^dcrwallet version (?!1\.[0-4]\.)/)

/** dcrpool's CPU miner. Other programs of that name have no option of this kind. */
export const findMiner = (): Program | undefined => found(onPath('miner'), '--help', /--activenet=/)

/**
 * A program that a test can't do without.
 *
 * @throws Error when it is missing: `npm run test:simnet` looks before and leaves such tests out.
 */
export function needed(program: Program | undefined): string {
  if (program === undefined) throw new Error('A program is missing; "npm run test:simnet" says which.')
  return program.path
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** A program that, asked about itself, says what it should. */
function found(path: string | undefined, question: string, answer: RegExp): Program | undefined {
  if (path === undefined) return undefined
  try {
    const text = execFileSync(path, [question], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    })
    return answer.test(text) ? { path, version: text.trim().split('\n', 1)[0] ?? '' } : undefined
  } catch {
    return undefined
  }
}
