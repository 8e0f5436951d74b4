import type { NetworkName } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import type { ProfileName } from '../../../domain/stratum/profile.ts'
import { profiles } from '../../../domain/stratum/profiles/index.ts'

/** Where and as whom a miner connects: all that its settings need. */
export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly network: NetworkName
}

/** Settings as the miner's own page, command line or file wants them. */
export type Settings =
  | {
      readonly kind: 'fields'
      readonly fields: readonly { readonly label: string; readonly value: string }[]
    }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }

/** How one kind of miner is set up. */
export interface MinerGuide {
  readonly id: string
  readonly name: string
  /** Null for what could be anything. */
  readonly device: 'ASIC' | 'GPU' | 'CPU' | 'rented hashrate' | null
  readonly profile: ProfileName
  /** Where its settings go. */
  readonly where: string
  readonly settings: (login: Login) => Settings
  /** What goes wrong with it, and what then. */
  readonly notes: readonly string[]
}

const url = ({ host, port }: Login): string => `stratum+tcp://${host}:${port}`

const webPage =
  (labels: { readonly url: string; readonly user: string; readonly password: string }) =>
  (login: Login): Settings => ({
    kind: 'fields',
    fields: [
      { label: labels.url, value: url(login) },
      { label: labels.user, value: login.user },
      { label: labels.password, value: login.password },
    ],
  })

/** Every miner that the pool has a dialect for. */
export const minerGuides: readonly MinerGuide[] = [
  {
    id: 'gominer',
    name: 'gominer 2.x',
    device: 'GPU',
    profile: 'gominer',
    where: 'Run it, or put the same three values as pool, pooluser and poolpass into gominer.conf.',
    settings: (login) => ({
      kind: 'command',
      text: `gominer${networkFlag(login.network)} -o ${url(login)} -m ${login.user} -n ${login.password}`,
    }),
    notes: ['Versions before 2.0 hash BLAKE-256 and are not understood.'],
  },
  {
    id: 'cpuminer',
    name: 'cpuminer (dcrpool’s CPU miner)',
    device: 'CPU',
    profile: 'plain',
    where: 'Put this into miner.conf.',
    settings: ({ host, port, user, network }) => {
      const [address = '', worker = ''] = user.split('.', 2)
      return {
        kind: 'file',
        name: 'miner.conf',
        text: [`pool=${host}:${port}`, `address=${address}`, `user=${worker}`, `activenet=${network}`].join(
          '\n',
        ),
      }
    },
    notes: [
      'It repeats old shares after each one it finds; the pool refuses those as duplicates, which costs nothing.',
    ],
  },
  {
    id: 'innosilicon-d9',
    name: 'Innosilicon D9',
    device: 'ASIC',
    profile: 'innosilicon-d9',
    where: 'On the miner’s own page, under Pools.',
    settings: webPage({ url: 'Pool', user: 'Worker', password: 'Password' }),
    notes: ['Firmware D9_20180602_094459 works; the “hashcache” firmware does not follow the protocol.'],
  },
  {
    id: 'antminer-dr3',
    name: 'Antminer DR3',
    device: 'ASIC',
    profile: 'antminer-dr3-dr5',
    where: 'On the miner’s own page, under Miner Configuration, General Settings.',
    settings: webPage({ url: 'URL', user: 'Worker', password: 'Password' }),
    notes: [],
  },
  {
    id: 'antminer-dr5',
    name: 'Antminer DR5',
    device: 'ASIC',
    profile: 'antminer-dr3-dr5',
    where: 'On the miner’s own page, under Miner Configuration, General Settings.',
    settings: webPage({ url: 'URL', user: 'Worker', password: 'Password' }),
    notes: ['It looks like a DR3 at first; its difficulty is right after a minute.'],
  },
  {
    id: 'whatsminer-d1',
    name: 'Whatsminer D1',
    device: 'ASIC',
    profile: 'whatsminer-d1',
    where: 'On the miner’s own page, under Configuration, Miner Configuration.',
    settings: webPage({ url: 'Pool 1', user: 'Pool 1 worker', password: 'Pool 1 password' }),
    notes: [],
  },
  {
    id: 'obelisk-dcr1',
    name: 'Obelisk DCR1',
    device: 'ASIC',
    profile: 'obelisk-dcr1',
    where: 'On the miner’s own page, under Pools.',
    settings: webPage({ url: 'Pool URL', user: 'Worker', password: 'Password' }),
    notes: [],
  },
  {
    id: 'ccminer',
    name: 'ccminer and relatives',
    device: 'GPU',
    profile: 'ccminer',
    where: 'Run it.',
    settings: (login) => ({
      kind: 'command',
      text: `ccminer -a decred -o ${url(login)} -u ${login.user} -p ${login.password}`,
    }),
    notes: [],
  },
  {
    id: 'nicehash',
    name: 'NiceHash',
    device: 'rented hashrate',
    profile: 'nicehash',
    where: 'In your NiceHash account, under My pools, Add new pool.',
    settings: ({ host, port, user, password }) => ({
      kind: 'fields',
      fields: [
        { label: 'Algorithm', value: 'Decred' },
        { label: 'Stratum host', value: host },
        { label: 'Port', value: String(port) },
        { label: 'Username', value: user },
        { label: 'Password', value: password },
      ],
    }),
    notes: [
      'It asks for a difficulty of at least 128 and gets it.',
      'What it sells depends on its sellers: look whether it offers Decred with this proof of work.',
    ],
  },
  {
    id: 'other',
    name: 'Any other miner',
    device: null,
    profile: 'plain',
    where: 'Where it asks for a stratum pool.',
    settings: webPage({ url: 'URL', user: 'User', password: 'Password' }),
    notes: ['No user agent is refused: an unknown one is served with the plain dialect, as dcrpool does.'],
  },
]

/** Whether a miner can compute this proof of work, by its profile. */
export const canMine = (guide: MinerGuide, powAlgorithm: PowAlgorithm): boolean =>
  profiles.some((profile) => profile.name === guide.profile && profile.powAlgorithms.includes(powAlgorithm))

const networkFlag = (network: NetworkName): string => {
  switch (network) {
    case 'mainnet':
      return ''
    case 'testnet3':
      return ' --testnet'
    case 'simnet':
    case 'regnet':
      return ' --simnet'
  }
}
