import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type Devnet, startDevnet } from '../devnet/devnet.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { tryPort } from './port.ts'
import { absolute, whyNot } from './read-config.ts'
import { stopRequest } from './signals.ts'
import { complain, paint, print } from './terminal.ts'

/** What the command line says about a devnet. */
export interface DevnetRequest {
  readonly dataDirectory: string
  readonly port: number
  readonly pow: PowAlgorithm
  readonly blockSeconds?: number
  readonly miningAddress?: string
  readonly json: boolean
  /** Also ends when standard input does: so it never outlives a program that started it. */
  readonly untilStdinEnds: boolean
}

/** The line that `lodebook devnet --json` prints when it is ready. */
export interface DevnetReady {
  readonly network: NetworkName
  readonly address: string
  readonly certificateFile: string
  readonly user: string
  readonly password: string
  readonly height: number
}

/** `lodebook devnet`: a small chain that answers like dcrd, until it is asked to end. */
export async function devnet(request: DevnetRequest): Promise<ExitCode> {
  const stop = stopRequest(request.untilStdinEnds)
  const dataDirectory = absolute(request.dataDirectory)
  if ((await tryPort('127.0.0.1', request.port)) !== undefined) {
    complain(`port ${request.port} is taken by another program; choose another with --port`)
    return EXIT.failed
  }
  let running: Devnet
  try {
    mkdirSync(dataDirectory, { recursive: true })
    running = await startDevnet({
      dataDirectory,
      port: request.port,
      powAlgorithm: request.pow,
      ...(request.blockSeconds === undefined ? {} : { blockTimeSeconds: request.blockSeconds }),
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
  }
  if (request.json) print(JSON.stringify(ready))
  else tell(ready)
  await stop
  await running.stop()
  return EXIT.ok
}

function tell({ network, address, certificateFile, user, password, height }: DevnetReady): void {
  print(
    `${paint('bold', 'A devnet')} answers like dcrd on ${address}, at block ${height}. Its money is play: everybody knows its keys.`,
  )
  print('A pool finds it with this in its lodebook.toml:')
  print('')
  print(`  [pool]\n  network = "${network}"\n`)
  print(`  [[nodes]]\n  address = "${address}"\n  certificate_file = ${JSON.stringify(certificateFile)}`)
  print(`  user = "${user}"\n  password = "${password}"\n`)
  print(paint('dim', 'Ctrl-C ends it; the chain is kept.'))
}
