import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { EventStore, RecordedEvent } from '../../../adapters/event-store/port.ts'
import { absoluteTime, counted, duration, integer } from '../../../adapters/http/dashboard/format.ts'
import { verifierKeyText } from '../../../domain/transparency/key.ts'
import { writeKeyFile } from '../../publisher/key-file.ts'
import { publishAll } from '../../publisher/publish-all.ts'
import { DEFAULT_SIMULATION, type SimulationOptions } from '../../simulate/options.ts'
import { type Simulation, simulate } from '../../simulate/simulate.ts'
import { openEventStore } from '../../store/open-store.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute, whyNot } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a history to be made. */
export interface SimulateRequest extends Omit<SimulationOptions, 'chainDirectory' | 'onProgress'> {
  readonly data: string
  readonly json: boolean
}

/** `lodebook simulate`: a data directory with a history, a chain and a ledger that fit together. */
export async function simulateCommand({ data, json, ...options }: SimulateRequest): Promise<ExitCode> {
  const directory = absolute(data)
  const file = join(directory, 'lodebook.db')
  if (existsSync(file)) {
    complain(`${file} is there already, and a history is never overwritten; name another directory`)
    return EXIT.usage
  }
  const beganAt = performance.now()
  const made = await make(directory, file, options)
  if (E.isLeft(made)) {
    complain(made.left)
    return EXIT.failed
  }
  const result = { ...made.right, seconds: Math.round(performance.now() - beganAt) / 1000 }
  if (json) printJson(result)
  else tell(result)
  return EXIT.ok
}

/** What was made, and where it is. */
interface Made {
  readonly store: string
  readonly chainDirectory: string
  readonly ledger: string
  readonly key: string
  readonly shares: number
  readonly events: number
  readonly bytes: number
  readonly height: number
  readonly begun: number
  readonly ended: number
  /** Of the engine alone, without the ledger. */
  readonly sharesPerSecond: number
}

async function make(
  directory: string,
  file: string,
  options: Omit<SimulateRequest, 'data' | 'json'>,
): Promise<E.Either<string, Made>> {
  try {
    mkdirSync(directory, { recursive: true })
  } catch (error) {
    return E.left(`${directory} can't be made (${whyNot(error)}); name another directory`)
  }
  const opened = await openEventStore(`sqlite:${file}`)()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  const store = opened.right
  const display = progressDisplay()
  try {
    const chainDirectory = join(directory, 'devnet')
    const beganAt = performance.now()
    const simulated = await simulate(store, {
      ...DEFAULT_SIMULATION,
      ...options,
      chainDirectory,
      onProgress: (shares) =>
        display.show({
          doing: 'simulating',
          count: shares,
          what: 'shares',
          fraction: shares / options.shares,
        }),
    })()
    if (E.isLeft(simulated)) return E.left(`the simulation failed: ${simulated.left.message}`)
    const ms = performance.now() - beganAt
    return E.map(
      ({ ledger, events }: Published): Made => ({
        store: store.name,
        chainDirectory,
        ledger,
        key: verifierKeyText(simulated.right.ledgerKey.verifier),
        shares: simulated.right.shares,
        events,
        bytes: statSync(file).size,
        height: simulated.right.chain.tip.height,
        begun: simulated.right.begunAtMs,
        ended: simulated.right.endedAtMs,
        sharesPerSecond: Math.round((simulated.right.shares * 1000) / ms),
      }),
    )(await publish(directory, store, simulated.right))
  } finally {
    display.end()
    await store.close()
  }
}

interface Published {
  readonly ledger: string
  readonly events: number
}

/** Writes the ledger of a history, and its key where a pool would have it. */
async function publish(
  directory: string,
  store: EventStore,
  { ledgerKey }: Simulation,
): Promise<E.Either<string, Published>> {
  const keyFile = join(directory, 'ledger.key')
  const written = writeKeyFile(keyFile, ledgerKey)
  if (E.isLeft(written)) return E.left(`${keyFile} ${written.left}`)
  const ledger = join(directory, 'ledger')
  const published = await publishAll(eventsOf(store), ledger, ledgerKey)()
  return E.isLeft(published)
    ? E.left(`the ledger was not written: ${published.left.message}`)
    : E.right({ ledger, events: published.right.size })
}

/** Events read at once. */
const PAGE = 1_000

async function* eventsOf(store: EventStore): AsyncGenerator<readonly RecordedEvent[]> {
  let after: number | null = null
  for (;;) {
    const page: E.Either<{ readonly message: string }, readonly RecordedEvent[]> = await store.readAll(
      after,
      PAGE,
    )()
    if (E.isLeft(page)) throw new Error(page.left.message)
    const last = page.right.at(-1)
    if (last === undefined) return
    yield page.right
    after = last.position
  }
}

function tell(made: Made & { readonly seconds: number }): void {
  const { store, chainDirectory, ledger, key, shares, events, bytes, height, begun, ended } = made
  print(
    `Made ${integer(shares)} shares in ${made.seconds.toFixed(1)} s (${integer(made.sharesPerSecond)} a second, and then the ledger): ` +
      `${duration(ended - begun)} of a pool that never was, from ${absoluteTime(begun)} on.`,
  )
  const row = (name: string, value: string): void => print(`  ${name.padEnd(8)}${value}`)
  row('Log', `${store}, ${counted(events, 'event')}, ${(bytes / 1e6).toFixed(1)} MB`)
  row('Chain', `${chainDirectory}, ${counted(height, 'block')}`)
  row('Ledger', ledger)
  row('Key', `${key} (of the seed: worth nothing but for trying)`)
  print('Try:')
  print(`  lodebook audit ${ledger} --key '${key}'`)
  print(`  lodebook balances --store ${store}`)
}
