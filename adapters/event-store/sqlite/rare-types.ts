/** Types of which a log is full. All others together are a small part of it, which can be read without the rest. */
const FREQUENT_TYPES: readonly string[] = [
  'SharesAccepted',
  'SharesRejected',
  'WorkIssued',
  'MinerConnected',
  'MinerIdentified',
  'WorkerAuthorized',
  'DifficultyAssigned',
  'MinerDisconnected',
]

/** Condition of the index and of whoever uses it: SQLite wants it word for word. */
export const IS_RARE = `type NOT IN (${FREQUENT_TYPES.map((type) => `'${type}'`).join(', ')})`

/** Says whether the index holds all events of these types. */
export const areRare = (types: readonly string[]): boolean =>
  types.every((type) => !FREQUENT_TYPES.includes(type))
