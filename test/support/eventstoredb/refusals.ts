import codePb from '@eventstore/db-client/generated/code_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { Status } from '@eventstore/db-client/generated/status_pb.js'
import statusPb from '@eventstore/db-client/generated/status_pb.js'
import anyPb from 'google-protobuf/google/protobuf/any_pb.js'
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js'
import { Code, type GrpcStatus } from './grpc.ts'
import type { Expected } from './log.ts'
import { bytesField, varintField } from './protobuf.ts'

/** An address that clients can connect to. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Why a node does not do what it is asked. */
export type Refusal =
  /** Starting, stopping, or without a leader. */
  | { readonly kind: 'not-ready' }
  | { readonly kind: 'busy' }
  /** Not written on enough nodes in time: the events may be there all the same. */
  | { readonly kind: 'timeout' }
  /** `leader` is null while there is none. */
  | { readonly kind: 'not-leader'; readonly leader: Endpoint | null }
  | { readonly kind: 'access-denied' }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'stream-deleted'; readonly stream: string }
  | {
      readonly kind: 'wrong-expected-version'
      readonly stream: string
      readonly expected: Expected
      readonly current: number | null
    }
  | { readonly kind: 'maximum-append-size'; readonly bytesMax: number }
  | {
      readonly kind: 'maximum-append-event-size'
      readonly id: string
      readonly bytes: number
      readonly bytesMax: number
    }
  | { readonly kind: 'missing-metadata'; readonly property: string }
  | { readonly kind: 'bad-request'; readonly message: string }
  /** `OperationResult` or `ReadStreamResult` that no other answer fits. */
  | { readonly kind: 'unknown'; readonly message: string }

/** How every call but BatchAppend is refused: a gRPC status, and trailers that the client tells the errors apart by. */
export function grpcStatusOf(refusal: Refusal): GrpcStatus {
  switch (refusal.kind) {
    case 'not-ready':
      return { code: Code.unavailable, message: 'Server Is Not Ready' }
    case 'busy':
      return { code: Code.unavailable, message: 'Server Is Too Busy' }
    case 'timeout':
      return { code: Code.aborted, message: 'Operation timed out: Prepare phase timeout.' }
    case 'not-leader':
      return refusal.leader === null
        ? { code: Code.unknown, message: 'No leader info available in response' }
        : status(Code.notFound, 'Leader info available', 'not-leader', {
            'leader-endpoint-host': refusal.leader.host,
            'leader-endpoint-port': String(refusal.leader.port),
          })
    case 'access-denied':
      return status(Code.permissionDenied, 'Access Denied', 'access-denied')
    case 'unauthenticated':
      return { code: Code.unauthenticated, message: 'Unauthenticated' }
    case 'stream-deleted':
      return status(
        Code.failedPrecondition,
        `Event stream '${refusal.stream}' is deleted.`,
        'stream-deleted',
        { 'stream-name': refusal.stream },
      )
    case 'wrong-expected-version': {
      const expected = EXPECTED_NUMBERS[refusal.expected] ?? refusal.expected
      const current = refusal.current ?? -1
      return status(
        Code.failedPrecondition,
        `Delete failed due to WrongExpectedVersion. Stream: ${refusal.stream}, Expected version: ${expected}, Actual version: ${current}`,
        'wrong-expected-version',
        {
          'stream-name': refusal.stream,
          'expected-version': String(expected),
          'actual-version': String(current),
        },
      )
    }
    case 'maximum-append-size':
      return status(
        Code.invalidArgument,
        `Maximum Append Size of ${refusal.bytesMax} Exceeded.`,
        'maximum-append-size-exceeded',
        { 'maximum-append-size': String(refusal.bytesMax) },
      )
    case 'maximum-append-event-size':
      return status(
        Code.invalidArgument,
        `Event with Id: ${refusal.id}, Size: ${refusal.bytes}, exceeds Maximum Append Event Size of ${refusal.bytesMax}.`,
        'maximum-append-event-size-exceeded',
        {
          'maximum-append-event-size': String(refusal.bytesMax),
          'event-id': refusal.id,
          'proposed-append-event-size': String(refusal.bytes),
        },
      )
    case 'missing-metadata':
      return status(
        Code.invalidArgument,
        `Required Metadata Property '${refusal.property}' is missing`,
        'missing-required-metadata-property',
        { 'required-metadata-properties': 'type,content-type' },
      )
    case 'bad-request':
      return { code: Code.invalidArgument, message: refusal.message }
    case 'unknown':
      return { code: Code.unknown, message: refusal.message }
  }
}

/** How one append of a BatchAppend is refused. Undefined when the whole call fails, with {@link grpcStatusOf}. */
export function batchStatusOf(refusal: Refusal): Status | undefined {
  const { Code: Rpc } = codePb
  switch (refusal.kind) {
    case 'not-ready':
      return batchStatus(Rpc.OK, 'Server Is Not Ready', 'google.protobuf.Empty')
    case 'busy':
      return batchStatus(Rpc.OK, 'Server Is Busy', 'google.protobuf.Empty')
    case 'timeout':
      return batchStatus(Rpc.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout')
    case 'not-leader':
      return refusal.leader === null
        ? batchStatus(Rpc.OK, 'No leader info available in response', 'google.protobuf.Empty')
        : undefined
    case 'unauthenticated':
      return undefined
    case 'access-denied':
      return batchStatus(Rpc.PERMISSION_DENIED, 'AccessDenied', 'event_store.client.AccessDenied')
    case 'stream-deleted': {
      const details = new sharedPb.StreamDeleted().setStreamIdentifier(streamIdentifier(refusal.stream))
      return batchStatus(
        Rpc.NOT_FOUND,
        'StreamDeleted',
        'event_store.client.StreamDeleted',
        details.serializeBinary(),
      )
    }
    case 'wrong-expected-version':
      return batchStatus(
        Rpc.ALREADY_EXISTS,
        'WrongExpectedVersion',
        'event_store.client.WrongExpectedVersion',
        wrongExpectedVersion(refusal.expected, refusal.current),
      )
    case 'maximum-append-size': {
      const details = new sharedPb.MaximumAppendSizeExceeded().setMaxappendsize(refusal.bytesMax)
      return batchStatus(
        Rpc.INVALID_ARGUMENT,
        'MaximumAppendSizeExceeded',
        'event_store.client.MaximumAppendSizeExceeded',
        details.serializeBinary(),
      )
    }
    case 'maximum-append-event-size':
      // Not in the package's stubs: event id 1, proposed size 2, limit 3.
      return batchStatus(
        Rpc.INVALID_ARGUMENT,
        'MaximumAppendEventSizeExceeded',
        'event_store.client.MaximumAppendEventSizeExceeded',
        Buffer.concat([
          bytesField(1, refusal.id),
          varintField(2, refusal.bytes),
          varintField(3, refusal.bytesMax),
        ]),
      )
    case 'missing-metadata':
      return badRequest(`The given key '${refusal.property}' was not present in the dictionary.`)
    case 'bad-request':
      return badRequest(refusal.message)
    case 'unknown':
      return batchStatus(Rpc.UNKNOWN, 'Unknown', 'event_store.client.Unknown')
  }
}

/** A stream's name as messages carry it. */
export const streamIdentifier = (stream: string): InstanceType<typeof sharedPb.StreamIdentifier> =>
  new sharedPb.StreamIdentifier().setStreamName(Buffer.from(stream))

/** What .NET calls the expectations that are no revision. */
const EXPECTED_NUMBERS: Readonly<Record<string, number>> = { 'no-stream': -1, any: -2, 'stream-exists': -4 }

const status = (
  code: number,
  message: string,
  exception: string,
  trailers: Readonly<Record<string, string>> = {},
): GrpcStatus => ({ code, message, trailers: { exception, ...trailers } })

function badRequest(message: string): Status {
  const details = new sharedPb.BadRequest().setMessage(message)
  return batchStatus(
    codePb.Code.INVALID_ARGUMENT,
    'BadRequest',
    'event_store.client.BadRequest',
    details.serializeBinary(),
  )
}

function batchStatus(
  code: (typeof codePb.Code)[keyof typeof codePb.Code],
  message: string,
  type: string,
  details: Uint8Array = new Uint8Array(),
): Status {
  const any = new anyPb.Any()
  any.pack(details, type)
  return new statusPb.Status().setCode(code).setMessage(message).setDetails(any)
}

function wrongExpectedVersion(expected: Expected, current: number | null): Uint8Array {
  const details = new sharedPb.WrongExpectedVersion()
  if (current === null) details.setCurrentNoStream(new emptyPb.Empty())
  else details.setCurrentStreamRevision(String(current))
  if (expected === 'any') details.setExpectedAny(new emptyPb.Empty())
  else if (expected === 'stream-exists') details.setExpectedStreamExists(new emptyPb.Empty())
  else if (expected === 'no-stream') details.setExpectedNoStream(new emptyPb.Empty())
  else details.setExpectedStreamPosition(String(expected))
  return details.serializeBinary()
}
