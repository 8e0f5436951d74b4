/** Longer than any sentence of ours. */
const LENGTH_MAX = 600

/** A sentence that names what somebody else has put into a store, fit for a terminal: nothing in it moves the cursor or turns text around. */
export const printable = (sentence: string): string => sentence.slice(0, LENGTH_MAX).replace(/\p{C}/gu, '?')
