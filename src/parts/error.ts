/** Why the pool could not start or go on; a sentence for the operator. */
export interface PoolError {
  readonly message: string
}
