import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MESSAGES_MAX } from '../../../adapters/wallet/dcrwallet/limits.ts'
import { type DcrwalletOptions, dcrwallet } from '../../../adapters/wallet/dcrwallet/wallet.ts'
import { WALLET_DEADLINE_MS, type Wallet, type WalletError } from '../../../adapters/wallet/port.ts'
import { payableAddress, paymentScript } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { fromDisplayHash } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import { encodeTransaction, type Transaction, transactionId } from '../../../domain/decred/transaction.ts'
import { type Certificate, makeCertificate } from '../node/fake-dcrd.ts'
import { manualTimers } from '../node/manual-timers.ts'
import { type Answer, type FakeDcrwallet, fakeDcrwallet, optionsFor } from './fake-dcrwallet.ts'

const ADDRESS = 'SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah'
const OTHER = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'
const ID = 'ab'.repeat(32)

let client: Certificate
let server: FakeDcrwallet
let wallets: Wallet[]
beforeAll(async () => {
  client = await makeCertificate()
})
beforeEach(async () => {
  wallets = []
  server = await fakeDcrwallet(client)
  server.answers.set('Accounts', () => ({ messages: [{ accounts: [{ account_name: 'default' }] }] }))
  server.answers.set('BestBlock', () => ({ messages: [{ height: 7, hash: new Uint8Array(32) }] }))
})
afterEach(async () => {
  await Promise.all(wallets.map((wallet) => wallet.stop()))
  await server.stop()
})

function open(change: Partial<DcrwalletOptions> = {}): Wallet {
  const wallet = dcrwallet({ ...optionsFor(server, client), ...change })
  wallets.push(wallet)
  return wallet
}

async function errorOf(task: TaskEither<WalletError, unknown>): Promise<WalletError> {
  const outcome = await task()
  if (E.isRight(outcome)) throw new Error(`answered ${JSON.stringify(outcome.right)}`)
  return outcome.left
}

const refusing = (code: number, details: string) => (): Answer => ({ error: { code, details } })

const script = (address: string): Uint8Array => {
  const decoded = payableAddress(address, networks.simnet)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return paymentScript(decoded.right)
}

/** A transaction as a wallet makes it for 10 000 000 atoms to the address, with change. */
const unsigned: Transaction = {
  version: 1,
  inputs: [
    {
      previous: { transaction: ID, output: 1, tree: 0 },
      sequence: 0xffff_ffff,
      atoms: 50_000_000n,
      blockHeight: 0,
      blockIndex: 0xffff_ffff,
      signatureScript: new Uint8Array(0),
    },
  ],
  outputs: [
    { atoms: 10_000_000n, scriptVersion: 0, script: script(ADDRESS) },
    { atoms: 39_997_470n, scriptVersion: 0, script: script(OTHER) },
  ],
  lockTime: 0,
  expiry: 0,
}
const signed: Transaction = {
  ...unsigned,
  inputs: unsigned.inputs.map((input) => ({ ...input, signatureScript: new Uint8Array(107) })),
}
const order = {
  account: 'default',
  confirmations: 1,
  feeRate: 10_000,
  changeAddress: null,
  payments: [{ address: ADDRESS, atoms: toAtoms(10_000_000n) }],
}
const bytes = encodeTransaction(unsigned)

interface Case {
  readonly method: string
  readonly code: number
  readonly details: string
  readonly use: (wallet: Wallet) => TaskEither<WalletError, unknown>
  readonly kind: WalletError['kind']
  readonly says: RegExp
}

const publish = (wallet: Wallet) => wallet.publish(encodeTransaction(signed))
const sign = (wallet: Wallet) => wallet.sign(bytes)
const construct = (wallet: Wallet) => wallet.construct(order)

describe('what dcrwallet refuses, in its own words', () => {
  // Codes and texts are those that dcrwallet 2.1.5 was heard to answer, or its source for what could not be provoked.
  const cases: readonly Case[] = [
    {
      method: 'SignTransaction',
      code: 3,
      details: 'wallet.Unlock: invalid passphrase:: secretkey.DeriveKey',
      use: sign,
      kind: 'wrong-passphrase',
      says: /Make the pool's the same as the wallet's private passphrase/,
    },
    {
      method: 'SignTransaction',
      code: 2,
      details: `wallet.SignTransaction: ${ID}:1 not found`,
      use: sign,
      kind: 'refused',
      says: /not found/,
    },
    {
      method: 'SignTransaction',
      code: 12,
      details: 'wallet.Unlock: watching only wallet',
      use: sign,
      kind: 'locked',
      says: /Use the wallet that has the private keys/,
    },
    {
      method: 'SignTransaction',
      code: 9,
      details: 'wallet.SignTransaction: wallet locked',
      use: sign,
      kind: 'locked',
      says: /Give the pool its passphrase/,
    },
    {
      method: 'ConstructTransaction',
      code: 8,
      details: 'wallet.NewUnsignedTransaction: insufficient balance:: txauthor.NewUnsignedTransaction',
      use: construct,
      kind: 'too-little-spendable',
      says: /Wait until coinbases are mature/,
    },
    {
      method: 'ConstructTransaction',
      code: 3,
      details:
        'wallet.NewUnsignedTransaction: txauthor.NewUnsignedTransaction: invalid operation: signed tx size exceeds allowed maximum',
      use: construct,
      kind: 'too-large',
      says: /Pay fewer accounts at once/,
    },
    {
      method: 'ConstructTransaction',
      code: 5,
      details: 'wallet.NewUnsignedTransaction: item does not exist: missing account',
      use: construct,
      kind: 'unknown-account',
      says: /Create it again/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: `wallet.PublishTransaction(${ID}): double spend:: wallet.processTransactionRecord: ${ID} conflicts with ${ID} by double spending ${ID}:1`,
      use: publish,
      kind: 'double-spend',
      says: /Find out who else uses the wallet's seed/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: `dcrd.PublishTransactions: rejected transaction ${ID}: orphan transaction ${ID} references output ${ID}:1 of unknown or fully-spent transaction`,
      use: publish,
      kind: 'double-spend',
      says: /spent by another one, or not there/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: `dcrd.PublishTransactions: rejected transaction ${ID}: regular transaction ${ID} pays a fee of 1 atoms which is under the required fee of 2520 atoms for a 252-byte transaction`,
      use: publish,
      kind: 'fee-refused',
      says: /Set the pool's fee rate to 10000 atoms/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: 'policy violation: high fees',
      use: publish,
      kind: 'fee-refused',
      says: /It says: policy violation: high fees/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: `rejected transaction ${ID}: transaction ${ID} is not standard: transaction size of 100001 is larger than max allowed size of 100000`,
      use: publish,
      kind: 'too-large',
      says: /Pay fewer accounts at once/,
    },
    {
      method: 'PublishTransaction',
      code: 9,
      details: 'wallet is not associated with a consensus server RPC client',
      use: publish,
      kind: 'not-synced',
      says: /has no connection to dcrd\. Look whether dcrd runs/,
    },
    {
      method: 'PublishTransaction',
      code: 14,
      details: 'Decred network is unreachable',
      use: publish,
      kind: 'not-synced',
      says: /has no connection to the network/,
    },
    {
      method: 'PublishTransaction',
      code: 2,
      details: `rejected transaction ${ID}: transaction output 0: payment of 10 is dust`,
      use: publish,
      kind: 'refused',
      says: /payment of 10 is dust/,
    },
    {
      method: 'Network',
      code: 9,
      details: 'service walletrpc.WalletService is not ready',
      use: (wallet) => wallet.tip(),
      kind: 'not-synced',
      says: /has no wallet open\. Start it without --noinitialload/,
    },
    {
      method: 'Rescan',
      code: 5,
      details: 'wallet.BlockInfo: item does not exist: no block at height 1000 in main chain',
      use: (wallet) => wallet.rescan(1000),
      kind: 'not-synced',
      says: /has not come that far on the chain .*Wait until it is synced/,
    },
    {
      method: 'GetTransaction',
      code: 5,
      details: `wallet.TransactionSummary(${ID}): item does not exist`,
      use: (wallet) => wallet.coinbase(ID),
      kind: 'unknown-coinbase',
      says: /Make sure that dcrd mines to an address of this wallet \(--miningaddr\)/,
    },
    {
      method: 'BestBlock',
      code: 12,
      details: 'unknown method BestBlock',
      use: (wallet) => wallet.tip(),
      kind: 'too-old',
      says: /does not know BestBlock\. Update dcrwallet/,
    },
    {
      method: 'BestBlock',
      code: 2,
      details: 'walletdb: disk full',
      use: (wallet) => wallet.tip(),
      kind: 'refused',
      says: /refused BestBlock: walletdb: disk full/,
    },
  ]
  test.each(cases)('$method: $details', async ({ method, code, details, use, kind, says }) => {
    server.answers.set(method, refusing(code, details))
    const error = await errorOf(use(open()))
    expect(error.kind).toBe(kind)
    expect(error.message).toMatch(says)
    expect(error.message).toMatch(new RegExp(`^The wallet \\(${server.address}\\) .*\\.$`))
  })
})

describe('a wallet that is not the right one', () => {
  test('too old', async () => {
    server.answers.set('Version', () => ({ messages: [{ version_string: '6.3.0', major: 6 }] }))
    expect(await errorOf(open().tip())).toMatchObject({
      kind: 'too-old',
      message: expect.stringContaining('has gRPC interface 6.3.0; the pool needs 7 or newer'),
    })
    server.answers.set('Version', () => ({ messages: [{ version_string: '7.0.0', major: 7 }] }))
    expect(E.isRight(await open().tip()())).toBe(true)
  })

  test.each([
    [0xd9b400f9, /is on mainnet, the pool is configured for simnet/],
    [1, /is on a network unknown here \(1\)/],
  ])('on network %i', async (active_network, says) => {
    server.answers.set('Network', () => ({ messages: [{ active_network }] }))
    const error = await errorOf(open().tip())
    expect([error.kind, says.test(error.message)]).toEqual(['wrong-network', true])
  })

  test('is looked at again with the next call', async () => {
    const wallet = open()
    const network = server.answers.get('Network')
    server.answers.set('Network', () => ({ messages: [{ active_network: 1 }] }))
    expect((await errorOf(wallet.tip())).kind).toBe('wrong-network')
    if (network !== undefined) server.answers.set('Network', network)
    expect(E.isRight(await wallet.tip()())).toBe(true)
  })
})

describe('answers that are not what dcrwallet says', () => {
  test.each<[string, Answer, (wallet: Wallet) => TaskEither<WalletError, unknown>]>([
    ['Version', { bytes: Uint8Array.of(0x0a, 0xff) }, (wallet) => wallet.tip()],
    ['BestBlock', { messages: [{ height: 1, hash: new Uint8Array(31) }] }, (wallet) => wallet.tip()],
    ['Balance', { messages: [{ total: '-1' }] }, (wallet) => wallet.balance('default', 1)],
    ['Balance', { messages: [{ total: '2100000000000001' }] }, (wallet) => wallet.balance('default', 1)],
    ['PublishTransaction', { messages: [{ transaction_hash: new Uint8Array(0) }] }, publish],
    ['GetTransaction', { messages: [{ confirmations: 3 }] }, (wallet) => wallet.status(ID)],
    [
      'UnspentOutputs',
      { messages: [{ transaction_hash: new Uint8Array(32), tree: 7, amount: '1' }] },
      (wallet) => wallet.unspent('default', 1),
    ],
    ['ConstructTransaction', { messages: [{ unsigned_transaction: new Uint8Array(9) }] }, construct],
    ['SignTransaction', { messages: [{ transaction: new Uint8Array(9) }] }, sign],
    [
      'ValidateAddress',
      { messages: [{ is_valid: true, is_mine: true, account_number: 5 }] },
      (wallet) => wallet.ownerOf(ADDRESS),
    ],
  ])('%s %j', async (method, answer, use) => {
    server.answers.set(method, () => answer)
    expect((await errorOf(use(open()))).kind).toBe('malformed')
  })

  const constructed = (transaction: Transaction, over: object = {}): Answer => ({
    messages: [
      {
        unsigned_transaction: encodeTransaction(transaction),
        total_previous_output_amount: '50000000',
        change_index: 1,
        ...over,
      },
    ],
  })
  const withOutput = (index: number, change: Partial<Transaction['outputs'][number]>): Transaction => ({
    ...unsigned,
    outputs: unsigned.outputs.map((output, at) => (at === index ? { ...output, ...change } : output)),
  })

  test.each<[string, Answer]>([
    ['another amount', constructed(withOutput(0, { atoms: 10_000_001n }))],
    ['another address', constructed(withOutput(0, { script: script(OTHER) }))],
    ['another version of the script', constructed(withOutput(0, { scriptVersion: 1 }))],
    [
      'an output too many',
      constructed({ ...unsigned, outputs: [...unsigned.outputs, ...unsigned.outputs.slice(1)] }),
    ],
    [
      'an output too few',
      constructed({ ...unsigned, outputs: unsigned.outputs.slice(1) }, { change_index: 0 }),
    ],
    ['change that is not there', constructed(unsigned, { change_index: 2 })],
    ['change that is not named', constructed(unsigned, { change_index: -1 })],
    ['change to nobody', constructed(withOutput(1, { script: Uint8Array.of(0x6a) }))],
    ['more out than in', constructed(withOutput(1, { atoms: 40_000_001n }))],
    ['another sum of its inputs', constructed(unsigned, { total_previous_output_amount: '50000001' })],
    [
      'an input of an impossible tree',
      constructed({
        ...unsigned,
        inputs: unsigned.inputs.map((input) => ({ ...input, previous: { ...input.previous, tree: 5 } })),
      }),
    ],
  ])('a transaction with %s', async (_, answer) => {
    server.answers.set('ConstructTransaction', () => answer)
    const error = await errorOf(open().construct(order))
    expect(error.kind).toBe('malformed')
    expect(error.message).toContain('whether somebody has tampered with it')
  })

  test('change somewhere else than it was told', async () => {
    server.answers.set('ConstructTransaction', () => constructed(unsigned))
    const wallet = open()
    expect((await errorOf(wallet.construct({ ...order, changeAddress: ADDRESS }))).kind).toBe('malformed')
    expect(await wallet.construct({ ...order, changeAddress: OTHER })()).toMatchObject(
      E.right({ fee: 2530n, change: { output: 1, address: OTHER, atoms: 39_997_470n } }),
    )
  })

  test('a transaction without change is fine', async () => {
    const exact = { ...unsigned, outputs: unsigned.outputs.slice(0, 1) }
    server.answers.set('ConstructTransaction', () => constructed(exact, { change_index: -1 }))
    expect(await open().construct(order)()).toMatchObject(E.right({ fee: 40_000_000n, change: null }))
  })

  const signedAs = (transaction: Transaction, unsigned_input_indexes: readonly number[] = []): Answer => ({
    messages: [{ transaction: encodeTransaction(transaction), unsigned_input_indexes }],
  })

  test.each<[string, Answer, WalletError['kind']]>([
    ['another transaction', signedAs({ ...signed, expiry: 9 }), 'malformed'],
    ['an input that it says is not signed', signedAs(signed, [0]), 'locked'],
    ['an input that it did not sign, and says nothing', signedAs(unsigned), 'locked'],
  ])('a signature of %s', async (_, answer, kind) => {
    server.answers.set('SignTransaction', () => answer)
    const error = await errorOf(sign(open()))
    expect(error.kind).toBe(kind)
  })

  test('a transaction published under another id', async () => {
    const hash = (id: string): Answer => ({
      messages: [{ transaction_hash: fromDisplayHash(id) ?? new Uint8Array(0) }],
    })
    const wallet = open()
    server.answers.set('PublishTransaction', () => hash(ID))
    expect((await errorOf(publish(wallet))).kind).toBe('malformed')
    server.answers.set('PublishTransaction', () => hash(transactionId(signed)))
    expect(await publish(wallet)()).toEqual(E.right(transactionId(signed)))
  })
})

describe('what is not even asked', () => {
  test('to pay an address of another network, or one that the pool can not pay', async () => {
    const wallet = open()
    for (const address of ['DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx', 'nonsense']) {
      const payments = [{ address, atoms: toAtoms(1n) }]
      const error = await errorOf(wallet.construct({ ...order, payments }))
      expect(error.kind).toBe('refused')
      expect(error.message).toContain(`was not asked to pay ${address}. `)
    }
    expect(server.calls).toEqual([])
  })

  test('to sign or publish what is no transaction', async () => {
    const wallet = open()
    for (const error of [
      await errorOf(wallet.sign(bytes.slice(1))),
      await errorOf(wallet.publish(new Uint8Array(0))),
    ])
      expect([error.kind, error.message.includes('is no transaction')]).toEqual(['refused', true])
    expect(server.calls).toEqual([])
  })

  test('for what is no transaction id', () => {
    expect(() => open().status('short')).toThrow(RangeError)
  })
})

describe('time', () => {
  test('a call that is not answered ends at its deadline, and the next one opens another connection', async () => {
    const { after, advance, armed } = manualTimers()
    const wallet = open({ after })
    expect(E.isRight(await wallet.tip()())).toBe(true)
    server.answers.set('PublishTransaction', () => 'hold')
    const pending = publish(wallet)()
    await server.called(4)
    await armed(WALLET_DEADLINE_MS)
    advance(WALLET_DEADLINE_MS)
    expect(await pending).toMatchObject({
      left: {
        kind: 'timeout',
        message: expect.stringContaining('did not answer PublishTransaction within 30 s'),
      },
    })
    expect(E.isRight(await wallet.tip()())).toBe(true)
    expect(server.connections()).toBe(2)
    expect(server.calls.slice(-3).map(({ method }) => method)).toEqual(['Version', 'Network', 'BestBlock'])
  })

  test('a rescan may take as long as it says something now and then', async () => {
    const { after, advance, armed } = manualTimers()
    server.answers.set('Rescan', () => ({
      messages: [{ rescanned_through: 2000 }, { rescanned_through: 2345 }],
    }))
    const wallet = open({ after })
    expect(await wallet.rescan(1)()).toEqual(E.right(2345))
    server.answers.set('Rescan', () => 'hold')
    const pending = wallet.rescan(1)()
    await server.called(4)
    await armed(WALLET_DEADLINE_MS)
    advance(WALLET_DEADLINE_MS)
    expect(await pending).toMatchObject({ left: { kind: 'timeout' } })
  })
})

test('a stream without an end is broken off', async () => {
  const message = { transaction_hash: new Uint8Array(32), amount: '1' }
  const answer = (count: number) => () => ({ messages: Array.from({ length: count }, () => message) })
  const wallet = open()
  server.answers.set('UnspentOutputs', answer(MESSAGES_MAX))
  expect(await wallet.unspent('default', 1)()).toMatchObject({ right: { length: MESSAGES_MAX } })
  server.answers.set('UnspentOutputs', answer(MESSAGES_MAX + 1))
  expect(await errorOf(wallet.unspent('default', 1))).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('more than 50000 messages'),
  })
})

describe('the way to the wallet', () => {
  test('is lost in the middle of a call', async () => {
    const wallet = open()
    server.answers.set('PublishTransaction', () => 'hold')
    const pending = publish(wallet)()
    await server.called(3)
    server.cut()
    expect(await pending).toMatchObject({ left: { kind: 'away' } })
    expect(E.isRight(await wallet.tip()())).toBe(true)
    expect(server.connections()).toBe(2)
  })

  test('is lost between two calls: the wallet is looked at anew', async () => {
    const wallet = open()
    await wallet.tip()()
    server.cut()
    await new Promise((resolve) => setTimeout(resolve, 50))
    server.answers.set('Network', () => ({ messages: [{ active_network: 1 }] }))
    expect((await errorOf(wallet.tip())).kind).toBe('wrong-network')
  })

  test('calls at the same time share one connection and one look', async () => {
    const wallet = open()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => wallet.tip()()))
    expect(outcomes.filter(E.isRight)).toHaveLength(20)
    expect(server.connections()).toBe(1)
    expect(server.calls.filter(({ method }) => method === 'Version')).toHaveLength(1)
  })

  test('is closed by the pool: calls under way end, later ones are not made', async () => {
    const wallet = open()
    server.answers.set('PublishTransaction', () => 'hold')
    const pending = publish(wallet)()
    await server.called(3)
    await wallet.stop()
    expect(await pending).toMatchObject({ left: { kind: 'closed' } })
    expect((await errorOf(wallet.tip())).kind).toBe('closed')
    expect(server.calls).toHaveLength(3)
  })

  test('is not through a proxy of the environment', async () => {
    process.env['https_proxy'] = 'http://127.0.0.1:1'
    process.env['grpc_proxy'] = 'http://127.0.0.1:1'
    try {
      expect(E.isRight(await open().tip()())).toBe(true)
    } finally {
      delete process.env['https_proxy']
      delete process.env['grpc_proxy']
    }
  })

  test.each([
    [
      'nobody there',
      async () => ({ address: `127.0.0.1:${await portOfNobody()}` }),
      'away',
      /Start dcrwallet/,
    ],
    ['no host', async () => ({ address: 'no.such.host.invalid:1' }), 'away', /host name has no address/],
    ['no address', async () => ({ address: 'somewhere' }), 'away', /give its address as host:port/],
    [
      'another certificate',
      async () => ({ certificate: (await makeCertificate()).cert }),
      'certificate',
      /Copy rpc\.cert from dcrwallet's directory again/,
    ],
    ['a damaged certificate', async () => ({ clientCertificate: 'x' }), 'certificate', /is damaged/],
    [
      'a key of another certificate',
      async () => ({ clientKey: (await makeCertificate()).private }),
      'certificate',
      /belong to different pairs/,
    ],
    [
      'a certificate that the wallet does not know',
      async () => {
        const stranger = await makeCertificate()
        return { clientCertificate: stranger.cert, clientKey: stranger.private }
      },
      'away',
      /whether it has the pool's certificate in the file of its --clientcafile/,
    ],
  ] as const)('%s', async (_, change, kind, says) => {
    const error = await errorOf(open(await change()).tip())
    expect(error.kind).toBe(kind)
    expect(error.message).toMatch(says)
  })

  test.each([
    ['for another host', { names: ['elsewhere.example'], expired: false }, /for another host/],
    ['that has expired', { names: ['127.0.0.1'], expired: true }, /certificate that has expired/],
  ])('a certificate %s', async (_, { names, expired }, says) => {
    const shown = await makeCertificate(names, expired)
    const other = await fakeDcrwallet(client, shown)
    const error = await errorOf(open(optionsFor(other, client)).tip())
    await other.stop()
    expect([error.kind, says.test(error.message)]).toEqual(['certificate', true])
  })

  test('something that does not speak TLS', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const error = await errorOf(open({ address: `127.0.0.1:${await listening(plain)}` }).tip())
    plain.close()
    expect([error.kind, /does not speak TLS/.test(error.message)]).toEqual(['malformed', true])
  })

  test.each<[string, (options: TlsOptions) => Server]>([
    ['that wants another protocol', (options) => createHttpsServer(options)],
    [
      'that answers something else',
      (options) => createTlsServer(options, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ],
  ])('something behind TLS %s', async (_, create) => {
    const { cert, private: key } = server.certificate
    const foreign = create({ cert, key })
    const address = `127.0.0.1:${await listening(foreign)}`
    const error = await errorOf(open({ address }).tip())
    foreign.close()
    expect([error.kind, /does not speak gRPC/.test(error.message)]).toEqual(['malformed', true])
  })

  test('a name that stands in the certificate is as good as an address', async () => {
    const address = server.address.replace('127.0.0.1', 'localhost')
    expect(E.isRight(await open({ address }).tip()())).toBe(true)
  })
})

/** Opens a port. */
async function listening(foreign: Server): Promise<number> {
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
  const bound = foreign.address()
  return typeof bound === 'object' && bound !== null ? bound.port : 0
}

async function portOfNobody(): Promise<number> {
  const taken = createServer()
  const port = await listening(taken)
  await new Promise((resolve) => taken.close(resolve))
  return port
}

test('the passphrase is in no message, whatever goes wrong', async () => {
  const passphrase = 'correct horse battery staple'
  const messages: string[] = []
  const tried = async (change: Partial<DcrwalletOptions>, answer: Answer) => {
    server.answers.set('SignTransaction', () => answer)
    messages.push(JSON.stringify(await errorOf(sign(open({ passphrase, ...change })))))
  }
  await tried({}, { error: { code: 3, details: 'wallet.Unlock: invalid passphrase' } })
  await tried({}, { messages: [{ transaction: bytes, unsigned_input_indexes: [0] }] })
  await tried({}, { bytes: Uint8Array.of(0x0a, 0xff) })
  await tried({ address: 'nowhere' }, 'hold')
  await tried({ clientKey: 'x' }, 'hold')
  expect(messages.join()).not.toContain('horse')
  const [call] = server.calls.filter(({ method }) => method === 'SignTransaction')
  expect(call?.hex).toContain(Buffer.from(passphrase).toString('hex'))
})
