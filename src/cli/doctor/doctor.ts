import * as E from 'fp-ts/lib/Either.js'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { paint, print, printJson } from '../terminal.ts'
import { checkAddresses } from './addresses.ts'
import { checkDataDirectory } from './files.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { checkLedgerFolder, checkLedgerKey } from './ledger.ts'
import { checkNode } from './node.ts'
import { checkStore } from './store.ts'
import { checkWallet } from './wallet.ts'

/** `lodebook doctor`: looks at everything the pool needs, as the pool would use it, and says what to mend. */
export async function doctor(request: ConfigRequest & { readonly json: boolean }): Promise<ExitCode> {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, request.json)
    return EXIT.usage
  }
  const { config, file, ignored } = read.right
  const tell = request.json ? () => {} : printFinding
  const findings: Finding[] = []
  const found = (some: readonly Finding[]): void => {
    findings.push(...some)
    for (const finding of some) tell(finding)
  }
  found([
    ok(
      'configuration',
      file === null ? 'no file; environment, flags and defaults are in order' : `${file} is in order`,
    ),
    ...ignored.map((variable) =>
      warn(
        'configuration',
        `environment variable ${variable} is ignored`,
        'correct its name, or take it away',
      ),
    ),
  ])
  found(checkDataDirectory(config.pool.dataDirectory))
  const store = await checkStore(config.store)
  found([store.finding])
  found(await checkAddresses(config, store.poolRuns, Date.now()))
  if (config.nodes.length === 0)
    found([
      fail(
        'nodes',
        'no node is configured, so there is no work to give out',
        'add a [[nodes]] table: docs/operators.md',
      ),
    ])
  for (const [n, node] of config.nodes.entries())
    found(await checkNode(node, n, config.pool.network, Date.now))
  found(await checkWallet(config, Date.now()))
  found(checkLedgerKey(config))
  found(await checkLedgerFolder(config, store.poolRuns))

  const failed = findings.filter(({ verdict }) => verdict === 'fail').length
  const warned = findings.filter(({ verdict }) => verdict === 'warn').length
  if (request.json) printJson({ healthy: failed === 0, failed, warned, findings })
  else print(summary(failed, warned))
  return failed > 0 ? EXIT.problems : EXIT.ok
}

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red' } as const

function printFinding({ subject, verdict, message, fix }: Finding): void {
  print(`${paint(STYLE[verdict], verdict.padEnd(4))}  ${paint('bold', subject)}  ${message}`)
  if (fix !== null) print(`      ${paint('dim', 'to do:')} ${fix}`)
}

function summary(failed: number, warned: number): string {
  if (failed > 0)
    return `${count(failed, 'problem')} to mend${warned > 0 ? `, ${count(warned, 'thing')} to know` : ''}.`
  return warned > 0 ? `The pool can run; ${count(warned, 'thing')} to know.` : 'The pool can run.'
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
