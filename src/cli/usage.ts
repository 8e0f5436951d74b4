import type { Command, Option } from 'commander'

/** What is wrong with a command line, in our words: the library's tell of its own parts. `words` are those of the command line. */
export function usageSentence(message: string, program: Command, words: readonly string[]): string {
  const command = commandOf(program, words)
  const said = message
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  const sentence = aboutValue(said) ?? aboutMissing(said, command) ?? said
  const names: string[] = []
  for (let each: Command | null = command; each !== null; each = each.parent) names.unshift(each.name())
  return `${sentence}; "${names.join(' ')} --help" says more`
}

/** The command that words name, as far as they name any. */
function commandOf(program: Command, [word, ...others]: readonly string[]): Command {
  const next = program.commands.find((command) => command.name() === word)
  return next === undefined ? program : commandOf(next, others)
}

/** A value that is not allowed; undefined where that is not what is wrong. */
function aboutValue(said: string): string | undefined {
  const [, option, ofOption, rulesOfOption] =
    /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s.exec(said) ?? []
  if (option !== undefined) return `${option}: found "${ofOption}", ${allowed(rulesOfOption)}`
  const [, value, argument, rules] =
    /^command-argument value '(.*)' is invalid for argument '([\w-]+)'\. (.*)$/s.exec(said) ?? []
  return argument === undefined ? undefined : `<${argument}>: found "${value}", ${allowed(rules)}`
}

const allowed = (rules = ''): string =>
  rules.replace(/^Allowed choices are /, 'allowed: ').replace(/^Allowed: /, 'allowed: ')

/** What is missing, and what it is; undefined where that is not what is wrong. */
function aboutMissing(said: string, command: Command): string | undefined {
  const [, flags] = /^required option '(.*)' not specified$/.exec(said) ?? []
  const option = command.options.find((each) => each.flags === flags)
  if (option !== undefined) return missing(option)
  const [, name] = /^missing required argument '(.*)'$/.exec(said) ?? []
  const argument = command.registeredArguments.find((each) => each.name() === name)
  return argument === undefined ? undefined : `<${argument.name()}> is missing: ${argument.description}`
}

const missing = ({ flags, long, description }: Option): string =>
  `${flags.replace(/^-\w, /, '')} is missing: ${description}${long === '--key' ? WHENCE_KEY : ''}`

/** Nobody is born with a key. */
const WHENCE_KEY =
  '. Whoever runs the pool announces it; its Ledger page shows the one to compare, and "lodebook simulate" and "lodebook keygen" print those that they make'
