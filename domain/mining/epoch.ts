/** Name of the epoch that a time (Unix ms) falls in, which streams of work and shares are named after: its UTC hour, `2026112318`. */
export const epochOf = (atMs: number): string =>
  new Date(atMs).toISOString().replace(/[-T:]/g, '').slice(0, 10)

/** An epoch in milliseconds. */
export const EPOCH_MS = 3_600_000

/** When an epoch begins, Unix ms. */
export const epochStartMs = (epoch: string): number =>
  Date.UTC(
    Number(epoch.slice(0, 4)),
    Number(epoch.slice(4, 6)) - 1,
    Number(epoch.slice(6, 8)),
    Number(epoch.slice(8)),
  )
