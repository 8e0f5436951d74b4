import type { CommandLine, OptionLine } from './command-tree.ts'
import { configFlags } from './command-tree.ts'

/** Shells that a completion script can be had for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
/** One of those shells. */
export type Shell = (typeof SHELLS)[number]

/** What can be written after the words of one command. */
interface Completable {
  /** `payout status`. */
  readonly after: string
  readonly says: string
  /** Words that may follow: subcommands, choices of an argument. */
  readonly words: readonly string[]
  readonly options: readonly OptionLine[]
}

/** A completion script for a shell, of the program's own commands. */
export function completionScript(shell: Shell, commands: readonly CommandLine[]): string {
  const tops = commands.map(completable)
  const subs = commands.flatMap(({ subcommands }) => subcommands.map(completable))
  switch (shell) {
    case 'bash':
      return bash(tops, subs)
    case 'zsh':
      return zsh(tops, subs)
    case 'fish':
      return fish(tops, subs)
  }
}

/** A command with subcommands offers their options as well: `lodebook store --from`. */
function completable(command: CommandLine): Completable {
  const { path, summary, subcommands, choices, configurable } = command
  const own = [command, ...subcommands]
    .flatMap(({ options }) => options)
    .filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i)
  return {
    after: path.join(' '),
    says: firstSentence(summary),
    words: [...subcommands.map((sub) => sub.path.at(-1) ?? ''), ...choices],
    options: (configurable ? [...own, ...configFlags] : own).map((option) => ({
      ...option,
      says: firstSentence(option.says),
    })),
  }
}

const firstSentence = (text: string): string => (text.split(/[.:;] /)[0] ?? text).replace(/[`.]/g, '').trim()

function bash(tops: readonly Completable[], subs: readonly Completable[]): string {
  const cases = [...subs, ...tops].map(({ after, options, words }) =>
    [
      `    "${after}")`,
      `      words="${words.join(' ')}"`,
      `      options="${options.map((option) => option.name).join(' ')}" ;;`,
    ].join('\n'),
  )
  return `# Completion of lodebook for bash: source this file, or put it into /etc/bash_completion.d.
_lodebook() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at="\${COMP_WORDS[1]}" third="\${COMP_WORDS[2]}" words="" options=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${tops.map(({ after }) => after).join(' ')}" -- "$current"))
    return
  fi
${atSub('"$at $third"', '[ "$COMP_CWORD" -gt 2 ]', 'at="$at $third"', subs)}
  case "$at \${COMP_WORDS[COMP_CWORD-1]}" in
${choiceCases([...subs, ...tops], (choices) => `COMPREPLY=($(compgen -W "${choices.join(' ')}" -- "$current")); return`)}
  esac
  case "$at" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}
complete -o default -F _lodebook lodebook
`
}

/** Lines of a shell that go down to a subcommand once its word is behind the cursor. */
const atSub = (words: string, isBehind: string, descend: string, subs: readonly Completable[]): string =>
  `  if ${isBehind}; then
    case ${words} in
      ${subs.map(({ after }) => `"${after}"`).join('|')}) ${descend} ;;
    esac
  fi`

/** Arms of a shell's \`case\` over "command option" for the options that have a few fixed values. */
const choiceCases = (
  commands: readonly Completable[],
  then: (choices: readonly string[]) => string,
): string =>
  commands
    .flatMap(({ after, options }) =>
      options
        .filter(({ choices }) => choices.length > 0)
        .map((option) => `    "${after} ${option.name}") ${then(option.choices)} ;;`),
    )
    .join('\n')

function zsh(tops: readonly Completable[], subs: readonly Completable[]): string {
  const described = (items: readonly { readonly name: string; readonly says: string }[]): string =>
    items.map(({ name, says }) => quoted(`${name}:${says.replaceAll(':', '\\:')}`)).join(' ')
  const named = (items: readonly Completable[]) =>
    items.map(({ after, says }) => ({ name: after.split(' ').at(-1) ?? '', says }))
  const cases = [...subs, ...tops].map(({ after, options, words }) => {
    const below = subs.filter((sub) => sub.after.startsWith(`${after} `))
    const follow = below.length > 0 ? described(named(below)) : words.map((word) => quoted(word)).join(' ')
    return `    "${after}") options=(${described(options)}); follow=(${follow}) ;;`
  })
  return `#compdef lodebook
# Completion of lodebook for zsh: put this into a file _lodebook in a directory of $fpath, or source it after compinit.
_lodebook() {
  local -a commands options follow
  local at="$words[2]"
  if (( CURRENT == 2 )); then
    commands=(${described(named(tops))})
    _describe command commands
    return
  fi
${atSub('"$at $words[3]"', '(( CURRENT > 3 ))', 'at="$at $words[3]"', subs)}
  case "$at $words[CURRENT-1]" in
${choiceCases([...subs, ...tops], (choices) => `compadd -- ${choices.join(' ')}; return`)}
  esac
  case "$at" in
${cases.join('\n')}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    _describe option options
  elif (( $#follow )); then
    _describe word follow
  else
    _files
  fi
}
compdef _lodebook lodebook
`
}

/** For zsh and fish alike, as long as no backslash is before a quote. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function fish(tops: readonly Completable[], subs: readonly Completable[]): string {
  const optionLines = (when: string, options: readonly OptionLine[]) =>
    options
      .filter((option) => option.name.startsWith('--'))
      .map(({ name, says, choices }) => {
        const values = choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ''
        return `complete -c lodebook -n '${when}' -l ${name.slice(2)}${values} -d ${quoted(says)}`
      })
  const topLines = tops.flatMap(({ after, says, options, words }) => {
    const below = subs.filter((sub) => sub.after.startsWith(`${after} `))
    const names = below.map((sub) => sub.after.slice(after.length + 1))
    const when = [
      `__fish_seen_subcommand_from ${after}`,
      ...names.map((name) => `not __fish_seen_subcommand_from ${name}`),
    ].join('; and ')
    const plain = words.filter((word) => !names.includes(word))
    return [
      `complete -c lodebook -n __fish_use_subcommand -f -a ${after} -d ${quoted(says)}`,
      ...below.map((sub, i) => `complete -c lodebook -n '${when}' -f -a ${names[i]} -d ${quoted(sub.says)}`),
      ...(plain.length > 0 ? [`complete -c lodebook -n '${when}' -f -a '${plain.join(' ')}'`] : []),
      ...optionLines(when, options),
    ]
  })
  const subLines = subs.flatMap(({ after, options, words }) => {
    const [top, name] = after.split(' ')
    const when = `__fish_seen_subcommand_from ${top}; and __fish_seen_subcommand_from ${name}`
    const choices = words.length > 0 ? [`complete -c lodebook -n '${when}' -f -a '${words.join(' ')}'`] : []
    return [...choices, ...optionLines(when, options)]
  })
  return `# Completion of lodebook for fish: put this into ~/.config/fish/completions/lodebook.fish.\n${[...topLines, ...subLines].join('\n')}\n`
}
