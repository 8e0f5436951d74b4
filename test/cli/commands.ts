import { type CommandLine, commandsOf } from '../../src/cli/command-tree.ts'
import { buildProgram } from '../../src/cli/program.ts'

const withSubcommands = (commands: readonly CommandLine[]): readonly CommandLine[] =>
  commands.flatMap((command) => [command, ...withSubcommands(command.subcommands)])

/** Every command of the program, with those below others. */
export const everyCommand = withSubcommands(commandsOf(buildProgram([], () => {}))).map((line) => ({
  ...line,
  command: line.path.join(' '),
  names: line.options.map(({ name }) => name).filter((name) => name !== '--help'),
}))
