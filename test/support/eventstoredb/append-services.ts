import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js'
import { type CallHandler, type Method, OK } from './grpc.ts'
import type { Expected } from './log.ts'
import type { NewEvent } from './log-record.ts'
import { type AppendAnswer, append, refusalOf, type ServerNode } from './node.ts'
import { bytesField, grpcFrame } from './protobuf.ts'
import { batchStatusOf, grpcStatusOf, type Refusal, streamIdentifier } from './refusals.ts'
import { type BatchAppendMessage, isEvent, readAppend, readBatchAppend } from './requests.ts'

/** Append: one write per call, the first message says where, each other one is an event. */
export const appendMethod =
  (node: ServerNode): Method =>
  (call) => {
    let options: AppendReq.Options | undefined
    const events: NewEvent[] = []
    const sizes = sizeCheck(node.appendBytesMax)
    return {
      message: (bytes) => {
        if (call.isOver()) return
        const request = readAppend(bytes)
        options ??= request.options
        const { event } = request
        if (event === undefined) return
        const refusal = isEvent(event) ? sizes.add(event) : event
        if (refusal !== undefined) call.end(grpcStatusOf(refusal))
        else if (isEvent(event)) events.push(event)
      },
      halfClosed: () => {
        if (call.isOver()) return
        const expected = expectedOf(options)
        if (options === undefined || expected === undefined) {
          call.end(grpcStatusOf({ kind: 'bad-request', message: `'None' is not a valid revision` }))
          return
        }
        const stream = streamOf(options)
        const refusal = refusalOf(node, call, 'write')
        if (refusal !== undefined) {
          call.end(grpcStatusOf(refusal))
          return
        }
        append(node, call, { stream, expected, events }, (answer) => {
          const response = appendResponse(answer)
          if (response === undefined && answer.kind !== 'written') call.end(grpcStatusOf(answer))
          if (response === undefined) return
          call.write(grpcFrame(response.serializeBinary()))
          call.end(OK)
        })
      },
    }
  }

/** BatchAppend: one long call, many writes that are told apart by correlation id and come in chunks. */
export const batchAppendMethod =
  (node: ServerNode): Method =>
  (call) => {
    const pending = new Map<string, PendingAppend>()
    let unanswered = 0
    let isHalfClosed = false
    node.appendCalls.add(call)

    const answer = (correlation: Buffer, stream: string, given: AppendAnswer): void => {
      const response = batchResponse(given)
      if (response === undefined) {
        if (given.kind !== 'written') call.end(grpcStatusOf(given))
        return
      }
      response.setStreamIdentifier(streamIdentifier(stream))
      call.write(grpcFrame(Buffer.concat([bytesField(1, correlation), response.serializeBinary()])))
    }

    const begin = (
      key: string,
      request: BatchAppendMessage,
      options: BatchAppendReq.Options,
    ): Refusal | undefined => {
      const refusal = refusalOf(node, call, 'write')
      if (refusal !== undefined) return refusal
      if (options.getStreamIdentifier() === undefined)
        return { kind: 'bad-request', message: 'Required field StreamIdentifier not set.' }
      const timeoutMs = timeoutOf(options)
      if (timeoutMs <= 0) return { kind: 'timeout' }
      const expected = expectedOf(options)
      if (expected === undefined) return { kind: 'bad-request', message: `'None' is not a valid revision` }
      if (pending.has(key)) return undefined
      const stream = streamOf(options)
      const timer = request.isFinal
        ? undefined
        : setTimeout(() => {
            if (pending.delete(key)) answer(request.correlation, stream, { kind: 'timeout' })
          }, timeoutMs)
      pending.set(key, { stream, expected, events: [], sizes: sizeCheck(node.appendBytesMax), timer })
      return undefined
    }

    const collect = (write: PendingAppend, request: BatchAppendMessage): Refusal | undefined => {
      for (const event of request.events) {
        const refusal = isEvent(event) ? write.sizes.add(event) : event
        if (refusal !== undefined) return refusal
        if (isEvent(event)) write.events.push(event)
      }
      return undefined
    }

    const close = (): void => {
      for (const { timer } of pending.values()) clearTimeout(timer)
      pending.clear()
      node.appendCalls.delete(call)
    }

    const handler: CallHandler = {
      message: (bytes) => {
        if (call.isOver()) return
        const request = readBatchAppend(bytes)
        const { correlation, options } = request
        const key = correlation.toString('latin1')
        const early = options === undefined ? undefined : begin(key, request, options)
        if (early !== undefined) {
          answer(correlation, options === undefined ? '' : streamOf(options), early)
          return
        }
        const write = pending.get(key)
        if (write === undefined) return
        const refusal = collect(write, request)
        if (refusal === undefined && !request.isFinal) return
        clearTimeout(write.timer)
        pending.delete(key)
        if (refusal !== undefined) {
          answer(correlation, write.stream, refusal)
          return
        }
        unanswered++
        append(node, call, write, (given) => {
          unanswered--
          answer(correlation, write.stream, given)
          if (isHalfClosed && unanswered === 0) call.end(OK)
        })
      },
      halfClosed: () => {
        isHalfClosed = true
        if (unanswered === 0) call.end(OK)
      },
      closed: close,
    }
    return handler
  }

interface PendingAppend {
  readonly stream: string
  readonly expected: Expected
  readonly events: NewEvent[]
  readonly sizes: SizeCheck
  readonly timer: NodeJS.Timeout | undefined
}

interface SizeCheck {
  readonly add: (event: NewEvent) => Refusal | undefined
}

/** A log record is 16 MiB at most, less what the server keeps for itself. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024 - 10_000

/** The server's own write timeouts, which a client's deadline can only shorten. */
const WRITE_TIMEOUT_MS = 2000

/** `Event.SizeOnDisk`: type in UTF-16, data and metadata. */
function sizeCheck(appendBytesMax: number): SizeCheck {
  let total = 0
  return {
    add: ({ id, type, data, metadata }) => {
      const bytes = data.length + metadata.length + 2 * type.length
      if (bytes > EVENT_BYTES_MAX)
        return { kind: 'maximum-append-event-size', id, bytes, bytesMax: EVENT_BYTES_MAX }
      total += bytes
      return total > appendBytesMax ? { kind: 'maximum-append-size', bytesMax: appendBytesMax } : undefined
    },
  }
}

const streamOf = (options: AppendReq.Options | BatchAppendReq.Options): string =>
  Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()

/** The expectation of a write; undefined when the request names none. */
function expectedOf(options: AppendReq.Options | BatchAppendReq.Options | undefined): Expected | undefined {
  if (options === undefined) return undefined
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no-stream'
  if (options.hasStreamExists()) return 'stream-exists'
  if ('hasRevision' in options) return options.hasRevision() ? Number(options.getRevision()) : undefined
  return options.hasStreamPosition() ? Number(options.getStreamPosition()) : undefined
}

/** Time left until the deadline, which this client gives as a moment of its own clock. */
function timeoutOf(options: BatchAppendReq.Options): number {
  const deadline = options.getDeadline()
  if (deadline === undefined) return WRITE_TIMEOUT_MS
  return Math.min(WRITE_TIMEOUT_MS, deadline.toDate().getTime() - Date.now())
}

function batchResponse(answer: AppendAnswer): InstanceType<typeof streamsPb.BatchAppendResp> | undefined {
  if (answer.kind !== 'written') {
    const error = batchStatusOf(answer)
    return error === undefined ? undefined : new streamsPb.BatchAppendResp().setError(error)
  }
  const success = new streamsPb.BatchAppendResp.Success()
  if (answer.revision < 0) success.setNoStream(new emptyPb.Empty())
  else success.setCurrentRevision(String(answer.revision))
  if (answer.position === null) success.setNoPosition(new emptyPb.Empty())
  else {
    const position = String(answer.position)
    success.setPosition(
      new sharedPb.AllStreamPosition().setCommitPosition(position).setPreparePosition(position),
    )
  }
  return new streamsPb.BatchAppendResp().setSuccess(success)
}

/** Undefined when the call is to end with a status instead. */
function appendResponse(answer: AppendAnswer): InstanceType<typeof streamsPb.AppendResp> | undefined {
  if (answer.kind === 'wrong-expected-version')
    return new streamsPb.AppendResp().setWrongExpectedVersion(wrongExpectedVersion(answer))
  if (answer.kind !== 'written') return undefined
  const success = new streamsPb.AppendResp.Success()
  if (answer.revision < 0) success.setNoStream(new sharedPb.Empty())
  else success.setCurrentRevision(String(answer.revision))
  if (answer.position === null) success.setNoPosition(new sharedPb.Empty())
  else {
    const position = String(answer.position)
    success.setPosition(
      new streamsPb.AppendResp.Position().setCommitPosition(position).setPreparePosition(position),
    )
  }
  return new streamsPb.AppendResp().setSuccess(success)
}

/** Said twice: in the fields of version 20.6.0, and in those of after. */
function wrongExpectedVersion({
  expected,
  current,
}: Extract<Refusal, { kind: 'wrong-expected-version' }>): InstanceType<
  typeof streamsPb.AppendResp.WrongExpectedVersion
> {
  const wrong = new streamsPb.AppendResp.WrongExpectedVersion()
  const empty = new sharedPb.Empty()
  if (current === null) wrong.setCurrentNoStream(empty).setNoStream2060(empty)
  else wrong.setCurrentRevision(String(current)).setCurrentRevision2060(current)
  if (expected === 'any') wrong.setExpectedAny(empty).setAny2060(empty)
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(empty).setStreamExists2060(empty)
  else if (expected === 'no-stream') wrong.setExpectedNoStream(empty)
  else wrong.setExpectedRevision(String(expected)).setExpectedRevision2060(expected)
  return wrong
}
