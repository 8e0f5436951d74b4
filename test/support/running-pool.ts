import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { read } from '../../adapters/event-store/catalogue.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import type { PoolEvent } from '../../domain/events.ts'
import type { Config } from '../../src/config/config.ts'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet/devnet.ts'
import { type Pool, startPool } from '../../src/pool.ts'

/** A devnet that solves a block with every second hash and keeps that difficulty, for tests that want blocks at will. */
export const easyDevnet = (options: DevnetOptions = {}): Promise<Devnet> =>
  startDevnet({ startDifficulty: 1, retarget: false, ...options })

/** A devnet on which shares of difficulty 1 are practically never blocks. */
export const hardDevnet = (options: DevnetOptions = {}): Promise<Devnet> =>
  startDevnet({ startDifficulty: 2 ** 40, retarget: false, ...options })

const directories: string[] = []
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** An empty directory that is removed at the end of the process. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-test-'))
  directories.push(directory)
  return directory
}

type Section<K extends keyof Config> = Partial<Config[K]>

export interface PoolOverrides {
  readonly pool?: Section<'pool'>
  readonly listener?: Partial<Config['listeners'][number]>
  readonly limits?: Section<'limits'>
  readonly mining?: Section<'mining'>
  readonly journal?: Section<'journal'>
  readonly reward?: Section<'reward'>
  readonly payout?: Section<'payout'>
  readonly http?: Section<'http'>
  readonly admin?: Section<'admin'>
  readonly backup?: Section<'backup'>
  readonly ledger?: Section<'ledger'>
  readonly witnesses?: Config['witnesses']
  readonly webhooks?: Config['webhooks']
  /** The wallet of the first devnet pays. */
  readonly wallet?: boolean
  /** Of the devnet, when it is another than simnet's. */
  readonly coinbaseMaturity?: number
}

/** What a pool must know of a wallet. */
export type WalletAccess = Pick<
  Devnet['wallet'],
  'port' | 'certificate' | 'clientCertificate' | 'clientKey' | 'passphrase'
>

/** A wallet as a pool is told of it. */
export function walletConfig(directory: string, wallet: WalletAccess): NonNullable<Config['wallet']> {
  const file = (name: string, text: string): string => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  return {
    address: `127.0.0.1:${wallet.port}`,
    certificateFile: file('wallet.cert', wallet.certificate),
    clientCertificateFile: file('wallet-client.cert', wallet.clientCertificate),
    clientKeyFile: file('wallet-client.key', wallet.clientKey),
    passphrase: wallet.passphrase,
    account: 'default',
  }
}

/** Configuration of a pool on devnets, with free ports and no patience. */
export function poolConfig(
  directory: string,
  devnets: readonly (Pick<Devnet, 'certificate' | 'port' | 'user' | 'password'> & {
    readonly wallet?: WalletAccess
  })[],
  over: PoolOverrides = {},
): Config {
  return {
    pool: { name: 'Test', network: 'simnet', mode: 'public', dataDirectory: directory, ...over.pool },
    store: { url: `sqlite:${join(directory, 'lodebook.db')}` },
    nodes: devnets.map(({ certificate, port, user, password }, i) => {
      const certificateFile = join(directory, `node-${i}.cert`)
      writeFileSync(certificateFile, certificate)
      return { name: `node-${i}`, address: `127.0.0.1:${port}`, certificateFile, user, password }
    }),
    listeners: [
      {
        name: 'stratum',
        host: '127.0.0.1',
        port: 0,
        tls: null,
        proxyProtocol: false,
        difficulty: { start: 1, min: 1, max: null, fixed: 1 },
        ...over.listener,
      },
    ],
    limits: {
      lineBytesMax: 4096,
      connectionsMax: 20_000,
      connectionsPerAddressMax: 20_000,
      preAuthorizationMsMax: 10_000,
      idleMsMax: 600_000,
      backlogBytesMax: 65_536,
      workersPerConnectionMax: 32,
      resumeGraceMs: 600_000,
      ...over.limits,
    },
    mining: {
      sharesPerMinute: 15,
      refreshMs: 60_000,
      transactionsRefreshMs: 30_000,
      lateShareGraceMs: 0,
      nodeGoneMsMax: 60_000,
      ...over.mining,
    },
    journal: { lingerMsMax: 5, batchSharesTarget: 32, queueSharesMax: 50_000, ...over.journal },
    reward: {
      scheme: 'pplns',
      windowPpm: 2_000_000,
      periodMs: 86_400_000,
      reserve: '0',
      feePpm: 10_000,
      feeAddresses: null,
      ...over.reward,
    },
    payout: {
      minimum: '0.01',
      feeBearer: 'miners',
      schedule: 'blocks',
      everyBlocks: 1,
      dailyAt: '00:00',
      mode: 'automatic',
      confirmations: 2,
      ...over.payout,
    },
    wallet: over.wallet === true ? walletConfig(directory, walletOf(devnets[0])) : null,
    ledger: {
      origin: null,
      key: null,
      keyFile: join(directory, 'ledger.key'),
      previousKeyFile: null,
      checkpointMsMax: 1000,
      ...over.ledger,
    },
    witnesses: over.witnesses ?? [],
    webhooks: over.webhooks ?? [],
    http: { host: '127.0.0.1', port: 0, tls: null, behindProxy: false, ...over.http },
    admin: { passwordHash: null, own: null, ...over.admin },
    backup: { directory: join(directory, 'backups'), everyMs: 0, keep: 3, ...over.backup },
    log: { level: 'silent', format: 'json' },
  }
}

function walletOf(devnet: { readonly wallet?: WalletAccess } | undefined): WalletAccess {
  if (devnet?.wallet === undefined) throw new Error('no devnet with a wallet')
  return devnet.wallet
}

/** Starts a pool in this process. */
export async function runningPool(config: Config, coinbaseMaturity?: number): Promise<Pool> {
  const log = pino({ level: process.env['LODEBOOK_TEST_LOG'] ?? 'silent' })
  const pool = await startPool(config, {
    log,
    software: 'lodebook test',
    devnet: true,
    ...(coinbaseMaturity === undefined ? {} : { coinbaseMaturity }),
  })()
  if (E.isLeft(pool)) throw new Error(pool.left.message)
  return pool.right
}

/** Every event in the log of a pool that has stopped. */
export async function eventsIn(
  directory: string,
): Promise<readonly (PoolEvent & { readonly stream: string; readonly revision: number })[]> {
  const store = await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  const all: (PoolEvent & { readonly stream: string; readonly revision: number })[] = []
  let after: number | null = null
  for (;;) {
    const page = await store.right.readAll(after, 10_000)()
    if (E.isLeft(page)) throw new Error(page.left.message)
    for (const recorded of page.right) {
      const decoded = read(recorded)
      if (E.isLeft(decoded)) throw new Error(decoded.left.message)
      all.push({ ...decoded.right, stream: recorded.stream, revision: recorded.revision })
      after = recorded.position
    }
    if (page.right.length < 10_000) break
  }
  await store.right.close()
  return all
}
