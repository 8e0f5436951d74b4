import { agentNamed, type Profile, plainWire } from '../profile.ts'

/** gominer 2.x, Decred's GPU miner. */
export const gominer: Profile = {
  name: 'gominer',
  title: 'gominer 2.x',
  recognises: agentNamed('decred-gominer'),
  powAlgorithms: ['blake3'],
  hashesPerSecond: 5e9,
  difficultyMin: 1,
  wire: plainWire,
}
