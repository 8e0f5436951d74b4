import { expect, test } from 'vitest'
import { lodebook } from './child.ts'

const run = (...words: string[]) => lodebook(['miner', ...words], { directory: '.' })

test('lists the dialects with the proofs of work that each can compute', async () => {
  const { code, stdout } = await run('--list-dialects')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^gominer +--pow blake3$/m)
  expect(stdout).toMatch(/^whatsminer-d1 +--pow blake256$/m)
  expect(stdout).toMatch(/^plain +--pow blake3, --pow blake256$/m)
})

test.each([
  [['--dialect', 'whatsminer-d1'], "whatsminer-d1 can't compute blake3"],
  [['--dialect', 'none'], 'allowed: plain, gominer'],
  [['--pool', 'nowhere'], 'allowed: host:port'],
  [['--rate', '-1'], 'allowed: a whole number from 0'],
])('%j is a wrong command line', async (words, sentence) => {
  const { code, stderr } = await run(...words)
  expect(code).toBe(2)
  expect(stderr).toContain(sentence)
})

test('nobody there: says so, and ends with 1 after its time', async () => {
  const { code, stdout, stderr } = await run('--pool', '127.0.0.1:1', '--seconds', '1', '--json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ mining: 0, accepted: 0 })
  expect(stderr).toContain('no share was accepted in 1 s')
})
