import type { Command, Option } from 'commander'
import { type Leaf, leaves } from '../config/schema.ts'
import { isConfigurable } from './config-flags.ts'

/** A command as completion scripts and the manual page show it, made from the program itself. */
export interface CommandLine {
  /** Words after `lodebook`: `['payout', 'status']`. */
  readonly path: readonly string[]
  readonly summary: string
  readonly description: string
  /** `[options] <shell>`. */
  readonly usage: string
  readonly options: readonly OptionLine[]
  /** Fixed words that an argument may be. */
  readonly choices: readonly string[]
  readonly examples: readonly string[]
  readonly subcommands: readonly CommandLine[]
  /** It takes every key of the configuration as a flag. */
  readonly configurable: boolean
}

/** An option of a command. */
export interface OptionLine {
  /** `--json`. */
  readonly name: string
  /** As help writes it: `-c, --config <file>`. */
  readonly flags: string
  readonly says: string
  readonly choices: readonly string[]
}

/** The commands below one, without hidden ones and without `help`. */
export const commandsOf = (parent: Command, path: readonly string[] = []): readonly CommandLine[] =>
  parent
    .createHelp()
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
    .map((command) => {
      const own = [...path, command.name()]
      return {
        path: own,
        summary: command.summary() || command.description(),
        description: command.description(),
        usage: command.usage(),
        options: command.createHelp().visibleOptions(command).map(optionOf),
        choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
        examples: examplesOf(command),
        subcommands: commandsOf(command, own),
        configurable: isConfigurable(command),
      }
    })

const optionOf = (option: Option): OptionLine => ({
  name: option.long ?? option.short ?? '',
  flags: option.flags,
  says: option.description,
  choices: option.argChoices ?? [],
})

/** The lines under "Examples:" in a command's help, without the prompt. */
export function examplesOf(command: Command): readonly string[] {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  const [, block = ''] = /^Examples:\n((?: {2}.*\n?)+)/m.exec(text) ?? []
  return block.split('\n').flatMap((line) => (line.startsWith('  $ ') ? [line.slice(4)] : []))
}

/** Keys of the configuration as flags; a list's stand for its first item. */
export const configFlags: readonly OptionLine[] = leaves.map(({ external, key }: Leaf) => {
  const name = `--${external.join('.').replace('*', '0')}`
  return { name, flags: `${name} <value>`, says: key.says, choices: [] }
})
