import { ErrorType, isCommandError } from '@eventstore/db-client'
import type { StoreError } from '../port.ts'

/** gRPC status codes (grpc.github.io/grpc/core/md_doc_statuscodes.html) of errors that the client did not convert. */
const CANCELLED = 1
const DEADLINE_EXCEEDED = 4
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

/** A call that was given up because the server did not answer in time. */
export class NoAnswer extends Error {}

/** The server ended a subscription that nobody had cancelled. */
export class SubscriptionEnded extends Error {}

/**
 * What an error of the client means for the store, with a sentence that says what to do. Nearly all of them leave open whether an append
 * was written: `unavailable`, the same call again is safe. `store` is the name for people, `stream` the one the call was about.
 *
 * @throws what was thrown when it is no error of the client or of the connection: then the program is wrong.
 */
export function storeError(thrown: unknown, store: string, stream: string | null): StoreError {
  if (thrown instanceof NoAnswer)
    return unavailable(`${store} did not answer in time: see whether it is overloaded, or the network to it`)
  if (thrown instanceof SubscriptionEnded)
    return unavailable(
      `${store} has ended the subscription: it goes on by itself once the server takes a new one`,
    )
  if (!(thrown instanceof Error)) throw thrown
  return typedError(thrown, store, stream) ?? untypedError(thrown, store)
}

function typedError(error: Error, store: string, stream: string | null): StoreError | undefined {
  if (!isCommandError(error)) return undefined
  const about = stream ?? 'the log'
  switch (error.type) {
    case ErrorType.STREAM_DELETED:
      return damaged(
        store,
        `stream ${about} was deleted for good by somebody. Nothing can be written there again: restore the newest backup of the database, or copy what is left into a new store`,
      )
    case ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED:
      return {
        kind: 'too-large',
        message: `${store} takes smaller appends than this one for ${about}: set MaxAppendSize of the server to 1 MiB or more, its default`,
      }
    case ErrorType.ACCESS_DENIED:
      return unavailable(
        `${store} refuses user or password, or lets this user not read and write ${about}: correct store.url, or the user's rights in the database`,
      )
    case ErrorType.NOT_LEADER:
      return unavailable(`${store} has another leader now: it is asked next`)
    case ErrorType.TIMEOUT:
    case ErrorType.DEADLINE_EXCEEDED:
      return unavailable(
        `${store} could not write in time: see its disk (free space, errors, speed), and whether most nodes of the cluster are up`,
      )
    case ErrorType.UNAVAILABLE:
    case ErrorType.CANCELLED:
      return unavailable(away(store, error.message))
    case ErrorType.UNKNOWN:
      return unavailable(unknownSentence(store, error.message))
    default:
      return undefined
  }
}

function untypedError(error: Error, store: string): StoreError {
  const code = 'code' in error ? error.code : undefined
  if (/Failed to discover/.test(error.message))
    return unavailable(
      `${store} has no leader, or none of its nodes answers the question for it: see whether most nodes of the cluster are up and reach each other`,
    )
  if (code === UNAUTHENTICATED) return unavailable(`${store} refuses user or password: correct store.url`)
  if (code === CANCELLED || code === DEADLINE_EXCEEDED || code === UNAVAILABLE || isEndedStream(error))
    return unavailable(away(store, error.message))
  if (typeof code === 'number') return unavailable(unknownSentence(store, error.message))
  throw error
}

/** A write to a connection that had just ended: nodejs/node#49147. */
const isEndedStream = (error: Error): boolean => /write after end|premature close/i.test(error.message)

/** Why a connection could not be made, as far as gRPC tells. */
function away(store: string, message: string): string {
  if (/self.signed|unable to (get|verify)|certificate|altnames|CERT_/i.test(message))
    return `the certificate of ${store} is not trusted (${detailOf(message)}): name the authority that signed it in tlsCAFile, and the server by a name in its certificate`
  if (/wrong version number|packet length too long|EPROTO/i.test(message))
    return `${store} does not speak TLS: set tls=false in store.url if it is meant to be open, or give it a certificate`
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/i.test(message))
    return `${store} can't be found: correct the name in store.url, or see why it is not known to DNS`
  if (/Not Ready/i.test(message))
    return `${store} is not ready: it is starting, or its cluster has no leader. It goes on by itself when that is over`
  return `${store} is away (${detailOf(message)}): start it, or see what keeps this machine from reaching it; it goes on by itself`
}

function unknownSentence(store: string, message: string): string {
  if (/Busy/i.test(message)) return `${store} is too busy: it is asked again`
  if (/Not Ready/i.test(message)) return away(store, message)
  return `${store} could not do it (${detailOf(message)}): see the server's log`
}

/** The end of a message of gRPC, which repeats itself, short enough for a line of a log. */
const detailOf = (message: string): string =>
  (/Last error: ([^\n]*)$/.exec(message)?.[1] ?? message.replace(/^\d+ [A-Z_]+: /, '')).slice(0, 200)

/** For contents that are not what was written. `what` completes "… of STORE: …". */
export const damaged = (store: string, what: string): StoreError => ({
  kind: 'damaged',
  message: `the history in ${store} is not what was written: ${what}`,
})

const unavailable = (message: string): StoreError => ({ kind: 'unavailable', message })
