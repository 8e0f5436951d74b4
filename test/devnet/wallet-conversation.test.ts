import { readFileSync } from 'node:fs'
import { Client, credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { versionService, walletService } from '../../adapters/wallet/dcrwallet/protocol.ts'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'

/** The recorded conversation with a real dcrwallet, had again with the devnet's wallet, on the same seed and as many blocks. */

interface Exchange {
  readonly method: string
  readonly path: string
  readonly requestHex: string
  readonly response?: unknown
  readonly error?: { readonly code: number; readonly details: string }
}

const { calls: exchanges }: { readonly calls: readonly Exchange[] } = JSON.parse(
  readFileSync('test/vectors/dcrwallet-conversation.json', 'utf8'),
)

let devnet: Devnet
let client: Client
beforeAll(async () => {
  devnet = await startDevnet({
    startDifficulty: 1,
    retarget: false,
    stakeValidationHeight: 144,
    walletAccounts: ['default', 'pfee', 'c0', 'c1'],
  })
  await devnet.generate(117)
  const { certificate, clientKey, clientCertificate, port } = devnet.wallet
  const [root, key, chain] = [certificate, clientKey, clientCertificate].map((pem) => Buffer.from(pem))
  client = new Client(`localhost:${port}`, credentials.createSsl(root, key, chain))
})
afterAll(async () => {
  client.close()
  await devnet.stop()
})

/** What came of a call, as the recording has it. */
type Outcome = Pick<Exchange, 'response' | 'error'>

function ask(method: string, path: string, request: Buffer): Promise<Outcome> {
  const definition = walletService[method] ?? versionService[method]
  const read = (bytes: Buffer) => definition?.responseDeserialize(bytes)
  const send = (bytes: Buffer) => bytes
  return new Promise((resolve) => {
    const failed = ({ code, details }: { code: number; details: string }) =>
      resolve({ error: { code, details } })
    if (definition?.responseStream) {
      const messages: unknown[] = []
      client
        .makeServerStreamRequest(path, send, read, request)
        .on('data', (message) => messages.push(message))
        .on('error', failed)
        .on('end', () => resolve({ response: messages }))
    } else
      client.makeUnaryRequest(path, send, read, request, (error, response) =>
        error === null ? resolve({ response }) : failed(error),
      )
  })
}

/** What a request of the recording is called here: transactions have other inputs on this chain. */
const standsFor = new Map<string, Buffer>()

/** The recorded request in terms of this chain. */
function translated({ method, requestHex }: Exchange): Buffer {
  const request = Buffer.from(requestHex, 'hex')
  const definition = walletService[method]
  if (definition === undefined) return request
  const message = Object.entries(definition.requestDeserialize(request)).map(([name, value]) => [
    name,
    value instanceof Buffer ? (standsFor.get(value.toString('base64')) ?? value) : value,
  ])
  return definition.requestSerialize(Object.fromEntries(message))
}

/** Learns what stands for what from two answers. */
function learn(recorded: unknown, here: unknown): void {
  if (typeof recorded === 'string' && here instanceof Buffer) standsFor.set(recorded, here)
  else if (isObject(recorded) && isObject(here))
    for (const [name, value] of Object.entries(recorded)) learn(value, here[name])
}

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !(value instanceof Buffer)

/** Fields that two wallets cannot have in common: hashes, signatures, times, chance, and how many keys were given out. */
const OWN: ReadonlySet<string> = new Set([
  ...['hash', 'block_hash', 'current_block_hash', 'transaction_hash'],
  ...['unsigned_transaction', 'transaction', 'change_index', 'timestamp', 'receive_time', 'index'],
  ...['external_key_count', 'internal_key_count', 'imported_key_count'],
])

/** An answer as the recording writes it, without what is only the one's or the other's. Orders by chance are undone. */
function comparable(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item))
    return name === 'credits' ? items.sort(byAmount) : items
  }
  if (value instanceof Buffer) return OWN.has(name) ? `<${name}>` : value.toString('base64')
  if (!isObject(value)) return OWN.has(name) ? `<${name}>` : value
  const internal = value['internal'] === true
  return Object.fromEntries(
    Object.entries(value)
      .map(([field, item]) => {
        const change = internal && (field === 'address' || field === 'output_script')
        const nested = field === 'transaction' && isObject(item)
        return [field, change ? `<${field}>` : comparable(item, nested ? '' : field)] as const
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const byAmount = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** Hashes in a refusal. */
const words = (error: Outcome['error']) =>
  error && { code: error.code, details: error.details.replace(/[0-9a-f]{64}/g, '<hash>') }

test('every call is answered alike', async () => {
  for (const exchange of exchanges) {
    const { method, path } = exchange
    const here = await ask(method, path, translated(exchange))
    expect(words(here.error), method).toEqual(words(exchange.error))
    expect(comparable(here.response), method).toEqual(comparable(exchange.response))
    learn(exchange.response, here.response)
  }
})
