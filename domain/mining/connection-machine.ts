import { assign, setup } from 'xstate'
import type { DisconnectReason } from '../events.ts'

/** What the machine does in the world; the actor implements it. */
export interface ConnectionHost {
  /** Subscribed and authorized: record the connection, send difficulty and work. */
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

/**
 * Protocol phase of one miner connection. Subscribe and authorize come in either order; the second of the two starts mining.
 * Shares do not pass through here: they can't change the phase, so the actor judges them with a plain function while the
 * phase is `mining`.
 *
 * ```
 * arriving ┬─ fresh ── SUBSCRIBED ──▶ subscribed ── AUTHORIZED ──┐
 *          │    └───── AUTHORIZED ──▶ authorized ── SUBSCRIBED ──┴▶ mining ── DRAIN ──▶ draining
 *          └─ (preAuthorization) ─────────────────────────────────────▶ closed ◀── ENDED, from everywhere
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
    expire: assign({ reason: 'not-authorized-in-time' }),
    remember: assign({ reason: (_, params: { readonly reason: DisconnectReason }) => params.reason }),
  },
  delays: { preAuthorization: ({ context }) => context.preAuthorizationMsMax },
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
      after: { preAuthorization: { target: 'closed', actions: 'expire' } },
      states: {
        fresh: { on: { SUBSCRIBED: 'subscribed', AUTHORIZED: 'authorized' } },
        subscribed: { on: { AUTHORIZED: '#connection.mining' } },
        authorized: { on: { SUBSCRIBED: '#connection.mining' } },
      },
    },
    mining: { entry: 'startMining', on: { DRAIN: 'draining' } },
    /** The pool is going down as planned: the miner was asked to come back; its last shares still count. */
    draining: {},
    closed: { type: 'final', entry: 'leave' },
  },
})
