import { agentNamed, PLAIN_SPLIT_WIRE, type Profile, wires } from '../profile.ts'

/** gominer 2.x, Decred's GPU miner. */
export const gominer: Profile = {
  name: 'gominer',
  title: 'gominer 2.x',
  recognises: agentNamed('decred-gominer'),
  powAlgorithms: ['blake3'],
  hashesPerSecond: 5e9,
  difficultyMin: 1,
  wire: wires(PLAIN_SPLIT_WIRE),
}
