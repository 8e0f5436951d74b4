import { PLAIN_SPLIT_WIRE, type Profile, wires } from '../profile.ts'

/** CPU miners (dcrpool's among them) and every agent that no other profile knows: nobody is refused. */
export const plain: Profile = {
  name: 'plain',
  title: 'cpuminer and others',
  recognises: () => true,
  powAlgorithms: ['blake3', 'blake256'],
  hashesPerSecond: 5e3,
  difficultyMin: 1,
  wire: wires(PLAIN_SPLIT_WIRE),
}
