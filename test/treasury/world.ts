import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pino } from 'pino'
import { NEVER } from 'rxjs'
import { expect } from 'vitest'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'
import type { Node, NodeError } from '../../adapters/node/port.ts'
import type { Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { type BlockPhase, decideBlock, phaseAfterBlock } from '../../domain/block/lifecycle.ts'
import { accountId, encodeAddress, payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { decodeBlock, workReward } from '../../domain/decred/block.ts'
import { headerVoteBits } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { decodeTransaction, encodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { type EventData, event, type PoolEvent, type ShareReference } from '../../domain/events.ts'
import { epochOf } from '../../domain/mining/epoch.ts'
import type { PayoutPhase } from '../../domain/payout/lifecycle.ts'
import { planOfEvent } from '../../domain/payout/plan-event.ts'
import { unsignedTransaction } from '../../domain/payout/transaction.ts'
import type { Policy } from '../../domain/policy.ts'
import { Chain } from '../../src/devnet/chain.ts'
import { DEMO_MINING_ADDRESS, DEMO_PASSPHRASE, DEMO_SEED } from '../../src/devnet/demo-key.ts'
import { DevnetNode } from '../../src/devnet/node.ts'
import { chainParameters } from '../../src/devnet/parameters.ts'
import { Keys } from '../../src/devnet/wallet/keys.ts'
import { DevnetWallet } from '../../src/devnet/wallet/wallet.ts'
import type { LogCheck } from '../../src/publisher/publisher.ts'
import { payoutHold } from '../../src/treasury/payout-hold.ts'
import type { Records } from '../../src/treasury/records.ts'
import { openTreasury, type Treasury } from '../../src/treasury/treasury.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { checkMoney, onChain, recordsOf } from '../support/money-check.ts'

export const network = networks.simnet
export const MATURITY = 3

/** Address of the n-th miner, and its account. */
export const minerAddress = (n: number): string =>
  encodeAddress('public-key-hash-ecdsa', Uint8Array.of(...Buffer.alloc(18, 7), n >> 8, n & 255), network)
export const minerAccountId = (n: number): string => accountId(minerAddress(n))
export const FEE_ADDRESS = minerAddress(5000)

export const POLICY: Policy = {
  scheme: { kind: 'pplns', windowPpm: 2_000_000 },
  feePpm: 10_000,
  rounding: 'largest-remainder',
  feeAddresses: [FEE_ADDRESS],
  minimumPayout: '1000000',
  feeBearer: 'miners',
  payoutSchedule: { kind: 'blocks', every: 2 },
  payoutMode: 'automatic',
  payoutConfirmations: 2,
  sharesPerMinute: 15,
  lateShareGraceMs: 0,
}

/** Work on which a share of difficulty 10 is a fiftieth of a block. */
const BITS = targetToCompact(difficultyTarget(network, 500))
const DIFFICULTY = 10

/** Derived once: that takes a while. */
const keys = new Keys(DEMO_SEED)

/** Stands for the death of the process at a fault point. */
export class Died extends Error {}

/** Where a process dies: at its n-th step outside itself, before it is taken or after, when nobody hears the answer. */
export interface Fault {
  readonly step: number
  readonly when: 'before' | 'after'
}

/** What a process can do outside itself, counted. */
export interface Steps {
  count: number
  dead: boolean
  readonly names: string[]
}

/**
 * A chain, a wallet and a log, all in memory but with the devnet's rules and signatures; what the rest of the pool writes into the log
 * is written here. Treasuries come and go.
 */
export class World {
  readonly node: DevnetNode
  readonly wallet: DevnetWallet
  readonly store = memoryEventStore()
  /** Every transaction that was published, each time. */
  readonly published: string[] = []
  /** Answers in the place of the wallet's, by method; undefined lets it through. */
  readonly answers: { -readonly [M in keyof Wallet]?: (...args: never[]) => unknown } = {}
  treasury: Treasury | undefined
  /** What a publisher would say of the log. */
  logCheck: LogCheck = { kind: 'fits' }
  /** What it would say of its ledger: null once all up to a position is signed. */
  untilSigned: (position: number) => Promise<void> | null = () => null
  steps: Steps = { count: 0, dead: false, names: [] }
  readonly fatal: string[] = []
  readonly walletErrors: string[] = []
  /** Steps that were taken before they were in the log. */
  readonly hasty: string[] = []
  #clock = 1_700_000_000_000
  readonly #revisions = new Map<string, number>()
  readonly #blocks = new Map<string, { phase: BlockPhase; decidedBy: string | null }>()
  readonly #miners: number
  #shares = 0
  #jobs = 0
  #workHeight = 0
  #hour = 0

  private constructor(node: DevnetNode, wallet: DevnetWallet, miners: number) {
    this.node = node
    this.wallet = wallet
    this.#miners = miners
  }

  /** Opens a world with so many miners, and the rules of its pool. */
  static async open(policy: Partial<Policy> = {}, miners = 3): Promise<World> {
    let clock = 1_700_000_000_000
    let random = 0
    const chain = new Chain({
      parameters: chainParameters({ startDifficulty: 1, retarget: false, coinbaseMaturity: MATURITY }),
      clock: () => (clock += 1000),
      file: undefined,
    })
    const bytes = (count: number) => new Uint8Array(count).fill(random++)
    const mining = payableAddress(DEMO_MINING_ADDRESS, network)
    if (E.isLeft(mining)) throw new Error(mining.left.message)
    const node = new DevnetNode({ chain, script: paymentScript(mining.right), random: bytes })
    await node.generate(1)
    const wallet = new DevnetWallet({
      node,
      keys,
      accounts: ['default'],
      passphrase: DEMO_PASSPHRASE,
      file: undefined,
      clock: () => clock,
      random: bytes,
    })
    const world = new World(node, wallet, miners)
    await world.#begin({ ...POLICY, ...policy })
    return world
  }

  /** Milliseconds: each question is a little later. */
  readonly nowMs = (): number => (this.#clock += 5)

  /** Passes time. */
  wait(ms: number): void {
    this.#clock += ms
  }

  async append(stream: string, ...events: readonly PoolEvent[]): Promise<void> {
    const expected = this.#revisions.get(stream) ?? -1
    const appended = await this.store.append([proposeAppend(stream, expected, events)])()
    if (E.isLeft(appended)) throw new Error(appended.left.message)
    this.#revisions.set(stream, expected + events.length)
  }

  async adopt(policy: Policy): Promise<void> {
    await this.append('pool', event('PolicyAdopted', { v: 1, at: this.nowMs(), ...policy }))
  }

  async #begin(policy: Policy): Promise<void> {
    const at = this.nowMs()
    await this.append(
      'pool',
      event('PoolOpened', { v: 1, at, network: 'simnet', mode: 'public', software: 'test' }),
      event('PolicyAdopted', { v: 1, at, ...policy }),
      event('GatewayJoined', { v: 1, at, gateway: 0, extranoncePrefix: '00', software: 'test' }),
    )
    for (let n = 0; n < this.#miners; n++) {
      await this.append(
        `account-${minerAccountId(n)}`,
        event('AccountOpened', { v: 1, at, address: minerAddress(n) }),
      )
      await this.append(
        `connection-0.${n}`,
        event('MinerConnected', { v: 1, at, extranonce1: '00000000', listener: 'test', resumes: null }),
        event('WorkerAuthorized', { v: 1, at, account: minerAccountId(n), worker: 'w' }),
      )
    }
    await this.#work()
  }

  async #work(): Promise<void> {
    const height = this.node.chain.tip.height + 1
    if (height === this.#workHeight) return
    this.#workHeight = height
    await this.append(
      `work-0-${this.#epoch}`,
      event('WorkIssued', {
        v: 1,
        at: this.nowMs(),
        job: this.#jobs++,
        header: '00'.repeat(180),
        powAlgorithm: 'blake3',
        height,
        bits: BITS,
        subsidy: '500000000',
        reason: 'new-parent',
      }),
    )
  }

  /** Shares of the newest work, in order, each by a miner. */
  async shares(miners: readonly number[], solved: string | null = null): Promise<ShareReference> {
    const each = <A>(value: A): readonly A[] => miners.map(() => value)
    const stream = `shares-0-${this.#epoch}`
    await this.append(
      stream,
      event('SharesAccepted', {
        v: 1,
        at: this.nowMs(),
        connection: miners,
        worker: each(0),
        job: each(this.#jobs - 1),
        difficulty: each(DIFFICULTY),
        extranonce2: each('00000000'),
        ntime: each(0),
        nonce: miners.map(() => this.#shares++),
        elapsed: each(0),
        solved: solved === null ? [] : [{ share: miners.length - 1, hash: solved }],
      }),
    )
    return { stream, revision: this.#revisions.get(stream) ?? 0, index: miners.length - 1 }
  }

  get #epoch(): string {
    return epochOf(1_700_000_000_000 + this.#hour * 3_600_000)
  }

  /** The hour is over: its shares are summed up, and the next ones go elsewhere. */
  async nextHour(): Promise<void> {
    const stream = `shares-0-${this.#epoch}`
    const shares = (await this.allEvents())
      .filter((each) => each.stream === stream)
      .reduce((sum, { data }) => sum + (JSON.parse(data) as EventData<'SharesAccepted'>).nonce.length, 0)
    const events = (this.#revisions.get(stream) ?? -1) + 1
    this.wait(3_600_000)
    const sums = { shares, events, difficulty: String(shares * DIFFICULTY) }
    await this.append(stream, event('EpochClosed', { v: 1, at: this.nowMs(), ...sums }))
    this.#hour++
  }

  /** A miner finds a block. Its share is in the log, unless a crash took it. */
  async find(miner: number, isShareLost = false): Promise<string> {
    const [hash = ''] = await this.node.generate(1)
    const block = this.node.chain.get(hash)
    const share = isShareLost ? null : await this.shares([miner], hash)
    await this.append(
      `block-${hash}`,
      event('BlockFound', {
        v: 1,
        at: this.nowMs(),
        height: block?.height ?? 0,
        header: toHex(block?.header ?? new Uint8Array(0)),
        powAlgorithm: 'blake3',
        share,
        gateway: 0,
        job: this.#jobs - 1,
        connection: isShareLost ? null : miner,
        account: isShareLost ? null : minerAccountId(miner),
        worker: isShareLost ? null : 'w',
      }),
    )
    this.#blocks.set(hash, { phase: 'found', decidedBy: null })
    await this.follow()
    return hash
  }

  /** Somebody else finds blocks. */
  async others(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.node.generate(1)
      await this.follow()
    }
  }

  /** Brings the log up to the chain, as the actors of blocks do, and the work. */
  async follow(): Promise<void> {
    const { chain } = this.node
    for (const [hash, known] of this.#blocks) {
      const block = chain.get(hash)
      if (block === undefined) continue
      const next = chain.next(block)
      const read = decodeBlock(block.bytes)
      if (E.isLeft(read)) throw new Error(read.left.message)
      const reward = workReward(read.right)
      if (E.isLeft(reward)) throw new Error(reward.left.message)
      const confirmations = chain.isMain(block) ? chain.confirmations(block) : 0
      const isDisplaced = confirmations === 0 && chain.tip.height >= block.height
      const events = decideBlock(
        known.phase,
        { decidedBy: known.decidedBy, refusedByAll: false },
        {
          confirmations,
          known: true,
          displacedBy: isDisplaced ? chain.tip.height - block.height + 1 : 0,
          next:
            next === undefined || confirmations === 0
              ? null
              : { hash: next.hash, approves: (headerVoteBits(next.header) & 1) === 1 },
          reward: { ...reward.right, atoms: String(reward.right.atoms) },
        },
        MATURITY,
        this.nowMs(),
      )
      for (const each of events) {
        known.phase = phaseAfterBlock(each.type) ?? known.phase
        known.decidedBy =
          'by' in each.data ? each.data.by : each.type === 'BlockDisconnected' ? null : known.decidedBy
      }
      if (events.length > 0) await this.append(`block-${hash}`, ...events)
    }
    await this.#work()
  }

  /** Starts a process, which may die at a fault point. */
  start(fault: Fault | null = null): void {
    const steps: Steps = { count: 0, dead: false, names: [] }
    this.steps = steps
    const guarded =
      <A extends readonly unknown[], B>(name: string, call: (...args: A) => () => Promise<B>) =>
      (...args: A) =>
      async (): Promise<B> => {
        if (steps.dead) throw new Died('dead already')
        const mine = steps.count++
        steps.names.push(name)
        if (fault?.step === mine && fault.when === 'before') steps.dead = true
        if (steps.dead) throw new Died(`before ${name}`)
        const answer = await call(...args)()
        if (fault?.step === mine) {
          steps.dead = true
          throw new Died(`after ${name}`)
        }
        return answer
      }
    const store: EventStore = { ...this.store, append: guarded('append', this.store.append) }
    const wallet = this.#answering()
    this.treasury = openTreasury({
      store,
      node: this.#nodePort(),
      network,
      paying: {
        wallet: {
          ...wallet,
          sign: guarded('sign', (bytes: Uint8Array) => async () => {
            await this.#expectLogged('PayoutPlanned', bytes)
            return wallet.sign(bytes)()
          }),
          publish: guarded('publish', (bytes: Uint8Array) => async () => {
            await this.#expectLogged('PayoutSigned', bytes)
            return wallet.publish(bytes)()
          }),
        },
        account: 'default',
      },
      payoutHold: () => payoutHold(this.logCheck),
      untilSigned: (position) => this.untilSigned(position),
      nowMs: this.nowMs,
      log: pino({ level: 'fatal' }, { write: (line: string) => this.fatal.push(line) }),
      onWalletError: ({ kind }) => this.walletErrors.push(kind),
      onStoreError: () => undefined,
      onWritten: () => undefined,
    })
  }

  async #expectLogged(type: 'PayoutPlanned' | 'PayoutSigned', bytes: Uint8Array): Promise<void> {
    const logged =
      type === 'PayoutSigned'
        ? (await this.events(type)).map((data) => data.bytes)
        : (await this.events(type)).map((data) =>
            toHex(encodeTransaction(unsignedTransaction(network, planOfEvent(data)))),
          )
    if (!logged.includes(toHex(bytes))) this.hasty.push(type)
  }

  /** Lets the process do all that is due. False when it died. */
  async settle(): Promise<boolean> {
    const { treasury } = this
    if (treasury === undefined) throw new Error('no process')
    for (;;) {
      const before = await this.head()
      await treasury.chainMoved()
      if (this.steps.dead) {
        await treasury.stop()
        return false
      }
      if ((await this.head()) === before) return true
    }
  }

  async kill(): Promise<void> {
    this.steps.dead = true
    await this.treasury?.stop()
  }

  async head(): Promise<number> {
    const head = await this.store.head()()
    return E.isRight(head) && head.right._tag === 'Some' ? head.right.value : 0
  }

  /** What the log adds up to, from its beginning. */
  async records(): Promise<Records> {
    return recordsOf(await this.allEvents())
  }

  async allEvents(): Promise<readonly RecordedEvent[]> {
    const log = await this.store.readAll(null, 1_000_000)()
    if (E.isLeft(log)) throw new Error(log.left.message)
    return log.right
  }

  async events<T extends PoolEvent['type']>(type: T): Promise<readonly EventData<T>[]> {
    return (await this.allEvents())
      .filter((each) => each.type === type)
      .map(({ data }) => JSON.parse(data) as EventData<T>)
  }

  /** Phase of each payout, by number. */
  async phases(): Promise<readonly PayoutPhase[]> {
    return [...(await this.records()).books.payouts.values()].map(({ phase }) => phase)
  }

  /** Atoms that the main chain pays to an address. */
  onChain(address: string): bigint {
    return onChain(this.node.chain, address)
  }

  /** {@link checkMoney} of all there is. When a process has just died, some blocks may not be shared yet, or not taken back. */
  async check(hasJustDied = false): Promise<void> {
    checkMoney(await this.allEvents(), this.node.chain, hasJustDied)
    expect(this.hasty).toEqual([])
    expect(this.fatal.filter((line) => !line.includes('"kind":"internal"'))).toEqual([])
  }

  #nodePort(): Node {
    const { chain } = this.node
    const missing: NodeError = { kind: 'not-found', message: 'not there' }
    const some = <A>(value: A | undefined) =>
      TE.fromEither(value === undefined ? E.left(missing) : E.right(value))
    const node: Node = {
      name: 'devnet',
      network: 'simnet',
      events: NEVER,
      start: () => undefined,
      currentWork: () => TE.left(missing),
      submit: async () => [],
      tip: () => TE.right({ hash: chain.tip.hash, height: chain.tip.height }),
      block: (hash) => {
        const block = chain.get(hash)
        if (block === undefined) return TE.left(missing)
        const confirmations = chain.isMain(block) ? chain.confirmations(block) : -1
        return TE.right({ hash, height: block.height, confirmations, header: block.header, next: null })
      },
      hashAt: (height) => some(chain.at(height)?.hash),
      rawBlock: (hash) => some(chain.get(hash)?.bytes),
      workSubsidy: () => TE.left(missing),
      renewWork: () => TE.left(missing),
      view: () => node,
      stop: async () => undefined,
    }
    return node
  }

  /** The wallet as it answers by itself. */
  walletPort(): Wallet {
    const { wallet } = this
    const { chain } = this.node
    const refuse = (kind: WalletError['kind'], message: string) => TE.left<WalletError>({ kind, message })
    const status: Wallet['status'] = (id) => {
      const known = wallet.transaction(id)
      if (known === undefined) return TE.right({ kind: 'unknown' })
      return TE.right(
        known.block === undefined
          ? { kind: 'unconfirmed' }
          : { kind: 'confirmed', confirmations: chain.confirmations(known.block), block: known.block.hash },
      )
    }
    const own: Wallet = {
      network: 'simnet',
      tip: () => TE.right({ hash: chain.tip.hash, height: chain.tip.height }),
      balance: () => refuse('refused', 'not asked'),
      ownerOf: (address) =>
        TE.right(
          E.isLeft(payableAddress(address, network))
            ? { kind: 'invalid' as const }
            : { kind: 'other' as const },
        ),
      changeAddress: () =>
        TE.right(
          encodeAddress(
            'public-key-hash-ecdsa',
            wallet.nextAddress(0, 'internal')?.hash ?? new Uint8Array(20),
            network,
          ),
        ),
      unspent: (_account, confirmations) =>
        TE.right(
          wallet.spendable(0, confirmations).map(({ coin }) => ({
            transaction: coin.transaction,
            output: coin.output,
            tree: coin.tree === 1 ? 1 : 0,
            atoms: toAtoms(coin.atoms),
          })),
        ),
      construct: () => refuse('refused', 'not asked'),
      sign: (bytes) => {
        const read = decodeTransaction(bytes)
        if (E.isLeft(read)) return refuse('refused', read.left.message)
        const signed = wallet.sign(read.right, true)
        if (E.isLeft(signed)) return refuse('refused', 'unknown input')
        const { transaction } = signed.right
        return TE.right({ id: transactionId(transaction), bytes: encodeTransaction(transaction) })
      },
      publish: (bytes) => {
        const read = decodeTransaction(bytes)
        if (E.isLeft(read)) return refuse('refused', read.left.message)
        this.published.push(transactionId(read.right))
        const published = wallet.publish(read.right)
        return E.isLeft(published) ? refuse('double-spend', published.left.kind) : TE.right(published.right)
      },
      status,
      coinbase: status,
      rescan: () => TE.right(0),
      stop: async () => undefined,
    }
    return own
  }

  #answering(): Wallet {
    return { ...this.walletPort(), ...(this.answers as object) }
  }

  /** Somebody who has the keys spends all that the wallet can spend. */
  async spendEverything(): Promise<void> {
    const { wallet } = this
    const outputs = [{ atoms: 1_000_000n, scriptVersion: 0, script: this.#theirScript() }]
    const made = wallet.construct(0, 1, { outputs, feeRate: 10_000n, all: true }, this.#theirScript())
    if (E.isLeft(made)) throw new Error(made.left)
    const signed = wallet.sign(made.right.transaction, true)
    if (E.isLeft(signed)) throw new Error('not signed')
    const published = this.node.publish(signed.right.transaction)
    if (E.isLeft(published)) throw new Error(published.left.message)
  }

  #theirScript(): Uint8Array {
    const payable = payableAddress(minerAddress(5001), network)
    if (E.isLeft(payable)) throw new Error(payable.left.message)
    return paymentScript(payable.right)
  }
}
