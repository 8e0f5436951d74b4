/** What a thrown value says, for sentences about it. Whoever knows its `cause` or its `code` has better words. */
export const errorText = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)
