import { hash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { errorText } from '../../adapters/error-text.ts'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { type SigningKey, signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import type { Chain } from '../devnet/chain.ts'
import { beginChain } from './chain.ts'
import { Chance } from './chance.ts'
import { crowdOf, meanDifficulty, randomAddress } from './crowd.ts'
import { beginFate } from './fate.ts'
import type { SimulationOptions } from './options.ts'
import { type SimulatedPool, simulatedPool } from './pool.ts'
import { Rig } from './rig.ts'
import { type Rules, simulatedConfig } from './settings.ts'
import { simulatedStore } from './store.ts'
import { SimulatedTime } from './time.ts'
import { simulatedWallet } from './wallet.ts'

/** A history that was made. */
export interface Simulation {
  /** On which its blocks and payouts are. */
  readonly chain: Chain
  /** The one that its ledger is to be signed with. */
  readonly ledgerKey: SigningKey
  readonly shares: number
  /** Shares that miners were answered `true` for. */
  readonly answered: number
  /** Simulated time, Unix ms. */
  readonly begunAtMs: number
  readonly endedAtMs: number
}

/** Why no history was made: a fault of this program, or of the store. */
export interface SimulationError {
  readonly message: string
}

/** Where every simulated history begins. */
const BEGIN_MS = Date.UTC(2026, 0, 1)
/** Shares between two words of progress. */
const PROGRESS_SHARES = 10_000
/** In which the devices of a crowd come for the first time: most at once, the rest within a while. */
const FIRST_RUSH_MS = 10_000
const FIRST_HOUR_MS = 3_600_000
const LATE = 0.1
/** Without a pool, between two of its processes. */
const DOWNTIME_MS = 20_000

/**
 * Makes a history of a pool: its own engine, from the miners' lines to payouts, in simulated time, on a chain with real blocks and a wallet
 * with real signatures. The store must be empty.
 */
export const simulate = (
  store: EventStore,
  options: SimulationOptions,
): TE.TaskEither<SimulationError, Simulation> =>
  TE.tryCatch(
    () => run(store, options),
    (error) => ({ message: errorText(error) }),
  )

async function run(store: EventStore, options: SimulationOptions): Promise<Simulation> {
  const { seed, miners, scheme, sharesPerBlock, sharesPerEvent, powAlgorithm } = options
  const head = await store.head()()
  if (E.isLeft(head)) throw new Error(head.left.message)
  if (O.isSome(head.right)) throw new Error(`${store.name} holds a history already`)

  const time = new SimulatedTime(BEGIN_MS)
  const chanceOf = (name: string): Chance => new Chance(seed, name)
  const rules: Rules = {
    scheme,
    feePpm: 10_000,
    minimumPayout: '0.01',
    feeAddress: randomAddress(chanceOf('fee addresses')),
  }
  const { sharesPerMinute } = simulatedConfig(rules, sharesPerEvent).mining
  const crowd = crowdOf(miners, powAlgorithm, sharesPerMinute, scheme === 'solo', chanceOf('the crowd'))
  const readModels = openReadModels({ file: ':memory:', log: store.log, nowMs: time.nowMs })
  if (E.isLeft(readModels)) throw new Error(readModels.left.message)
  const chain = await beginChain({
    powAlgorithm,
    difficulty: Math.max(1, Math.round(sharesPerBlock * meanDifficulty(crowd, sharesPerMinute))),
    directory: options.chainDirectory,
    nowMs: time.nowMs,
    chance: chanceOf('the chain'),
  })
  try {
    const ledgerKey = simulatedLedgerKey(seed)
    const wallet = simulatedWallet(chain.wallet)
    const pool = simulatedPool({
      time,
      store: simulatedStore(store),
      devnet: chain.devnet,
      wallet: wallet.port,
      readModels: readModels.right,
      chance: chanceOf('the pool'),
      ledger: { origin: ledgerKey.verifier.name, key: verifierKeyText(ledgerKey.verifier) },
    })
    const rigs = crowd.map((settings, n) => {
      const chance = chanceOf(`device ${n}`)
      const rig = new Rig(settings, { time, chance, door: pool.door })
      rig.start(n > 0 && chance.happens(LATE) ? chance.wait(FIRST_HOUR_MS) : chance.wait(FIRST_RUSH_MS))
      return rig
    })
    beginFate({
      time,
      chance: chanceOf('fate'),
      devnet: chain.devnet,
      faults: options.faults,
      blockMsMean: (sharesPerBlock * 60_000) / (sharesPerMinute * crowd.length),
      before: pool.flush,
      setTrouble: wallet.setTrouble,
    })
    await live(pool, time, rules, options)
    return {
      chain: chain.devnet.chain,
      ledgerKey,
      shares: pool.shares(),
      answered: rigs.reduce((sum, { accepted }) => sum + accepted, 0),
      begunAtMs: BEGIN_MS,
      endedAtMs: time.nowMs(),
    }
  } finally {
    readModels.right.close()
    chain.close()
  }
}

/** The pool is restarted twice: once as it was, and once with a higher fee and a higher minimum. */
async function live(
  pool: SimulatedPool,
  time: SimulatedTime,
  rules: Rules,
  { shares, sharesPerEvent, onProgress }: SimulationOptions,
): Promise<void> {
  const later = { ...rules, feePpm: 15_000, minimumPayout: '0.02' }
  const lives = [
    { rules, until: Math.ceil(shares / 3) },
    { rules, until: Math.ceil((2 * shares) / 3) },
    { rules: later, until: shares },
  ]
  let told = 0
  for (const life of lives) {
    if (pool.shares() >= life.until) continue
    if (pool.shares() > 0) await passDowntime(time)
    await pool.start(simulatedConfig(life.rules, sharesPerEvent))
    for (let made = pool.shares(); made < life.until; made = pool.shares()) {
      const happening = time.next()
      if (happening !== null) {
        await happening
        await pool.settle()
      } else if (pool.isStirred()) await pool.settle()
      if (made - told < PROGRESS_SHARES) continue
      told = made
      onProgress(made)
    }
    await pool.stop()
  }
}

/** The world goes on while there is no pool: others find blocks, and miners knock. */
async function passDowntime(time: SimulatedTime): Promise<void> {
  let isOver = false
  time.after(DOWNTIME_MS, () => {
    isOver = true
  })
  while (!isOver) await time.next()
}

/** The ledger's key of a simulation: anybody can make it, so its name says what it is worth. */
const simulatedLedgerKey = (seed: number): SigningKey =>
  signingKey(
    `simulation.invalid/seed-${seed}/for-tests-only`,
    'note',
    hash('sha256', `ledger key of simulation ${seed}`, 'buffer'),
  )
