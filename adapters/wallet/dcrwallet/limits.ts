/** Bytes of one message from the wallet: a transaction of 393,216 bytes, the most there can be, and its details beside it. */
export const MESSAGE_BYTES_MAX = 4 * 2 ** 20

/** Messages of one stream: as many unspent outputs as half a year has blocks. */
export const MESSAGES_MAX = 50_000

/** Major version of dcrwallet's gRPC interface that has everything used here: dcrwallet 1.5. */
export const API_MAJOR_MIN = 7
