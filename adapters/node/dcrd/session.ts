import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import { headerHeight } from '../../../domain/decred/header.ts'
import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import type { After } from '../../timers.ts'
import { type BlockChange, tipChange } from '../chain-tip.ts'
import type { ChainTip, NodeError, SubmitVerdict, Work, WorkReason } from '../port.ts'
import { backOff } from './back-off.ts'
import { type Connection, connect } from './connection.ts'
import * as faults from './faults.ts'
import { type WorkRequests, workRequests } from './getwork.ts'
import { API_MAJOR_MIN, HEALTH_EVERY_MS, HELD_MAX } from './limits.ts'
import { BestBlock, BlockchainInfo, BlockParams, type Notification, Version, WorkParams } from './messages.ts'
import type { Peer } from './peer.ts'
import { readWork, solvedWork } from './work-data.ts'

/** What it takes to talk to one dcrd. */
export interface SessionOptions extends Peer {
  /** The network it must be on. */
  readonly network: NetworkName
  readonly after: After
  /** Numbers from 0 up to 1. */
  readonly random: () => number
}

/** What a session tells its owner. */
export interface SessionEvents {
  readonly up: (tip: ChainTip) => void
  /** It is still connected and can be asked, but gives no work. */
  readonly down: (error: NodeError) => void
  readonly work: (work: Work) => void
  readonly block: (change: BlockChange) => void
  /** Exactly once, and nothing comes after. */
  readonly ended: (error: NodeError) => void
}

/** One connection to a dcrd: checked, subscribed, and followed until it ends. */
export interface Session {
  /** Checked and subscribed: calls and submits may be made. */
  readonly ready: () => boolean
  readonly call: Connection['call']
  readonly currentWork: WorkRequests['ask']
  readonly submit: (header: Uint8Array, powAlgorithm: PowAlgorithm) => Promise<SubmitVerdict>
  readonly close: () => Promise<void>
}

/** Something the node said that matters here. */
type News = { readonly kind: 'work'; readonly work: Work } | BlockChange

/** Opens a session. */
export function openSession(options: SessionOptions, on: SessionEvents): Session {
  const { after, network } = options
  const requests = workRequests(options, after)
  const retry = backOff(options.random)
  /** Where the chain stands by what was told so far; undefined while that is being asked. */
  let tip: ChainTip | undefined
  let phase: 'greeting' | 'subscribed' | 'ended' = 'greeting'
  let blake3Active = false
  /** News that came while the tip was being asked. */
  let held: News[] = []
  /** Why there is no work, when there is none. */
  let trouble: NodeError | undefined
  /** Height of the newest work told since work was last asked for. */
  let toldHeight = -1
  let askedTimes = 0
  let cancelRetry = () => {}
  let cancelHealth = () => {}

  const connection = connect(options, after, {
    opened: () => void greet(),
    notified: (notification) => {
      const news = readNews(options, notification)
      if (E.isLeft(news)) connection.fail(news.left)
      else if (news.right !== undefined) hear(news.right)
    },
    ended: (error) => {
      phase = 'ended'
      tip = undefined
      askedTimes++
      cancelRetry()
      cancelHealth()
      requests.stop(error)
      on.ended(error)
    },
  })

  async function greet() {
    const greeted = await pipe(
      connection.call('version', [], Version),
      TE.filterOrElse(
        ({ dcrdjsonrpcapi }) => dcrdjsonrpcapi.major >= API_MAJOR_MIN,
        ({ dcrd, dcrdjsonrpcapi }) =>
          faults.tooOld(options, dcrd.versionstring, dcrdjsonrpcapi.versionstring),
      ),
      TE.chain(() => connection.call('getcurrentnet', [], t.Int)),
      TE.filterOrElse(
        (currencyNet) => currencyNet === networks[network].currencyNet,
        (currencyNet) => faults.wrongNetwork(options, network, currencyNet),
      ),
      TE.chain(() => connection.call('getblockchaininfo', [], BlockchainInfo)),
      // Off mainnet dcrd may have been told to mine unsynced (--allowunsyncedmining; simnet always does): getwork
      // decides.
      TE.filterOrElse(
        ({ initialblockdownload }) => !initialblockdownload || network !== 'mainnet',
        ({ blocks, headers }) => faults.downloading(options, blocks, headers),
      ),
      TE.chainFirst(() => connection.call('notifyblocks', [], t.null)),
      TE.chainFirst(() => connection.call('notifywork', [], t.null)),
    )()
    if (E.isLeft(greeted)) return connection.fail(greeted.left)
    // The end may have come in one piece with the answer, and is then known before the answer is.
    if (phase === 'ended') return
    blake3Active = greeted.right.deployments.blake3pow?.status === 'active'
    phase = 'subscribed'
    cancelHealth = after(HEALTH_EVERY_MS, () => void lookAfterHealth())
    await synchronize()
  }

  /** Asks where the chain stands, now that changes are told; and for the work of there. */
  async function synchronize() {
    tip = undefined
    const best = await connection.call('getbestblock', [], BestBlock)()
    if (E.isLeft(best)) return connection.fail(best.left)
    if (phase === 'ended') return
    tip = best.right
    if (trouble === undefined) on.up(tip)
    const late = held
    held = []
    late.forEach(hear)
    // What was held may have been one change too few, or the end.
    if (tip !== undefined) await askForWork()
  }

  function hear(news: News) {
    if (tip === undefined) {
      held.push(news)
      if (held.length > HELD_MAX) connection.fail(faults.flooding(options))
      return
    }
    if (news.kind === 'work') return hearWork(news.work)
    const change = tipChange(news)
    if (change.from === tip.hash) {
      tip = change.to
      if (trouble === undefined) on.block(news)
    } else if (change.to.hash !== tip.hash) {
      // Something was missed. A change to the tip that was just asked for, in contrast, only comes late.
      void synchronize()
    }
  }

  function hearWork(work: Work) {
    toldHeight = Math.max(toldHeight, headerHeight(work.header))
    // A node without peers or still downloading makes templates all the same, but refuses what solves them.
    if (trouble?.kind === 'not-synced') return
    recover()
    deliver(work)
  }

  async function askForWork() {
    cancelRetry()
    toldHeight = -1
    const turn = ++askedTimes
    const answer = await requests.ask()
    if (turn !== askedTimes || tip === undefined) return
    if (E.isRight(answer)) {
      recover()
      if (headerHeight(answer.right.header) > toldHeight) deliver(answer.right)
      return
    }
    const overtaken = toldHeight >= 0 && (answer.left.kind === 'no-work' || answer.left.kind === 'timeout')
    if (!overtaken) lacksWork(answer.left)
  }

  function lacksWork(error: NodeError) {
    trouble = error
    on.down(error)
    cancelRetry = after(retry.next(), () => void askForWork())
  }

  /** The work that it gives is no news: what a node has to tell of it comes by itself. */
  async function lookAfterHealth() {
    const turn = askedTimes
    const answer = await requests.ask()
    if (phase === 'ended') return
    cancelHealth = after(HEALTH_EVERY_MS, () => void lookAfterHealth())
    const isOvertaken = turn !== askedTimes || tip === undefined || trouble !== undefined
    if (!isOvertaken && E.isLeft(answer) && answer.left.kind === 'not-synced') lacksWork(answer.left)
  }

  function recover() {
    if (trouble === undefined || tip === undefined) return
    trouble = undefined
    cancelRetry()
    retry.reset()
    on.up(tip)
  }

  function deliver(work: Work) {
    // The other way round is no contradiction: the agenda may become active with the very block that is worked for.
    if (blake3Active && work.powAlgorithm === 'blake256') connection.fail(faults.contradiction(options))
    else on.work(work)
  }

  async function submit(header: Uint8Array, powAlgorithm: PowAlgorithm): Promise<SubmitVerdict> {
    const data = solvedWork(header, powAlgorithm)
    const answer = await requests.makeWay(connection.call('getwork', [data], t.boolean, 'urgent'))
    if (E.isLeft(answer)) return failed(options, answer.left)
    return answer.right
      ? { node: options.name, verdict: 'accepted', message: 'accepted' }
      : { node: options.name, verdict: 'rejected', message: "rejected; dcrd's log says why" }
  }

  return {
    ready: () => phase === 'subscribed',
    call: connection.call,
    currentWork: requests.ask,
    submit,
    close: connection.close,
  }
}

/** Verdict of a node that gave none. */
export const failed = ({ name }: Peer, { kind }: NodeError): SubmitVerdict => ({
  node: name,
  verdict: 'failed',
  message: `no verdict: ${kind}`,
})

/**
 * dcrd's reasons: `unknown` is that of a template which somebody asked for (`regentemplate`), on the same block. Any other says nothing
 * about what is to be done and is ignored.
 */
const REASONS: ReadonlyMap<string, WorkReason> = new Map([
  ['newparent', 'new-parent'],
  ['newvotes', 'new-votes'],
  ['newtxns', 'new-transactions'],
  ['unknown', 'new-transactions'],
])

/** Reads a notification; undefined when it is none that matters here. */
function readNews(peer: Peer, { method, params }: Notification): E.Either<NodeError, News | undefined> {
  const garbled = () => faults.garbled(peer, `sent the notification ${method} in an unexpected form`)
  switch (method) {
    case 'work':
      return pipe(
        WorkParams.decode(params),
        E.mapLeft(garbled),
        E.chain(([data, , told]): E.Either<NodeError, News | undefined> => {
          const reason = REASONS.get(told)
          if (reason === undefined) return E.right(undefined)
          return pipe(
            readWork(data, reason),
            E.bimap(
              (why) => faults.badWork(peer, why),
              (work) => ({ kind: 'work' as const, work }),
            ),
          )
        }),
      )
    case 'blockconnected':
    case 'blockdisconnected':
      return pipe(
        BlockParams.decode(params),
        E.bimap(garbled, ([header]) => ({
          kind: method === 'blockconnected' ? ('block-connected' as const) : ('block-disconnected' as const),
          node: peer.name,
          header,
        })),
      )
    default:
      return E.right(undefined)
  }
}
