import type { Command, Option } from 'commander'
import { leaves } from '../config/schema.ts'

/** Shells that a completion script can be had for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
/** One of those shells. */
export type Shell = (typeof SHELLS)[number]

/** What can be written after one command. */
interface Completable {
  readonly name: string
  readonly says: string
  /** Words that may follow: subcommands, choices of an argument. */
  readonly words: readonly string[]
  readonly options: readonly {
    readonly name: string
    readonly says: string
    readonly choices: readonly string[]
  }[]
}

/** A completion script for a shell, made from the program's own commands. `configurable` names those that take a key as a flag. */
export function completionScript(shell: Shell, program: Command, configurable: ReadonlySet<string>): string {
  const commands = program.commands.map((command) => completable(command, configurable.has(command.name())))
  switch (shell) {
    case 'bash':
      return bash(commands)
    case 'zsh':
      return zsh(commands)
    case 'fish':
      return fish(commands)
  }
}

function completable(command: Command, takesConfig: boolean): Completable {
  const own = [command, ...command.commands]
    .flatMap((each) => each.createHelp().visibleOptions(each).map(optionOf))
    .filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i)
  const keys = leaves.map(({ external, key }) => ({
    name: `--${external.join('.').replace('*', '0')}`,
    says: firstSentence(key.says),
    choices: [],
  }))
  return {
    name: command.name(),
    says: command.summary() || command.description(),
    words: [
      ...command.commands.map((sub) => sub.name()),
      ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    ],
    options: takesConfig ? [...own, ...keys] : own,
  }
}

const optionOf = (option: Option) => ({
  name: option.long ?? option.short ?? '',
  says: firstSentence(option.description),
  choices: option.argChoices ?? [],
})

const firstSentence = (text: string): string => (text.split(/[.:;] /)[0] ?? text).replace(/[`.]/g, '').trim()

function bash(commands: readonly Completable[]): string {
  const options = commands.map(({ name, options, words }) =>
    [
      `    ${name})`,
      `      words="${words.join(' ')}"`,
      `      options="${options.map((option) => option.name).join(' ')}" ;;`,
    ].join('\n'),
  )
  return `# Completion of lodebook for bash: source this file, or put it into /etc/bash_completion.d.
_lodebook() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" options=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${choiceCases(commands, (choices) => `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$current")); return`)}
  esac
  case "\${COMP_WORDS[1]}" in
${options.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _lodebook lodebook
`
}

/** Arms of a shell's \`case\` over "command option" for the options that have a few fixed values. */
const choiceCases = (
  commands: readonly Completable[],
  then: (choices: readonly string[]) => string,
): string =>
  commands
    .flatMap(({ name, options }) =>
      options
        .filter(({ choices }) => choices.length > 0)
        .map((option) => `    "${name} ${option.name}") ${then(option.choices)} ;;`),
    )
    .join('\n')

function zsh(commands: readonly Completable[]): string {
  const described = (items: readonly { readonly name: string; readonly says: string }[]): string =>
    items.map(({ name, says }) => zshQuoted(`${name}:${says.replaceAll(':', '\\:')}`)).join(' ')
  const cases = commands.map(
    ({ name, options, words }) =>
      `    ${name}) options=(${described(options)}); words_after=(${words.join(' ')}) ;;`,
  )
  return `#compdef lodebook
# Completion of lodebook for zsh: put this into a file _lodebook in a directory of $fpath, or source it after compinit.
_lodebook() {
  local -a commands options words_after
  if (( CURRENT == 2 )); then
    commands=(${described(commands)})
    _describe command commands
    return
  fi
  case "$words[2] $words[CURRENT-1]" in
${choiceCases(commands, (choices) => `compadd -- ${choices.join(' ')}; return`)}
  esac
  case "$words[2]" in
${cases.join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe option options
  elif (( $#words_after )); then
    compadd -- $words_after
  else
    _files
  fi
}
compdef _lodebook lodebook
`
}

const zshQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function fish(commands: readonly Completable[]): string {
  const lines = commands.flatMap(({ name, says, options, words }) => [
    `complete -c lodebook -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(says)}`,
    ...(words.length > 0
      ? [`complete -c lodebook -n '__fish_seen_subcommand_from ${name}' -f -a '${words.join(' ')}'`]
      : []),
    ...options
      .filter((option) => option.name.startsWith('--'))
      .map((option) => {
        const values = option.choices.length > 0 ? ` -x -a '${option.choices.join(' ')}'` : ''
        return `complete -c lodebook -n '__fish_seen_subcommand_from ${name}' -l ${option.name.slice(2)}${values} -d ${fishQuoted(option.says)}`
      }),
  ])
  return `# Completion of lodebook for fish: put this into ~/.config/fish/completions/lodebook.fish.\n${lines.join('\n')}\n`
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
