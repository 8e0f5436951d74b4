import { agentNamed, type Profile, SWAPPED_ECHO_12_WIRE, wires } from '../profile.ts'

/** ccminer 2.x and its relatives: the family that the Antminers' firmware comes from. */
export const ccminer: Profile = {
  name: 'ccminer',
  title: 'ccminer style',
  recognises: agentNamed('ccminer'),
  powAlgorithms: ['blake256'],
  hashesPerSecond: 2e9,
  difficultyMin: 1,
  wire: wires(SWAPPED_ECHO_12_WIRE),
}
