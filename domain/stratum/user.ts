/** A user name as a public pool reads it: `address` or `address.worker`; the worker's name may have dots of its own. */
export interface User {
  readonly address: string
  readonly worker: string
}

/** Splits a user name at its first dot; blanks around the parts go. */
export function parseUser(user: string): User {
  const dot = user.indexOf('.')
  if (dot < 0) return { address: user.trim(), worker: '' }
  return { address: user.slice(0, dot).trim(), worker: user.slice(dot + 1).trim() }
}

/** Difficulty that a password asks for with `d=1024`, alone or among other words; null when it does not. */
export function wishedDifficulty(password: string): number | null {
  const match = /(?:^|[\s,;&])d=([0-9]{1,16})(?:\.[0-9]*)?(?=$|[\s,;&])/.exec(password)
  const difficulty = Number(match?.[1] ?? 0)
  return difficulty >= 1 ? difficulty : null
}
