import * as E from 'fp-ts/lib/Either.js'
import { startPool } from '../pool.ts'
import { version } from '../version.ts'
import { settingText } from './config.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { openLog } from './log.ts'
import { type ConfigRequest, readConfig, tellProblems } from './read-config.ts'
import { stopRequest } from './signals.ts'
import { supervise } from './supervise.ts'
import { complain } from './terminal.ts'

/** `lodebook run`: the pool, until it is asked to end. */
export async function run(request: ConfigRequest): Promise<ExitCode> {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, false)
    return EXIT.usage
  }
  const { config, file, ignored } = read.right
  if (config.nodes.length === 0) {
    complain(
      'no node is configured, so there is no work to give out; add a [[nodes]] table to ' +
        `${file ?? 'a file made by "lodebook config init"'}, or try "lodebook demo", which needs none`,
    )
    return EXIT.usage
  }
  const log = openLog(config.log)
  for (const variable of ignored)
    log.warn(`environment variable ${variable} is no key of the configuration and is ignored`)
  const stop = stopRequest()
  const pool = await startPool(config, {
    log,
    software: `lodebook ${version}`,
    devnet: false,
    settings: read.right.settings.map(settingText),
  })()
  if (E.isLeft(pool)) {
    complain(pool.left.message)
    return EXIT.failed
  }
  log.info(`lodebook ${version} runs on ${config.pool.network}, dashboard on ${pool.right.httpUrl}`)
  for (const { name, host, port, tls } of pool.right.listeners)
    log.info(`miners connect to ${host}:${port}${tls === null ? '' : ' with TLS'} (${name})`)
  return supervise(pool.right, stop, log)
}
