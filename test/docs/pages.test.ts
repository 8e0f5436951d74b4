import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { leaves } from '../../src/config/schema.ts'
import { everyCommand } from '../cli/commands.ts'
import { codeBlocks, pages, root } from './shell-blocks.ts'

/** What pages tell people to type is there, and where they lead is somewhere. */

const read = (file: string): string => readFileSync(root + file, 'utf8')
const blocks = (page: string, language: string): readonly string[] =>
  codeBlocks(page, language).map(({ text }) => text)

const commands = new Map(everyCommand.map((each) => [each.command, each]))
const keys = leaves.map(({ external }) => new RegExp(`^--${external.join('\\.').replace('*', '(N|\\d+)')}$`))

/** What is wrong with one call of the program; empty when its command and every option of it are there. */
function faultsOf(call: string): readonly string[] {
  const words = call.split(/\s+/).filter((word) => word !== '')
  if (
    words.length === 0 ||
    words[0]?.startsWith('<') ||
    ['help', '--help', '--version', '-V'].includes(words[0] ?? '')
  )
    return []
  const path = words.findIndex((_, i) => !commands.has(words.slice(0, i + 1).join(' ')))
  const command = commands.get(words.slice(0, path < 0 ? words.length : path).join(' '))
  if (command === undefined) return [`no command ${words[0]}`]
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.split('=', 1)[0] ?? '')
    .filter((name) => name !== '--help' && !command.options.some((option) => option.name === name))
    .filter((name) => !keys.some((key) => key.test(name)))
    .map((name) => `${command.command} has no ${name}`)
}

/** Calls of the program in a line of shell: after a prompt, sudo, a pipe, or in `$( )`. */
const callsIn = (line: string): readonly string[] =>
  line
    .replace(/ # .*$/, '')
    .split(/&&|\|\||[|;()<>]|\$\(/)
    .flatMap((part) => {
      const [, call] =
        /^\s*(?:\$ )?(?:sudo (?:-u \w+ )?)?(?:[A-Z_]+=\S* )*(?:docker compose run (?:--rm )?lodebook|npm run lodebook --|lodebook) +(.*)$/.exec(
          part,
        ) ?? []
      return call === undefined ? [] : [call]
    })

describe.each(pages)('%s', (page) => {
  const shell = blocks(page, 'sh')

  test('has shell that is shell', () => {
    for (const block of shell)
      expect([block, spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' }).stderr]).toEqual([
        block,
        '',
      ])
  })

  test('calls no command and gives no option that is not there', () => {
    const lines = [...shell, ...blocks(page, '')].flatMap((block) =>
      block.replaceAll('\\\n', ' ').split('\n'),
    )
    const inline = [...read(page).matchAll(/(?<!`)`(lodebook [a-z][^`\n]*)`/g)].map(([, call]) => call ?? '')
    const faults = [...lines, ...inline].flatMap((line) =>
      callsIn(line).flatMap((call) => faultsOf(call).map((fault) => `${line.trim()}: ${fault}`)),
    )
    expect(faults).toEqual([])
  })

  test('links to pages and headings that are there', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[`*]/g, '')
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
    const text = read(page).replace(/^( *)```[\s\S]*?^ *```$/gm, '')
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^(https?|mailto):/.test(target)) return []
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? page : normalize(join(dirname(page), file))
      if (!existsSync(root + path)) return [`${target}: no such file`]
      if (anchor === undefined) return []
      const headings = [...read(path).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => slug(heading))
      return headings.includes(anchor) ? [] : [`${target}: no such heading`]
    })
    expect(broken).toEqual([])
  })
})

test('what is not there is noticed', () => {
  expect(faultsOf('rnu --config x')).toEqual(['no command rnu'])
  expect(faultsOf('run --cofnig x')).toEqual(['run has no --cofnig'])
  expect(faultsOf('payout status --json --nodes.0.address x')).toEqual([])
  expect(faultsOf('run --nodes.0.adress x')).toEqual(['run has no --nodes.0.adress'])
  expect(callsIn('sudo -u lodebook lodebook doctor --config x | jq && FOO=1 lodebook run')).toEqual([
    'doctor --config x ',
    'run',
  ])
})
