import { HEIGHTS_KEPT } from './header-set.ts'

/**
 * Which shares a `HeaderSet` could see twice without knowing: those of a height that it has forgotten, on work that there was by then. It
 * forgets the height that came first when there is one too many. Mutable, one owner; to be told what the set is told, in the same order.
 */
export class ForgottenHeights {
  /** Newest template of each height that the set holds, in the order in which they came. */
  readonly #held = new Map<number, number>()
  /** Newest template that a height had when it was forgotten. */
  readonly #forgotten = new Map<number, number>()

  /** Takes shares of one height and template. Answers whether others of that template were forgotten. */
  take(height: number, template: number): boolean {
    const newest = this.#held.get(height)
    if (newest === undefined && this.#held.size >= HEIGHTS_KEPT) this.#forgetFirst()
    if (newest === undefined || newest < template) this.#held.set(height, template)
    return template <= (this.#forgotten.get(height) ?? NO_TEMPLATE)
  }

  #forgetFirst(): void {
    const [first] = this.#held
    if (first === undefined) return
    const [height, newest] = first
    this.#held.delete(height)
    this.#forgotten.set(height, Math.max(newest, this.#forgotten.get(height) ?? NO_TEMPLATE))
  }
}

/** They count up from 0. */
export const NO_TEMPLATE = -1
