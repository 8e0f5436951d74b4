import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import { loadCertificate } from '../../src/devnet/certificate.ts'
import { Chain } from '../../src/devnet/chain.ts'
import { DEMO_MINING_ADDRESS } from '../../src/devnet/demo-key.ts'
import { DevnetNode } from '../../src/devnet/node.ts'
import { type ChainOptions, chainParameters } from '../../src/devnet/parameters.ts'
import { RpcServer } from '../../src/devnet/rpc.ts'

/** One address of a chain, which can go away and come back while the chain lives on. */
export interface Door {
  readonly port: number
  readonly certificate: string
  readonly user: string
  readonly password: string
  readonly open: () => Promise<void>
  readonly close: () => Promise<void>
}

/** One chain with several doors: to a pool they are nodes that are always of one mind. */
export interface Doors {
  readonly node: DevnetNode
  readonly doors: readonly Door[]
  readonly stop: () => Promise<void>
}

/** Makes a chain, easy if nothing else is said, with so many doors, all open. */
export async function chainWithDoors(count: number, options: ChainOptions = {}): Promise<Doors> {
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes))
  const parameters = chainParameters({
    startDifficulty: 1,
    retarget: false,
    ...options,
  })
  const mining = payableAddress(DEMO_MINING_ADDRESS, networks.simnet)
  if (E.isLeft(mining)) throw new Error(mining.left.message)
  const chain = new Chain({ parameters, clock: Date.now, file: undefined })
  const node = new DevnetNode({ chain, script: paymentScript(mining.right), random })
  await node.generate(1)
  const certificate = await loadCertificate(undefined, 'rpc', Date.now())
  const admin = { user: 'user', password: 'pass' }

  async function door(): Promise<Door> {
    const serve = (port: number) =>
      new RpcServer(node, {
        host: '127.0.0.1',
        port,
        certificate,
        admin,
        limited: undefined,
        templateWaitMs: 0,
        random,
      })
    let server: RpcServer | undefined = serve(0)
    const port = await server.listen()
    return {
      port,
      certificate: certificate.certificate,
      ...admin,
      open: async () => {
        server ??= serve(port)
        await server.listen()
      },
      close: async () => {
        const closing = server
        server = undefined
        await closing?.stop()
      },
    }
  }

  const doors = await Promise.all(Array.from({ length: count }, door))
  return {
    node,
    doors,
    stop: async () => {
      node.stop()
      await Promise.all(doors.map((each) => each.close()))
    },
  }
}
