import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { splitConfigFlags } from '../../src/cli/config-flags.ts'
import { everyCommand } from './commands.ts'

test.each([
  [['run', '--http.port', '1', '-c', 'x'], ['run', '-c', 'x'], [{ path: 'http.port', text: '1' }]],
  [['--http.port=1', 'run'], ['run'], [{ path: 'http.port', text: '1' }]],
  [['run', '--nodes.0.password='], ['run'], [{ path: 'nodes.0.password', text: '' }]],
  [['run', '--nodes.0.password=a=b'], ['run'], [{ path: 'nodes.0.password', text: 'a=b' }]],
  [
    ['run', '--json', 'a.b', '--', '--http.port', '1'],
    ['run', '--json', 'a.b', '--', '--http.port', '1'],
    [],
  ],
])('%j', (given, rest, flags) => {
  expect(splitConfigFlags(given)).toEqual(E.right({ rest, flags }))
})

test.each([
  [['run', '--http.port']],
  [['run', '--http.port', '--json']],
  [['run', '--http.port', '--', '1']],
])('a key without a value: %j', (given) => {
  expect(splitConfigFlags(given)).toEqual(
    E.left('--http.port needs a value: --http.port <value>, or --http.port=<value>'),
  )
})

test('whatever reads a configuration takes its keys as flags, and so do the commands below it', () => {
  const taking = everyCommand.filter(({ configurable }) => configurable).map(({ command }) => command)
  const reading = everyCommand.filter(({ names }) => names.includes('--config'))
  expect(taking).toEqual(expect.arrayContaining(reading.map(({ command }) => command)))
  expect(taking).toEqual(expect.arrayContaining(['demo', 'audit', 'config init', 'payout approve']))
  expect(taking).not.toContain('keygen')
  expect(taking).not.toContain('wallet-certificate')
})
