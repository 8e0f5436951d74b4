import { fork } from 'node:child_process'
import { type Measure, quantile } from './measure.ts'
import { answer, NODE_FLAGS } from './pool-child.ts'

/** P3: from a new block to the last byte of work handed to the system, all miners, beside a bare loop over the same sockets. */
export async function benchNotify(connections: number, rounds: number): Promise<Measure> {
  const script = new URL('./notify-process.ts', import.meta.url)
  const child = fork(script, [String(connections), String(rounds)], { execArgv: NODE_FLAGS })
  const { gateway, bare } = (await answer(child)) as { readonly gateway: number[]; readonly bare: number[] }
  const value = quantile(gateway, 0.99)
  const baseline = quantile(bare, 0.99)
  return {
    id: 'P3',
    measure: `new block to last byte of notify written, ${connections} connections, p99 of ${rounds} blocks`,
    value,
    unit: 'ms',
    baseline,
    budget: '<= 3 x a bare loop over the same sockets; target < 50 ms',
    met: value <= 3 * baseline,
  }
}
