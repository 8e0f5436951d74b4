/** Name of the epoch that a time (Unix ms) falls in, which streams of work and shares are named after: its UTC hour, `2026112318`. */
export const epochOf = (atMs: number): string =>
  new Date(atMs).toISOString().replace(/[-T:]/g, '').slice(0, 10)
