/** Why no money event is written any more. `message` is for the operator: what happened and what to do. */
export interface TreasuryStop {
  readonly kind: /** The log can't be booked: it is damaged, or of a newer program. */
    | 'log'
    /** The next event would violate the books. */
    | 'books'
    /** Another process writes money events into the same log. */
    | 'other-writer'
    /** The store refuses for good. */
    | 'store'
    /** An error of this program. */
    | 'internal'
  readonly message: string
}

/** Ends all work of the treasury, through whatever is under way. `null`: the pool itself stops. */
export class TreasuryEnd extends Error {
  readonly stop: TreasuryStop | null

  constructor(stop: TreasuryStop | null) {
    super(stop?.message ?? 'the pool stops')
    this.stop = stop
  }
}
