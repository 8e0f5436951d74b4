import type { PoolStatus } from './port.ts'

/** How bad it is. `impaired`: the pool works, somebody should look. `down`: miners lose by it. */
export type HealthLevel = 'well' | 'impaired' | 'down'

/** One thing that is not as it should be, in a sentence. */
export interface Finding {
  readonly subject: 'node' | 'work' | 'store' | 'projections' | 'listeners' | 'ledger'
  readonly level: 'impaired' | 'down'
  readonly message: string
}

/** The pool's health: the worst level, one sentence about it, and every finding, worst first. */
export interface Health {
  readonly level: HealthLevel
  readonly sentence: string
  readonly findings: readonly Finding[]
}

/** Work is refreshed each minute; three refreshes missed is not a delay any more. */
export const WORK_AGE_MS_MAX = 180_000

/** Read models follow within a second; ten is a fault that a reader of the pages would notice. */
export const PROJECTION_LAG_MS_MAX = 10_000

/** Derives health, in plain words, from the status, the lag of the read models and the time (both ms). */
export function healthOf(status: PoolStatus, projectionLagMs: number, now: number): Health {
  const findings = [
    ...nodeFindings(status),
    ...workFindings(status, now),
    ...storeFindings(status),
    ...projectionFindings(projectionLagMs),
    ...listenerFindings(status),
    ...ledgerFindings(status),
  ]
  const worstFirst = [
    ...findings.filter((finding) => finding.level === 'down'),
    ...findings.filter((finding) => finding.level === 'impaired'),
  ]
  const worst = worstFirst[0]
  if (worst === undefined)
    return {
      level: 'well',
      sentence: 'Everything works: the node is up, work is fresh, shares are stored.',
      findings,
    }
  return { level: worst.level, sentence: worst.message, findings: worstFirst }
}

function nodeFindings({ nodes }: PoolStatus): Finding[] {
  const down = nodes.filter((node) => node.state !== 'up')
  if (nodes.length > 0 && down.length === 0) return []
  if (down.length < nodes.length)
    return down.map((node) => ({
      subject: 'node',
      level: 'impaired',
      message: sentence(
        `Node ${node.name} is ${stateWords[node.state]}; another one gives work`,
        node.message,
      ),
    }))
  const first = nodes[0]
  if (first === undefined)
    return [{ subject: 'node', level: 'down', message: 'No node is configured, so there is no work.' }]
  const names = nodes.length === 1 ? `The node is ${stateWords[first.state]}` : 'None of the nodes is up'
  return [
    {
      subject: 'node',
      level: 'down',
      message: sentence(`${names}; miners stay connected and the pool keeps trying`, first.message),
    },
  ]
}

const stateWords = { up: 'up', down: 'down', starting: 'still starting' } as const

function workFindings({ work }: PoolStatus, now: number): Finding[] {
  if (work === null)
    return [{ subject: 'work', level: 'down', message: 'There is no work for miners at the moment.' }]
  const age = now - work.issuedAt
  if (age <= WORK_AGE_MS_MAX) return []
  const minutes = Math.floor(age / 60_000)
  return [
    {
      subject: 'work',
      level: 'down',
      message: `Work is ${minutes} minutes old; it should be renewed each minute.`,
    },
  ]
}

function storeFindings({ journal }: PoolStatus): Finding[] {
  switch (journal.state) {
    case 'ok':
      return []
    case 'store-away':
      return [
        {
          subject: 'store',
          level: 'impaired',
          message: `The event store is away: ${shares(journal.queued)} wait to be stored and answered, and there is room for ${shares(journal.queueMax)}.`,
        },
      ]
    case 'full':
      return [
        {
          subject: 'store',
          level: 'down',
          message: `The event store is away and ${shares(journal.queueMax)} wait for it: new ones are refused until it is back.`,
        },
      ]
  }
}

function projectionFindings(lagMs: number): Finding[] {
  if (lagMs <= PROJECTION_LAG_MS_MAX) return []
  return [
    {
      subject: 'projections',
      level: 'impaired',
      message: `These figures are ${Math.round(lagMs / 1000)} seconds behind the log; shares are counted all the same.`,
    },
  ]
}

function listenerFindings({ listeners }: PoolStatus): Finding[] {
  if (listeners.length > 0) return []
  return [{ subject: 'listeners', level: 'down', message: 'No port is open for miners.' }]
}

function ledgerFindings({ ledger }: PoolStatus): Finding[] {
  const { state, message } = ledger
  if (message === '') return []
  const what = state === 'stopped' ? 'has stopped' : "can't be written for now"
  return [
    {
      subject: 'ledger',
      level: 'impaired',
      message: sentence(`The public ledger ${what}; shares are counted all the same`, message),
    },
  ]
}

const shares = (count: number): string => `${count.toLocaleString('en-US')} shares`

const sentence = (what: string, detail: string): string =>
  detail === '' ? `${what}.` : `${what}. ${/[.!?]$/.test(detail) ? detail : `${detail}.`}`
