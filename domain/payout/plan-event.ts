import { accountId } from '../decred/address.ts'
import { type Atoms, toAtoms } from '../decred/amount.ts'
import { type EventData, event, type PayoutMode, type PoolEvent } from '../events.ts'
import type { PayoutPlan } from './plan.ts'

/** What a plan is recorded with. */
export interface PlanFacts {
  /** Revision of the `PolicyAdopted` it is made by. */
  readonly policy: number
  readonly mode: PayoutMode
  /** Of the chain when the unspent outputs were asked for. */
  readonly height: number
}

/** The event that records a plan. An account is named by its address, of which its id is made. */
export function planEvent(at: number, { policy, mode, height }: PlanFacts, plan: PayoutPlan): PoolEvent {
  const { outputs, poolFee, bearer, fee, feeFromPoolFee, feeFromReserve, funding, change } = plan
  return event('PayoutPlanned', {
    v: 1,
    at,
    policy,
    height,
    mode,
    bearer,
    address: outputs.map(({ address }) => address),
    deducted: outputs.map(({ deducted }) => String(deducted)),
    atoms: outputs.map(({ atoms }) => String(atoms)),
    poolFee:
      poolFee === null
        ? null
        : { address: poolFee.address, deducted: String(poolFee.deducted), atoms: String(poolFee.atoms) },
    fee: String(fee),
    feeFromPoolFee: String(feeFromPoolFee),
    feeFromReserve: String(feeFromReserve),
    funding: {
      transaction: funding.map(({ transaction }) => transaction),
      output: funding.map(({ output }) => output),
      tree: funding.map(({ tree }) => tree),
      atoms: funding.map(({ atoms }) => String(atoms)),
    },
    change: change === null ? null : { address: change.address, atoms: String(change.atoms) },
  })
}

/** The plan that an event records. */
export function planOfEvent(data: EventData<'PayoutPlanned'>): PayoutPlan {
  const { address, poolFee, bearer, funding, change } = data
  return {
    outputs: address.map((each, i) => ({
      account: accountId(each),
      address: each,
      deducted: atomsOf(data.deducted[i]),
      atoms: atomsOf(data.atoms[i]),
    })),
    poolFee:
      poolFee === null
        ? null
        : { address: poolFee.address, deducted: atomsOf(poolFee.deducted), atoms: atomsOf(poolFee.atoms) },
    bearer,
    fee: atomsOf(data.fee),
    feeFromPoolFee: atomsOf(data.feeFromPoolFee),
    feeFromReserve: atomsOf(data.feeFromReserve),
    funding: funding.transaction.map((transaction, i) => ({
      transaction,
      output: funding.output[i] ?? 0,
      tree: funding.tree[i] ?? 0,
      atoms: atomsOf(funding.atoms[i]),
    })),
    change: change === null ? null : { address: change.address, atoms: atomsOf(change.atoms) },
  }
}

/** Columns are of one length: the codec sees to it. */
const atomsOf = (text: string | undefined): Atoms => toAtoms(BigInt(text ?? '0'))
