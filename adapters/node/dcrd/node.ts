import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { Subject } from 'rxjs'
import type { BlockInfo, ChainView, Node, NodeError, NodeEvent } from '../port.ts'
import { backOff } from './back-off.ts'
import * as faults from './faults.ts'
import { RETRY_MS_MAX } from './limits.ts'
import { BestBlock, BlockBytes, BlockSubsidy, Hash, HeaderBytes, HeaderInfo, Nothing } from './messages.ts'
import { failed, openSession, type Session, type SessionOptions } from './session.ts'

/** Where the dcrd is, how to get in, which network it must be on, and the machine's timers and randomness. */
export type DcrdNodeOptions = SessionOptions

/**
 * A dcrd 1.7 or newer as a {@link Node}, over its websocket. When the connection is lost or refused it is tried again
 * for ever, with growing pauses; everything is checked and subscribed to anew each time.
 */
export function dcrdNode(options: DcrdNodeOptions): Node {
  const { name, network, after } = options
  const events = new Subject<NodeEvent>()
  const retry = backOff(options.random)
  let phase: 'new' | 'running' | 'stopped' = 'new'
  let session: Session | undefined
  /** Why there is no session that could be asked. */
  let problem = faults.connecting(options)
  /** Message of the last `down`, until the next `up`: a failure is told once. */
  let told: string | undefined
  let cancelTimer = () => {}

  function open() {
    if (!URL.canParse(`wss://${options.address}`)) return ended(faults.badAddress(options))
    session = openSession(options, {
      up: (tip) => {
        told = undefined
        cancelTimer()
        cancelTimer = after(RETRY_MS_MAX, retry.reset)
        events.next({ kind: 'up', node: name, tip })
      },
      down: tellDown,
      work: (work) => events.next({ kind: 'work', node: name, work }),
      block: (change) => events.next(change),
      ended,
    })
  }

  function ended(error: NodeError) {
    session = undefined
    if (phase === 'stopped') return
    problem = error
    cancelTimer()
    cancelTimer = after(retry.next(), open)
    tellDown(error)
  }

  function tellDown(error: NodeError) {
    if (told === error.message) return
    told = error.message
    events.next({ kind: 'down', node: name, error })
  }

  const using =
    <A>(use: (session: Session) => TE.TaskEither<NodeError, A>): TE.TaskEither<NodeError, A> =>
    () =>
      session?.ready() ? use(session)() : Promise.resolve(E.left(problem))

  const block = (hash: string): TE.TaskEither<NodeError, BlockInfo> =>
    using(({ call }) =>
      pipe(
        TE.Do,
        TE.apS('header', call('getblockheader', [hash, false], HeaderBytes)),
        TE.apS('info', call('getblockheader', [hash, true], HeaderInfo)),
        TE.map(({ header, info: { height, confirmations, nextblockhash } }) => ({
          hash,
          height,
          confirmations,
          header,
          next: nextblockhash ?? null,
        })),
      ),
    )

  const chain: ChainView = {
    tip: () => using(({ call }) => call('getbestblock', [], BestBlock)),
    block,
    hashAt: (height) => using(({ call }) => call('getblockhash', [height], Hash)),
    rawBlock: (hash) => using(({ call }) => call('getblock', [hash, false], BlockBytes)),
  }

  return {
    ...chain,
    name,
    network,
    events: events.asObservable(),
    start: () => {
      if (phase !== 'new') return
      phase = 'running'
      open()
    },
    currentWork: () => using((live) => live.currentWork),
    submit: async (header, powAlgorithm) => [
      session?.ready() ? await session.submit(header, powAlgorithm) : failed(options, problem),
    ],
    view: () => chain,
    renewWork: () =>
      pipe(
        using(({ call }) => call('regentemplate', [], Nothing)),
        TE.map(() => undefined),
      ),
    workSubsidy: (height, voters) =>
      pipe(
        using(({ call }) => call('getblocksubsidy', [height, voters], BlockSubsidy)),
        TE.map(({ pow }) => BigInt(pow)),
      ),
    stop: async () => {
      phase = 'stopped'
      problem = faults.closed(options)
      cancelTimer()
      events.complete()
      await session?.close()
    },
  }
}
