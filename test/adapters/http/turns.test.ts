import { expect, test } from 'vitest'
import { takeTurns } from '../../../adapters/http/turns.ts'

test('work is done in order, so much at once, and who finds too many waiting is told at once', async () => {
  const inTurn = takeTurns(2, 3)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const ask = (n: number) =>
    inTurn(async () => {
      begun.push(n)
      await new Promise<void>((resolve) => ends.push(resolve))
      if (n === 1) throw new Error('its own')
      return n
    })
  const asked = [0, 1, 2, 3, 4].map((n) => ask(n).catch((error: Error) => error.message))
  expect(await ask(5)).toBeUndefined()
  expect(begun).toEqual([0, 1])
  for (let n = 0; n < 5; n++) {
    ends[n]?.()
    await asked[n]
    await new Promise(setImmediate)
  }
  expect(await Promise.all(asked)).toEqual([0, 'its own', 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
  const again = ask(6)
  ends[5]?.()
  expect(await again).toBe(6)
})
