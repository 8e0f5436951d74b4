import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lodebook, temporaryDirectory } from '../cli/child.ts'

const { path: directory, remove } = temporaryDirectory()
afterAll(remove)

const run = (...words: readonly string[]) => lodebook(words, { directory })

test('a data directory that other commands open: log, chain, ledger and its key', async () => {
  const made = await run(
    'simulate',
    '--data',
    'here',
    '--shares',
    '2000',
    '--shares-per-block',
    '80',
    '--json',
  )
  expect(made.stderr).toBe('')
  expect(made.code).toBe(0)
  const result = JSON.parse(made.stdout) as Record<string, unknown>
  expect(result).toMatchObject({ shares: 2_000, ledger: join(directory, 'here', 'ledger') })
  for (const file of ['devnet/blocks.jsonl', 'ledger.key', 'ledger/checkpoint'])
    expect(existsSync(join(directory, 'here', file))).toBe(true)

  const verified = await run('store', 'verify', '--json', 'sqlite:here/lodebook.db')
  expect(JSON.parse(verified.stdout)).toMatchObject({ whole: true, events: result['events'] })
  const balances = await run('balances', '--json', '--store', 'sqlite:here/lodebook.db')
  expect(JSON.parse(balances.stdout)).toMatchObject({ books: { agrees: true } })

  const again = await run('simulate', '--data', 'here')
  expect(again.code).toBe(2)
  expect(again.stderr).toBe(
    `lodebook: ${join(directory, 'here', 'lodebook.db')} is there already, and a history is never overwritten; name another directory\n`,
  )
})

test('what it made is told to people, with what to try', async () => {
  const { stdout } = await run(
    'simulate',
    '--data',
    'there',
    '--shares',
    '200',
    '--miners',
    '3',
    '--seed',
    '9',
  )
  expect(stdout).toContain('Made 200 shares in ')
  expect(stdout).toContain(
    `lodebook audit ${join(directory, 'there', 'ledger')} --key 'simulation.invalid/seed-9/`,
  )
})

test('a directory that cannot be made', async () => {
  writeFileSync(join(directory, 'file'), '')
  const { code, stderr } = await run('simulate', '--data', 'file/there')
  expect(code).toBe(1)
  expect(stderr).toBe(
    `lodebook: ${join(directory, 'file', 'there')} can't be made (there is no such file); name another directory\n`,
  )
})

test.each([
  ['--shares', '0', 'allowed: a whole number from 1 to 1000000000;'],
  ['--shares-per-event', '601', 'allowed: a whole number from 1 to 600;'],
  ['--scheme', 'best', 'allowed: pplns, pplns-time, pps, prop, solo;'],
])('%s %s is refused', async (option, value, sentence) => {
  const { code, stderr } = await run('simulate', '--data', 'nowhere', option, value)
  expect(code).toBe(2)
  expect(stderr).toContain(sentence)
  expect(existsSync(join(directory, 'nowhere'))).toBe(false)
})
