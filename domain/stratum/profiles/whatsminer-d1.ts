import { agentNamed, D1_WIRE, type Profile, wires } from '../profile.ts'

/** Whatsminer D1, whose agent is `whatsminer/d1-v1.0`. */
export const whatsminerD1: Profile = {
  name: 'whatsminer-d1',
  title: 'Whatsminer D1',
  recognises: agentNamed('whatsminer'),
  powAlgorithms: ['blake256'],
  hashesPerSecond: 48e12,
  difficultyMin: 1,
  wire: wires(D1_WIRE),
}
