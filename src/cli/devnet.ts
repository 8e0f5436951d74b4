import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as t from 'io-ts'
import { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type Devnet, startDevnet } from '../devnet/devnet.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { tryPort } from './port.ts'
import { absolute, whyNot } from './read-config.ts'
import { stopRequest } from './signals.ts'
import { complain, paint, print } from './terminal.ts'

/** How far dcrwallet's gRPC is above dcrd's JSON-RPC on simnet: 19558 and 19556. */
const WALLET_PORT_DISTANCE = 2

/** What the command line says about a devnet. */
export interface DevnetRequest {
  readonly dataDirectory: string
  readonly port: number
  /** Two above `port` when not given, as on simnet. */
  readonly walletPort?: number
  readonly pow: PowAlgorithm
  readonly blockSeconds?: number
  readonly coinbaseMaturity?: number
  readonly miningAddress?: string
  readonly json: boolean
  /** Also ends when standard input does: so it never outlives a program that started it. */
  readonly untilStdinEnds: boolean
}

/** The line that `lodebook devnet --json` prints when it is ready: where node and wallet are, and how a pool gets in. */
export type DevnetReady = t.TypeOf<typeof DevnetReady>
export const DevnetReady = t.type({
  network: NetworkName,
  address: t.string,
  certificateFile: t.string,
  user: t.string,
  password: t.string,
  height: t.number,
  wallet: t.type({
    address: t.string,
    certificateFile: t.string,
    /** The pool's own certificate and its key. */
    clientCertificateFile: t.string,
    clientKeyFile: t.string,
    passphrase: t.string,
  }),
})

/** `lodebook devnet`: a small chain that answers like dcrd, and its wallet like dcrwallet, until it is asked to end. */
export async function devnet(request: DevnetRequest): Promise<ExitCode> {
  const stop = stopRequest(request.untilStdinEnds)
  const dataDirectory = absolute(request.dataDirectory)
  const walletPort = request.walletPort ?? (request.port === 0 ? 0 : request.port + WALLET_PORT_DISTANCE)
  for (const [port, flag] of [
    [request.port, '--port'],
    [walletPort, '--wallet-port'],
  ] as const)
    if ((await tryPort('127.0.0.1', port)) !== undefined) {
      complain(`port ${port} is taken by another program; choose another with ${flag}`)
      return EXIT.failed
    }
  let running: Devnet
  try {
    mkdirSync(dataDirectory, { recursive: true })
    running = await startDevnet({
      dataDirectory,
      port: request.port,
      walletPort,
      powAlgorithm: request.pow,
      ...(request.blockSeconds === undefined ? {} : { blockTimeSeconds: request.blockSeconds }),
      ...(request.coinbaseMaturity === undefined ? {} : { coinbaseMaturity: request.coinbaseMaturity }),
      ...(request.miningAddress === undefined ? {} : { miningAddress: request.miningAddress }),
    })
  } catch (error) {
    complain(whyNot(error))
    return EXIT.failed
  }
  const ready: DevnetReady = {
    network: running.network.name,
    address: `${running.host}:${running.port}`,
    certificateFile: join(dataDirectory, 'rpc.cert'),
    user: running.user,
    password: running.password,
    height: running.chain.tip.height,
    wallet: {
      address: `${running.host}:${running.wallet.port}`,
      certificateFile: join(dataDirectory, 'wallet.cert'),
      clientCertificateFile: join(dataDirectory, 'pool.cert'),
      clientKeyFile: join(dataDirectory, 'pool.key'),
      passphrase: running.wallet.passphrase,
    },
  }
  if (request.json) print(JSON.stringify(ready))
  else tell(ready)
  await stop
  await running.stop()
  return EXIT.ok
}

function tell({ network, address, certificateFile, user, password, height, wallet }: DevnetReady): void {
  print(
    `${paint('bold', 'A devnet')} answers like dcrd on ${address}, at block ${height}. Its money is play: everybody knows its keys.`,
  )
  print('A pool finds it with this in its lodebook.toml:')
  print('')
  print(`  [pool]\n  network = "${network}"\n`)
  print(`  [[nodes]]\n  address = "${address}"\n  certificate_file = ${JSON.stringify(certificateFile)}`)
  print(`  user = "${user}"\n  password = "${password}"\n`)
  print(
    `Its wallet answers like dcrwallet's gRPC on ${wallet.address}: certificate ${wallet.certificateFile}, the pool's own ${wallet.clientCertificateFile} with its key beside it, passphrase ${wallet.passphrase}.`,
  )
  print(paint('dim', 'Ctrl-C ends it; the chain is kept.'))
}
