import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Atoms } from '../../domain/decred/amount.ts'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { ChainTip } from '../node/port.ts'

/**
 * Why the wallet could not do it. `message` is a sentence for the operator that says what to do. After `away` (nobody there,
 * or the connection was lost), `timeout`, `malformed` and `closed` nobody knows whether it was done; after everything else it
 * was not. `refused` is what is none of the others.
 */
export interface WalletError {
  readonly kind:
    | 'away'
    | 'timeout'
    /** The wallet's certificate, or the pool's own. */
    | 'certificate'
    | 'too-old'
    | 'wrong-network'
    /** No chain behind the wallet, or no wallet open. */
    | 'not-synced'
    /** Inputs were left unsigned. */
    | 'locked'
    | 'wrong-passphrase'
    | 'unknown-account'
    | 'unknown-coinbase'
    | 'too-little-spendable'
    /** More bytes than a transaction may have. */
    | 'too-large'
    /** Too low a fee for the network, or too high a one to be meant. */
    | 'fee-refused'
    /** An input is spent by another transaction, or is not there. */
    | 'double-spend'
    | 'refused'
    | 'malformed'
    /** The pool itself stopped it. */
    | 'closed'
  readonly message: string
}

/** What an account has, in atoms. Money that an unconfirmed transaction of the wallet spends is in none of them. */
export interface WalletBalance {
  readonly total: Atoms
  /** With the confirmations asked for; coinbases once they are mature: one block later than the chain's own rule. */
  readonly spendable: Atoms
  readonly immatureCoinbases: Atoms
  /** Of transactions that are in no block yet. */
  readonly unconfirmed: Atoms
}

/** An output that can be spent now. */
export interface UnspentOutput {
  /** Transaction id, display hex. */
  readonly transaction: string
  readonly output: number
  /** 0 regular, 1 stake. */
  readonly tree: 0 | 1
  readonly atoms: Atoms
}

/** Whose an address is. */
export type AddressOwner =
  | { readonly kind: 'wallet'; readonly account: string }
  | { readonly kind: 'other' }
  /** No address of this network. */
  | { readonly kind: 'invalid' }

/** What a transaction is to pay. */
export interface Payment {
  readonly address: string
  readonly atoms: Atoms
}

/** A transaction that is wanted. */
export interface PaymentOrder {
  /** Name of the account that pays. */
  readonly account: string
  /** Confirmations that spent money must have. */
  readonly confirmations: number
  /** Atoms for 1000 bytes. */
  readonly feeRate: number
  /** Where the rest goes: a new address of the account when null. */
  readonly changeAddress: string | null
  readonly payments: readonly Payment[]
}

/** A transaction without its signatures. Nothing is reserved: until it is published the next one spends the same money. */
export interface UnsignedTransaction {
  /** Display hex; the same once it is signed. */
  readonly id: string
  readonly bytes: Uint8Array
  /** What it spends. */
  readonly funding: readonly UnspentOutput[]
  readonly fee: Atoms
  /** The one output that no payment asked for; null when nothing was left over. */
  readonly change: { readonly output: number; readonly address: string; readonly atoms: Atoms } | null
}

/** A transaction with all its signatures. */
export interface SignedTransaction {
  readonly id: string
  readonly bytes: Uint8Array
}

/**
 * What the wallet knows of a transaction. `unknown`: never published, not of this wallet, or displaced by another that
 * spends the same money. dcrwallet also forgets a transaction whose publishing failed for any reason; and `confirmed` it
 * also calls one whose block was disapproved by the next: only the node knows that.
 */
export type TransactionStatus =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unconfirmed' }
  | { readonly kind: 'confirmed'; readonly confirmations: number; readonly block: string }

/** The money, through one wallet. Each call has {@link WALLET_DEADLINE_MS} to answer, and may be made again. */
export interface Wallet {
  readonly network: NetworkName
  /** Where the wallet's chain stands: it may be behind the node's. */
  readonly tip: () => TaskEither<WalletError, ChainTip>
  readonly balance: (account: string, confirmations: number) => TaskEither<WalletError, WalletBalance>
  readonly ownerOf: (address: string) => TaskEither<WalletError, AddressOwner>
  /** A new address of an account for what is left over. Asked for and not used, it may be given again. */
  readonly changeAddress: (account: string) => TaskEither<WalletError, string>
  /** All that an account can spend now, in no order: outputs with so many confirmations, coinbases once they are mature. */
  readonly unspent: (
    account: string,
    confirmations: number,
  ) => TaskEither<WalletError, readonly UnspentOutput[]>
  /**
   * Chooses inputs, and makes a transaction that has exactly these payments, in no order, and at most one output more.
   * Dust is not refused here.
   */
  readonly construct: (order: PaymentOrder) => TaskEither<WalletError, UnsignedTransaction>
  /** Signs every input. */
  readonly sign: (transaction: Uint8Array) => TaskEither<WalletError, SignedTransaction>
  /** Sends a signed transaction to the network. Once more does no harm. Right: its id. */
  readonly publish: (transaction: Uint8Array) => TaskEither<WalletError, string>
  /** By transaction id. */
  readonly status: (transaction: string) => TaskEither<WalletError, TransactionStatus>
  /** {@link Wallet.status} of a coinbase that must be the wallet's: `unknown-coinbase` when it is not. */
  readonly coinbase: (transaction: string) => TaskEither<WalletError, TransactionStatus>
  /**
   * Looks through the blocks from a height on for what is the wallet's. May take minutes; the deadline is for each step.
   * Right: the last height looked at.
   */
  readonly rescan: (fromHeight: number) => TaskEither<WalletError, number>
  readonly stop: () => Promise<void>
}

/** Milliseconds a call waits for its answer: unlocking takes dcrwallet a second or two, and publishing asks its dcrd. */
export const WALLET_DEADLINE_MS = 30_000
