import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { lodebook } from './child.ts'

const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')

test.each([
  'run',
  'demo',
  'devnet',
  'miner',
  'config',
  'doctor',
  'balances',
  'statement',
  'payout status',
  'store copy',
  'store verify',
  'completion',
])('docs/command-line.md has every option of %s', async (command) => {
  const { stdout } = await lodebook([...command.split(' '), '--help'], { directory: '.' })
  const section =
    new RegExp(`^## \`lodebook ${command}\`$([^]*?)(?=^## |$(?![^]))`, 'm').exec(page)?.[1] ?? ''
  const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? '')
  expect(options.length).toBeGreaterThan(0)
  for (const option of options) if (option !== '--help') expect(section).toContain(option)
})

test('docs/from-dcrpool.md names no key that does not exist', () => {
  const moving = readFileSync(new URL('../../docs/from-dcrpool.md', import.meta.url), 'utf8')
  const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  const tables = /`((?:pool|store|nodes\.N|listeners\.N|limits|mining|journal|http|log)\.[a-z_.]+)`/g
  const named = [...moving.matchAll(tables)].map((match) => match[1] ?? '')
  expect(named.length).toBeGreaterThan(10)
  const groups = ['http.tls']
  for (const key of named) if (!groups.includes(key)) expect(manual).toContain(`\`${key}\``)
})
