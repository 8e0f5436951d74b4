import { agentNamed, NICEHASH_WIRE, type Profile, wires } from '../profile.ts'

/** NiceHash buying for an order, and its pool verificator. */
export const nicehash: Profile = {
  name: 'nicehash',
  title: 'NiceHash',
  recognises: agentNamed('nicehash'),
  powAlgorithms: ['blake256', 'blake3'],
  hashesPerSecond: 2e11,
  difficultyMin: 128,
  wire: wires(NICEHASH_WIRE),
}
