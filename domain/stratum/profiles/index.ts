import type { Profile } from '../profile.ts'
import { antminer } from './antminer.ts'
import { ccminer } from './ccminer.ts'
import { gominer } from './gominer.ts'
import { innosiliconD9 } from './innosilicon-d9.ts'
import { nicehash } from './nicehash.ts'
import { obeliskDcr1 } from './obelisk-dcr1.ts'
import { plain } from './plain.ts'
import { whatsminerD1 } from './whatsminer-d1.ts'

/** Every profile, the one that takes anybody last. */
export const profiles: readonly Profile[] = [
  innosiliconD9,
  antminer,
  whatsminerD1,
  obeliskDcr1,
  gominer,
  ccminer,
  nicehash,
  plain,
]

/** The profile of a user agent. Unknown agents are served plainly. */
export const profileOf = (agent: string): Profile => profiles.find((p) => p.recognises(agent)) ?? plain

/** The profile that an event names; undefined for a name of a newer program. */
export const profileNamed = (name: string): Profile | undefined => profiles.find((p) => p.name === name)
