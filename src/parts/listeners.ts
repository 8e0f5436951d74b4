import * as E from 'fp-ts/lib/Either.js'
import type { ListenerStatus } from '../../adapters/http/port.ts'
import { connectionLimits, stratumLimits } from '../../adapters/stratum/limits.ts'
import { type Listener, startListener } from '../../adapters/stratum/listener.ts'
import type { Gateway } from '../actors/gateway.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { PoolError } from './error.ts'
import { readTls } from './files.ts'

/** A door for miners, and how it was configured. */
export interface OpenListener {
  readonly listener: Listener
  readonly listening: ListenerConfig
}

/** Opens every door for miners, or none. */
export async function openListeners(
  config: Config,
  gateway: Gateway,
): Promise<E.Either<PoolError, readonly OpenListener[]>> {
  const { lineBytesMax, connectionsMax, connectionsPerAddressMax, backlogBytesMax } = config.limits
  const limits = connectionLimits({
    ...stratumLimits,
    lineBytesMax,
    connectionsMax,
    connectionsPerAddressMax,
    backlogBytesMax,
  })
  const open: OpenListener[] = []
  for (const listening of config.listeners) {
    const started = await openListener(listening, limits, gateway)
    if (E.isLeft(started)) {
      await Promise.all(open.map(({ listener }) => listener.close()))
      return started
    }
    open.push({ listener: started.right, listening })
  }
  return E.right(open)
}

async function openListener(
  listening: ListenerConfig,
  limits: Parameters<typeof startListener>[0]['limits'],
  gateway: Gateway,
): Promise<E.Either<PoolError, Listener>> {
  const { name, host, port, proxyProtocol } = listening
  const base = { name, host, port, limits, proxyProtocol: proxyProtocol ? 'required' : 'off' } as const
  if (listening.tls === null) return startListener(base, gateway.acceptOn(listening))()
  const tls = readTls(listening.tls)
  if (E.isLeft(tls)) return E.left({ message: `Listener ${name}: ${tls.left.message}` })
  return startListener({ ...base, tls: tls.right }, gateway.acceptOn(listening))()
}

/** What pages and API say of a door. */
export function listenerStatus({ listener, listening: { host, difficulty } }: OpenListener): ListenerStatus {
  return {
    name: listener.name,
    host,
    port: listener.port,
    tls: listener.fingerprint ?? null,
    difficulty:
      difficulty.fixed !== null
        ? { kind: 'fixed', difficulty: difficulty.fixed }
        : { kind: 'variable', start: difficulty.start, min: difficulty.min, max: difficulty.max },
  }
}
