import { hash } from 'node:crypto'

/** 2^32: how many values a draw has. */
const VALUES = 0x1_0000_0000

/**
 * Chance that follows from a seed and a name: the same draws for ever, on every machine. Each part of a simulation has a chance of its own
 * name, so that a draw more in one changes none of another. The generator is xoshiro128** by Blackman and Vigna.
 */
export class Chance {
  readonly #state: Uint32Array

  constructor(seed: number, name: string) {
    const digest = hash('sha256', `${name} of simulation ${seed}`, 'buffer')
    this.#state = Uint32Array.from({ length: 4 }, (_, i) => digest.readUInt32LE(4 * i))
  }

  /** A number from 0 up to 1. */
  draw(): number {
    return this.#uint32() / VALUES
  }

  /** Whether something happens that does so with a probability. */
  happens(probability: number): boolean {
    return this.draw() < probability
  }

  /** A whole number from 0 up to `count`. */
  below(count: number): number {
    return Math.floor(this.draw() * count)
  }

  /** Time until the next of events that come at random, by their mean distance. */
  wait(mean: number): number {
    return -Math.log(1 - this.draw()) * mean
  }

  /** One of several. */
  pick<A>(among: readonly [A, ...A[]]): A {
    return among[this.below(among.length)] ?? among[0]
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#uint32() >>> 24)
  }

  #uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const third = c ^ a
    const fourth = d ^ b
    this.#state[0] = a ^ fourth
    this.#state[1] = b ^ third
    this.#state[2] = third ^ (b << 9)
    this.#state[3] = rotate(fourth, 11)
    return result
  }
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))
