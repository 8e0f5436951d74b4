import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Root of the repository, with a slash at the end. */
export const root = new URL('../../', import.meta.url).pathname

/** Shell that a page tells people to type. */
export interface ShellBlock {
  readonly page: string
  /** Of its first line in the page, from 1. */
  readonly line: number
  /** In their order; one that goes over several lines is one. */
  readonly commands: readonly string[]
}

/** Every page but what tells the past in the words of its time. */
export const pages: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\n')
  .filter((file) => file !== '' && existsSync(root + file))
  .filter((file) => file !== 'CHANGELOG.md' && !file.startsWith('docs/decisions/'))

/** The code blocks of one language in a page, without the indent of a list that they are in. */
export function codeBlocks(
  page: string,
  language: string,
): readonly { readonly line: number; readonly text: string }[] {
  const found: { readonly line: number; readonly text: string }[] = []
  let open: { readonly indent: number; readonly line: number; readonly isOurs: boolean } | undefined
  let lines: string[] = []
  for (const [i, line] of readFileSync(root + page, 'utf8')
    .split('\n')
    .entries()) {
    const [, indent = '', its = ''] = /^( *)```(\w*)$/.exec(line) ?? []
    if (!line.trimStart().startsWith('```')) lines.push(line.slice(open?.indent ?? 0))
    else if (open === undefined) {
      open = { indent: indent.length, line: i + 2, isOurs: its === language }
      lines = []
    } else {
      if (open.isOurs) found.push({ line: open.line, text: lines.join('\n') })
      open = undefined
    }
  }
  return found
}

/** What a block without a language has when it is shell as well. */
const SHELL = /^(\$ |sudo |npm |git |docker |curl |lodebook )/m

/** Every block of shell in a page, in their order. */
export const shellBlocks = (page: string): readonly ShellBlock[] =>
  [...codeBlocks(page, 'sh'), ...codeBlocks(page, '').filter(({ text }) => SHELL.test(text))]
    .map(({ line, text }) => ({
      page,
      line,
      commands: /^\$ /m.test(text) ? typedIn(text) : commandsOf(text),
    }))
    .toSorted((a, b) => a.line - b.line)

/** What was typed in a console that shows what came as well. */
const typedIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))

/** Commands end where bash has nothing more to wait for. */
function commandsOf(text: string): readonly string[] {
  const commands: string[] = []
  let begun = ''
  for (const line of text.split('\n')) {
    if (begun === '' && /^(#|$)/.test(line)) continue
    begun += `${line}\n`
    if (line.endsWith('\\') || spawnSync('bash', ['-n'], { input: begun, encoding: 'utf8' }).stderr !== '')
      continue
    commands.push(begun.trimEnd())
    begun = ''
  }
  return begun === '' ? commands : [...commands, begun.trimEnd()]
}
