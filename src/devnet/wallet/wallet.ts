import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { sumOf } from '../../../domain/decred/amount.ts'
import {
  isCoinbase,
  type OutPoint,
  type Output,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import type { ChainBlock } from '../block-tree.ts'
import { decoded } from '../chain.ts'
import { type Coin, coinKey, coinsOf } from '../coins.ts'
import type { DevnetNode } from '../node.ts'
import { payToKeyHash, signatureHashes, signatureScript } from '../signature.ts'
import type { SpendingError } from '../spending.ts'
import { AddressBook } from './address-book.ts'
import type { Branch, Keys, WalletKey } from './keys.ts'
import { makePayment, type PaymentError, type PaymentRequest, type UnsignedPayment } from './payment.ts'
import type { PublishedFile } from './published-file.ts'

/** Atoms for each input that a double spend pays: ten times what is needed. */
const THEFT_FEE = 20_000n

/** What a wallet is made with. */
export interface WalletSetting {
  readonly node: DevnetNode
  readonly keys: Keys
  /** Names of the accounts, from number 0 on. */
  readonly accounts: readonly string[]
  readonly passphrase: string
  /** Undefined for a wallet that forgets what it published when the process ends. */
  readonly file: PublishedFile | undefined
  /** Milliseconds since 1970. */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
}

/** An output that is the wallet's. */
export interface Holding {
  readonly coin: Coin
  readonly key: WalletKey
  /** 0 while it is in no block. */
  readonly confirmations: number
  /** False for a coinbase that may not be spent yet. */
  readonly mature: boolean
}

/** What an account has, in atoms. */
export interface Balance {
  readonly total: bigint
  readonly spendable: bigint
  readonly immature: bigint
  readonly unconfirmed: bigint
}

/** A transaction that spends or pays something of the wallet's. */
export interface KnownTransaction {
  readonly transaction: Transaction
  /** Undefined while it is in no block. */
  readonly block: ChainBlock | undefined
  readonly debits: readonly { readonly index: number; readonly coin: Output; readonly key: WalletKey }[]
  readonly credits: readonly { readonly index: number; readonly output: Output; readonly key: WalletKey }[]
  readonly fee: bigint
  /** Unix seconds. */
  readonly timestamp: number
}

/** Why a transaction was not published. `conflict` is another transaction that the wallet waits for. */
export type PublishError =
  | { readonly kind: 'conflict'; readonly other: string; readonly point: OutPoint }
  | { readonly kind: 'refused'; readonly error: SpendingError }

/**
 * The devnet's wallet: real keys and signatures, and a view of the devnet's chain that is always in step with it. It
 * remembers what it published until the chain has it, or has something else instead.
 */
export class DevnetWallet {
  readonly accounts: readonly string[]
  readonly #node: DevnetNode
  readonly #book: AddressBook
  readonly #passphrase: string
  readonly #file: PublishedFile | undefined
  readonly #clock: () => number
  readonly #random: (bytes: number) => Uint8Array
  /** In the order in which they were published, and when. */
  readonly #published = new Map<string, { readonly transaction: Transaction; readonly at: number }>()

  constructor(setting: WalletSetting) {
    this.accounts = setting.accounts
    this.#node = setting.node
    this.#book = new AddressBook(setting.keys, setting.accounts.length)
    this.#passphrase = setting.passphrase
    this.#file = setting.file
    this.#clock = setting.clock
    this.#random = setting.random
    const { chain } = this.#node
    for (let height = 1; height <= chain.tip.height; height++) this.#note(chain.at(height))
    this.#node.listen((event) => {
      if (event.kind === 'connected') this.#note(event.block)
    })
    for (const transaction of setting.file?.transactions ?? []) this.#remember(transaction)
    // The node forgot them when it was stopped.
    for (const transaction of this.#unmined().values()) this.#node.publish(transaction)
  }

  get node(): DevnetNode {
    return this.#node
  }

  /** The wallet's key that a script pays. */
  find(script: Uint8Array): WalletKey | undefined {
    return this.#book.find(script)
  }

  /** Gives out an address. Undefined when there is no such account. */
  nextAddress(account: number, branch: Branch): WalletKey | undefined {
    return this.#book.give(account, branch)
  }

  /** How many addresses of an account were used or given out. */
  addressCount(account: number, branch: Branch): number {
    return this.#book.count(account, branch)
  }

  /** What the wallet can spend now or some day, oldest first. Not what a transaction that waits spends. */
  holdings(): readonly Holding[] {
    const { chain } = this.#node
    const unmined = [...this.#unmined().values()]
    const spent = new Set(unmined.flatMap(({ inputs }) => inputs.map(({ previous }) => coinKey(previous))))
    const fresh = unmined.flatMap((transaction) => coinsOf(transaction, 0, undefined))
    const holdings: Holding[] = []
    for (const coin of [...chain.coins.all(), ...fresh]) {
      const key = coin.tree === 0 ? this.find(coin.script) : undefined
      if (key === undefined || spent.has(coinKey(coin))) continue
      const confirmations = coin.place === undefined ? 0 : 1 + chain.tip.height - coin.place.height
      // One block later than the chain's own rule.
      const mature = !coin.coinbase || confirmations > chain.parameters.network.coinbaseMaturity
      holdings.push({ coin, key, confirmations, mature })
    }
    return holdings
  }

  /** @param confirmations that money must have to be spendable */
  balance(account: number, confirmations: number): Balance {
    const own = this.holdings().filter(({ key }) => key.account === account)
    const worth = (counts: (holding: Holding) => boolean): bigint =>
      own.filter(counts).reduce((total, { coin }) => total + coin.atoms, 0n)
    return {
      total: worth(() => true),
      spendable: worth((holding) => isSpendable(holding, confirmations)),
      immature: worth(({ mature }) => !mature),
      unconfirmed: worth((holding) => holding.confirmations === 0 && confirmations > 0),
    }
  }

  /** What an account can spend now. */
  spendable(account: number, confirmations: number): readonly Holding[] {
    return this.holdings().filter(
      (holding) => holding.key.account === account && isSpendable(holding, confirmations),
    )
  }

  /** Makes a transaction, with change to a new address unless a script is given. */
  construct(
    account: number,
    confirmations: number,
    request: Omit<PaymentRequest, 'change'>,
    change: Uint8Array | undefined,
  ): E.Either<PaymentError, UnsignedPayment> {
    const coins = this.spendable(account, confirmations).map(({ coin }) => coin)
    const own = change ?? payToKeyHash(this.nextAddress(account, 'internal')?.hash ?? new Uint8Array(20))
    const [byte = 0] = this.#random(1)
    return makePayment(coins, { ...request, change: own }, byte / 256)
  }

  /** True for the passphrase that unlocks the wallet. */
  unlocks(passphrase: string): boolean {
    return passphrase === this.#passphrase
  }

  /** Signs what the wallet has the keys of. Left: an input that spends what it never saw. */
  sign(
    transaction: Transaction,
    unlocked: boolean,
  ): E.Either<OutPoint, { readonly transaction: Transaction; readonly unsigned: readonly number[] }> {
    const hashOf = signatureHashes(transaction)
    const scripts: Uint8Array[] = []
    for (const { previous } of transaction.inputs) {
      const output = this.#known(previous.transaction)?.outputs[previous.output]
      if (output === undefined) return E.left(previous)
      scripts.push(output.script)
    }
    const keys = scripts.map((script) => (unlocked ? this.find(script) : undefined))
    return E.right({
      transaction: {
        ...transaction,
        inputs: transaction.inputs.map((input, index) => {
          const key = keys[index]
          const script = scripts[index]
          return key === undefined || script === undefined
            ? input
            : { ...input, signatureScript: signatureScript(hashOf(index, script), key.privateKey) }
        }),
      },
      unsigned: keys.flatMap((key, index) => (key === undefined ? [index] : [])),
    })
  }

  /** Hands a transaction to the node. What the node has already is published once more without harm. */
  publish(transaction: Transaction): E.Either<PublishError, string> {
    const id = transactionId(transaction)
    for (const [other, { inputs }] of this.#unmined()) {
      if (other === id) continue
      const rivals = new Set(inputs.map(({ previous }) => coinKey(previous)))
      const point = transaction.inputs
        .map(({ previous }) => previous)
        .find((previous) => rivals.has(coinKey(previous)))
      if (point !== undefined) return E.left({ kind: 'conflict', other, point })
    }
    return pipe(
      this.#node.publish(transaction),
      E.orElse((error) => (error.kind === 'duplicate' ? E.right(id) : E.left(error))),
      E.bimap(
        (error): PublishError => ({ kind: 'refused', error }),
        () => {
          if (!this.#published.has(id)) this.#file?.append(transaction)
          this.#remember(transaction)
          return id
        },
      ),
    )
  }

  /**
   * What the wallet knows of a transaction; undefined when it is not the wallet's, or has been displaced. Like dcrwallet it
   * takes a block that was disapproved for any other here, though it counts no money in it.
   */
  transaction(id: string): KnownTransaction | undefined {
    const { chain } = this.#node
    const found = chain.transaction(id)
    const transaction = found?.transaction ?? this.#unmined().get(id)
    if (transaction === undefined) return undefined
    const debits = transaction.inputs.flatMap(({ previous }, index) => {
      const coin = this.#known(previous.transaction)?.outputs[previous.output]
      const key = coin && this.find(coin.script)
      return coin === undefined || key === undefined ? [] : [{ index, coin, key }]
    })
    const credits = transaction.outputs.flatMap((output, index) => {
      const key = this.find(output.script)
      return key === undefined ? [] : [{ index, output, key }]
    })
    if (debits.length === 0 && credits.length === 0) return undefined
    const allOwn = debits.length === transaction.inputs.length && !isCoinbase(transaction)
    const blockTime = found?.block.timestamp ?? Number.POSITIVE_INFINITY
    const seen = Math.floor((this.#published.get(id)?.at ?? this.#clock()) / 1000)
    return {
      transaction,
      block: found?.block,
      debits,
      credits,
      fee: allOwn ? sumOf(debits.map(({ coin }) => coin)) - sumOf(transaction.outputs) : 0n,
      timestamp: Math.min(blockTime, seen),
    }
  }

  /**
   * Spends what a transaction spends, to nobody, from outside the wallet: as if somebody else had the seed. The node drops
   * the other and mines this one; the wallet believes in its own until then.
   *
   * @returns its id.
   * @throws RangeError when the wallet knows no such transaction.
   */
  doubleSpend(id: string): string {
    const known = this.#unmined().get(id)
    if (known === undefined) throw new RangeError(`The wallet knows no transaction ${id} that waits.`)
    const fee = BigInt(known.inputs.length) * THEFT_FEE
    const nobody = payToKeyHash(new Uint8Array(20))
    const stolen: Transaction = {
      ...known,
      outputs: [{ atoms: sumOf(known.inputs) - fee, scriptVersion: 0, script: nobody }],
    }
    const signed = this.sign(stolen, true)
    if (E.isLeft(signed)) throw new RangeError(`The wallet does not know what ${id} spends.`)
    const replaced = this.#node.replace(signed.right.transaction)
    if (E.isLeft(replaced)) throw new RangeError(replaced.left.message)
    return replaced.right
  }

  #note(block: ChainBlock | undefined): void {
    if (block === undefined) return
    const { transactions, stakeTransactions } = decoded(block)
    for (const transaction of [...transactions, ...stakeTransactions]) this.#book.note(transaction)
  }

  #remember(transaction: Transaction): void {
    const id = transactionId(transaction)
    if (!this.#published.has(id)) this.#published.set(id, { transaction, at: this.#clock() })
    this.#book.note(transaction)
  }

  /** A transaction that is in a block or waits, the wallet's or not. */
  #known(id: string): Transaction | undefined {
    return this.#node.chain.transaction(id)?.transaction ?? this.#unmined().get(id)
  }

  /**
   * Transactions that wait for a block, by id: those that the wallet published and that can still come, and what else the
   * node has heard of; each after those whose outputs it spends.
   */
  #unmined(): ReadonlyMap<string, Transaction> {
    const { chain, mempool } = this.#node
    const waiting = new Map<string, Transaction>()
    const fresh = new Set<string>()
    const spent = new Set<string>()
    const all = new Map([
      ...[...this.#published].map(([id, { transaction }]) => [id, transaction] as const),
      ...mempool.waiting.map(({ id, transaction }) => [id, transaction] as const),
    ])
    for (const [id, transaction] of all) {
      if (chain.transaction(id) !== undefined) continue
      const possible = transaction.inputs.every(({ previous }) => {
        const key = coinKey(previous)
        return !spent.has(key) && (fresh.has(key) || chain.coins.get(previous) !== undefined)
      })
      if (!possible) continue
      waiting.set(id, transaction)
      for (const { previous } of transaction.inputs) spent.add(coinKey(previous))
      for (const coin of coinsOf(transaction, 0, undefined)) fresh.add(coinKey(coin))
    }
    return waiting
  }
}

const isSpendable = ({ coin, confirmations, mature }: Holding, wanted: number): boolean =>
  mature && (coin.coinbase || confirmations >= wanted)
