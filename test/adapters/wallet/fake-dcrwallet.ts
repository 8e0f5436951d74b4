import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { realAfter } from '../../../adapters/timers.ts'
import { versionService, walletService } from '../../../adapters/wallet/dcrwallet/protocol.ts'
import type { DcrwalletOptions } from '../../../adapters/wallet/dcrwallet/wallet.ts'
import { type Certificate, makeCertificate } from '../node/fake-dcrd.ts'

/** What the server does with a call: answer it with one message or several, as they are or in bytes, refuse it, or leave it lying. */
export type Answer =
  | { readonly messages: readonly object[] }
  | { readonly bytes: Uint8Array }
  | { readonly error: { readonly code: number; readonly details: string } }
  | 'hold'

/** A call as it came: the name of its method, and its message. */
export interface Call {
  readonly method: string
  readonly hex: string
}

/** A server that speaks dcrwallet's gRPC over TLS with client certificates, as one test wants it. */
export interface FakeDcrwallet {
  readonly address: string
  readonly certificate: Certificate
  readonly calls: readonly Call[]
  /** Answers by method; change them at will. */
  readonly answers: Map<string, (hex: string) => Answer>
  /** How many connections were accepted so far. */
  readonly connections: () => number
  /** Waits until so many calls have come. */
  readonly called: (count: number) => Promise<void>
  /** Cuts every connection. */
  readonly cut: () => void
  readonly stop: () => Promise<void>
}

const SIMNET = 303_307_798

export async function fakeDcrwallet(client: Certificate, certificate?: Certificate): Promise<FakeDcrwallet> {
  const shown = certificate ?? (await makeCertificate())
  const calls: Call[] = []
  const answers = new Map<string, (hex: string) => Answer>([
    ['Version', () => ({ messages: [{ version_string: '10.0.0', major: 10 }] })],
    ['Network', () => ({ messages: [{ active_network: SIMNET }] })],
  ])
  let wake = () => {}

  const grpc = new Server()
  for (const [method, definition] of Object.entries({ ...versionService, ...walletService })) {
    const answer = (request: Buffer): Answer => {
      const hex = request.toString('hex')
      calls.push({ method, hex })
      wake()
      return answers.get(method)?.(hex) ?? { error: { code: 12, details: `no answer to ${method}` } }
    }
    const bytes = (message: object) => definition.responseSerialize(message)
    const identity = (buffer: Buffer) => buffer
    if (definition.responseStream)
      grpc.register(
        definition.path,
        (call: ServerWritableStream<Buffer, Buffer>) => {
          const given = answer(call.request)
          if (given === 'hold') return
          if ('messages' in given) for (const message of given.messages) call.write(bytes(message))
          if ('error' in given) call.emit('error', given.error)
          else call.end()
        },
        identity,
        identity,
        'serverStream',
      )
    else
      grpc.register(
        definition.path,
        (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
          const given = answer(call.request)
          if (given === 'hold') return
          if ('error' in given) reply(given.error)
          else if ('bytes' in given) reply(null, Buffer.from(given.bytes))
          else reply(null, bytes(given.messages[0] ?? {}))
        },
        identity,
        identity,
        'unary',
      )
  }

  const injector = grpc.createConnectionInjector(
    ServerCredentials.createSsl(
      Buffer.from(client.cert),
      [{ cert_chain: Buffer.from(shown.cert), private_key: Buffer.from(shown.private) }],
      true,
    ),
  )
  const sockets = new Set<Socket>()
  let accepted = 0
  const listener = createServer((socket) => {
    accepted++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const bound = listener.address()
  if (bound === null || typeof bound === 'string') throw new Error('no port')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    address: `127.0.0.1:${bound.port}`,
    certificate: shown,
    calls,
    answers,
    connections: () => accepted,
    called: async (count) => {
      while (calls.length < count) await new Promise<void>((resolve) => (wake = resolve))
    },
    cut,
    stop: async () => {
      listener.close()
      cut()
      grpc.forceShutdown()
    },
  }
}

/** How to reach a fake wallet. */
export const optionsFor = (
  { address, certificate }: Pick<FakeDcrwallet, 'address' | 'certificate'>,
  client: Certificate,
): DcrwalletOptions => ({
  address,
  certificate: certificate.cert,
  clientCertificate: client.cert,
  clientKey: client.private,
  passphrase: '123',
  network: 'simnet',
  after: realAfter,
})
