import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/**
 * Miners as their firmware works, written from what they were seen to send and to hash, and from nothing in `domain/stratum`:
 * were both wrong alike, no share would tell.
 */
export interface Device {
  readonly name: string
  /** What it calls itself in `mining.subscribe`. */
  readonly agent: string
  readonly algorithm: PowAlgorithm
  /** Name of the pool's profile for it. */
  readonly profile: string
  /** What `mining.subscribe` must answer after the subscriptions, for the pool's four bytes in hex. */
  readonly told: (own: string) => readonly [string, number]
  readonly family: Family
}

/** Where a device puts its counter and the pool's bytes, and in which order it reads and writes numbers. */
interface Family {
  /** Bytes of the previous block's hash come with each word of four turned around. */
  readonly turnsWords: boolean
  readonly bitsAndTime: 'as-serialized' | 'turned'
  readonly answers: 'as-serialized' | 'turned'
  /** Bytes of genTx1 behind the previous block's hash: to the end of the header, or to the nonce with the rest in genTx2. */
  readonly genTx1Bytes: 144 | 108
  /** Extra nonce area from header byte 144 on, from what the pool sent and the device's counter, in hex. */
  readonly area: (sent: string, counter: number) => string
  /** What is submitted as extranonce2, from the same. */
  readonly submits: (sent: string, counter: number) => string
}

/** A `mining.notify` as a device understands it. */
export interface DeviceJob {
  readonly id: string
  /** 180 bytes with nothing in nonce and extra data. */
  readonly header: Buffer
  /** Compact target and Unix seconds, from their own fields. */
  readonly bits: number
  readonly time: number
  readonly clean: boolean
  /** Hash of the previous block as explorers print it. */
  readonly previous: string
}

/** What a device tries: its counter, a nonce and a time. */
export interface Attempt {
  readonly counter: number
  readonly nonce: number
  readonly time: number
}

const hex8 = (n: number): string => n.toString(16).padStart(8, '0')
const turned = (hex: string): string => Buffer.from(hex, 'hex').reverse().toString('hex')
const turnedWords = (hex: string): string => (hex.match(/.{8}/g) ?? []).map(turned).join('')

/** The device counts behind the pool's four bytes. */
const behind = (bytes: number): Pick<Family, 'area' | 'submits'> => ({
  area: (sent, counter) => sent + hex8(counter).padEnd(bytes * 2, '0'),
  submits: (_sent, counter) => hex8(counter).padEnd(bytes * 2, '0'),
})

/** What the pool sent is the area: the device counts in its front, keeps the last four bytes and gives it all back. */
const inFront: Pick<Family, 'area' | 'submits'> = {
  area: (sent, counter) => hex8(counter).padEnd(sent.length - 8, '0') + sent.slice(-8),
  submits: (sent, counter) => hex8(counter).padEnd(sent.length - 8, '0') + sent.slice(-8),
}

const asic: Omit<Family, 'area' | 'submits'> = {
  turnsWords: true,
  bitsAndTime: 'turned',
  answers: 'turned',
  genTx1Bytes: 108,
}
const plain: Omit<Family, 'genTx1Bytes'> = {
  turnsWords: false,
  bitsAndTime: 'as-serialized',
  answers: 'as-serialized',
  ...behind(4),
}

const asTold = (bytes: number) => (own: string) => [own, bytes] as const
const padded = (zeros: number, bytes: number) => (own: string) => ['00'.repeat(zeros) + own, bytes] as const

const onBlake256: readonly Omit<Device, 'algorithm'>[] = [
  {
    name: 'Innosilicon D9',
    agent: 'sgminer/4.4.2',
    profile: 'innosilicon-d9',
    told: asTold(4),
    family: { ...asic, ...behind(4) },
  },
  {
    name: 'Antminer DR3 or DR5',
    agent: 'cgminer/4.9.0',
    profile: 'antminer-dr3-dr5',
    told: padded(8, 8),
    family: { ...asic, ...inFront },
  },
  {
    name: 'Whatsminer D1',
    agent: 'whatsminer/d1-v1.0',
    profile: 'whatsminer-d1',
    told: padded(4, 4),
    family: { ...asic, bitsAndTime: 'as-serialized', ...inFront },
  },
  {
    name: 'Obelisk DCR1',
    agent: 'cgminer/4.10.0',
    profile: 'obelisk-dcr1',
    told: asTold(4),
    family: { ...asic, ...behind(4) },
  },
  {
    name: 'ccminer',
    agent: 'ccminer/2.3.1',
    profile: 'ccminer',
    told: padded(8, 8),
    family: { ...asic, ...inFront },
  },
  {
    name: 'NiceHash on BLAKE-256',
    agent: 'NiceHash/1.0.0',
    profile: 'nicehash',
    told: asTold(8),
    family: { ...asic, ...behind(8) },
  },
  {
    name: 'cpuminer on BLAKE-256',
    agent: 'cpuminer/1.0.0',
    profile: 'plain',
    told: asTold(4),
    family: { ...plain, genTx1Bytes: 108 },
  },
]

/** Miners of the BLAKE-256 chain. */
export const blake256Devices: readonly Device[] = onBlake256.map((each) => ({
  ...each,
  algorithm: 'blake256',
}))

/** Miners of the BLAKE3 chain. */
export const blake3Devices: readonly Device[] = [
  { name: 'cpuminer', agent: 'cpuminer/1.0.0', profile: 'plain' },
  { name: 'gominer', agent: 'decred-gominer/2.0.0', profile: 'gominer' },
  { name: 'a miner nobody knows', agent: 'somebodys-miner v0.3 (beta)', profile: 'plain' },
  { name: 'NiceHash', agent: 'NiceHash/1.0.0', profile: 'nicehash' },
].map((device) => ({
  ...device,
  algorithm: 'blake3',
  told: asTold(4),
  family: { ...plain, genTx1Bytes: 144 },
}))

/** The device that most tests mine with. */
export const cpuMiner = device('cpuminer/1.0.0', blake3Devices)

/** A device of a list by its agent. */
export function device(agent: string, among: readonly Device[]): Device {
  const found = among.find((each) => each.agent === agent)
  if (found === undefined) throw new Error(`no device ${agent}`)
  return found
}

/** Reads the parameters of `mining.notify`. */
export function readJob({ family }: Device, params: readonly unknown[]): DeviceJob {
  const [id, previous, genTx1, genTx2, branches, version, bits, time, clean] = params
  if (
    typeof id !== 'string' ||
    typeof previous !== 'string' ||
    typeof genTx1 !== 'string' ||
    typeof genTx2 !== 'string' ||
    typeof version !== 'string' ||
    typeof bits !== 'string' ||
    typeof time !== 'string' ||
    typeof clean !== 'boolean' ||
    !Array.isArray(branches) ||
    branches.length > 0 ||
    params.length !== 9
  )
    throw new Error(`no work for a device: ${JSON.stringify(params)}`)
  const internal = family.turnsWords ? turnedWords(previous) : previous
  if (genTx1.length !== family.genTx1Bytes * 2)
    throw new Error(`genTx1 has ${genTx1.length / 2} bytes, the device wants ${family.genTx1Bytes}`)
  const front = version + internal + genTx1
  const header =
    family.genTx1Bytes === 144 ? front : front.padEnd((180 - genTx2.length / 2) * 2, '0') + genTx2
  const number = (field: string): number =>
    Number.parseInt(family.bitsAndTime === 'turned' ? field : turned(field), 16)
  return {
    id,
    header: Buffer.from(header, 'hex'),
    bits: number(bits),
    time: number(time),
    clean,
    previous: turned(internal),
  }
}

/** The 180 bytes that a device hashes. */
export function headerOf({ family }: Device, job: DeviceJob, sent: string, attempt: Attempt): Buffer {
  const header = Buffer.from(job.header)
  header.writeUInt32LE(attempt.time, 136)
  header.writeUInt32LE(attempt.nonce, 140)
  header.write(family.area(sent, attempt.counter), 144, 'hex')
  return header
}

/** What a device sends after its user name: job, extranonce2, time and nonce. */
export function submissionOf(
  { family }: Device,
  job: DeviceJob,
  sent: string,
  { counter, time, nonce }: Attempt,
): readonly [string, string, string, string] {
  const number = (n: number): string => (family.answers === 'turned' ? hex8(n) : turned(hex8(n)))
  return [job.id, family.submits(sent, counter), number(time), number(nonce)]
}
