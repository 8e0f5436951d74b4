import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { jsonForTerminal } from '../../src/cli/terminal.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { start } from './child.ts'

/** A ledger that never answers: whoever reads it can be interrupted. */
const silent = createServer(() => undefined)
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  url = `http://127.0.0.1:${port}/ledger`
})
afterAll(() => {
  silent.closeAllConnections()
  silent.close()
})

/** Throws in the middle of the command, once the program is there to take it. */
const FAULT = `const look = setInterval(() => {
  if (process.listenerCount('uncaughtException') === 0) return
  clearInterval(look)
  throw new RangeError('a fault')
}, 20)`

test.each([
  ['audit', 2],
  ['ledger head', 1],
])('an internal fault of %s ends it with %i', async (command, code) => {
  const directory = mkdtempSync(join(temporaryDirectory(), 'fault-'))
  const key = verifierKeyText(signingKey('pool.test', 'note', new Uint8Array(32).fill(3)).verifier)
  const child = start([...command.split(' '), url, '--key', key], {
    directory,
    environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(FAULT)}` },
  })
  const finished = await child.finished
  expect(finished.stderr).toMatch(/^lodebook: internal fault: a fault .*please report it with this line\n$/)
  expect(finished.code).toBe(code)
})

test('JSON for a terminal says the same, and moves nothing', () => {
  const value = { stream: 'x\u009b31m\u202e', worker: 'ß 漢 "\u{1f600}"', odd: '\u{e0001}\u2028' }
  const shown = jsonForTerminal(JSON.stringify(value))
  expect(JSON.parse(shown)).toEqual(value)
  expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
  expect(shown).toContain('ß 漢 \\"\u{1f600}\\"')
  expect(shown).toContain('x\\u009b31m\\u202e')
})
