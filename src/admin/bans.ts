import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { BlockList, isIP, isIPv4 } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { errorText } from '../../adapters/error-text.ts'
import type { Ban } from '../../adapters/http/admin/port.ts'

/**
 * Who may not mine here, in a file of the data directory: addresses must not be in the log, which is published, and one file for
 * both kinds is simpler to keep and to read than two.
 */
export interface Bans {
  /** Those in force, newest first. */
  readonly all: (now: number) => readonly Ban[]
  /** What a miner of a banned account is told; null when it may mine. */
  readonly accountRefusal: (account: string, now: number) => string | null
  /** What a miner from a banned address is told; null when it may mine. */
  readonly addressRefusal: (address: string, now: number) => string | null
  /** Adds a ban, in place of one of the same. On disk when it returns. Left: why not. */
  readonly add: (ban: Ban, now: number) => E.Either<string, void>
  /** Left: why not, also when there is none of that name: an account id, or a range as it was given. */
  readonly remove: (kind: Ban['kind'], name: string, now: number) => E.Either<string, void>
}

/** Each connection is held against all of them. */
const BANS_MAX = 1_000

const Time = t.number
const until = t.union([Time, t.null])
const BanCodec = t.union([
  t.type({
    kind: t.literal('account'),
    account: t.string,
    address: t.union([t.string, t.null]),
    since: Time,
    until,
  }),
  t.type({ kind: t.literal('address'), range: t.string, since: Time, until }),
])
const BansFile = t.readonlyArray(BanCodec)

/** Reads the file, if there is one. Left: why it can't be used, for the operator. */
export function openBans(file: string): E.Either<string, Bans> {
  const read = readFile(file)
  if (E.isLeft(read)) return read
  let kept: readonly Enforced[] = read.right

  function keep(next: readonly Enforced[]): E.Either<string, void> {
    try {
      // Whole or not at all, whenever the machine stops.
      writeFileSync(
        `${file}.new`,
        `${JSON.stringify(
          next.map(({ ban }) => ban),
          null,
          2,
        )}\n`,
        { mode: 0o600 },
      )
      renameSync(`${file}.new`, file)
    } catch (error) {
      return E.left(`${file} can't be written: ${errorText(error)}`)
    }
    kept = next
    return E.right(undefined)
  }

  const inForce = (now: number): readonly Enforced[] => kept.filter(({ ban }) => isInForce(ban, now))

  return E.right({
    all: (now) => inForce(now).map(({ ban }) => ban),
    accountRefusal: (account, now) => {
      const found = kept.find(
        ({ ban }) => ban.kind === 'account' && ban.account === account && isInForce(ban, now),
      )
      return found === undefined ? null : `the pool's operator has banned this account ${endText(found.ban)}`
    },
    addressRefusal: (address, now) => {
      const found = kept.find(({ ban, covers }) => covers(address) && isInForce(ban, now))
      return found === undefined
        ? null
        : `The pool's operator has banned this IP address ${endText(found.ban)}`
    },
    add: (ban, now) => {
      const others = inForce(now).filter((each) => nameOf(each.ban) !== nameOf(ban))
      if (others.length >= BANS_MAX)
        return E.left(`There are ${BANS_MAX} bans, and no more are kept: lift some, or ban ranges`)
      return keep([enforced(ban), ...others])
    },
    remove: (kind, name, now) => {
      const there = inForce(now)
      const others = there.filter(({ ban }) => ban.kind !== kind || nameOf(ban) !== name)
      return others.length === there.length ? E.left(`There is no ban of ${name}`) : keep(others)
    },
  })
}

/** A ban, and whether it is of an address. */
interface Enforced {
  readonly ban: Ban
  readonly covers: (address: string) => boolean
}

function readFile(file: string): E.Either<string, readonly Enforced[]> {
  if (!existsSync(file)) return E.right([])
  const advice = 'correct it, or remove it when nobody is to be banned'
  try {
    const bans: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (BansFile.is(bans) && bans.every((ban) => ban.kind === 'account' || E.isRight(readRange(ban.range))))
      return E.right(bans.map(enforced))
    return E.left(`${file} is no list of bans: ${advice}`)
  } catch (error) {
    return E.left(`${file} can't be read (${errorText(error)}): ${advice}`)
  }
}

function enforced(ban: Ban): Enforced {
  if (ban.kind === 'account') return { ban, covers: () => false }
  const [address = '', bits = ''] = ban.range.split('/')
  const list = new BlockList()
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (bits === '') list.addAddress(address, family)
  else list.addSubnet(address, Number(bits), family)
  return { ban, covers: (candidate) => list.check(candidate, isIPv4(candidate) ? 'ipv4' : 'ipv6') }
}

/** Widest ranges: a mistake of one digit must not ban half of the world. */
const BITS_MIN = { 4: 8, 6: 16 } as const

/** Reads an IP address or a range of them. Left: what is wrong, and what is allowed. */
export function readRange(text: string): E.Either<string, string> {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family !== 4 && family !== 6)
    return E.left(`${JSON.stringify(text)} is no IP address or range: write 203.0.113.7 or 203.0.113.0/24`)
  if (bits === undefined) return E.right(address.toLowerCase())
  const longest = family === 4 ? 32 : 128
  const length = Number(bits)
  if (rest.length > 0 || !/^[0-9]{1,3}$/.test(bits) || length < BITS_MIN[family] || length > longest)
    return E.left(`The range ${JSON.stringify(text)} must end with /${BITS_MIN[family]} to /${longest}`)
  return E.right(`${address.toLowerCase()}/${length}`)
}

const nameOf = (ban: Ban): string => (ban.kind === 'account' ? ban.account : ban.range)

const isInForce = ({ until }: Ban, now: number): boolean => until === null || until > now

const endText = ({ until }: Ban): string =>
  until === null ? 'for good' : `until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`
