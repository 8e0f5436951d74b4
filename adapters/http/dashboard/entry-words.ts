import { formatDcr } from '../../../domain/decred/amount.ts'
import type { PoolEvent } from '../../../domain/events.ts'
import { counted, integer } from './format.ts'
import { eventOf, type LedgerEntry } from './ledger-entries.ts'
import { ppm, schemeWords } from './money-words.ts'

/** What an entry says, in a line. Of types that this program does not know it is their name. */
export function entryWords(entry: Pick<LedgerEntry, 'type' | 'data'>): string {
  const event = eventOf(entry)
  return event === undefined ? spaced(entry.type) : eventWords(event)
}

/** `PoolOpened` as `Pool opened`. */
const spaced = (type: string): string =>
  type.replace(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`)

const dcr = (atoms: string): string => `${formatDcr(BigInt(atoms))} DCR`

const short = (hash: string): string => `${hash.slice(0, 8)}…${hash.slice(-8)}`

function eventWords(event: PoolEvent): string {
  switch (event.type) {
    case 'PoolOpened':
      return `The pool opened on ${event.data.network}.`
    case 'PolicyAdopted':
      return `Rules: ${schemeWords(event.data.scheme).name}, fee ${ppm(event.data.feePpm)}, least payout ${dcr(event.data.minimumPayout)}.`
    case 'GatewayJoined':
      return `Gateway ${event.data.gateway} began.`
    case 'MinerConnected':
      return `A miner connected to port ${event.data.listener}.`
    case 'MinerIdentified':
      return `It says that it is ${event.data.agent}.`
    case 'WorkerAuthorized':
      return `It works for account ${short(event.data.account)} as ${event.data.worker === '' ? 'a worker without a name' : event.data.worker}.`
    case 'DifficultyAssigned':
      return `Difficulty ${integer(event.data.difficulty)} from job ${event.data.job} on.`
    case 'MinerDisconnected':
      return `A miner left after ${counted(event.data.accepted, 'share')}: ${spoken(event.data.reason)}.`
    case 'WorkIssued':
      return `Job ${event.data.job} for block ${event.data.height}: ${spoken(event.data.reason)}.`
    case 'SharesAccepted': {
      const found = event.data.solved.length
      return `${counted(event.data.connection.length, 'share')} accepted${found === 0 ? '' : `, ${counted(found, 'block')} found`}.`
    }
    case 'SharesRejected': {
      const refused = event.data.count.reduce((sum, count) => sum + count, event.data.others)
      return `${counted(refused, 'share')} refused.`
    }
    case 'EpochClosed':
      return `An hour of shares ended with ${counted(event.data.shares, 'share')}.`
    case 'AccountOpened':
      return `Account of ${event.data.address}.`
    case 'BlockFound':
      return `Block ${event.data.height} found.`
    case 'BlockSubmitted':
      return `Node ${event.data.node} ${{ accepted: 'took', rejected: 'refused', failed: 'did not answer to' }[event.data.verdict]} the block.`
    case 'BlockConnected':
      return `The block is on the main chain; its coinbase pays ${dcr(event.data.reward.atoms)}.`
    case 'BlockDisconnected':
      return 'The block is off the main chain.'
    case 'BlockApproved':
      return 'The next block’s votes approved the block.'
    case 'BlockDisapproved':
      return 'The next block’s votes disapproved the block.'
    case 'BlockMatured':
      return `The block’s reward can be spent, after ${integer(event.data.confirmations)} confirmations.`
    case 'BlockOrphaned':
      return 'The block was given up.'
    case 'RewardAllocated':
      return `${dcr(event.data.reward)} of block ${event.data.height} shared among ${counted(event.data.account.length, 'miner')}${event.data.parts === 1 ? '' : `, part ${event.data.part} of ${event.data.parts}`}.`
    case 'RewardReversed':
      return `A shared reward is taken back: its block was ${event.data.why}.`
    case 'WorkSettled':
      return `${counted(event.data.shares, 'share')} paid for with ${dcr(event.data.atoms)}.`
    case 'PayoutPlanned':
      return `A payout to ${counted(event.data.address.length, 'miner')} planned.`
    case 'PayoutApproved':
      return 'The operator approved the payout.'
    case 'PayoutSigned':
      return `The payout is signed: transaction ${short(event.data.transaction)}.`
    case 'PayoutPublished':
      return 'A node took the payout.'
    case 'PayoutConfirmed':
      return `The payout has ${counted(event.data.confirmations, 'confirmation')}.`
    case 'PayoutReturned':
      return 'The payout’s money went back to its miners.'
    default:
      return `${spaced(event.type)}.`
  }
}

const spoken = (reason: string): string => reason.replaceAll('-', ' ')
