import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { connectionLimits, stratumLimits } from '../../adapters/stratum/limits.ts'
import { startListener } from '../../adapters/stratum/listener.ts'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { networks } from '../../domain/decred/network.ts'
import { notifyParams } from '../../domain/stratum/notify.ts'
import { plain } from '../../domain/stratum/profiles/plain.ts'
import { notifyLine } from '../../domain/stratum/response.ts'
import { openGateway } from '../../src/actors/gateway.ts'
import { openJournal } from '../../src/journal.ts'
import { counter } from '../support/counter.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { poolConfig, temporaryDirectory } from '../support/running-pool.ts'
import { answer } from './pool-child.ts'

/**
 * P3 in a process of its own, `notify-process.ts CONNECTIONS ROUNDS`: a gateway with real sockets and no node. Gives it blocks and
 * measures until the last byte of work was handed to the system; then writes the same bytes to the same sockets in a bare
 * loop. Says `{gateway: ms[], bare: ms[]}`.
 */
const [connections = 0, rounds = 0] = process.argv.slice(2).map(Number)

const sockets: Socket[] = []
subscribe('net.server.socket', (message) => sockets.push((message as { readonly socket: Socket }).socket))

const config = poolConfig(temporaryDirectory(), [])
const journal = openJournal({
  store: memoryEventStore(),
  gateway: 0,
  nowMs: Date.now,
  ...config.journal,
  onCommit: () => undefined,
  onRejected: () => undefined,
  onStoreError: () => undefined,
  onStopped: () => undefined,
})
const gateway = openGateway({
  ordinal: 0,
  prefix: 0,
  network: networks.simnet,
  config,
  journal,
  nowMs: Date.now,
  machineMs: Date.now,
  monotonicMs: () => performance.now(),
  drawExtranonce: counter(),
  newSessionId: () => randomBytes(12).toString('hex'),
  renewWork: () => undefined,
  solved: () => undefined,
  bans: { accountRefusal: () => null, addressRefusal: () => null },
  log: pino({ level: 'silent' }),
})
const [listening] = config.listeners
if (listening === undefined) throw new Error('no listener')
const limits = connectionLimits({
  ...stratumLimits,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 20_000,
})
const listener = await startListener(
  { name: 'bench', host: '127.0.0.1', port: 0, proxyProtocol: 'off', limits },
  gateway.acceptOn(listening),
)()
if (E.isLeft(listener)) throw new Error(listener.left.message)

const block = (round: number): void => {
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint32(4, round, true)
  view.setUint32(116, 0x1b00ffff, true)
  view.setUint32(128, round, true)
  view.setUint32(136, Math.floor(Date.now() / 1000), true)
  gateway.work({ header, powAlgorithm: 'blake3', reason: 'new-parent' }, 0n)
}

block(1)
const miners = fork(new URL('./idle-miners.ts', import.meta.url), [
  String(listener.right.port),
  String(connections),
])
await answer(miners)
await sleep(1_000)

/** Runs something that writes and waits until nothing is left unwritten. */
async function timed(write: () => void): Promise<number> {
  const startedMs = performance.now()
  write()
  await new Promise<void>((resolve) => setImmediate(resolve))
  while (sockets.some((socket) => socket.writableLength > 0))
    await new Promise<void>((resolve) => setImmediate(resolve))
  const elapsed = performance.now() - startedMs
  await sleep(200)
  return elapsed
}

const gatewayMs: number[] = []
const bareMs: number[] = []
for (let round = 2; round < rounds + 2; round++) {
  gatewayMs.push(await timed(() => block(round)))
  const job = gateway.job()
  if (job === null) throw new Error('no job')
  const line = Buffer.from(notifyLine(notifyParams(job, plain.wire('blake3'), true)))
  bareMs.push(
    await timed(() => {
      for (const socket of sockets) socket.write(line)
    }),
  )
}
miners.kill()
process.send?.({ gateway: gatewayMs, bare: bareMs })
process.exit(0)
