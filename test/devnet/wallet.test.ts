import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { realAfter } from '../../adapters/timers.ts'
import { type DcrwalletOptions, dcrwallet } from '../../adapters/wallet/dcrwallet/wallet.ts'
import type { PaymentOrder, SignedTransaction, Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { decodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { decoded } from '../../src/devnet/chain.ts'
import { DEMO_MINING_ADDRESS } from '../../src/devnet/demo-key.ts'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet/devnet.ts'
import { connect } from './client.ts'

/** The devnet's wallet, used by the pool's own adapter. */

const ALICE = 'SsaJxXSymEGroxAiUY9u1mRq1DDWLxn5WhB'
const BOB = 'SsbpP2WFUWtnzm4GbiLUTVYWgpGiFDb6M8G'
const MATURITY = 4
/** Coinbase of a block with five votes, low on the chain. */
const REWARD = 500_000_000n

let devnet: Devnet
let wallet: Wallet

const accessTo = ({ wallet: access }: Devnet): DcrwalletOptions => ({
  address: `127.0.0.1:${access.port}`,
  certificate: access.certificate,
  clientCertificate: access.clientCertificate,
  clientKey: access.clientKey,
  passphrase: access.passphrase,
  network: 'simnet',
  after: realAfter,
})

async function start(options: DevnetOptions = {}): Promise<void> {
  devnet = await startDevnet({
    startDifficulty: 1,
    retarget: false,
    coinbaseMaturity: MATURITY,
    walletAccounts: ['default', 'fees'],
    ...options,
  })
  wallet = dcrwallet(accessTo(devnet))
}

const stop = async (): Promise<void> => {
  await wallet.stop()
  await devnet.stop()
}

beforeEach(async () => {
  await start()
  await devnet.generate(9)
})
afterEach(stop)

async function right<A>(task: TaskEither<WalletError, A>): Promise<A> {
  const outcome = await task()
  if (E.isLeft(outcome)) throw new Error(outcome.left.message)
  return outcome.right
}

async function kindOf(task: TaskEither<WalletError, unknown>): Promise<string> {
  const outcome = await task()
  return E.isLeft(outcome) ? outcome.left.kind : 'done'
}

type Payments = readonly (readonly [address: string, atoms: bigint])[]

const order = (...payments: Payments): PaymentOrder => ({
  account: 'default',
  confirmations: 1,
  feeRate: 10_000,
  changeAddress: null,
  payments: payments.map(([address, atoms]) => ({ address, atoms: toAtoms(atoms) })),
})

/** A payment that only needs to be published. */
async function signedPayment(...payments: Payments): Promise<SignedTransaction> {
  const { bytes } = await right(wallet.construct(order(...payments)))
  return right(wallet.sign(bytes))
}

test('coinbases are its own, and spendable one block after the chain would let them', async () => {
  expect(devnet.chain.tip.height).toBe(10)
  expect(await right(wallet.balance('default', 1))).toEqual({
    total: 9n * REWARD,
    spendable: 5n * REWARD,
    immatureCoinbases: 4n * REWARD,
    unconfirmed: 0n,
  })
  const [coinbase] = decoded(devnet.chain.tip).transactions
  const id = coinbase ? transactionId(coinbase) : ''
  expect(await right(wallet.coinbase(id))).toEqual({
    kind: 'confirmed',
    confirmations: 1,
    block: devnet.chain.tip.hash,
  })
  expect(await right(wallet.tip())).toEqual({ hash: devnet.chain.tip.hash, height: 10 })
  expect(await right(wallet.rescan(2))).toBe(10)
  expect(await kindOf(wallet.rescan(11))).toBe('not-synced')
})

test('whose addresses are', async () => {
  expect(await right(wallet.ownerOf(DEMO_MINING_ADDRESS))).toEqual({ kind: 'wallet', account: 'default' })
  expect(await right(wallet.ownerOf(ALICE))).toEqual({ kind: 'other' })
  expect(await right(wallet.ownerOf('DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx'))).toEqual({ kind: 'invalid' })
  const fees = await right(wallet.changeAddress('fees'))
  expect(await right(wallet.ownerOf(fees))).toEqual({ kind: 'wallet', account: 'fees' })
  expect(await kindOf(wallet.changeAddress('savings'))).toBe('unknown-account')
})

test('a payout: made, signed, published, mined, and to the atom what was asked for', async () => {
  const made = await right(wallet.construct(order([ALICE, 700_000_000n], [BOB, 123_456n])))
  expect(made.funding.map(({ atoms }) => atoms)).toEqual([REWARD, REWARD])
  expect(made.fee).toBe(4_550n)
  const change = 2n * REWARD - 700_123_456n - made.fee
  expect(made.change).toMatchObject({ atoms: change })

  const signed = await right(wallet.sign(made.bytes))
  expect(signed.id).toBe(made.id)
  expect(await right(wallet.status(made.id))).toEqual({ kind: 'unknown' })
  expect(await right(wallet.publish(signed.bytes))).toBe(made.id)
  expect(await right(wallet.publish(signed.bytes))).toBe(made.id)
  expect(await right(wallet.status(made.id))).toEqual({ kind: 'unconfirmed' })
  expect(await right(wallet.balance('default', 1))).toMatchObject({
    spendable: 3n * REWARD,
    unconfirmed: change,
  })

  const [block] = await devnet.generate(1)
  expect(await right(wallet.status(made.id))).toEqual({ kind: 'confirmed', confirmations: 1, block })
  const mined = decoded(devnet.chain.tip).transactions[1]
  expect(mined && transactionId(mined)).toBe(made.id)
  expect(mined?.outputs.map(({ atoms }) => atoms).sort()).toEqual([700_000_000n, 123_456n, change].sort())
  expect(await right(wallet.publish(signed.bytes))).toBe(made.id)
})

test('what an account can spend now', async () => {
  const { spendable } = await right(wallet.balance('default', 1))
  const outputs = await right(wallet.unspent('default', 1))
  expect(outputs).toHaveLength(5)
  expect(outputs.reduce((sum, { atoms }) => sum + atoms, 0n)).toBe(spendable)
  expect(outputs[0]).toMatchObject({ output: 1, tree: 0, atoms: REWARD })
  expect(await right(wallet.unspent('fees', 1))).toEqual([])
  expect(await kindOf(wallet.unspent('savings', 1))).toBe('unknown-account')
})

test('change goes where it is told to', async () => {
  const made = await right(wallet.construct({ ...order([ALICE, 1_000_000n]), changeAddress: BOB }))
  expect(made.change?.address).toBe(BOB)
})

test('what can not be made', async () => {
  expect(await kindOf(wallet.construct(order([ALICE, 9n * REWARD])))).toBe('too-little-spendable')
  expect(await kindOf(wallet.construct({ ...order([ALICE, 1n]), account: 'savings' }))).toBe(
    'unknown-account',
  )
  expect(await kindOf(wallet.construct(order(['DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx', 1n])))).toBe('refused')
  expect(await kindOf(wallet.construct(order()))).toBe('refused')
  const many = Array.from({ length: 11_000 }, () => [ALICE, 10_000n] as const)
  expect(await kindOf(wallet.construct(order(...many)))).toBe('too-large')
})

test('what can not be signed, or published', async () => {
  const made = await right(wallet.construct(order([ALICE, 1_000_000n])))
  const guessing = dcrwallet({ ...accessTo(devnet), passphrase: 'guess' })
  expect(await kindOf(guessing.sign(made.bytes))).toBe('wrong-passphrase')
  const silent = dcrwallet({ ...accessTo(devnet), passphrase: '' })
  const locked = await silent.sign(made.bytes)()
  expect(locked).toMatchObject(E.left({ kind: 'locked' }))
  await Promise.all([guessing.stop(), silent.stop()])

  expect(await kindOf(wallet.publish(made.bytes))).toBe('refused')
  expect(await kindOf(wallet.publish(made.bytes.slice(1)))).toBe('refused')
  const publishes = async (change: Partial<PaymentOrder>) => {
    const { bytes } = await right(wallet.construct({ ...order([ALICE, 1_000_000n]), ...change }))
    const signed = await right(wallet.sign(bytes))
    return wallet.publish(signed.bytes)()
  }
  expect(await publishes({ feeRate: 1 })).toMatchObject(E.left({ kind: 'fee-refused' }))
  expect(await publishes({ feeRate: 20_000_000 })).toMatchObject(E.left({ kind: 'fee-refused' }))
  expect(await publishes(order([ALICE, 6_029n]))).toMatchObject({
    left: { kind: 'refused', message: expect.stringContaining('is dust') },
  })
})

test('nothing is reserved: of two payments that were made at once only one can be published', async () => {
  const first = await signedPayment([ALICE, 1_000_000n])
  const second = await signedPayment([BOB, 1_000_000n])
  await right(wallet.publish(first.bytes))
  expect(await kindOf(wallet.publish(second.bytes))).toBe('double-spend')
  expect(await right(wallet.status(second.id))).toEqual({ kind: 'unknown' })
})

describe('when the chain changes its mind', () => {
  test('a payout of a lost block waits and is confirmed again', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    await right(wallet.publish(bytes))
    await devnet.generate(1)
    devnet.invalidate(devnet.chain.tip.hash)
    expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
    await devnet.generate(2)
    expect(await right(wallet.status(id))).toMatchObject({ kind: 'confirmed', confirmations: 2 })
  })

  test('one of a disapproved block is said to be confirmed, as by dcrwallet, and counts nowhere', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    await right(wallet.publish(bytes))
    const [disapproved] = await devnet.generate(1)
    devnet.disapproveTip()
    await devnet.generate(1)
    expect(await right(wallet.status(id))).toEqual({
      kind: 'confirmed',
      confirmations: 2,
      block: disapproved,
    })
    // Without the two coinbases: one is disapproved, and its inputs are the wallet's again.
    const { total, spendable } = await right(wallet.balance('default', 1))
    expect(total).toBe(10n * REWARD)
    const again = await signedPayment([BOB, spendable - 100_000_000n])
    expect(await kindOf(wallet.publish(again.bytes))).toBe('double-spend')
    const [block] = await devnet.generate(1)
    expect(await right(wallet.status(id))).toEqual({ kind: 'confirmed', confirmations: 1, block })
  })

  test('a coinbase of a lost block is unknown', async () => {
    const [coinbase] = decoded(devnet.chain.tip).transactions
    const id = coinbase ? transactionId(coinbase) : ''
    devnet.invalidate(devnet.chain.tip.hash)
    expect(await kindOf(wallet.coinbase(id))).toBe('unknown-coinbase')
    expect(await right(wallet.status(id))).toEqual({ kind: 'unknown' })
  })
})

describe('what may go wrong with it, on request', () => {
  test('it goes away, and comes back to the same port', async () => {
    await right(wallet.tip())
    await devnet.wallet.goAway()
    expect(await kindOf(wallet.tip())).toBe('away')
    await devnet.wallet.comeBack()
    expect(await right(wallet.tip())).toMatchObject({ height: 10 })
  })

  test('it is slow', async () => {
    devnet.wallet.delayAnswers(60)
    const before = performance.now()
    expect(await kindOf(wallet.tip())).toBe('done')
    expect(performance.now() - before).toBeGreaterThan(59)
  })

  test('its answer is lost after it has acted: publishing again finds it done', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    devnet.wallet.loseAnswers(true)
    expect(await kindOf(wallet.publish(bytes))).toBe('away')
    devnet.wallet.loseAnswers(false)
    expect(await right(wallet.publish(bytes))).toBe(id)
    expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
    await devnet.generate(1)
    expect(decoded(devnet.chain.tip).transactions.slice(1).map(transactionId)).toEqual([id])
  })

  test('somebody else spends the money first', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    expect(() => devnet.wallet.doubleSpend(id)).toThrow(RangeError)
    await right(wallet.publish(bytes))
    const stolen = devnet.wallet.doubleSpend(id)
    expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
    await devnet.generate(1)
    expect(decoded(devnet.chain.tip).transactions.slice(1).map(transactionId)).toEqual([stolen])
    expect(await right(wallet.status(id))).toEqual({ kind: 'unknown' })
    expect(await right(wallet.status(stolen))).toMatchObject({ kind: 'confirmed' })
    expect(await kindOf(wallet.publish(bytes))).toBe('double-spend')
  })

  test('the network forgets a payout: the wallet does not, and publishing again brings it back', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    await right(wallet.publish(bytes))
    devnet.forgetTransactions()
    await devnet.generate(1)
    expect(await right(wallet.status(id))).toEqual({ kind: 'unconfirmed' })
    await right(wallet.publish(bytes))
    await devnet.generate(1)
    expect(await right(wallet.status(id))).toMatchObject({ kind: 'confirmed' })
  })
})

describe('on disk', () => {
  let directory: string
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'devnet-wallet-'))
    await stop()
    await start({ dataDirectory: directory })
    await devnet.generate(9)
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  test('a payout that waits is still there when the devnet is started again, and so is its change', async () => {
    const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
    await right(wallet.publish(bytes))
    const before = await right(wallet.balance('default', 1))
    const { certificate, clientKey } = devnet.wallet
    await stop()
    await start({ dataDirectory: directory })
    expect(devnet.wallet).toMatchObject({ certificate, clientKey })
    expect(await right(wallet.balance('default', 1))).toEqual(before)
    await devnet.generate(1)
    expect(await right(wallet.status(id))).toMatchObject({ kind: 'confirmed', confirmations: 1 })
    await stop()
    // A crash left a line in the middle.
    appendFileSync(join(directory, 'wallet-transactions.txt'), '\n0100000001')
    await start({ dataDirectory: directory })
    expect(await right(wallet.status(id))).toMatchObject({ kind: 'confirmed', confirmations: 1 })
    expect((await right(wallet.balance('default', 1))).total).toBe(before.total + REWARD + 2_530n)
    const next = await signedPayment([BOB, 1_000_000n])
    await right(wallet.publish(next.bytes))
    await stop()
    await start({ dataDirectory: directory })
    expect(await right(wallet.status(next.id))).toEqual({ kind: 'unconfirmed' })
  })
})

test("dcrd's interface shows a payment that waits, and takes one itself", async () => {
  const client = await connect(devnet)
  const { id, bytes } = await signedPayment([ALICE, 1_000_000n])
  expect(await client.ask('sendrawtransaction', toHex(bytes))).toBe(id)
  const again = await client.call('sendrawtransaction', toHex(bytes))
  expect(again.error).toEqual({
    code: -40,
    message: `rejected transaction ${id}: already have transaction ${id}`,
  })
  const raw = await client.ask<{ vout: { value: number }[] }>('getrawtransaction', id, 1)
  expect(raw).not.toHaveProperty('blockhash')
  const paid = raw.vout.findIndex(({ value }) => value === 0.01)
  expect(await client.ask('gettxout', id, paid, 0, true)).toMatchObject({ confirmations: 0, value: 0.01 })
  expect(await client.ask('gettxout', id, paid, 0, false)).toBeNull()
  expect((await client.call('gettxout', id, 9, 0, true)).error?.code).toBe(-5)
  const transaction = decodeTransaction(bytes)
  const spent = E.isRight(transaction) ? transaction.right.inputs[0]?.previous : undefined
  expect(await client.ask('gettxout', spent?.transaction, spent?.output, 0)).not.toBeNull()
  expect(await client.ask('getmininginfo')).toMatchObject({ pooledtx: 1 })
  await devnet.generate(1)
  expect(await client.ask('getrawtransaction', id, 1)).toMatchObject({
    blockhash: devnet.chain.tip.hash,
    blockindex: 1,
    confirmations: 1,
  })
  expect(await client.ask('gettxout', id, paid, 0)).toMatchObject({ confirmations: 1 })
  expect(await client.ask('gettxout', spent?.transaction, spent?.output, 0)).toBeNull()
  expect((await client.call('sendrawtransaction', '0102')).error?.code).toBe(-22)
  expect((await client.call('sendrawtransaction', 'zz')).error?.code).toBe(-22)
  client.close()
})

test('two devnets do not share a wallet: each lets in its own clients only', async () => {
  const other = await startDevnet({ startDifficulty: 1, retarget: false })
  const mine = accessTo(devnet)
  const theirs = accessTo(other)
  const { clientCertificate, clientKey } = theirs
  const stranger = dcrwallet({ ...mine, clientCertificate, clientKey })
  expect(await stranger.tip()()).toMatchObject({
    left: { kind: 'away', message: expect.stringContaining('--clientcafile') },
  })
  const deceived = dcrwallet({ ...mine, certificate: theirs.certificate })
  expect(await deceived.tip()()).toMatchObject({
    left: { kind: 'certificate', message: expect.stringContaining('another certificate') },
  })
  await Promise.all([stranger.stop(), deceived.stop(), other.stop()])
})
