import type * as t from 'io-ts'
import { isPasswordHash, PASSWORD_HASH_ALLOWED } from '../../adapters/http/admin/password.ts'
import { STORE_URL_ALLOWED } from '../store/store-url.ts'
import { isWebhookSecret, WEBHOOK_SECRET_ALLOWED } from '../webhooks/signature.ts'
import type {
  BackupConfig,
  Config,
  HttpConfig,
  LedgerConfig,
  ListenerConfig,
  NodeConfig,
  WalletConfig,
  WebhookConfig,
} from './config.ts'
import { choice, flag, integer, optional, text, type Value } from './values.ts'

/**
 * The table of everything the pool can be told. Decoder, defaults, the file of `lodebook config init`,
 * docs/configuration.md and the names of environment variables and flags all come from here.
 */

/** A node as it is written: its password here or in a file, and a name only if somebody cares. */
export type NodeDraft = Omit<NodeConfig, 'name' | 'password'> & {
  readonly name: string | null
  readonly password: string | null
  readonly passwordFile: string | null
}

/** TLS as it is written: on when both files are named. */
export interface TlsDraft {
  readonly keyFile: string | null
  readonly certificateFile: string | null
}

/** A listener as it is written. */
export type ListenerDraft = Omit<ListenerConfig, 'name' | 'tls'> & {
  readonly name: string | null
  readonly tls: TlsDraft
}

/** A wallet as it is written: there is one when its address is given. */
export type WalletDraft = { readonly [K in keyof Omit<WalletConfig, 'account'>]: string | null } & {
  readonly passphraseFile: string | null
  readonly account: string
}

/** A receiver of webhooks as it is written: its secret here or in a file. */
export type WebhookDraft = Omit<WebhookConfig, 'name' | 'secret'> & {
  readonly name: string | null
  readonly secret: string | null
  readonly secretFile: string | null
}

/** The ledger as it is written. */
export type LedgerDraft = Omit<LedgerConfig, 'keyFile'> & { readonly keyFile: string | null }

/** The administrator's pages as they are written. */
export interface AdminDraft {
  readonly passwordHash: string | null
  readonly passwordHashFile: string | null
  readonly host: string | null
  readonly port: number | null
}

/** The configuration as it is written, decoded key by key, before `complete` has filled in and compared. */
export type ConfigDraft = Omit<
  Config,
  'store' | 'nodes' | 'listeners' | 'wallet' | 'ledger' | 'webhooks' | 'http' | 'admin' | 'backup'
> & {
  readonly store: { readonly url: string | null }
  readonly nodes: readonly NodeDraft[]
  readonly listeners: readonly ListenerDraft[]
  readonly wallet: WalletDraft
  readonly ledger: LedgerDraft
  readonly webhooks: readonly WebhookDraft[]
  readonly http: Omit<HttpConfig, 'tls'> & { readonly tls: TlsDraft }
  readonly admin: AdminDraft
  readonly backup: Omit<BackupConfig, 'directory'> & { readonly directory: string | null }
}

/** What a key is when nobody says anything. `derived` is filled in by `complete`, from other keys. */
export type Fallback =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'required' }
  | { readonly kind: 'unset' }
  | { readonly kind: 'derived'; readonly says: string }

/** One key. `says` is the sentence of the manual; `example` a value for the commented file where there is no default. */
export interface Key {
  readonly kind: 'key'
  readonly codec: t.Mixed
  readonly fromText: (text: string) => unknown
  readonly fallback: Fallback
  readonly says: string
  readonly example: string | number | null
  /** How much of the value may be printed, wherever it came from. */
  readonly shown: 'whole' | 'without-password' | 'never'
}

/** A table of keys: `[http]`. */
export interface Group {
  readonly kind: 'group'
  readonly says: string
  readonly keys: { readonly [name: string]: Key | Group | List }
}

/** A list of tables: `[[nodes]]`. With `itemsByDefault` 1, none given means one with every default. */
export interface List {
  readonly kind: 'list'
  readonly says: string
  readonly item: Group
  readonly itemsByDefault: 0 | 1
}

/** Holds the table to the type it decodes to: a key more, a key less or of another type does not compile. */
type SchemaOf<A> = [A] extends [readonly (infer Item)[]]
  ? List & { readonly item: SchemaOf<Item> }
  : [A] extends [object]
    ? Group & { readonly keys: { readonly [K in keyof A]-?: SchemaOf<A[K]> } }
    : Key & { readonly codec: t.Type<A> }

type KeyOf<A> = Key & { readonly codec: t.Type<A> }

const key = <A extends string | number | boolean>(value: Value<A>, fallback: A, says: string): KeyOf<A> => ({
  kind: 'key',
  ...value,
  fallback: { kind: 'value', value: fallback },
  says,
  example: null,
  shown: 'whole',
})

const required = <A>(value: Value<A>, example: string, says: string): KeyOf<A> => ({
  kind: 'key',
  ...value,
  fallback: { kind: 'required' },
  says,
  example,
  shown: 'whole',
})

const unset = <A>(value: Value<A>, example: string | number, says: string): KeyOf<A | null> => ({
  kind: 'key',
  ...optional(value),
  fallback: { kind: 'unset' },
  says,
  example,
  shown: 'whole',
})

const derived = <A>(value: Value<A>, fallback: string, example: string, says: string): KeyOf<A | null> => ({
  kind: 'key',
  ...optional(value),
  fallback: { kind: 'derived', says: fallback },
  says,
  example,
  shown: 'whole',
})

const secret = <A>(of: KeyOf<A>): KeyOf<A> => ({ ...of, shown: 'never' })

const address = <A>(of: KeyOf<A>): KeyOf<A> => ({ ...of, shown: 'without-password' })

const group = <K extends Group['keys']>(says: string, keys: K) => ({ kind: 'group', says, keys }) as const

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const DIFFICULTY_MAX = Number.MAX_SAFE_INTEGER

const name = text('1 to 64 letters, digits, dots, dashes and underscores', /^[A-Za-z0-9._-]{1,64}$/)
const path = text('the path of a file or directory', /^[^\0]+$/)
const host = text('an IP address or host name', /^[A-Za-z0-9._:-]+$/)
const hostAndPort = text(
  'host or host:port, an IPv6 address in brackets',
  /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$/,
)
const secretText = text('text of one line', /^[^\r\n\0]+$/)
const dcr = text('an amount in DCR, up to eight decimals', /^(0|[1-9][0-9]{0,7})(\.[0-9]{1,8})?$/)
const port = integer(0, 65_535, '0 takes any free port')
const difficulty = integer(1, DIFFICULTY_MAX)

const node = group(
  'A dcrd. Work comes from the first that is healthy; a solved block goes to all of them. At least one is needed to run.',
  {
    name: derived(
      name,
      '`node-` and its number',
      'main',
      'What logs and the public ledger call it. Do not put an address of your network here.',
    ),
    address: required(
      hostAndPort,
      '127.0.0.1:9109',
      "Where dcrd serves JSON-RPC. The port may be left out: then it is dcrd's own for the network.",
    ),
    certificateFile: required(
      path,
      '~/.dcrd/rpc.cert',
      "dcrd's `rpc.cert`. No other certificate is trusted.",
    ),
    user: required(secretText, 'lodebook', "dcrd's `rpcuser`. Not `rpclimituser`: it may not ask for work."),
    password: secret(
      unset(secretText, 'secret', "dcrd's `rpcpass`. Better in `password_file` or the environment."),
    ),
    passwordFile: unset(
      path,
      '/etc/lodebook/dcrd-password',
      'File that holds the password and nothing else; a newline at its end is dropped.',
    ),
  },
)

/** `example` is the path of a pair of files without their endings. */
const tls = (example: string) =>
  group('TLS: on when both files are named.', {
    keyFile: unset(path, `${example}.key`, 'Private key, PEM. TLS is on when both files are named.'),
    certificateFile: unset(
      path,
      `${example}.crt`,
      'Certificate and those between it and its authority, PEM.',
    ),
  })

const listener = group('An address where miners connect. Without any there is one, with every default.', {
  name: derived(name, '`listener-` and its number', 'asic', 'What logs and the public ledger call it.'),
  host: key(host, '0.0.0.0', 'Address to listen on. `0.0.0.0` is every IPv4 address, `::` every address.'),
  port: key(port, 5550, 'TCP port.'),
  tls: tls('/etc/lodebook/stratum'),
  proxyProtocol: key(
    flag,
    false,
    'Every connection begins with a PROXY protocol header (version 1 or 2). Only behind a load balancer that writes one: anybody else could claim any address.',
  ),
  difficulty: group('Difficulty on this listener.', {
    start: unset(
      difficulty,
      1024,
      "First difficulty of a connection. Not set: by the miner's profile, or as it asks.",
    ),
    min: key(difficulty, 1, 'Variable difficulty never goes below.'),
    max: unset(
      difficulty,
      1_000_000,
      "Variable difficulty never goes above. Not set: only the network's own difficulty limits it.",
    ),
    fixed: unset(difficulty, 4096, 'The same difficulty for every miner, for ever; nothing varies.'),
  }),
})

const verifierKey = text('a verifier key, name+hash+key', /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/)

const witness = group(
  'A witness: it signs checkpoints of the ledger that only grow, so that nobody can be shown another history. One that is away holds nothing up; one that has seen another history stops signing and payouts.',
  {
    key: required(
      verifierKey,
      'witness.example+ade2488a+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR',
      'Verifier key of its cosignatures, as its operator publishes it.',
    ),
    url: required(
      text('an http or https URL', /^https?:\/\/[^\s?#]+$/),
      'https://witness.example/',
      'Its submission prefix: what comes before `/add-checkpoint`.',
    ),
  },
)

const webhook = group(
  'A receiver of webhooks: it is told of blocks or payments by a signed POST, each at least once. See docs/webhooks.md.',
  {
    name: derived(
      name,
      'the host of its URL',
      'accounting',
      'What logs and metrics call it. How far it is is kept under this name: keep it when the URL changes.',
    ),
    url: required(
      text('an http or https URL without user and password', /^https?:\/\/[^\s/?#@]+(?:[/?][^\s#]*)?$/),
      'https://shop.example/hooks/lodebook',
      'Where messages are posted. Any address that this machine can reach, private ones too.',
    ),
    secret: secret(
      unset(
        text(WEBHOOK_SECRET_ALLOWED, isWebhookSecret),
        'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
        'What messages are signed with, and the receiver checks. Better in `secret_file` or the environment.',
      ),
    ),
    secretFile: unset(
      path,
      '/etc/lodebook/webhook-secret',
      'File that holds the secret and nothing else; a newline at its end is dropped.',
    ),
    events: key(
      choice('all', 'blocks', 'payments'),
      'all',
      'What it is told of: `blocks` found, approved, matured, lost; `payments` planned, published, confirmed, returned.',
    ),
  },
)

/** The table. Names here are those of the decoded type; `externalName` makes the ones people write. */
export const schema = {
  kind: 'group',
  says: '',
  keys: {
    pool: group('What this pool is.', {
      name: key(
        text('1 to 64 printable characters', /^[\x20-\x7e]{1,64}$/),
        'Lodebook',
        'Title of every page.',
      ),
      network: key(
        choice('mainnet', 'testnet3', 'simnet', 'regnet'),
        'mainnet',
        'Which Decred chain. Every node must be on it. A data directory belongs to one network.',
      ),
      mode: key(
        choice('public', 'solo'),
        'public',
        '`public`: every miner logs in with an address of its own. `solo`: no accounts, any user name will do.',
      ),
      dataDirectory: key(path, './data', 'Everything the pool writes is in here. Made when it is not there.'),
    }),
    store: group('The log of events, from which everything else can be made again.', {
      url: address(
        derived(
          text(STORE_URL_ALLOWED, /^[a-z][a-z0-9+.-]*:.+$/),
          '`sqlite:lodebook.db` in the data directory',
          'sqlite:/var/lib/lodebook/lodebook.db',
          'Where the log is: `sqlite:` and the path of a file on a local disk, or the connection string of an EventStoreDB or KurrentDB, `esdb://user@host:2113?passwordFile=/run/secrets/store`. The flag `--store` is short for `--store.url`.',
        ),
      ),
    }),
    nodes: {
      kind: 'list',
      says: node.says,
      item: node,
      itemsByDefault: 0,
    },
    listeners: {
      kind: 'list',
      says: listener.says,
      item: listener,
      itemsByDefault: 1,
    },
    limits: group('What one miner, and all of them together, may use.', {
      lineBytesMax: key(
        integer(512, 65_536, 'bytes'),
        4096,
        'Longest line a miner may send. Real ones stay below 400.',
      ),
      connectionsMax: key(
        integer(1, 1_000_000),
        20_000,
        "Connections on all listeners together. The system's limit of open files must be higher.",
      ),
      connectionsPerAddressMax: key(
        integer(1, 1_000_000),
        2000,
        'Connections from one IP address: a farm is often behind one.',
      ),
      preAuthorizationMsMax: key(
        integer(1000, DAY_MS, 'ms'),
        20_000,
        'A connection that is not subscribed and authorized by then is closed.',
      ),
      idleMsMax: key(
        integer(10_000, DAY_MS, 'ms'),
        20 * MINUTE_MS,
        'A connection that sends nothing for so long is closed.',
      ),
      backlogBytesMax: key(
        integer(4096, 16 * 1024 * 1024, 'bytes'),
        64 * 1024,
        'A connection with more unsent bytes than this does not read; it is closed.',
      ),
      workersPerConnectionMax: key(integer(1, 10_000), 32, 'Workers that may authorize on one connection.'),
      resumeGraceMs: key(
        integer(0, DAY_MS, 'ms'),
        10 * MINUTE_MS,
        'How long after a disconnect a miner can have its session (extranonce, difficulty, jobs) back.',
      ),
    }),
    mining: group('How work is given out and shares are asked for.', {
      sharesPerMinute: key(
        integer(1, 600),
        15,
        'Variable difficulty aims at this many shares a minute from each connection.',
      ),
      refreshMs: key(
        integer(1000, 10 * MINUTE_MS, 'ms'),
        MINUTE_MS,
        'A job is given out again with a newer time when nothing else changed for so long.',
      ),
      transactionsRefreshMs: key(
        integer(1000, 10 * MINUTE_MS, 'ms'),
        30_000,
        'New transactions alone make a new job at most this often.',
      ),
      lateShareGraceMs: key(
        integer(0, 30_000, 'ms'),
        2000,
        'Shares for the previous block are still credited for so long after a new one.',
      ),
      nodeGoneMsMax: key(
        integer(1000, DAY_MS, 'ms'),
        MINUTE_MS,
        'No work is given out after every node has been away for so long, and shares of the work before are refused (code 21).',
      ),
    }),
    journal: group('The commit between a share and its answer.', {
      lingerMsMax: key(
        integer(0, 5000, 'ms'),
        100,
        'How long a share may wait for others to be written with it; 0 writes at once. Blocks never wait.',
      ),
      batchSharesTarget: key(
        integer(1, 1000),
        32,
        'A commit does not linger once so many shares have gathered.',
      ),
      queueSharesMax: key(
        integer(100, 10_000_000),
        50_000,
        'Shares that may wait while the store is away; more are refused with error 20.',
      ),
    }),
    reward: group(
      'Who gets what of a block. Changes are published, and count from the next start on, never backwards.',
      {
        scheme: key(
          choice('pplns', 'pplns-time', 'pps', 'prop'),
          'pplns',
          '`pplns`: the last shares, by their work. `pplns-time`: those of the last `period_ms`. `pps`: every share its expected worth at once, at your risk. `prop`: those since the block before; miners who come and go gain by it. In mode `solo` nobody is paid and this does nothing.',
        ),
        windowPpm: key(
          integer(1, 100_000_000),
          2_000_000,
          'Of `pplns`: how much work the last shares are, in millionths of the work that finds one block on average.',
        ),
        periodMs: key(
          integer(1000, 366 * DAY_MS, 'ms'),
          DAY_MS,
          'Of `pplns-time`: how far back shares count.',
        ),
        reserve: key(
          dcr,
          '0',
          'Of `pps`: DCR that you have put aside in the wallet, published, to pay shares in bad times.',
        ),
        feePpm: key(
          integer(0, 1_000_000),
          10_000,
          "The pool's fee in millionths of a reward: 10000 is one percent.",
        ),
        feeAddresses: unset(
          text('addresses, separated by commas', /^[A-Za-z0-9]+(,[A-Za-z0-9]+)*$/),
          'DsOneAddressOfYours,DsAnotherAddressOfYours',
          'Where the fees are paid to, in turn, with a payout. Not set: they stay in the wallet.',
        ),
      },
    ),
    payout: group('When and how miners are paid.', {
      minimum: key(
        dcr,
        '0.01',
        'Least DCR that an account is paid. What is below waits for ever, it is never forfeited.',
      ),
      feeBearer: key(
        choice('miners', 'pool'),
        'miners',
        "Who bears the chain's fee: `miners` in proportion to what they get, or the `pool`.",
      ),
      schedule: key(
        choice('blocks', 'daily'),
        'blocks',
        '`blocks`: after every so many blocks of the chain. `daily`: once a day.',
      ),
      everyBlocks: key(integer(1, 1_000_000), 288, 'Of `blocks`: how many. 288 are a day on mainnet.'),
      dailyAt: key(
        text('hh:mm', /^([01][0-9]|2[0-3]):[0-5][0-9]$/),
        '00:00',
        'Of `daily`: the time of the day, UTC.',
      ),
      mode: key(
        choice('automatic', 'manual'),
        'automatic',
        '`manual`: a payout that is planned waits until an operator approves it.',
      ),
      confirmations: key(
        integer(2, 10_000),
        6,
        'Blocks on a payout until it is over, and on money that is spent for one.',
      ),
    }),
    wallet: group(
      'The dcrwallet that pays, whose address the node mines to. There is one when its address is given; without it rewards are shared and booked, and nobody is paid.',
      {
        address: unset(
          hostAndPort,
          '127.0.0.1:9111',
          "Where dcrwallet serves gRPC. The port may be left out: then it is dcrwallet's own for the network.",
        ),
        certificateFile: unset(
          path,
          '~/.dcrwallet/rpc.cert',
          "dcrwallet's `rpc.cert`. No other certificate is trusted.",
        ),
        clientCertificateFile: unset(
          path,
          '/etc/lodebook/wallet-client.crt',
          "The pool's own certificate, PEM; the wallet has it in the file of its `clientcafile`.",
        ),
        clientKeyFile: unset(path, '/etc/lodebook/wallet-client.key', 'Its private key, PEM.'),
        passphrase: secret(
          unset(
            secretText,
            'secret',
            "The wallet's private passphrase. Better in `passphrase_file` or the environment. Neither: you keep the wallet unlocked.",
          ),
        ),
        passphraseFile: unset(
          path,
          '/etc/lodebook/wallet-passphrase',
          'File that holds the passphrase and nothing else; a newline at its end is dropped.',
        ),
        account: key(
          text('1 to 50 printable characters', /^[\x20-\x7e]{1,50}$/),
          'default',
          "Name of the wallet's account that pays.",
        ),
      },
    ),
    ledger: group(
      'The public ledger, in `ledger` of the data directory and at `/ledger/`. See docs/ledger.md.',
      {
        origin: derived(
          text('1 to 128 printable characters without space and plus', /^[\x21-\x2a\x2c-\x7e]{1,128}$/),
          'the name in the signing key',
          'pool.example.com/ledger',
          'Name of the ledger, the same for ever: the address where it is published, without `https://`. The key that the first start makes gets this name; without it a name of its own that is no address.',
        ),
        key: secret(
          unset(
            text(
              'a signing key, PRIVATE+KEY+name+hash+key',
              /^PRIVATE\+KEY\+[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/,
            ),
            'PRIVATE+KEY+...',
            'The signing key. Better in `key_file` or the environment.',
          ),
        ),
        keyFile: derived(
          path,
          '`ledger.key` in the data directory',
          '/etc/lodebook/ledger.key',
          'File of the signing key, as `lodebook keygen` writes it. Made at the first start, unless `key` is given. Keep a copy.',
        ),
        previousKeyFile: unset(
          path,
          '/etc/lodebook/ledger-2026.key',
          'File of the key before, which signs as well for as long as it stands here: for a change of keys.',
        ),
        checkpointMsMax: key(
          integer(50, 60_000, 'ms'),
          1000,
          'A new entry is under a signed checkpoint within so long. A block is at once.',
        ),
      },
    ),
    witnesses: {
      kind: 'list',
      says: witness.says,
      item: witness,
      itemsByDefault: 0,
    },
    webhooks: {
      kind: 'list',
      says: webhook.says,
      item: webhook,
      itemsByDefault: 0,
    },
    http: group('Dashboard and API.', {
      host: key(
        host,
        '127.0.0.1',
        'Address to listen on. For others than yourself: a web server with TLS in front, or TLS here.',
      ),
      port: key(port, 8080, 'TCP port.'),
      tls: tls('/etc/lodebook/http'),
      behindProxy: key(
        flag,
        false,
        'Every visitor comes through a web server in front, and its `X-Forwarded-For` tells who it is. Only then: anybody else could claim any address.',
      ),
    }),
    admin: group(
      'Pages for the administrator, at `/admin`: on when a password is set. The command line of the same machine needs none.',
      {
        passwordHash: secret(
          unset(
            text(PASSWORD_HASH_ALLOWED, isPasswordHash),
            'scrypt:17:8:1:...',
            'Hash of the password, as `lodebook admin password` writes it.',
          ),
        ),
        passwordHashFile: unset(
          path,
          '/etc/lodebook/admin-password',
          'File that holds the hash and nothing else; a newline at its end is dropped.',
        ),
        host: unset(
          host,
          '127.0.0.1',
          'Address of their own, for the administrator alone; then the dashboard has no `/admin`. With `http.tls` it speaks TLS too.',
        ),
        port: unset(port, 8081, 'TCP port of that address. Both are given or neither.'),
      },
    ),
    backup: group('Backups of the store that the pool makes while it runs. See docs/operators.md.', {
      directory: derived(
        path,
        '`backups` in the data directory',
        '/var/backups/lodebook',
        'Where they are kept, best on another disk. Made when it is not there.',
      ),
      everyMs: key(
        integer(0, 366 * DAY_MS, 'ms'),
        0,
        'One is made and verified this often; 0 makes none but those that are ordered. 86400000 is a day.',
      ),
      keep: key(integer(1, 1000), 7, 'How many are kept; with one more the oldest is removed.'),
    }),
    log: group('What is written to standard output.', {
      level: key(
        choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        'info',
        'Lowest level that is written.',
      ),
      format: key(choice('auto', 'json', 'text'), 'auto', '`auto` is text on a terminal and JSON elsewhere.'),
    }),
  },
} as const satisfies SchemaOf<ConfigDraft>

/** The name people write, from the name the code uses: `idleMsMax` is `idle_ms_max`. */
export const externalName = (inCode: string): string =>
  inCode.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A key with its place: names from the root in both spellings, `*` standing for the number of a list's item. */
export interface Leaf {
  readonly inCode: readonly string[]
  readonly external: readonly string[]
  readonly key: Key
}

function leavesOf(at: Key | Group | List, inCode: readonly string[]): readonly Leaf[] {
  switch (at.kind) {
    case 'key':
      return [{ inCode, external: inCode.map(externalName), key: at }]
    case 'group':
      return Object.entries(at.keys).flatMap(([name, child]) => leavesOf(child, [...inCode, name]))
    case 'list':
      return leavesOf(at.item, [...inCode, '*'])
  }
}

/** Every key there is, in the table's order. */
export const leaves: readonly Leaf[] = leavesOf(schema, [])

/** `nodes.0.password` as an environment variable: `LODEBOOK_NODES_0_PASSWORD`. */
export const environmentName = (path: string): string => `LODEBOOK_${path.replaceAll('.', '_').toUpperCase()}`

/** `nodes.0.password` as a flag: `--nodes.0.password`. */
export const flagName = (path: string): string => `--${path}`
