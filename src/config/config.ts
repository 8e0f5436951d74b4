import type { NetworkName } from '../../domain/decred/network.ts'
import type { LogLevel } from '../../domain/events.ts'

/** One dcrd that the pool works with. The first that is healthy gives the work; blocks are submitted to all. */
export interface NodeConfig {
  readonly name: string
  /** `host:port` of dcrd's JSON-RPC. */
  readonly address: string
  /** dcrd's `rpc.cert`: the only certificate that is trusted. */
  readonly certificateFile: string
  readonly user: string
  readonly password: string
}

/** Difficulty that a listener gives to its miners. All integers; `null` means not limited or not set. */
export interface DifficultyConfig {
  /** First difficulty of a connection; `null` lets the miner's profile decide. */
  readonly start: number | null
  readonly min: number
  readonly max: number | null
  /** One difficulty for all, never changed; `null` for variable difficulty. */
  readonly fixed: number | null
}

/** PEM files of a TLS server. */
export interface TlsFiles {
  readonly keyFile: string
  readonly certificateFile: string
}

/** One address where miners connect. */
export interface ListenerConfig {
  readonly name: string
  readonly host: string
  readonly port: number
  /** `null` for plain TCP. */
  readonly tls: TlsFiles | null
  /** Every connection begins with a PROXY protocol header, from a load balancer in front. */
  readonly proxyProtocol: boolean
  readonly difficulty: DifficultyConfig
}

/** What one miner, and all of them, may use. */
export interface LimitsConfig {
  readonly lineBytesMax: number
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  readonly preAuthorizationMsMax: number
  readonly idleMsMax: number
  readonly backlogBytesMax: number
  readonly workersPerConnectionMax: number
  readonly resumeGraceMs: number
}

/** How work is given out and shares are asked for. */
export interface MiningConfig {
  readonly sharesPerMinute: number
  readonly refreshMs: number
  readonly transactionsRefreshMs: number
  readonly lateShareGraceMs: number
  readonly nodeGoneMsMax: number
}

/** The group commit between miners and store. */
export interface JournalConfig {
  readonly lingerMsMax: number
  readonly batchSharesTarget: number
  readonly queueSharesMax: number
}

/** Who gets what of a block. Amounts are DCR as text. */
export interface RewardConfig {
  readonly scheme: 'pplns' | 'pplns-time' | 'pps' | 'prop'
  readonly windowPpm: number
  readonly periodMs: number
  readonly reserve: string
  readonly feePpm: number
  /** Separated by commas; `null` leaves the fees in the wallet. */
  readonly feeAddresses: string | null
}

/** When and how miners are paid. */
export interface PayoutConfig {
  readonly minimum: string
  readonly feeBearer: 'miners' | 'pool'
  readonly schedule: 'blocks' | 'daily'
  readonly everyBlocks: number
  /** `hh:mm` of the UTC day. */
  readonly dailyAt: string
  readonly mode: 'automatic' | 'manual'
  readonly confirmations: number
}

/** The dcrwallet that pays. */
export interface WalletConfig {
  /** `host:port` of its gRPC. */
  readonly address: string
  /** dcrwallet's `rpc.cert`: the only certificate that is trusted. */
  readonly certificateFile: string
  /** The pool's own, which the wallet lets in, and its key. */
  readonly clientCertificateFile: string
  readonly clientKeyFile: string
  /** Empty for a wallet that the operator keeps unlocked. */
  readonly passphrase: string
  readonly account: string
}

/** The public ledger. Its signing key is `key` when that is given, else what `keyFile` holds; null is made at the first start. */
export interface LedgerConfig {
  /** Name of the ledger; `null` is the name in the key. */
  readonly origin: string | null
  /** Signing key, as `lodebook keygen` writes it. */
  readonly key: string | null
  readonly keyFile: string
  /** File of the key that signs too while readers change to a new one. */
  readonly previousKeyFile: string | null
  /** From a new entry to the checkpoint that has it. */
  readonly checkpointMsMax: number
}

/** A witness that the ledger's checkpoints are shown to. */
export interface WitnessConfig {
  /** Verifier key of its cosignatures, whose name is the witness's. */
  readonly key: string
  /** Submission prefix. */
  readonly url: string
}

/** What a receiver of webhooks is told of. */
export type WebhookEvents = 'all' | 'blocks' | 'payments'

/** A receiver of webhooks. */
export interface WebhookConfig {
  /** In logs and metrics; how far it is is kept under it. */
  readonly name: string
  readonly url: string
  /** Standard Webhooks: base64 of 24 to 64 bytes, after `whsec_` or not. */
  readonly secret: string
  readonly events: WebhookEvents
}

/** Dashboard and API. */
export interface HttpConfig {
  readonly host: string
  readonly port: number
  /** `null` for plain HTTP. */
  readonly tls: TlsFiles | null
  /** Every visitor comes through a web server that sets `X-Forwarded-For`, which is then believed. */
  readonly behindProxy: boolean
}

/** Pages for the administrator. */
export interface AdminConfig {
  /** As `lodebook admin password` writes it; `null` for no pages: then there is the command line alone. */
  readonly passwordHash: string | null
  /** An address of their own; `null` for the dashboard's. */
  readonly own: { readonly host: string; readonly port: number } | null
}

/** Backups of the store that the pool makes. */
export interface BackupConfig {
  readonly directory: string
  /** 0 for none but those that are ordered. */
  readonly everyMs: number
  /** How many there are at most; the oldest goes. */
  readonly keep: number
}

/** `auto` is text on a terminal and JSON elsewhere. */
export type LogFormat = 'auto' | 'json' | 'text'

/** Everything the pool can be told, decoded and complete: no default is left to fill in. Paths are absolute. */
export interface Config {
  readonly pool: {
    readonly name: string
    readonly network: NetworkName
    readonly mode: 'public' | 'solo'
    readonly dataDirectory: string
  }
  readonly store: {
    /** `sqlite:` and a path, or a connection string of EventStoreDB, which may hold a password. */
    readonly url: string
  }
  readonly nodes: readonly NodeConfig[]
  readonly listeners: readonly ListenerConfig[]
  readonly limits: LimitsConfig
  readonly mining: MiningConfig
  readonly journal: JournalConfig
  readonly reward: RewardConfig
  readonly payout: PayoutConfig
  /** `null`: rewards are shared and booked, and nobody is paid. */
  readonly wallet: WalletConfig | null
  readonly ledger: LedgerConfig
  readonly witnesses: readonly WitnessConfig[]
  readonly webhooks: readonly WebhookConfig[]
  readonly http: HttpConfig
  readonly admin: AdminConfig
  readonly backup: BackupConfig
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
}
