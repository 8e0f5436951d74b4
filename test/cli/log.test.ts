import { expect, test } from 'vitest'
import { textLine } from '../../src/cli/log.ts'

test('a line of the log for people', () => {
  const time = new Date(2030, 0, 1, 9, 5, 7).toISOString()
  expect(textLine(JSON.stringify({ level: 'warn', time, msg: 'node down', node: 'main', height: 5 }))).toBe(
    '09:05:07 warn  node down node=main height=5',
  )
  const err = { type: 'Error', message: 'boom', stack: 'Error: boom\n    at x' }
  expect(textLine(JSON.stringify({ level: 'error', time, msg: 'failed', err }))).toBe(
    '09:05:07 error failed\nError: boom\n    at x',
  )
})
