/** Lets so much work of a kind be done at once; the rest waits for its turn, in order. Undefined, at once: too many wait. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T | undefined>

/** Turns of which `most` are taken at once, while `waitingMax` wait at most. */
export function takeTurns(most: number, waitingMax: number): Turns {
  const waiting: (() => void)[] = []
  let taken = 0

  return async (work) => {
    if (taken < most) taken += 1
    else if (waiting.length >= waitingMax) return undefined
    // Whoever is done hands the turn over.
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) taken -= 1
      else next()
    }
  }
}
