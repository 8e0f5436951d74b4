import { createServer, type Server as Listener, type Socket } from 'node:net'
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import * as E from 'fp-ts/lib/Either.js'
import { StatusCode, versionService, walletService } from '../../../adapters/wallet/dcrwallet/protocol.ts'
import type { Certificate } from '../certificate.ts'
import { type Answer, refuse } from './answer.ts'
import { calls } from './calls.ts'
import type { DevnetWallet } from './wallet.ts'

/** What a server is made with. */
export interface WalletServerSetting {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly certificate: Certificate
  /** PEM: whose clients are let in. */
  readonly clientCertificate: string
}

/** dcrwallet's gRPC over TLS with client certificates; and what may go wrong with it, on request. */
export class WalletServer {
  readonly #wallet: DevnetWallet
  readonly #setting: WalletServerSetting
  readonly #grpc = new Server()
  readonly #injector: ConnectionInjector
  readonly #connections = new Set<Socket>()
  #listener: Listener | undefined
  #port: number
  #delayMs = 0
  #losesAnswers = false

  constructor(wallet: DevnetWallet, setting: WalletServerSetting) {
    this.#wallet = wallet
    this.#setting = setting
    this.#port = setting.port
    for (const [name, definition] of Object.entries({ ...versionService, ...walletService }))
      this.#register(name, definition)
    const { certificate, key } = setting.certificate
    this.#injector = this.#grpc.createConnectionInjector(
      ServerCredentials.createSsl(
        Buffer.from(setting.clientCertificate),
        [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }],
        true,
      ),
    )
  }

  /**
   * Opens the port; the same one as before when it was closed.
   *
   * @returns its number.
   */
  listen(): Promise<number> {
    const listener = createServer((socket) => {
      this.#connections.add(socket)
      socket.on('close', () => this.#connections.delete(socket))
      this.#injector.injectConnection(socket)
    })
    this.#listener = listener
    return new Promise((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(this.#port, this.#setting.host, () => {
        const address = listener.address()
        if (typeof address === 'object' && address !== null) this.#port = address.port
        resolve(this.#port)
      })
    })
  }

  /** Closes the port and breaks off every connection. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#listener === undefined) resolve()
      else this.#listener.close(() => resolve())
      this.#listener = undefined
      this.#cut()
    })
  }

  /** Lets every answer wait for so many milliseconds from now on. The call is carried out at once. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Breaks the connection instead of answering, when the call has been carried out. */
  loseAnswers(lost: boolean): void {
    this.#losesAnswers = lost
  }

  async stop(): Promise<void> {
    await this.close()
    this.#grpc.forceShutdown()
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy()
  }

  #register(name: string, definition: MethodDefinition<object, object>): void {
    const { path, requestDeserialize, responseSerialize, responseStream } = definition
    if (responseStream)
      this.#grpc.register(
        path,
        (stream: ServerWritableStream<object, object>) =>
          void this.#answer(name, stream.request).then((answer) => {
            if (answer === undefined) return
            if (E.isLeft(answer)) stream.emit('error', answer.left)
            else {
              for (const message of [answer.right].flat()) stream.write(message)
              stream.end()
            }
          }),
        responseSerialize,
        requestDeserialize,
        'serverStream',
      )
    else
      this.#grpc.register(
        path,
        (unary: ServerUnaryCall<object, object>, reply: sendUnaryData<object>) =>
          void this.#answer(name, unary.request).then((answer) => {
            if (answer === undefined) return
            if (E.isLeft(answer)) reply(answer.left)
            else reply(null, answer.right)
          }),
        responseSerialize,
        requestDeserialize,
        'unary',
      )
  }

  /** Carries out a call. Undefined when its answer is lost. */
  async #answer(name: string, request: object): Promise<Answer | undefined> {
    const answer = this.#carryOut(name, request)
    const lost = this.#losesAnswers
    if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs))
    if (!lost) return answer
    this.#cut()
    return undefined
  }

  #carryOut(name: string, request: object): Answer {
    const call = calls.get(name)
    if (call === undefined) return refuse(StatusCode.unimplemented, `unknown method ${name}`)
    try {
      return call(this.#wallet, request)
    } catch (error) {
      // A full disk, for one: the client hears of it, and the devnet stays up.
      return refuse(StatusCode.internal, String(error))
    }
  }
}
