import * as E from 'fp-ts/lib/Either.js'
import { isPasswordHash, PASSWORD_HASH_ALLOWED } from '../../adapters/http/admin/password.ts'
import { networks } from '../../domain/decred/network.ts'
import { readStoreUrl } from '../store/store-url.ts'
import { isWebhookSecret, WEBHOOK_SECRET_ALLOWED } from '../webhooks/signature.ts'
import type {
  AdminConfig,
  BackupConfig,
  Config,
  LedgerConfig,
  ListenerConfig,
  NodeConfig,
  TlsFiles,
  WalletConfig,
  WebhookConfig,
} from './config.ts'
import { passwordIn } from './password-file.ts'
import { type ConfigProblem, foundText, type Origin, problem } from './problem.ts'
import type {
  AdminDraft,
  ConfigDraft,
  LedgerDraft,
  ListenerDraft,
  NodeDraft,
  TlsDraft,
  WebhookDraft,
} from './schema.ts'

/** What completing a configuration needs from outside. */
export interface Surroundings {
  /** Absolute path of a file that was given relative to the working directory, or to the home directory by `~/`. */
  readonly absolute: (path: string) => string
  /** Text of a file, or why it can't be read. */
  readonly readText: (path: string) => E.Either<string, string>
  /** Where the value of a key came from. */
  readonly originOf: (path: string) => Origin
}

/** Fills in what other keys decide and checks that keys agree with each other. Every disagreement is reported. */
export function complete(
  draft: ConfigDraft,
  around: Surroundings,
): E.Either<readonly ConfigProblem[], Config> {
  const problems: ConfigProblem[] = []
  const dataDirectory = around.absolute(draft.pool.dataDirectory)
  const config: Config = {
    ...draft,
    pool: { ...draft.pool, dataDirectory },
    store: { url: storeUrl(draft.store.url, dataDirectory, around, problems) },
    nodes: draft.nodes.map((node, n) => completeNode(node, n, draft, around, problems)),
    listeners: draft.listeners.map((listener, n) => completeListener(listener, n, around, problems)),
    wallet: completeWallet(draft, around, problems),
    ledger: completeLedger(draft.ledger, dataDirectory, around),
    webhooks: draft.webhooks.map((webhook, n) => completeWebhook(webhook, n, around, problems)),
    http: { ...draft.http, tls: tlsOf(draft.http.tls, 'http', around, problems) },
    admin: completeAdmin(draft.admin, around, problems),
    backup: completeBackup(draft.backup, dataDirectory, around),
  }
  const conflict = (key: string, sentence: string): void => {
    problems.push(problem('conflict', key, placeOf(key, around), sentence))
  }
  refuseSame(
    config.nodes,
    (node) => node.name,
    (n, first, name) =>
      conflict(
        `nodes.${n}.name`,
        `nodes.${n}.name: found ${foundText(name)}, which nodes.${first} has already; give each node a name of its own`,
      ),
  )
  refuseSame(
    config.nodes,
    (node) => node.address,
    (n, first, address) =>
      conflict(
        `nodes.${n}.address`,
        `nodes.${n}.address: found ${foundText(address)}, which nodes.${first} has already; name each node once`,
      ),
  )
  refuseSame(
    config.listeners,
    (listener) => listener.name,
    (n, first, name) =>
      conflict(
        `listeners.${n}.name`,
        `listeners.${n}.name: found ${foundText(name)}, which listeners.${first} has already; give each listener a name of its own`,
      ),
  )
  refuseSame(
    config.witnesses,
    (witness) => witness.key.split('+', 1)[0],
    (n, first, name) =>
      conflict(
        `witnesses.${n}.key`,
        `witnesses.${n}.key: found the key of ${foundText(name)}, which witnesses.${first} names already; name each witness once`,
      ),
  )
  refuseSame(
    config.webhooks,
    (webhook) => webhook.name,
    (n, first, name) =>
      conflict(
        `webhooks.${n}.name`,
        `webhooks.${n}.name: found ${foundText(name)}, which webhooks.${first} has already; give each receiver a name of its own`,
      ),
  )
  const { http, admin } = config
  const addresses = [
    ...config.listeners.map(({ host, port }, n) => ({ of: `listeners.${n}`, host, port })),
    { of: 'http', host: http.host, port: http.port },
    ...(admin.own === null ? [] : [{ of: 'admin', ...admin.own }]),
  ]
  refuseSame(
    addresses,
    ({ host, port }) => (port === 0 ? undefined : `${host}:${port}`),
    (n, first, address) => {
      const key = `${addresses[n]?.of}.port`
      conflict(
        key,
        `${key}: ${address} is the address of ${addresses[first]?.of} already; choose another port`,
      )
    },
  )
  if (config.journal.batchSharesTarget > config.journal.queueSharesMax)
    conflict(
      'journal.batch_shares_target',
      `journal.batch_shares_target: found ${config.journal.batchSharesTarget}, allowed: at most journal.queue_shares_max, ${config.journal.queueSharesMax}`,
    )
  return problems.length > 0 ? E.left(problems) : E.right(config)
}

/** Where a person would look for a key: where it was given, else where its list item begins. */
function placeOf(key: string, around: Surroundings): Origin {
  const origin = around.originOf(key)
  return origin.kind === 'default' ? around.originOf(key.split('.').slice(0, 2).join('.')) : origin
}

function storeUrl(
  given: string | null,
  dataDirectory: string,
  around: Surroundings,
  problems: ConfigProblem[],
): string {
  if (given === null) return `sqlite:${dataDirectory}/lodebook.db`
  const url = readStoreUrl(given, around.absolute)
  if (E.isRight(url)) return url.right
  problems.push(problem('not-allowed', 'store.url', around.originOf('store.url'), `store.url: ${url.left}`))
  return given
}

function completeNode(
  draft: NodeDraft,
  n: number,
  { pool }: ConfigDraft,
  around: Surroundings,
  problems: ConfigProblem[],
): NodeConfig {
  const { name, address, certificateFile, user } = draft
  return {
    name: name ?? `node-${n}`,
    address: withPort(address, networks[pool.network].rpcPort, `nodes.${n}.address`, around, problems),
    certificateFile: around.absolute(certificateFile),
    user,
    password: passwordOf(draft, n, around, problems),
  }
}

function withPort(
  address: string,
  usual: number,
  key: string,
  around: Surroundings,
  problems: ConfigProblem[],
): string {
  const complete = /:[0-9]+$/.test(address) ? address : `${address}:${usual}`
  const port = Number(complete.slice(complete.lastIndexOf(':') + 1))
  if (port < 1 || port > 65_535)
    problems.push(
      problem(
        'not-allowed',
        key,
        around.originOf(key),
        `${key}: found port ${port}, allowed: a port from 1 to 65535`,
      ),
    )
  return complete
}

/** A wallet is there when its address is given; then it needs its three files. */
function completeWallet(
  { wallet, pool }: ConfigDraft,
  around: Surroundings,
  problems: ConfigProblem[],
): WalletConfig | null {
  const { address, passphrase, passphraseFile, account } = wallet
  if (address === null) return null
  const file = (given: string | null, key: string, what: string): string => {
    if (given === null)
      problems.push(
        problem(
          'missing',
          key,
          around.originOf('wallet.address'),
          `${key} is missing, which a wallet needs: ${what}`,
        ),
      )
    return given === null ? '' : around.absolute(given)
  }
  return {
    address: withPort(address, networks[pool.network].walletPort, 'wallet.address', around, problems),
    certificateFile: file(wallet.certificateFile, 'wallet.certificate_file', "dcrwallet's rpc.cert"),
    clientCertificateFile: file(
      wallet.clientCertificateFile,
      'wallet.client_certificate_file',
      "the pool's own certificate",
    ),
    clientKeyFile: file(wallet.clientKeyFile, 'wallet.client_key_file', 'the key of that certificate'),
    passphrase:
      secretOf(
        { given: passphrase, file: passphraseFile, key: 'wallet.passphrase', what: 'the passphrase' },
        around,
        problems,
      ) ?? '',
    account,
  }
}

function completeLedger(draft: LedgerDraft, dataDirectory: string, around: Surroundings): LedgerConfig {
  const { keyFile, previousKeyFile } = draft
  return {
    ...draft,
    keyFile: keyFile === null ? `${dataDirectory}/ledger.key` : around.absolute(keyFile),
    previousKeyFile: previousKeyFile === null ? null : around.absolute(previousKeyFile),
  }
}

function completeWebhook(
  { name, url, secret: given, secretFile: file, events }: WebhookDraft,
  n: number,
  around: Surroundings,
  problems: ConfigProblem[],
): WebhookConfig {
  const key = `webhooks.${n}.secret`
  const secret = secretOf({ given, file, key, what: WEBHOOK_SECRET_ALLOWED }, around, problems)
  if (secret === null)
    problems.push(
      problem(
        'missing',
        key,
        around.originOf(`webhooks.${n}`),
        `${key} is missing; give it, or ${key}_file: ${WEBHOOK_SECRET_ALLOWED}`,
      ),
    )
  else if (secret !== '' && !isWebhookSecret(secret))
    problems.push(
      problem(
        'not-allowed',
        `${key}_file`,
        around.originOf(`${key}_file`),
        `${key}_file: ${file} holds something else; allowed: ${WEBHOOK_SECRET_ALLOWED}`,
      ),
    )
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/[^A-Za-z0-9._-]/g, '') : ''
  return { name: name ?? host.slice(0, 64), url, secret: secret ?? '', events }
}

function completeAdmin(draft: AdminDraft, around: Surroundings, problems: ConfigProblem[]): AdminConfig {
  const { passwordHash: given, passwordHashFile: file, host, port } = draft
  const key = 'admin.password_hash'
  const secret = { given, file, key, what: PASSWORD_HASH_ALLOWED }
  const passwordHash = secretOf(secret, around, problems)
  const isSound = passwordHash === null || passwordHash === '' || isPasswordHash(passwordHash)
  if (!isSound)
    problems.push(
      problem(
        'not-allowed',
        `${key}_file`,
        around.originOf(`${key}_file`),
        `${key}_file: ${file} holds something else; allowed: ${PASSWORD_HASH_ALLOWED}`,
      ),
    )
  if ((host === null) !== (port === null)) {
    const [there, missing] = host === null ? ['port', 'host'] : ['host', 'port']
    problems.push(
      problem(
        'conflict',
        `admin.${there}`,
        around.originOf(`admin.${there}`),
        `admin.${there} is given but admin.${missing} is not; an address of its own needs both, the dashboard's neither`,
      ),
    )
  }
  return { passwordHash, own: host === null || port === null ? null : { host, port } }
}

const completeBackup = (
  draft: ConfigDraft['backup'],
  dataDirectory: string,
  around: Surroundings,
): BackupConfig => ({
  ...draft,
  directory: draft.directory === null ? `${dataDirectory}/backups` : around.absolute(draft.directory),
})

function passwordOf(draft: NodeDraft, n: number, around: Surroundings, problems: ConfigProblem[]): string {
  const key = `nodes.${n}.password`
  const { password: given, passwordFile: file } = draft
  const password = secretOf({ given, file, key, what: 'the password' }, around, problems)
  if (password === null)
    problems.push(
      problem(
        'missing',
        key,
        around.originOf(`nodes.${n}`),
        `${key} is missing; give it, or ${key}_file: dcrd's rpcpass`,
      ),
    )
  return password ?? ''
}

/** A secret and the file that may hold it in its place, whose key is the same with `_file`. */
interface SecretDraft {
  readonly given: string | null
  readonly file: string | null
  readonly key: string
  readonly what: string
}

/** The secret itself or its file's, whichever was given with more weight: flag, environment, file. Null when neither was. */
function secretOf(
  { given, file, key, what }: SecretDraft,
  around: Surroundings,
  problems: ConfigProblem[],
): string | null {
  const fileKey = `${key}_file`
  const origin = around.originOf(key)
  const fileOrigin = around.originOf(fileKey)
  if (given !== null && file !== null && origin.kind === fileOrigin.kind)
    problems.push(
      problem('conflict', key, origin, `${key} and ${fileKey} are both given; leave one of them out`),
    )
  if (file === null) return given
  if (given !== null && weight(origin) >= weight(fileOrigin)) return given
  const read = around.readText(around.absolute(file))
  if (E.isLeft(read)) {
    problems.push(
      problem(
        'unreadable-file',
        fileKey,
        fileOrigin,
        `${fileKey}: found ${foundText(file)}, which can't be read (${read.left}); allowed: a file that this user can read`,
      ),
    )
    return ''
  }
  const line = passwordIn(read.right)
  if (E.isRight(line)) return line.right
  problems.push(
    problem(
      'not-allowed',
      fileKey,
      fileOrigin,
      `${fileKey}: ${file} ${line.left}; allowed: one line, ${what}`,
    ),
  )
  return ''
}

const weight = (origin: Origin): number => ['default', 'file', 'environment', 'flag'].indexOf(origin.kind)

function completeListener(
  draft: ListenerDraft,
  n: number,
  around: Surroundings,
  problems: ConfigProblem[],
): ListenerConfig {
  const path = `listeners.${n}`
  const report = (key: string, sentence: string): void => {
    problems.push(problem('conflict', key, placeOf(key, around), sentence))
  }
  const { start, min, max, fixed } = draft.difficulty
  if (max !== null && max < min)
    report(
      `${path}.difficulty.max`,
      `${path}.difficulty.max: found ${max}, allowed: at least ${path}.difficulty.min, ${min}`,
    )
  else if (start !== null && (start < min || start > (max ?? start)))
    report(
      `${path}.difficulty.start`,
      `${path}.difficulty.start: found ${start}, allowed: from ${min} to ${max ?? 'any'}, the listener's min and max`,
    )
  if (fixed !== null && (start !== null || max !== null))
    report(
      `${path}.difficulty.fixed`,
      `${path}.difficulty.fixed: found ${fixed} beside start or max, which do nothing then; leave them or fixed out`,
    )
  return {
    ...draft,
    name: draft.name ?? `listener-${n}`,
    tls: tlsOf(draft.tls, path, around, problems),
  }
}

/** TLS of `listeners.0` or `http`: both files or neither. */
function tlsOf(
  { keyFile, certificateFile }: TlsDraft,
  path: string,
  around: Surroundings,
  problems: ConfigProblem[],
): TlsFiles | null {
  if (keyFile !== null && certificateFile !== null)
    return { keyFile: around.absolute(keyFile), certificateFile: around.absolute(certificateFile) }
  if (keyFile === null && certificateFile === null) return null
  const given = `${path}.tls.${keyFile === null ? 'certificate_file' : 'key_file'}`
  const missing = `${path}.tls.${keyFile === null ? 'key_file' : 'certificate_file'}`
  problems.push(
    problem(
      'conflict',
      given,
      placeOf(given, around),
      `${given} is given but ${missing} is not; TLS needs both, plain text neither`,
    ),
  )
  return null
}

/** Calls back for every item that has the same feature as an earlier one; undefined is like nothing. */
function refuseSame<A>(
  items: readonly A[],
  featureOf: (item: A) => string | undefined,
  refuse: (n: number, first: number, feature: string) => void,
): void {
  const seen = new Map<string, number>()
  for (const [n, item] of items.entries()) {
    const feature = featureOf(item)
    if (feature === undefined) continue
    const first = seen.get(feature)
    if (first === undefined) seen.set(feature, n)
    else refuse(n, first, feature)
  }
}
