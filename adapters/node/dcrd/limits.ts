/**
 * Requests of the pool that one websocket carries at once. dcrd serves 20, then stops reading; the rest is for
 * submits.
 */
export const IN_FLIGHT_MAX = 16

/** Requests that wait for a place: at 100 answers a second they are through within the deadline of 15 s. */
export const WAITING_MAX = 1_000

/** Notifications kept while the tip is being asked for: some days of blocks, as a node that catches up sends them. */
export const HELD_MAX = 2_000

/** Bytes of one message from the node: a block of 1,310,720 bytes is twice that in hex; three times that is kept. */
export const MESSAGE_BYTES_MAX = 8 * 2 ** 20

/** Milliseconds between pings; a node that was silent for one whole interval is given up. */
export const PING_EVERY_MS = 5_000

/** Milliseconds before the first try to connect again; doubles up to {@link RETRY_MS_MAX}. */
export const RETRY_FIRST_MS = 250

/** Milliseconds between tries at most; a connection that lasted as long starts again at {@link RETRY_FIRST_MS}. */
export const RETRY_MS_MAX = 5_000

/**
 * Milliseconds between looks at whether a node still mines. One that has lost its peers says so in answer to `getwork` alone, and its tip
 * stands still without a word.
 */
export const HEALTH_EVERY_MS = 60_000

/** Milliseconds a stopped connection has to close in good order. */
export const CLOSE_MS = 1_000

/** Major version of dcrd's JSON-RPC that has everything used here: dcrd 1.7. */
export const API_MAJOR_MIN = 7
