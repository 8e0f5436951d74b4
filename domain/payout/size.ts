import { type Atoms, toAtoms } from '../decred/amount.ts'

/**
 * Bytes, fees and dust of payout transactions. Source: dcrwallet, packages txsizes and txrules, whose figures dcrd's rules for
 * relaying are: a fee of 10,000 atoms for 1,000 bytes.
 */

/** Atoms for 1,000 bytes of a transaction: what nodes want for passing it on. */
const RELAY_FEE_ATOMS = 10_000n

/** An input that spends what a hash of a key was paid, with the longest signature script of 108 bytes. */
const INPUT_BYTES = 32 + 4 + 1 + 4 + 8 + 4 + 4 + 1 + 108
/** What spends an output on average, as the dust rule has it. */
const SPENDING_BYTES = 165
/** Version, lock time and expiry. */
const FRAME_BYTES = 12

/** Bytes of a script that pays an ordinary address. */
export const ORDINARY_SCRIPT_BYTES = 25

/**
 * Bytes of a transaction at most. In hex 58,000, which with its envelope fits an event of 60,000; dcrd passes on 100,000. Room
 * for 500 outputs and 65 inputs, or for one output and 174 inputs.
 */
export const TRANSACTION_BYTES_MAX = 29_000

/** Bytes of an output. Scripts of payable addresses are shorter than 253 bytes. */
export const outputBytes = (scriptBytes: number): number => 8 + 2 + 1 + scriptBytes

/**
 * Bytes of a signed transaction at most, as dcrwallet estimates them. `outputsBytes` is the sum of {@link outputBytes}.
 */
export const transactionBytes = (inputs: number, outputs: number, outputsBytes: number): number =>
  FRAME_BYTES + 2 * countBytes(inputs) + countBytes(outputs) + inputs * INPUT_BYTES + outputsBytes

const countBytes = (count: number): number => (count < 0xfd ? 1 : 3)

/** The chain's fee for a transaction of a size, atoms: floor(bytes * 10,000 / 1,000). */
export const transactionFee = (bytes: number): Atoms => toAtoms((RELAY_FEE_ATOMS * BigInt(bytes)) / 1000n)

/**
 * Least atoms of an output that is no dust: at a third of them it would cost more to spend than nodes want for it.
 * 6,030 for an ordinary address.
 */
export const leastOutput = (scriptBytes: number): Atoms =>
  toAtoms((3n * BigInt(outputBytes(scriptBytes) + SPENDING_BYTES) * RELAY_FEE_ATOMS) / 1000n)

/**
 * Least minimum payout: no rule in use calls 6,360 atoms dust. dcrpool takes the bytes of an output for those of its script, and
 * others took that over; the true limit is {@link leastOutput}.
 */
export const DUST_ATOMS = leastOutput(outputBytes(ORDINARY_SCRIPT_BYTES))
