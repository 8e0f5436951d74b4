/**
 * Keeps what was made for as long as its mark is the same: all who watch a page ask for it when something changes, so it is made once for
 * all of them. Each name is kept once, and there are few.
 */
export function remembered<T>(): (name: string, mark: unknown, make: () => T) => T {
  const made = new Map<string, { readonly mark: string; readonly value: T }>()
  return (name, mark, make) => {
    const text = JSON.stringify(mark)
    const known = made.get(name)
    if (known?.mark === text) return known.value
    const value = make()
    made.set(name, { mark: text, value })
    return value
  }
}
