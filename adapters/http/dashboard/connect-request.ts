import * as E from 'fp-ts/lib/Either.js'
import { payableAddress } from '../../../domain/decred/address.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { ListenerStatus, PoolStatus } from '../port.ts'

/** What the visitor asked the Connect page for. Fields hold what was typed when it was wrong, so that it can be repaired. */
export interface ConnectRequest {
  readonly address: Field
  readonly worker: Field
  readonly difficulty: Field
  /** Undefined when no port is open for miners. */
  readonly listener: ListenerStatus | undefined
  /** Host that a miner on the visitor's side would use. */
  readonly host: string
}

/** A field of the form: what it holds, and what is wrong with that. An empty field is not wrong. */
export interface Field {
  readonly value: string
  readonly error: string | null
}

/** Name of a machine when the visitor has not chosen one. */
export const WORKER_EXAMPLE = 'rig1'

/** Reads the form's fields from a query string. `visitorHost` is the host by which the visitor reached this page. */
export function connectRequest(
  query: Readonly<Record<string, string>>,
  status: PoolStatus,
  visitorHost: string,
): ConnectRequest {
  const listener =
    status.listeners.find(({ name }) => name === query['port']) ??
    status.listeners.find(({ tls }) => tls === null) ??
    status.listeners[0]
  return {
    address: addressField((query['address'] ?? '').trim(), status),
    worker: workerField((query['worker'] ?? '').trim()),
    difficulty: difficultyField((query['d'] ?? '').trim()),
    listener,
    host: listener === undefined || isAnyHost(listener.host) ? pasteableHost(visitorHost) : listener.host,
  }
}

function addressField(value: string, { network }: PoolStatus): Field {
  if (value === '') return { value, error: null }
  const address = payableAddress(value, networks[network])
  if (E.isRight(address)) return { value, error: null }
  const { kind, message } = address.left
  return { value: kind === 'private-key' ? '' : value.slice(0, 100), error: message }
}

/** Stricter than the pool: these names can be pasted into any shell, page and file. */
const workerField = (value: string): Field =>
  value === '' || /^[A-Za-z0-9_-]{1,32}$/.test(value)
    ? { value, error: null }
    : {
        value: value.slice(0, 32),
        error: 'A name for these settings has at most 32 letters, digits, - and _.',
      }

const difficultyField = (value: string): Field =>
  value === '' || (/^[1-9][0-9]{0,15}$/.test(value) && Number.isSafeInteger(Number(value)))
    ? { value, error: null }
    : { value: value.slice(0, 16), error: 'A difficulty is a whole number of at least 1.' }

/** Address that a listener was told to mean every one. */
export const isAnyHost = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === ''

const pasteableHost = (host: string): string => (/^[A-Za-z0-9.:[\]-]+$/.test(host) ? host : 'localhost')
