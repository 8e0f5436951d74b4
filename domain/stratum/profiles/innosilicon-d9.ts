import { agentNamed, type Profile, SWAPPED_WIRE, wires } from '../profile.ts'

/** Innosilicon D9, base firmware D9_20180602_094459; the "hashcache" firmware does not follow it. */
export const innosiliconD9: Profile = {
  name: 'innosilicon-d9',
  title: 'Innosilicon D9',
  recognises: agentNamed('sgminer'),
  powAlgorithms: ['blake256'],
  hashesPerSecond: 2.4e12,
  difficultyMin: 1,
  wire: wires(SWAPPED_WIRE),
}
