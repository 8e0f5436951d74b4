import type { Command } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import type { ConfigFlag } from '../config/sources.ts'

/** A command line without the flags that name a key of the configuration, and those. */
export interface SplitArguments {
  readonly rest: readonly string[]
  readonly flags: readonly ConfigFlag[]
}

/** `--http.port` or `--http.port=8080`: a dot tells it from the options of a command. */
const CONFIG_FLAG = /^--([A-Za-z_]\w*(?:\.[\w-]+)+)(?:=(.*))?$/s

/** Takes the configuration's flags out of a command line, wherever they stand before a `--`. Left: a sentence. */
export function splitConfigFlags(given: readonly string[]): E.Either<string, SplitArguments> {
  const rest: string[] = []
  const flags: ConfigFlag[] = []
  const end = given.includes('--') ? given.indexOf('--') : given.length
  for (let i = 0; i < given.length; i++) {
    const argument = given[i] ?? ''
    const match = i < end ? CONFIG_FLAG.exec(argument) : null
    const path = match?.[1]
    if (path === undefined) {
      rest.push(argument)
      continue
    }
    const text = match?.[2] ?? (i + 1 < end ? given[i + 1] : undefined)
    if (text === undefined || (match?.[2] === undefined && text.startsWith('--')))
      return E.left(`${argument} needs a value: ${argument} <value>, or ${argument}=<value>`)
    if (match?.[2] === undefined) i++
    flags.push({ path, text })
  }
  return E.right({ rest, flags })
}

/** What the help of a command says that takes them. */
export const CONFIG_FLAGS_HELP =
  'Every key of the configuration is a flag too: --http.port 8081. All of them: docs/configuration.md.'

/** Kept beside the commands, which have no place for it. */
const marked = new WeakSet<Command>()

/** Marks a command as one that takes the configuration's flags, and so do all below it. */
export function configurable(command: Command): Command {
  marked.add(command)
  return command
}

/** Whether a command takes the configuration's flags. */
export const isConfigurable = (command: Command): boolean =>
  marked.has(command) || (command.parent !== null && isConfigurable(command.parent))

/** The flags with `--store`, which is short for one of them. */
export const withStoreFlag = (
  flags: readonly ConfigFlag[],
  url: string | undefined,
): readonly ConfigFlag[] => (url === undefined ? flags : [...flags, { path: 'store.url', text: url }])
