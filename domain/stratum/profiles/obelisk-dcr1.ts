import { type Profile, SWAPPED_WIRE, wires } from '../profile.ts'

/** Obelisk DCR1: always four bytes of extranonce2, whatever it is told. */
export const obeliskDcr1: Profile = {
  name: 'obelisk-dcr1',
  title: 'Obelisk DCR1',
  recognises: (agent) => agent.startsWith('cgminer/4.10.'),
  powAlgorithms: ['blake256'],
  hashesPerSecond: 1.2e12,
  difficultyMin: 1,
  wire: wires(SWAPPED_WIRE),
}
