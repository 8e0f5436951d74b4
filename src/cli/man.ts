import { type CommandLine, configFlags } from './command-tree.ts'
import { exitMeanings } from './exit-code.ts'

/** The manual page of the program in roff, section 1, made from its own commands. `version` as package.json has it. */
export function manPage(commands: readonly CommandLine[], version: string): string {
  const all = commands.flatMap((command) => [command, ...command.subcommands])
  return `${[
    `.TH LODEBOOK 1 "" "lodebook ${version}" "User Commands"`,
    '.SH NAME',
    'lodebook \\- a mining pool for Decred whose books anyone can check',
    '.SH SYNOPSIS',
    '.B lodebook',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH COMMANDS',
    ...commands.flatMap(({ path, summary }) => ['.TP', `.B ${escaped(path.join(' '))}`, line(summary)]),
    ...all.flatMap(section),
    '.SH CONFIGURATION',
    line(
      'A TOML file, named by --config or LODEBOOK_CONFIG, else lodebook.toml in the working directory. The environment beats the file, a flag beats both. These are the keys, as flags; in the environment they are written LODEBOOK_HTTP_PORT. The commands that take them say so.',
    ),
    ...configFlags.flatMap(({ flags, says }) => ['.TP', `.B ${escaped(flags)}`, line(says)]),
    '.SH EXIT STATUS',
    ...Object.entries(exitMeanings).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, line(meaning)]),
    '.SH SEE ALSO',
    line('docs/command-line.md, docs/configuration.md and docs/operators.md of the program.'),
  ].join('\n')}\n`
}

const section = ({
  path,
  usage,
  description,
  options,
  examples,
  configurable,
}: CommandLine): readonly string[] => [
  `.SH ${escaped(`lodebook ${path.join(' ')}`.toUpperCase())}`,
  `.B ${escaped(`lodebook ${path.join(' ')}`)}`,
  line(usage),
  '.PP',
  line(description),
  ...(configurable ? ['.PP', line('It takes the keys of the configuration as flags.')] : []),
  ...options.flatMap(({ flags, says, choices }) => [
    '.TP',
    `.B ${escaped(flags)}`,
    line(choices.length === 0 ? says : `${says} (${choices.join(', ')})`),
  ]),
  ...(examples.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', ...examples.map(line), '.fi']),
]

/** Text as one line of roff: no character of it is a request. Backticks are for Markdown. */
const line = (text: string): string => escaped(text.replaceAll('`', '')).replace(/^(?=[.'])/, '\\&')

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('\n', ' ')
    .replace(
      /[^\x20-\x7e]/gu,
      (each) => `\\[u${each.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
