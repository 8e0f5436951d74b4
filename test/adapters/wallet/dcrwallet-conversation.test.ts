import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { versionService, walletService } from '../../../adapters/wallet/dcrwallet/protocol.ts'
import { dcrwallet } from '../../../adapters/wallet/dcrwallet/wallet.ts'
import type { PaymentOrder, Wallet } from '../../../adapters/wallet/port.ts'
import { Atoms } from '../../../domain/decred/amount.ts'
import { decodeTransaction } from '../../../domain/decred/transaction.ts'
import { type Certificate, makeCertificate } from '../node/fake-dcrd.ts'
import { type FakeDcrwallet, fakeDcrwallet, optionsFor } from './fake-dcrwallet.ts'

/** A pool's calls, answered with what a real dcrwallet answered to the same bytes. */

interface Exchange {
  readonly method: string
  readonly request: { readonly address?: string }
  readonly requestHex: string
  readonly response?: object | readonly object[]
  readonly error?: { readonly code: number; readonly details: string }
}

const recorded: readonly Exchange[] = JSON.parse(
  readFileSync('test/vectors/dcrwallet-conversation.json', 'utf8'),
).calls
const left = [...recorded]
const asked: string[] = []
let client: Certificate
let server: FakeDcrwallet
let wallet: Wallet

/** What a request says, whichever fields it left out because they are zero. */
const meaning = (method: string, hex: string): string =>
  JSON.stringify(
    (walletService[method] ?? versionService[method])?.requestDeserialize(Buffer.from(hex, 'hex')),
  )

beforeAll(async () => {
  client = await makeCertificate()
  server = await fakeDcrwallet(client)
  for (const { method } of recorded)
    server.answers.set(method, (hex) => {
      const found = left.findIndex(
        (exchange) =>
          exchange.method === method && meaning(method, exchange.requestHex) === meaning(method, hex),
      )
      // Version, Network and Accounts are asked more often than they were recorded.
      const again = recorded.find((exchange) => exchange.method === method && exchange.requestHex === hex)
      const exchange = left.splice(found, found < 0 ? 0 : 1)[0] ?? again
      asked.push(method)
      if (exchange === undefined) return { error: { code: 2, details: `not recorded: ${method} ${hex}` } }
      if (exchange.error !== undefined) return { error: exchange.error }
      return { messages: [exchange.response ?? {}].flat() }
    })
  wallet = dcrwallet(optionsFor(server, client))
})
afterAll(async () => {
  await wallet.stop()
  await server.stop()
})

const atoms = (value: bigint): Atoms => {
  if (!Atoms.is(value)) throw new Error(`${value}`)
  return value
}
const order = (...payments: readonly (readonly [address: string, value: bigint])[]): PaymentOrder => ({
  account: 'default',
  confirmations: 1,
  feeRate: 10_000,
  changeAddress: null,
  payments: payments.map(([address, value]) => ({ address, atoms: atoms(value) })),
})
const FIRST = 'SsjUjmw8oGCg63C2MQPygFGZPh2Mbq3iaHM'
const SECOND = 'SscVdtfaNS1iCLceaT8Sqwd8hGoia8XDifR'

/** A hash as explorers print it, of one as it was recorded. */
const shown = (base64: string): string => Buffer.from(base64, 'base64').reverse().toString('hex')
const TRANSACTION = shown('1H7IsXjyXGZtw3m5tUCErOi/R1J+CPt84F+SRi5Dkzw=')

test('where it stands, after it said who it is', async () => {
  expect(await wallet.tip()()).toEqual(
    E.right({ height: 118, hash: shown('O3Dy55u8/cRH2946oukJrc7tI1sky/yMFzY9rxwSpN4=') }),
  )
  expect(asked).toEqual(['Version', 'Network', 'BestBlock'])
})

test('what an account has', async () => {
  expect(await wallet.balance('default', 1)()).toEqual(
    E.right({
      total: 58_500_000_000n,
      spendable: 50_500_000_000n,
      immatureCoinbases: 8_000_000_000n,
      unconfirmed: 0n,
    }),
  )
  expect(await wallet.balance('savings', 1)()).toEqual(
    E.left({
      kind: 'unknown-account',
      message: `The wallet (${server.address}) has no account "savings"; it has default, pfee, c0, c1, imported. Correct the pool's configuration, or create the account.`,
    }),
  )
})

test('whose an address is', async () => {
  expect(await wallet.ownerOf(SECOND)()).toEqual(E.right({ kind: 'wallet', account: 'c0' }))
  const addresses = recorded.flatMap(({ request }) => request.address ?? [])
  expect(addresses[0]).toBe(SECOND)
  expect(await wallet.ownerOf(addresses[1] ?? '')()).toEqual(E.right({ kind: 'invalid' }))
})

test('what an account can spend now', async () => {
  // The recording asks for one atom, the pool for everything.
  const exchange = left.find(({ method }) => method === 'UnspentOutputs')
  server.answers.set('UnspentOutputs', () => ({ messages: [exchange?.response ?? {}].flat() }))
  expect(await wallet.unspent('default', 1)()).toEqual(
    E.right([
      {
        transaction: shown('BVCU6hy8kMXFe1ARBWhoD2/Q7Wo/8Dg5659GrTvIqco='),
        output: 1,
        tree: 0,
        atoms: 500_000_000n,
      },
    ]),
  )
})

test('a payment: made, signed, published twice, looked up', async () => {
  const made = await wallet.construct(order([FIRST, 123_456_789n], [SECOND, 20_000_000n]))()
  if (E.isLeft(made)) throw new Error(made.left.message)
  expect(made.right).toMatchObject({
    id: TRANSACTION,
    fee: 2890n,
    change: { output: 1, address: 'Ssp8rWz9bGAJUGsM7gLJtD8WMzHokN626jr', atoms: 356_540_321n },
    funding: [{ output: 1, tree: 0, atoms: 500_000_000n }],
  })

  const guessing = dcrwallet({ ...optionsFor(server, client), passphrase: 'wrong' })
  const refused = await guessing.sign(made.right.bytes)()
  await guessing.stop()
  expect(refused).toMatchObject(E.left({ kind: 'wrong-passphrase' }))

  const signed = await wallet.sign(made.right.bytes)()
  if (E.isLeft(signed)) throw new Error(signed.left.message)
  expect(signed.right.id).toBe(TRANSACTION)
  const transaction = decodeTransaction(signed.right.bytes)
  expect(transaction).toMatchObject({ right: { inputs: [{ signatureScript: { length: 107 } }] } })

  expect(await wallet.publish(signed.right.bytes)()).toEqual(E.right(TRANSACTION))
  expect(await wallet.publish(signed.right.bytes)()).toEqual(E.right(TRANSACTION))
  expect(await wallet.status(TRANSACTION)()).toEqual(E.right({ kind: 'unconfirmed' }))
  expect(await wallet.balance('default', 1)()).toMatchObject(E.right({ unconfirmed: 356_540_321n }))
})

test('what it does not know, and what it does not have', async () => {
  const other = '07'.repeat(32)
  expect(await wallet.status(other)()).toEqual(E.right({ kind: 'unknown' }))
  expect(await wallet.coinbase(other)()).toMatchObject(E.left({ kind: 'unknown-coinbase' }))
  expect(await wallet.construct(order([FIRST, 99_999_999_999_999n]))()).toMatchObject(
    E.left({ kind: 'too-little-spendable' }),
  )
})

test('dust is not refused when a transaction is made', async () => {
  expect(await wallet.construct(order([FIRST, 10n]))()).toMatchObject(
    E.right({ fee: 2530n, change: { output: 0 } }),
  )
})

test('of the recording only what a pool never asks is left', () => {
  expect(left.map(({ method }) => method)).toEqual(['Ping', 'UnspentOutputs', 'Balance', 'NextAddress'])
})
