import { randomUUID } from 'node:crypto'
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import grpcPb from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { type Method, OK } from './grpc.ts'
import type { Expected } from './log.ts'
import { answerOf, type Generation, type NodeState, refusalOf, type ServerNode } from './node.ts'
import { grpcFrame } from './protobuf.ts'
import { type Endpoint, grpcStatusOf } from './refusals.ts'

/** Delete: the stream is gone until it is written to again. */
export const deleteMethod = (node: ServerNode): Method =>
  deletion(
    node,
    (bytes) => grpcPb.StreamsService.delete.requestDeserialize(bytes).getOptions(),
    (log, stream, expected) => log.softDelete(stream, expected),
  )

/** Tombstone: the stream is gone for good. Its response is encoded as that of Delete. */
export const tombstoneMethod = (node: ServerNode): Method =>
  deletion(
    node,
    (bytes) => grpcPb.StreamsService.tombstone.requestDeserialize(bytes).getOptions(),
    (log, stream, expected) => log.tombstone(stream, expected),
  )

/** ServerFeatures.GetSupportedMethods: what this server can, in lower case. */
export const featuresMethod =
  (generation: Generation, version: string): Method =>
  (call) => ({
    message: () => {
      const methods = [
        supported('read', 'position', 'events'),
        supported('append'),
        ...(generation === 'current' ? [supported('batchappend', 'deadline_duration')] : []),
        supported('delete'),
        supported('tombstone'),
      ]
      const response = new featuresPb.SupportedMethods()
        .setMethodsList(methods)
        .setEventStoreServerVersion(version)
      call.write(grpcFrame(response.serializeBinary()))
      call.end(OK)
    },
  })

/** What gossip says of a node. */
export interface Member {
  readonly endpoint: Endpoint
  readonly state: NodeState
  readonly isAlive: boolean
}

/** Gossip.Read: who there is. */
export const gossipMethod =
  (members: () => readonly Member[]): Method =>
  (call) => ({
    message: () => {
      const response = new gossipPb.ClusterInfo().setMembersList(members().map(memberInfo))
      call.write(grpcFrame(response.serializeBinary()))
      call.end(OK)
    },
  })

/** Where clients find {@link gossipMethod}. */
export const GOSSIP_PATH = gossipGrpc.GossipService.read.path

/** Where clients find {@link featuresMethod}. */
export const FEATURES_PATH = featuresGrpc.ServerFeaturesService.getSupportedMethods.path

const supported = (
  method: string,
  ...features: readonly string[]
): InstanceType<typeof featuresPb.SupportedMethod> =>
  new featuresPb.SupportedMethod()
    .setMethodName(method)
    .setServiceName('event_store.client.streams.streams')
    .setFeaturesList([...features])

const STATES = {
  initializing: gossipPb.MemberInfo.VNodeState.INITIALIZING,
  unknown: gossipPb.MemberInfo.VNodeState.UNKNOWN,
  follower: gossipPb.MemberInfo.VNodeState.FOLLOWER,
  leader: gossipPb.MemberInfo.VNodeState.LEADER,
  'read-only-replica': gossipPb.MemberInfo.VNodeState.READONLYREPLICA,
  shutdown: gossipPb.MemberInfo.VNodeState.SHUTDOWN,
} as const satisfies Record<NodeState, number>

const memberInfo = ({ endpoint, state, isAlive }: Member): InstanceType<typeof gossipPb.MemberInfo> =>
  new gossipPb.MemberInfo()
    .setInstanceId(new sharedPb.UUID().setString(randomUUID()))
    .setTimeStamp(String(Date.now()))
    .setState(STATES[state])
    .setIsAlive(isAlive)
    .setHttpEndPoint(new gossipPb.EndPoint().setAddress(endpoint.host).setPort(endpoint.port))

type DeleteOptions = DeleteReq.Options | TombstoneReq.Options

function deletion(
  node: ServerNode,
  decode: (bytes: Buffer) => DeleteOptions | undefined,
  change: (
    log: ServerNode['store']['log'],
    stream: string,
    expected: Expected,
  ) => ReturnType<ServerNode['store']['log']['softDelete']>,
): Method {
  return (call) => ({
    message: (bytes) => {
      const options = decode(bytes)
      const expected = options === undefined ? undefined : expectedOf(options)
      const refusal = refusalOf(node, call, 'write')
      if (refusal !== undefined || options === undefined || expected === undefined) {
        call.end(grpcStatusOf(refusal ?? { kind: 'bad-request', message: `'None' is not a valid revision` }))
        return
      }
      const stream = Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
      node.store.write(
        (log) => change(log, stream, expected),
        (outcome) => {
          const answer = answerOf(outcome, stream, expected)
          if (answer.kind !== 'written') {
            call.end(grpcStatusOf(answer))
            return
          }
          const position = String(answer.position)
          const response = new streamsPb.DeleteResp().setPosition(
            new streamsPb.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position),
          )
          call.write(grpcFrame(response.serializeBinary()))
          call.end(OK)
        },
      )
    },
  })
}

function expectedOf(options: DeleteOptions): Expected | undefined {
  if (options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no-stream'
  if (options.hasStreamExists()) return 'stream-exists'
  return options.hasRevision() ? Number(options.getRevision()) : undefined
}
