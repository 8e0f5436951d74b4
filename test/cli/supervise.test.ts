import { pino } from 'pino'
import { describe, expect, test, vi } from 'vitest'
import { supervise } from '../../src/cli/supervise.ts'
import type { PoolError } from '../../src/parts/error.ts'
import type { Pool } from '../../src/pool.ts'

const logged = () => {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line).msg) })
  return { log, lines }
}

const poolThat = (parts: Partial<Pool>): Pool =>
  ({ failed: new Promise<PoolError>(() => {}), stop: () => Promise.resolve(true), ...parts }) as Pool

const never = new Promise<string>(() => {})

describe('supervise', () => {
  test('asked to end and stopped in order: 0', async () => {
    const { log, lines } = logged()
    expect(await supervise(poolThat({}), Promise.resolve('SIGTERM'), log)).toBe(0)
    expect(lines).toEqual(['stopped'])
  })

  test('a pool that fails is stopped too, and ends with 1 and the reason', async () => {
    const { log, lines } = logged()
    const stop = vi.fn(() => Promise.resolve(true))
    const failed = Promise.resolve({ message: 'the store is gone' })
    expect(await supervise(poolThat({ failed, stop }), never, log)).toBe(1)
    expect(stop).toHaveBeenCalledOnce()
    expect(lines).toEqual(["The pool can't go on and stops: the store is gone", 'stopped'])
  })

  test('something could not be written: 1', async () => {
    const { log, lines } = logged()
    const stop = () => Promise.resolve(false)
    expect(await supervise(poolThat({ stop }), Promise.resolve('SIGTERM'), log)).toBe(1)
    expect(lines).toEqual([
      'stopped, but shares without an answer could not be written; their miners were not told yes',
    ])
  })

  test('a stop that hangs is ended after ten seconds: 1', async () => {
    vi.useFakeTimers()
    const { log, lines } = logged()
    const ending = supervise(poolThat({ stop: () => new Promise(() => {}) }), Promise.resolve('SIGTERM'), log)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await ending).toBe(1)
    expect(lines).toEqual(['Not stopped within 10 s, ended without waiting any longer'])
    vi.useRealTimers()
  })
})
