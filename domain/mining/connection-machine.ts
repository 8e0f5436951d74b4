import { assign, setup } from 'xstate'
import type { DisconnectReason } from '../events.ts'

/** What the machine does in the world; the actor implements it. */
export interface ConnectionHost {
  /** Subscribed and authorized: begin its record, send difficulty and work. */
  readonly startMining: () => void
  /** Over: end the socket, record it, let go of everything. Once. */
  readonly leave: (reason: DisconnectReason) => void
}

interface ConnectionInput {
  readonly host: ConnectionHost
  readonly preAuthorizationMsMax: number
}

interface ConnectionContext extends ConnectionInput {
  readonly reason: DisconnectReason | null
}

type ConnectionEvent =
  | { readonly type: 'SUBSCRIBED' }
  | { readonly type: 'AUTHORIZED' }
  | { readonly type: 'DRAIN' }
  | { readonly type: 'ENDED'; readonly reason: DisconnectReason }

/** How long the last shares of a miner that was asked to come back may be under way, when the pool does not end before. */
const FAREWELL_MS = 1_000

/**
 * Protocol phase of one miner connection. Subscribe and authorize come in either order; the second of the two starts mining.
 * Shares do not pass through here: they can't change the phase, so the actor judges them with a plain function while the
 * phase is `mining`.
 *
 * ```
 * arriving ┬─ fresh ── SUBSCRIBED ──▶ subscribed ── AUTHORIZED ──┐
 *          │    └───── AUTHORIZED ──▶ authorized ── SUBSCRIBED ──┴▶ mining ── DRAIN ──▶ draining ── (farewell) ─┐
 *          └─ (preAuthorization) ─────────────────────────────────────▶ closed ◀── ENDED, from everywhere ◀──────┘
 * ```
 */
export const connectionMachine = setup({
  types: {
    input: {} as ConnectionInput,
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
  },
  actions: {
    startMining: ({ context }) => context.host.startMining(),
    leave: ({ context }) => context.host.leave(context.reason ?? 'internal-error'),
    remember: assign({ reason: (_, params: { readonly reason: DisconnectReason }) => params.reason }),
  },
  delays: { preAuthorization: ({ context }) => context.preAuthorizationMsMax, farewell: FAREWELL_MS },
}).createMachine({
  id: 'connection',
  context: ({ input }) => ({ ...input, reason: null }),
  initial: 'arriving',
  on: {
    ENDED: {
      target: '.closed',
      actions: { type: 'remember', params: ({ event }) => ({ reason: event.reason }) },
    },
  },
  states: {
    arriving: {
      initial: 'fresh',
      after: {
        preAuthorization: {
          target: 'closed',
          actions: { type: 'remember', params: { reason: 'not-authorized-in-time' } },
        },
      },
      states: {
        fresh: { on: { SUBSCRIBED: 'subscribed', AUTHORIZED: 'authorized' } },
        subscribed: { on: { AUTHORIZED: '#connection.mining' } },
        authorized: { on: { SUBSCRIBED: '#connection.mining' } },
      },
    },
    mining: { entry: 'startMining', on: { DRAIN: 'draining' } },
    /** The miner was asked to come back; its last shares still count. */
    draining: {
      after: {
        farewell: { target: 'closed', actions: { type: 'remember', params: { reason: 'shutdown' } } },
      },
    },
    closed: { type: 'final', entry: 'leave' },
  },
})
