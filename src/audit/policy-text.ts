import { formatDcr } from '../../domain/decred/amount.ts'
import type { Scheme } from '../../domain/events.ts'
import type { Policy } from '../../domain/policy.ts'

/** The rules of a policy that miners ask for first, in one line: how rewards are shared, the fee, and who is paid when. */
export function policyText(policy: Policy): string {
  const { scheme, feePpm, minimumPayout, payoutSchedule, payoutMode, feeBearer } = policy
  const when =
    payoutSchedule.kind === 'daily'
      ? `daily at ${new Date(payoutSchedule.minute * 60_000).toISOString().slice(11, 16)} UTC`
      : `every ${payoutSchedule.every} blocks`
  return `${schemeText(scheme)}, fee ${feePpm / 10_000} %; payouts from ${formatDcr(BigInt(minimumPayout))} DCR on, ${when}, ${payoutMode}, the chain's fee borne by ${feeBearer}`
}

function schemeText(scheme: Scheme): string {
  switch (scheme.kind) {
    case 'pplns':
      return `pplns of ${scheme.windowPpm / 1_000_000} blocks' work`
    case 'pplns-time':
      return `pplns of ${scheme.periodMs / 3_600_000} h`
    case 'pps':
      return `pps with ${formatDcr(BigInt(scheme.reserve))} DCR put aside`
    case 'prop':
    case 'solo':
      return scheme.kind
  }
}
