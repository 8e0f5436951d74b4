import { type Profile, SWAPPED_ECHO_12_WIRE, wires } from '../profile.ts'

/**
 * Antminer DR3 and DR5: one agent, one wire. The DR5 is four times as fast; variable difficulty finds that out.
 */
export const antminer: Profile = {
  name: 'antminer-dr3-dr5',
  title: 'Antminer DR3 and DR5',
  recognises: (agent) => agent.startsWith('cgminer/4.9.'),
  powAlgorithms: ['blake256'],
  hashesPerSecond: 7.8e12,
  difficultyMin: 1,
  wire: wires(SWAPPED_ECHO_12_WIRE),
}
