import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DcrwalletOptions, dcrwallet } from '../../adapters/wallet/dcrwallet/wallet.ts'
import type { PaymentOrder, SignedTransaction, Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import { encodeTransaction } from '../../domain/decred/transaction.ts'
import { makeCertificate } from '../adapters/node/fake-dcrd.ts'
import { type Dcrd, killDcrds, startDcrd } from './dcrd.ts'
import { killWallets, type RealWallet, startWallet, WALLET_ADDRESS } from './dcrwallet.ts'
import { findDcrd, findDcrwallet, needed } from './programs.ts'

/** The pool's wallet adapter and a real dcrwallet, with a real dcrd behind it. */

const dcrdProgram = needed(findDcrd())
const walletProgram = needed(findDcrwallet())
const STRANGER = 'SsaJxXSymEGroxAiUY9u1mRq1DDWLxn5WhB'
/** A coinbase of simnet before there are votes. */
const REWARD = 500_000_000n

let dcrd: Dcrd
let real: RealWallet
let wallet: Wallet
let opened: Wallet[]

beforeAll(async () => {
  dcrd = await startDcrd(dcrdProgram, { miningAddress: WALLET_ADDRESS })
  await dcrd.generate(40)
  real = await startWallet(walletProgram, dcrd)
})
beforeEach(() => {
  opened = []
  wallet = open()
})
afterEach(() => Promise.all(opened.map((one) => one.stop())))
afterAll(async () => {
  await killWallets()
  await killDcrds()
})

function open(change: Partial<DcrwalletOptions> = {}): Wallet {
  const one = dcrwallet({ ...real.options, ...change })
  opened.push(one)
  return one
}

async function right<A>(task: TaskEither<WalletError, A>): Promise<A> {
  const outcome = await task()
  if (E.isLeft(outcome)) throw new Error(outcome.left.message)
  return outcome.right
}

async function errorOf(task: TaskEither<WalletError, unknown>): Promise<WalletError> {
  const outcome = await task()
  if (E.isRight(outcome)) throw new Error(`answered ${JSON.stringify(outcome.right)}`)
  return outcome.left
}

const kindOf = async (task: TaskEither<WalletError, unknown>): Promise<WalletError['kind']> =>
  (await errorOf(task)).kind

/** Asks again until the answer is as wished: the wallet hears of a block a moment after dcrd. */
async function once<A>(task: TaskEither<WalletError, A>, holds: (answer: A) => boolean): Promise<A> {
  for (;;) {
    const answer = await right(task)
    if (holds(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Lets dcrd mine, and waits until the wallet has seen it. */
async function generate(count: number): Promise<void> {
  await dcrd.generate(count)
  const { hash } = await dcrd.tip()
  await once(wallet.tip(), (tip) => tip.hash === hash)
}

/** Lets dcrd mine until a transaction is in a block: the next one may already be made without it. */
async function mined(id: string): Promise<void> {
  while ((await right(wallet.status(id))).kind !== 'confirmed') await generate(1)
}

const order = (atoms: bigint, change: Partial<PaymentOrder> = {}): PaymentOrder => ({
  account: 'default',
  confirmations: 1,
  feeRate: 10_000,
  changeAddress: null,
  payments: [{ address: STRANGER, atoms: toAtoms(atoms) }],
  ...change,
})

/** A payment that only needs to be published. */
async function signedPayment(atoms: bigint, change: Partial<PaymentOrder> = {}): Promise<SignedTransaction> {
  const { bytes } = await right(wallet.construct(order(atoms, change)))
  return right(wallet.sign(bytes))
}

test('coinbases are its own, and spendable one block after the chain would let them', async () => {
  const tip = await dcrd.tip()
  expect(await right(wallet.tip())).toEqual(tip)
  const mature = BigInt(tip.height - 1 - 16)
  expect(await right(wallet.balance('default', 1))).toEqual({
    total: (mature + 16n) * REWARD,
    spendable: mature * REWARD,
    immatureCoinbases: 16n * REWARD,
    unconfirmed: 0n,
  })
  const block = (await dcrd.call('getblock', tip.hash)) as { readonly tx: readonly string[] }
  const coinbase = block.tx[0] ?? ''
  expect(await right(wallet.coinbase(coinbase))).toEqual({
    kind: 'confirmed',
    confirmations: 1,
    block: tip.hash,
  })
  expect(await kindOf(wallet.coinbase('07'.repeat(32)))).toBe('unknown-coinbase')
  expect(await right(wallet.status('07'.repeat(32)))).toEqual({ kind: 'unknown' })
})

test('whose addresses are, and new ones', async () => {
  expect(await right(wallet.ownerOf(WALLET_ADDRESS))).toEqual({ kind: 'wallet', account: 'default' })
  expect(await right(wallet.ownerOf(STRANGER))).toEqual({ kind: 'other' })
  expect(await right(wallet.ownerOf('DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx'))).toEqual({ kind: 'invalid' })
  const change = await right(wallet.changeAddress('default'))
  expect(await right(wallet.ownerOf(change))).toEqual({ kind: 'wallet', account: 'default' })
  expect(await errorOf(wallet.changeAddress('savings'))).toMatchObject({
    kind: 'unknown-account',
    message: expect.stringContaining('it has default, imported'),
  })
  expect(await kindOf(wallet.balance('savings', 1))).toBe('unknown-account')
})

interface RawTransaction {
  readonly blockhash: string
  readonly vout: readonly {
    readonly value: number
    readonly scriptPubKey: { readonly addresses: string[] }
  }[]
}

test('a payout: made, signed, published twice, mined, and to the atom what was asked for', async () => {
  const made = await right(wallet.construct(order(700_000_000n)))
  expect(made.funding.map(({ atoms }) => atoms)).toEqual([REWARD, REWARD])
  const change = 2n * REWARD - 700_000_000n - made.fee
  expect(made.change?.atoms).toBe(change)
  expect(await right(wallet.ownerOf(made.change?.address ?? ''))).toEqual({
    kind: 'wallet',
    account: 'default',
  })
  const { id, bytes } = await right(wallet.sign(made.bytes))
  expect(id).toBe(made.id)
  expect(await right(wallet.publish(bytes))).toBe(id)
  expect(await right(wallet.publish(bytes))).toBe(id)
  expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
  expect(await right(wallet.balance('default', 1))).toMatchObject({ unconfirmed: change })
  await mined(id)
  const raw = (await dcrd.call('getrawtransaction', id, 1)) as RawTransaction
  expect(await right(wallet.status(id))).toEqual({
    kind: 'confirmed',
    confirmations: 1,
    block: raw.blockhash,
  })
  expect(
    Object.fromEntries(raw.vout.map(({ value, scriptPubKey }) => [scriptPubKey.addresses[0], value])),
  ).toEqual({
    [STRANGER]: 7,
    [made.change?.address ?? '']: Number(change) / 1e8,
  })
  expect(await right(wallet.publish(bytes))).toBe(id)
})

test('what an account can spend now, and a transaction of it that dcrwallet did not make', async () => {
  const { spendable } = await right(wallet.balance('default', 1))
  const outputs = await right(wallet.unspent('default', 1))
  expect(outputs.reduce((sum, { atoms }) => sum + atoms, 0n)).toBe(spendable)
  for (const { transaction, output, tree, atoms } of outputs)
    expect(await dcrd.call('gettxout', transaction, output, tree)).toMatchObject({
      value: Number(atoms) / 1e8,
    })
  const [funding] = outputs
  const payable = payableAddress(STRANGER, networks.simnet)
  if (funding === undefined || E.isLeft(payable)) throw new Error('nothing to spend')
  const { transaction, output, tree, atoms } = funding
  const unsigned = encodeTransaction({
    version: 1,
    inputs: [
      {
        previous: { transaction, output, tree },
        sequence: 0xffff_ffff,
        atoms,
        blockHeight: 0,
        blockIndex: 0xffff_ffff,
        signatureScript: new Uint8Array(0),
      },
    ],
    outputs: [{ atoms: atoms - 10_000n, scriptVersion: 0, script: paymentScript(payable.right) }],
    lockTime: 0,
    expiry: 0,
  })
  const { id, bytes } = await right(wallet.sign(unsigned))
  expect(await right(wallet.publish(bytes))).toBe(id)
  await mined(id)
  expect(await right(wallet.unspent('default', 1))).not.toContainEqual(funding)
})

test('change goes where it is told to', async () => {
  const made = await right(wallet.construct(order(1_000_000n, { changeAddress: STRANGER })))
  expect(made.change?.address).toBe(STRANGER)
})

test('what it refuses', async () => {
  expect(await kindOf(wallet.construct(order(20_999_999n * 100_000_000n)))).toBe('too-little-spendable')
  const many = Array.from({ length: 30_000 }, () => ({ address: STRANGER, atoms: toAtoms(10n) }))
  expect(await kindOf(wallet.construct(order(1n, { payments: many })))).toBe('too-large')
  const unsigned = await right(wallet.construct(order(1_000_000n)))
  expect(await kindOf(wallet.publish(unsigned.bytes))).toBe('refused')
  const cheap = await signedPayment(1_000_000n, { feeRate: 1 })
  expect(await kindOf(wallet.publish(cheap.bytes))).toBe('fee-refused')
  expect(await right(wallet.status(cheap.id))).toEqual({ kind: 'unknown' })
  const dear = await signedPayment(1_000_000n, { feeRate: 100_000_000 })
  expect(await kindOf(wallet.publish(dear.bytes))).toBe('fee-refused')
  expect(await kindOf(open({ passphrase: 'guess' }).sign(unsigned.bytes))).toBe('wrong-passphrase')
  const foreign = unsigned.bytes.slice()
  foreign[6] = (foreign[6] ?? 0) ^ 1
  expect(await kindOf(wallet.sign(foreign))).toBe('refused')
})

test('nothing is reserved: of two payments of the same money only one can be published', async () => {
  const { spendable } = await right(wallet.balance('default', 1))
  const almostAll = spendable - 100_000_000n
  const [first, second] = [await signedPayment(almostAll), await signedPayment(almostAll - 1n)]
  await right(wallet.publish(first.bytes))
  expect(await kindOf(wallet.publish(second.bytes))).toBe('double-spend')
  await mined(first.id)
  expect(await kindOf(wallet.publish(second.bytes))).toBe('double-spend')
  expect(await right(wallet.status(second.id))).toEqual({ kind: 'unknown' })
})

test('a payout of a lost block waits, and is confirmed again', async () => {
  await generate(2)
  const { id, bytes } = await signedPayment(1_000_000n)
  await right(wallet.publish(bytes))
  await mined(id)
  const { hash } = await dcrd.tip()
  await dcrd.call('invalidateblock', hash)
  // dcrwallet leaves a branch only for one with more work.
  await generate(2)
  await mined(id)
  expect(await dcrd.confirmations(hash)).toBe(-1)
  expect(await right(wallet.status(id))).not.toMatchObject({ block: hash })
})

test('killed in the middle, it is away, and used again when it is back; what it published is still known', async () => {
  await generate(2)
  const { id, bytes } = await signedPayment(1_000_000n)
  await right(wallet.publish(bytes))
  const pending = Array.from({ length: 50 }, () => wallet.rescan(0)())
  await real.kill()
  const outcomes = await Promise.all(pending)
  expect(outcomes.filter(E.isLeft).map(({ left }) => left.kind)).toContain('away')
  expect(await errorOf(wallet.tip())).toMatchObject({
    kind: 'away',
    message: expect.stringContaining('refuses connections. Start dcrwallet there'),
  })
  await real.restart()
  expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
  expect(await right(wallet.rescan(1))).toBe((await dcrd.tip()).height)
  await mined(id)
})

test('locked: the passphrase unlocks it for one signature, and without one nothing is signed', async () => {
  await generate(1)
  const { bytes } = await right(wallet.construct(order(1_000_000n)))
  const silent = open({ passphrase: '' })
  expect(await errorOf(silent.sign(bytes))).toMatchObject({
    kind: 'locked',
    message: expect.stringContaining('left inputs unsigned (0)'),
  })
  expect(await kindOf(open({ passphrase: 'guess' }).sign(bytes))).toBe('wrong-passphrase')
  expect(E.isRight(await wallet.sign(bytes)())).toBe(true)
  expect(await kindOf(silent.sign(bytes))).toBe('locked')
})

test("certificates: its own, and the pool's; another door, another network", async () => {
  const stranger = await makeCertificate()
  const unknown = open({ clientCertificate: stranger.cert, clientKey: stranger.private })
  expect(await errorOf(unknown.tip())).toMatchObject({
    kind: 'certificate',
    message: expect.stringContaining("does not know the pool's certificate"),
  })
  expect(await errorOf(open({ certificate: stranger.cert }).tip())).toMatchObject({
    kind: 'certificate',
    message: expect.stringContaining('Copy rpc.cert'),
  })
  expect(await errorOf(open({ address: real.jsonAddress }).tip())).toMatchObject({
    kind: 'malformed',
    message: expect.stringContaining('does not speak gRPC. Give the address of --grpclisten'),
  })
  expect(await errorOf(open({ network: 'testnet3' }).tip())).toMatchObject({
    kind: 'wrong-network',
    message: expect.stringContaining('is on simnet, the pool is configured for testnet3'),
  })
})

test('not opened, or without its dcrd', async () => {
  const { bytes } = await signedPayment(1_000_000n)
  await real.kill()
  await real.restart({ closed: true })
  expect(await errorOf(wallet.tip())).toMatchObject({
    kind: 'not-synced',
    message: expect.stringContaining('has no wallet open'),
  })
  await real.kill()
  await real.restart()
  await dcrd.kill()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await kindOf(wallet.publish(bytes))).toBe('not-synced')
  expect(E.isRight(await wallet.balance('default', 1)())).toBe(true)
})
