import { randomUUID } from 'node:crypto'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { GrpcCall, GrpcStatus } from './grpc.ts'
import { joinFrames } from './log-record.ts'
import type { ServerNode } from './node.ts'
import { grpcFrame } from './protobuf.ts'
import { frameMaker, invalid, type Reader, SENT_AT_ONCE_BYTES } from './read-frames.ts'
import { allSource, streamSource } from './subscription-sources.ts'

/**
 * A subscription goes through what there is, says that it has caught up, then sends each event when it is committed.
 * One that is more than `LIVE_RECORDS_MAX` records behind catches up again, as the server's `Enumerator`s do: no
 * reader is ever dropped for being slow. It ends when the reader or a test ends it. Undefined when the request is wrong.
 */
export function subscribe(node: ServerNode, call: GrpcCall, options: ReadReq.Options): Reader | undefined {
  const { log } = node.store
  const source = options.hasStream() ? streamSource(log, options) : allSource(log, options)
  if (typeof source === 'string') {
    call.end(invalid(source))
    return undefined
  }
  const frameOf = frameMaker(log, node.generation, options)
  let isLive = false
  let isBlocked = true
  let isScheduled = false
  let eventsSent = 0

  const stop = (): void => {
    unwatch()
    node.subscriptions.delete(end)
  }
  const end = (status: GrpcStatus): void => {
    call.end(status)
    stop()
  }
  const goLive = (frames: Buffer[]): void => {
    isLive = true
    if (node.generation === 'current') frames.push(CAUGHT_UP)
  }

  /** Adds to the frames what is next; the status to end with when there will be no more. */
  const gather = (frames: Buffer[]): GrpcStatus | undefined => {
    for (let bytes = 0; bytes < SENT_AT_ONCE_BYTES; ) {
      if (isLive && source.pending() > LIVE_RECORDS_MAX) {
        isLive = false
        frames.push(...source.fallBehind())
      }
      const step = isLive ? source.live() : source.page()
      for (const item of step.items) {
        const frame = Buffer.isBuffer(item) ? item : frameOf(item)
        frames.push(frame)
        bytes += frame.length
        if (frame === item) continue
        eventsSent++
        const limit = node.faults.subscriptionLimit
        if (limit !== undefined && eventsSent >= limit.events) return limit.status
      }
      if (step.status !== undefined) return step.status
      if (!step.isAtEnd) continue
      if (isLive) return undefined
      goLive(frames)
    }
    return undefined
  }
  const pump = (): void => {
    isScheduled = false
    while (!isBlocked && !call.isOver()) {
      const frames: Buffer[] = []
      const status = gather(frames)
      if (frames.length > 0) isBlocked = !call.writeAll(joinFrames(frames))
      if (status !== undefined) end(status)
      if (frames.length === 0) return
    }
  }
  const unwatch = log.watch(() => {
    if (isScheduled || isBlocked) return
    isScheduled = true
    setImmediate(pump)
  })
  node.subscriptions.add(end)

  const opening = [confirmation()]
  if (source.startsLive) goLive(opening)
  call.writeAll(opening)
  return {
    go: () => {
      isBlocked = false
      pump()
    },
    stop,
  }
}

/** How many committed records wait for a live subscription at most: `MaxLiveEventBufferCount`. */
const LIVE_RECORDS_MAX = 32

const CAUGHT_UP = grpcFrame(
  new streamsPb.ReadResp().setCaughtUp(new streamsPb.ReadResp.CaughtUp()).serializeBinary(),
)

const confirmation = (): Buffer =>
  grpcFrame(
    new streamsPb.ReadResp()
      .setConfirmation(new streamsPb.ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID()))
      .serializeBinary(),
  )
