import * as E from 'fp-ts/lib/Either.js'
import { payableAddress } from './decred/address.ts'
import type { Network } from './decred/network.ts'
import type { EventData, Scheme } from './events.ts'
import { DUST_ATOMS } from './payout/size.ts'

/**
 * The pool's published rules as one `PolicyAdopted` says them. A policy is in force from the next event of the log until the
 * next one, never backwards: a block goes by the one that was in force at its share, a paid share by the one at its own event.
 */
export type Policy = Omit<EventData<'PolicyAdopted'>, 'v' | 'at'>

/** A policy and where the log adopts it. */
export interface AdoptedPolicy {
  /** Of its event in the log. */
  readonly position: number
  /** Of its event in the stream `pool`: how money events name it. */
  readonly revision: number
  readonly policy: Policy
}

/** The policy in force for the event at a position; undefined before the first. `adopted` is in the order of the log. */
export const policyAt = (adopted: readonly AdoptedPolicy[], position: number): AdoptedPolicy | undefined =>
  adopted.findLast((each) => each.position < position)

/**
 * Position from which the scheme in force at a position has been the same, parameters and all: a window reaches no further
 * back. Undefined before the first policy.
 */
export function schemeSince(adopted: readonly AdoptedPolicy[], position: number): number | undefined {
  const past = adopted.filter((each) => each.position < position)
  const last = past.at(-1)
  if (last === undefined) return undefined
  const other = past.findLastIndex((each) => !isSameScheme(each.policy.scheme, last.policy.scheme))
  return past[other + 1]?.position
}

/** Says whether two schemes share every reward alike. What an operator puts aside for `pps` changes no share's worth. */
export function isSameScheme(a: Scheme, b: Scheme): boolean {
  switch (a.kind) {
    case 'pplns':
      return b.kind === a.kind && b.windowPpm === a.windowPpm
    case 'pplns-time':
      return b.kind === a.kind && b.periodMs === a.periodMs
    case 'pps':
    case 'prop':
    case 'solo':
      return b.kind === a.kind
  }
}

/** Why a policy can't be adopted. `message` is for the operator and says what to do. */
export interface PolicyProblem {
  readonly kind:
    | 'fee-over-whole'
    | 'minimum-is-dust'
    | 'fee-address-not-payable'
    | 'too-many-fee-addresses'
    /** The scheme pays more than it takes in: no reserve lasts. */
    | 'ruin-is-certain'
    /** Work that the scheme in force has yet to pay for would be worth nothing, or be paid twice. */
    | 'scheme-in-mid-round'
  readonly message: string
}

/** Fee addresses at most: with 40 bytes each they fit an event ten times over. */
export const FEE_ADDRESSES_MAX = 100

/** Everything that is wrong with a policy by itself, on a network. Empty when it can be adopted. */
export function policyProblems(network: Network, policy: Policy): readonly PolicyProblem[] {
  const { scheme, feePpm, feeAddresses } = policy
  const problems: PolicyProblem[] = []
  const add = (kind: PolicyProblem['kind'], message: string): unknown => problems.push({ kind, message })
  if (feePpm > 1_000_000)
    add('fee-over-whole', `A fee of ${feePpm / 10_000} % is more than the reward. Set 100 % at most.`)
  if (BigInt(policy.minimumPayout) < DUST_ATOMS)
    add(
      'minimum-is-dust',
      `A payout of ${policy.minimumPayout} atoms is dust: nodes would not pass it on. Set a minimum of ${DUST_ATOMS} atoms or more.`,
    )
  if (feeAddresses.length > FEE_ADDRESSES_MAX)
    add(
      'too-many-fee-addresses',
      `${feeAddresses.length} fee addresses are too many. Use ${FEE_ADDRESSES_MAX} at most.`,
    )
  for (const [index, address] of feeAddresses.entries()) {
    const payable = payableAddress(address, network)
    if (E.isLeft(payable))
      add(
        'fee-address-not-payable',
        `Fee address ${index + 1} of ${feeAddresses.length} can't be paid: ${payable.left.message}`,
      )
  }
  if (scheme.kind === 'pps' && feePpm === 0)
    add(
      'ruin-is-certain',
      'Pay per share without a fee uses up any reserve in time. Set a fee, or choose pplns.',
    )
  return problems
}

/**
 * Says why one policy can't follow another now; undefined when it can. `unpaidShares` is how many accepted shares the scheme in
 * force may still pay for: those in its window or round. Shares of `pps` have earned theirs, and `solo` pays nobody.
 */
export function changeProblem(
  before: Policy,
  after: Policy,
  unpaidShares: number,
): PolicyProblem | undefined {
  const { kind } = before.scheme
  if (isSameScheme(before.scheme, after.scheme) || kind === 'pps' || kind === 'solo' || unpaidShares === 0)
    return undefined
  return {
    kind: 'scheme-in-mid-round',
    message:
      `${unpaidShares} shares are waiting for blocks that ${kind} is to share among them, and another scheme would take that ` +
      'from their miners. Keep the scheme, or start a new pool with an empty data directory beside this one.',
  }
}
