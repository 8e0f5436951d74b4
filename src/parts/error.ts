/** Why the pool could not start or go on; a sentence for the operator. */
export interface PoolError {
  readonly message: string
}

/** What a thrown value says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
