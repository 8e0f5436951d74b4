/**
 * The end of a `switch` over a closed union: does not compile while a case is missing.
 *
 * @throws Error for a value that the types do not know.
 */
export function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`)
}
