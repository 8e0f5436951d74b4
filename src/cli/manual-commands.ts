import { Argument, type Command } from 'commander'
import { version } from '../version.ts'
import { commandsOf } from './command-tree.ts'
import { completionScript, SHELLS, type Shell } from './completion.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { print } from './terminal.ts'

/** Adds `lodebook completion` and `man`, which tell of all commands of the program. */
export function addManualCommands(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands, options and keys of the configuration.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  $ source <(lodebook completion bash)
  $ lodebook completion fish > ~/.config/fish/completions/lodebook.fish`,
    )
    .action((shell: Shell) => {
      print(completionScript(shell, commandsOf(program)).trimEnd())
      done(EXIT.ok)
    })

  program
    .command('man')
    .summary('print the manual page')
    .description('Prints the manual page of this version, in roff.')
    .addHelpText(
      'after',
      `
Examples:
  $ lodebook man | man -l -
  $ lodebook man > /usr/local/share/man/man1/lodebook.1`,
    )
    .action(async () => {
      const { manPage } = await import('./man.ts')
      print(manPage(commandsOf(program), version).trimEnd())
      done(EXIT.ok)
    })
}
