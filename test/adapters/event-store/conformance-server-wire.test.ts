import { randomUUID } from 'node:crypto'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { BatchAppendReq, BatchAppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { credentials } from '@grpc/grpc-js'
import fc from 'fast-check'
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js'
import { expect, onTestFinished, test } from 'vitest'
import { Code } from '../../support/eventstoredb/grpc.ts'
import { FIRST_POSITION } from '../../support/eventstoredb/log.ts'
import {
  DELETED_STREAM,
  frameOf,
  idOf,
  type NewEvent,
  recordAt,
  recordWriter,
} from '../../support/eventstoredb/log-record.ts'
import { grpcFrame } from '../../support/eventstoredb/protobuf.ts'
import { type Refusal, streamIdentifier } from '../../support/eventstoredb/refusals.ts'
import { isEvent, readAppend, readBatchAppend } from '../../support/eventstoredb/requests.ts'
import {
  type ConformanceServer,
  type ServerOptions,
  startConformanceServer,
} from '../../support/eventstoredb/server.ts'

/** The conformance server's bytes, and what the package's own client never asks of it. */

test('records are written by hand as the generated stubs write them', () => {
  const writer = recordWriter()
  const bytes = fc.uint8Array({ maxLength: 300 })
  const name = fc.string({ unit: 'grapheme', minLength: 1 })
  const revision = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(0), fc.constant(DELETED_STREAM))
  fc.assert(
    fc.property(
      fc.record({
        id: fc.uuid(),
        type: name,
        isJson: fc.boolean(),
        data: bytes,
        metadata: bytes,
      }),
      fc.record({
        stream: name,
        revision,
        position: fc.maxSafeNat().filter((position) => position >= FIRST_POSITION),
        index: fc.nat(),
      }),
      fc.nat({ max: 8_640_000_000_000_000 }),
      (event, place, nowMs) => {
        const record = writer.write(event, place, nowMs)
        const position = String(place.position)
        const recorded = new streamsPb.ReadResp.ReadEvent.RecordedEvent()
          .setId(new sharedPb.UUID().setString(event.id))
          .setStreamIdentifier(streamIdentifier(place.stream))
          .setStreamRevision(
            place.revision === DELETED_STREAM ? String(2n ** 63n - 1n) : String(place.revision),
          )
          .setPreparePosition(position)
          .setCommitPosition(position)
          .setCustomMetadata(event.metadata)
          .setData(event.data)
        recorded
          .getMetadataMap()
          .set('type', event.type)
          .set('created', `${BigInt(nowMs) * 10_000n}`)
          .set('content-type', event.isJson ? 'application/json' : 'application/octet-stream')
        const readEvent = new streamsPb.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position)
        const expected = grpcFrame(new streamsPb.ReadResp().setEvent(readEvent).serializeBinary())
        expect(frameOf(record).equals(expected)).toBe(true)
        expect(idOf(record)).toBe(event.id)
        const { slab: _, start: __, ...rest } = record
        expect(recordAt(Buffer.concat([Buffer.alloc(7), expected]), 7, place.index)).toMatchObject(rest)
      },
    ),
  )
})

test('events are read by hand as the generated stubs write them', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const name = fc.string({ unit: 'grapheme', minLength: 1 })
  const event = fc.record({ id: fc.uuid(), type: name, isJson: fc.boolean(), data: bytes, metadata: bytes })
  fc.assert(
    fc.property(
      fc.uuid(),
      name,
      fc.array(event, { maxLength: 5 }),
      fc.boolean(),
      (id, stream, events, isFinal) => {
        const correlation = new sharedPb.UUID().setString(id)
        const options = new streamsPb.BatchAppendReq.Options()
          .setStreamIdentifier(streamIdentifier(stream))
          .setStreamPosition('7')
        const batch = new streamsPb.BatchAppendReq()
          .setCorrelationId(correlation)
          .setOptions(options)
          .setIsFinal(isFinal)
        for (const proposed of events) propose(batch.addProposedMessages(), proposed)
        const read = readBatchAppend(Buffer.from(batch.serializeBinary()))
        expect(read.correlation.equals(correlation.serializeBinary())).toBe(true)
        expect(read.options?.toObject()).toEqual(options.toObject())
        expect(read.isFinal).toBe(isFinal)
        expect(read.events.map(plain)).toEqual(events.map(plain))
        for (const proposed of events) {
          const message = new streamsPb.AppendReq.ProposedMessage()
          propose(message, proposed)
          const request = new streamsPb.AppendReq().setProposedMessage(message)
          expect(plain(readAppend(Buffer.from(request.serializeBinary())).event)).toEqual(plain(proposed))
        }
      },
    ),
  )
})

/** With bytes of one kind, to be compared. */
const plain = (made: NewEvent | Refusal | undefined): unknown =>
  made !== undefined && isEvent(made) ? { ...made, data: [...made.data], metadata: [...made.metadata] } : made

function propose(message: ReturnType<BatchAppendReq['addProposedMessages']>, event: NewEvent): void {
  message.setId(new sharedPb.UUID().setString(event.id)).setData(event.data).setCustomMetadata(event.metadata)
  message
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.isJson ? 'application/json' : 'application/octet-stream')
}

test('chunks of several appends mixed: each is written when its last chunk has come', async () => {
  const { server, client } = await started()
  const call = batchAppend(client)
  const [a, b] = [randomUUID(), randomUUID()]
  call.write(chunk({ correlation: a, to: { stream: 'a' }, texts: ['1', '2'] }))
  call.write(chunk({ correlation: b, to: { stream: 'b' }, texts: ['3'] }))
  call.write(chunk({ correlation: a, texts: ['4'] }))
  call.write(chunk({ correlation: b, texts: ['5'], isFinal: true }))
  const first = await call.next()
  expect(first.getCorrelationId()?.getString()).toBe(b)
  expect(first.getSuccess()?.getCurrentRevision()).toBe('1')
  expect(Buffer.from(first.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('b')
  call.write(chunk({ correlation: a, texts: [], isFinal: true }))
  expect((await call.next()).getSuccess()?.getCurrentRevision()).toBe('2')
  expect(server.events().map(({ stream, data }) => [stream, data])).toEqual([
    ['b', '3'],
    ['b', '5'],
    ['a', '1'],
    ['a', '2'],
    ['a', '4'],
  ])
  call.write(chunk({ correlation: randomUUID(), texts: ['nobody knows where to'], isFinal: true }))
  call.end()
  expect(await call.status).toBe(Code.ok)
  expect(server.events()).toHaveLength(5)
})

test('an append whose last chunk does not come in time', async () => {
  const { server, client } = await started()
  const call = batchAppend(client)
  const correlation = randomUUID()
  const deadline = new Date(Date.now() + 100)
  call.write(chunk({ correlation, to: { stream: 'a', deadline }, texts: ['1'] }))
  expect(errorOf(await call.next())).toEqual([Code.deadlineExceeded, 'Timeout'])
  call.write(chunk({ correlation, texts: ['2'], isFinal: true }))
  call.end()
  await call.status
  expect(server.events()).toEqual([])
})

test('what is wrong with an append says so, and the call goes on', async () => {
  const { server, client } = await started({ appendBytesMax: 100 })
  const call = batchAppend(client)
  const attempts = [
    [{ stream: 'a' }, { id: 'no-uuid' }, 'BadRequest'],
    [{ stream: 'a' }, { id: '00000000-0000-0000-0000-000000000000' }, 'BadRequest'],
    [{ stream: 'a' }, { type: '' }, 'BadRequest'],
    [{ stream: 'a' }, { type: null }, 'BadRequest'],
    [{ stream: 'a' }, { text: 'x'.repeat(99) }, 'MaximumAppendSizeExceeded'],
    [{ stream: 'a', expected: null }, {}, 'BadRequest'],
    [{}, {}, 'BadRequest'],
  ] as const
  for (const [to, event, message] of attempts) {
    call.write(chunk({ correlation: randomUUID(), to, texts: ['x'], event, isFinal: true }))
    expect(errorOf(await call.next())[1]).toBe(message)
  }
  call.write(chunk({ correlation: randomUUID(), to: { stream: 'a' }, texts: ['x'], isFinal: true }))
  expect((await call.next()).hasSuccess()).toBe(true)
  expect(server.events()).toHaveLength(1)
  call.end()
})

test('ids as two numbers, both ways', async () => {
  const { server, client } = await started()
  server.write('a', [{ type: 'T', data: '1', id: 'f0000000-0000-4000-8000-0000000000ff' }])
  const options = readOptions('a').setUuidOption(
    new streamsPb.ReadReq.Options.UUIDOption().setStructured(new sharedPb.Empty()),
  )
  const [found] = await read(client, options)
  const structured = found?.getEvent()?.getEvent()?.getId()?.getStructured()
  expect(structured?.getMostSignificantBits()).toBe(String(0xf000000000004000n - 2n ** 64n))
  expect(structured?.getLeastSignificantBits()).toBe(String(0x80000000000000ffn - 2n ** 64n))
  const call = batchAppend(client)
  const request = chunk({
    correlation: randomUUID(),
    to: { stream: 'a', expected: 'no-stream' },
    texts: ['1'],
    isFinal: true,
  })
  request.getProposedMessagesList()[0]?.setId(new sharedPb.UUID().setStructured(structured))
  call.write(request)
  expect((await call.next()).getSuccess()?.getCurrentRevision()).toBe('0')
  expect(server.events()).toHaveLength(1)
  call.end()
})

test('slices of $all through a filter, both ways', async () => {
  const { server, client } = await started()
  for (let i = 0; i < 10; i++) server.write(i % 2 === 0 ? 'a' : 'b', [{ type: 'T', data: `${i}` }])
  const expression = new streamsPb.ReadReq.Options.FilterOptions.Expression().setPrefixList(['b'])
  const filter = new streamsPb.ReadReq.Options.FilterOptions()
    .setStreamIdentifier(expression)
    .setCount(new sharedPb.Empty())
    .setCheckpointintervalmultiplier(1)
  const all = new streamsPb.ReadReq.Options.AllOptions()
  const texts = async (options: Options) =>
    (await read(client, options)).map((found) =>
      Buffer.from(found.getEvent()?.getEvent()?.getData_asU8() ?? []).toString(),
    )
  const options = readOptions(undefined).setFilter(filter).setCount('3')
  expect(await texts(options.setAll(all.setStart(new sharedPb.Empty())))).toEqual(['1', '3', '5'])
  options.setReadDirection(streamsPb.ReadReq.Options.ReadDirection.BACKWARDS)
  expect(await texts(options.setAll(all.setEnd(new sharedPb.Empty())))).toEqual(['9', '7', '5'])
  await expect(
    read(client, options.setFilter(filter.setCheckpointintervalmultiplier(0))),
  ).rejects.toMatchObject({ code: Code.invalidArgument })
})

test('calls that are wrong from the start', async () => {
  const { server, client } = await started({ generation: 'without-features' })
  await expect(read(client, readOptions('a').setUuidOption(undefined))).rejects.toMatchObject({
    code: Code.invalidArgument,
  })
  await expect(features(server)).rejects.toMatchObject({ code: Code.unimplemented })
  const call = batchAppend(client)
  call.write(chunk({ correlation: randomUUID(), to: { stream: 'a' }, texts: ['x'], isFinal: true }))
  expect(await call.status).toBe(Code.unimplemented)
})

test('what a server says that it can, and is', async () => {
  const { server } = await started()
  const current = await features(server)
  expect(current.getEventStoreServerVersion()).toBe('24.10.4')
  expect(current.getMethodsList().map((method) => method.getMethodName())).toContain('batchappend')
  const { server: old } = await started({ generation: 'without-batch-append', version: '20.10.2' })
  const before = await features(old)
  expect(before.getEventStoreServerVersion()).toBe('20.10.2')
  expect(before.getMethodsList().map((method) => method.getMethodName())).not.toContain('batchappend')
})

test('a message over 16 MiB', async () => {
  const { server, client } = await started()
  const call = batchAppend(client)
  call.write(
    chunk({ correlation: randomUUID(), to: { stream: 'a' }, texts: ['x'.repeat(17_000_000)], isFinal: true }),
  )
  expect(await call.status).toBe(Code.resourceExhausted)
  expect(server.events()).toEqual([])
})

function features({ port }: ConformanceServer): Promise<SupportedMethods> {
  const client = new featuresGrpc.ServerFeaturesClient(`127.0.0.1:${port}`, credentials.createInsecure())
  onTestFinished(() => client.close())
  return new Promise((resolve, reject) =>
    client.getSupportedMethods(new sharedPb.Empty(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    ),
  )
}

type Options = ReturnType<typeof readOptions>

async function started(
  options: ServerOptions = {},
): Promise<{ server: ConformanceServer; client: StreamsClient }> {
  const server = await startConformanceServer(options)
  const client = new streamsGrpc.StreamsClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
  onTestFinished(async () => {
    client.close()
    await server.kill()
  })
  return { server, client }
}

/** Reads a stream, or all, from its start. */
function readOptions(stream: string | undefined) {
  const options = new streamsPb.ReadReq.Options()
    .setCount('1000')
    .setNoFilter(new sharedPb.Empty())
    .setUuidOption(new streamsPb.ReadReq.Options.UUIDOption().setString(new sharedPb.Empty()))
  if (stream === undefined) return options
  return options.setStream(
    new streamsPb.ReadReq.Options.StreamOptions()
      .setStreamIdentifier(streamIdentifier(stream))
      .setStart(new sharedPb.Empty()),
  )
}

async function read(client: StreamsClient, options: Options): Promise<ReadResp[]> {
  const all: ReadResp[] = []
  for await (const response of client.read(new streamsPb.ReadReq().setOptions(options))) all.push(response)
  return all
}

interface Target {
  readonly stream?: string
  readonly expected?: 'any' | 'no-stream' | null
  readonly deadline?: Date
}

/** A message of a BatchAppend; `event` changes what its events are. */
function chunk(message: {
  readonly correlation: string
  readonly to?: Target
  readonly texts: readonly string[]
  readonly isFinal?: boolean
  readonly event?: { readonly id?: string; readonly type?: string | null; readonly text?: string }
}) {
  const { correlation, to, texts, isFinal = false, event = {} } = message
  const request = new streamsPb.BatchAppendReq()
    .setCorrelationId(new sharedPb.UUID().setString(correlation))
    .setIsFinal(isFinal)
  for (const text of texts) {
    const proposed = request.addProposedMessages()
    proposed.setId(new sharedPb.UUID().setString(event.id ?? randomUUID()))
    proposed.setData(Buffer.from(event.text ?? text))
    if (event.type !== null) proposed.getMetadataMap().set('type', event.type ?? 'T')
    proposed.getMetadataMap().set('content-type', 'application/json')
  }
  if (to === undefined) return request
  const options = new streamsPb.BatchAppendReq.Options()
  if (to.stream !== undefined) options.setStreamIdentifier(streamIdentifier(to.stream))
  if (to.deadline !== undefined) options.setDeadline(timestampPb.Timestamp.fromDate(to.deadline))
  if (to.expected === 'no-stream') options.setNoStream(new sharedPb.Empty())
  else if (to.expected !== null) options.setAny(new sharedPb.Empty())
  return request.setOptions(options)
}

function batchAppend(client: StreamsClient) {
  const call = client.batchAppend()
  const answers = call[Symbol.asyncIterator]()
  const status = new Promise<number>((resolve) => {
    call.on('status', ({ code }) => resolve(code))
    call.on('error', () => {})
  })
  return {
    write: (request: ReturnType<typeof chunk>) => call.write(request),
    end: () => call.end(),
    next: async (): Promise<BatchAppendResp> => (await answers.next()).value,
    status,
  }
}

const errorOf = (response: BatchAppendResp): readonly (string | number | undefined)[] => [
  response.getError()?.getCode(),
  response.getError()?.getMessage(),
]
