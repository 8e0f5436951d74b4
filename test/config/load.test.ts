import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { type LoadedConfig, loadConfig, type Sources } from '../../src/config/load.ts'

const NODE = `
[[nodes]]
address = "127.0.0.1"
certificate_file = "rpc.cert"
user = "u"
password = "p"
`

const load = (toml: string | null, others: Partial<Sources> = {}) =>
  loadConfig({
    file: toml === null ? null : { name: 'lodebook.toml', toml },
    environment: {},
    flags: [],
    absolute: (path) => (path.startsWith('/') ? path : `/work/${path}`),
    readText: () => E.left('there is no such file'),
    ...others,
  })

const loaded = (toml: string | null, others: Partial<Sources> = {}): LoadedConfig => {
  const result = load(toml, others)
  if (E.isLeft(result)) throw new Error(result.left.map(({ message }) => message).join('\n'))
  return result.right
}

const config = (toml: string | null, others: Partial<Sources> = {}): Config => loaded(toml, others).config

const messages = (toml: string | null, others: Partial<Sources> = {}): readonly string[] => {
  const result = load(toml, others)
  return E.isLeft(result) ? result.left.map(({ message }) => message) : []
}

describe('defaults', () => {
  test('are complete without any source', () => {
    expect(config(null)).toEqual({
      pool: { name: 'Lodebook', network: 'mainnet', mode: 'public', dataDirectory: '/work/./data' },
      store: { url: 'sqlite:/work/./data/lodebook.db' },
      nodes: [],
      listeners: [
        {
          name: 'listener-0',
          host: '0.0.0.0',
          port: 5550,
          tls: null,
          proxyProtocol: false,
          difficulty: { start: null, min: 1, max: null, fixed: null },
        },
      ],
      limits: {
        lineBytesMax: 4096,
        connectionsMax: 20_000,
        connectionsPerAddressMax: 2000,
        preAuthorizationMsMax: 20_000,
        idleMsMax: 1_200_000,
        backlogBytesMax: 65_536,
        workersPerConnectionMax: 32,
        resumeGraceMs: 600_000,
      },
      mining: {
        sharesPerMinute: 15,
        refreshMs: 60_000,
        transactionsRefreshMs: 30_000,
        lateShareGraceMs: 2000,
        nodeGoneMsMax: 60_000,
      },
      journal: { lingerMsMax: 100, batchSharesTarget: 32, queueSharesMax: 50_000 },
      reward: {
        scheme: 'pplns',
        windowPpm: 2_000_000,
        periodMs: 86_400_000,
        reserve: '0',
        feePpm: 10_000,
        feeAddresses: null,
      },
      payout: {
        minimum: '0.01',
        feeBearer: 'miners',
        schedule: 'blocks',
        everyBlocks: 288,
        dailyAt: '00:00',
        mode: 'automatic',
        confirmations: 6,
      },
      wallet: null,
      ledger: {
        origin: null,
        key: null,
        keyFile: '/work/./data/ledger.key',
        previousKeyFile: null,
        checkpointMsMax: 1000,
      },
      witnesses: [],
      webhooks: [],
      http: { host: '127.0.0.1', port: 8080, tls: null, behindProxy: false },
      admin: { passwordHash: null, own: null },
      backup: { directory: '/work/./data/backups', everyMs: 0, keep: 7 },
      log: { level: 'info', format: 'auto' },
    })
  })

  test("a node's port is dcrd's own for the network, and its name its number", () => {
    const { nodes } = config(`[pool]\nnetwork = "simnet"\n${NODE}`)
    expect(nodes).toEqual([
      {
        name: 'node-0',
        address: '127.0.0.1:19556',
        certificateFile: '/work/rpc.cert',
        user: 'u',
        password: 'p',
      },
    ])
    expect(config(NODE).nodes[0]?.address).toBe('127.0.0.1:9109')
    expect(config(NODE.replace('127.0.0.1', '[::1]')).nodes[0]?.address).toBe('[::1]:9109')
    expect(config(NODE.replace('127.0.0.1', '[::1]:7')).nodes[0]?.address).toBe('[::1]:7')
  })

  test('an empty table in a list is an item with every default', () => {
    expect(config('[[listeners]]\n[[listeners]]\nport = 5551').listeners.map(({ port }) => port)).toEqual([
      5550, 5551,
    ])
  })
})

describe('the wallet', () => {
  const WALLET = `[wallet]
address = "127.0.0.1"
certificate_file = "wallet.cert"
client_certificate_file = "pool.cert"
client_key_file = "pool.key"
`

  test("is there when its address is given; its port is dcrwallet's own for the network", () => {
    expect(config(WALLET).wallet).toEqual({
      address: '127.0.0.1:9111',
      certificateFile: '/work/wallet.cert',
      clientCertificateFile: '/work/pool.cert',
      clientKeyFile: '/work/pool.key',
      passphrase: '',
      account: 'default',
    })
    expect(config(`[pool]\nnetwork = "simnet"\n${WALLET}`).wallet?.address).toBe('127.0.0.1:19558')
    expect(config(`${WALLET}passphrase = "p"`).wallet?.passphrase).toBe('p')
    expect(config('[wallet]\naccount = "pool"').wallet).toBeNull()
  })

  test('without one of its files: told which', () => {
    expect(messages(WALLET.replace(/^client_key_file.*$/m, ''))).toEqual([
      'lodebook.toml:2: wallet.client_key_file is missing, which a wallet needs: the key of that certificate',
    ])
  })
})

describe('the ledger', () => {
  const KEY = 'PRIVATE+KEY+example.com/ledger+530d903a+AYEK'
  const WITNESS = 'witness.example+ade2488a+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR'

  test('has its key in a file or in the environment, and a previous one', () => {
    const environment = { LODEBOOK_LEDGER_KEY: KEY, LODEBOOK_LEDGER_CHECKPOINT_MS_MAX: '500' }
    const file =
      '[ledger]\nkey_file = "new.key"\nprevious_key_file = "old.key"\norigin = "example.com/ledger"'
    expect(config(file, { environment }).ledger).toEqual({
      origin: 'example.com/ledger',
      key: KEY,
      keyFile: '/work/new.key',
      previousKeyFile: '/work/old.key',
      checkpointMsMax: 500,
    })
  })

  test('has witnesses', () => {
    const file = `[[witnesses]]\nkey = "${WITNESS}"\nurl = "https://witness.example/x/"`
    expect(config(file).witnesses).toEqual([{ key: WITNESS, url: 'https://witness.example/x/' }])
  })

  test.each([
    [
      '[ledger]\norigin = "https pool"',
      'lodebook.toml:2: ledger.origin: found "https pool", allowed: 1 to 128 printable characters without space and plus',
    ],
    [
      '[ledger]\nkey = "hunter2"',
      'lodebook.toml:2: ledger.key: found something else (hidden), allowed: a signing key, PRIVATE+KEY+name+hash+key',
    ],
    [
      `[[witnesses]]\nkey = "${WITNESS}"\nurl = "witness.example"`,
      'lodebook.toml:3: witnesses.0.url: found "witness.example", allowed: an http or https URL',
    ],
    [
      '[[witnesses]]\nkey = "witness.example"\nurl = "https://w/"',
      'lodebook.toml:2: witnesses.0.key: found "witness.example", allowed: a verifier key, name+hash+key',
    ],
    [
      `[[witnesses]]\nkey = "${WITNESS}"\nurl = "https://a/"\n[[witnesses]]\nkey = "${WITNESS}"\nurl = "https://b/"`,
      'lodebook.toml:5: witnesses.1.key: found the key of "witness.example", which witnesses.0 names already; name each witness once',
    ],
  ])('%s', (file, message) => {
    expect(messages(file)).toEqual([message])
  })
})

describe('webhooks', () => {
  const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
  const hook = (more: string): string => `[[webhooks]]\n${more}`
  const url = 'url = "https://shop.example:8443/hooks?x=1"\n'

  test('need an address and a secret; their name is the host, and they are told of everything', () => {
    expect(config(hook(`${url}secret = "${secret}"`)).webhooks).toEqual([
      { name: 'shop.example', url: 'https://shop.example:8443/hooks?x=1', secret, events: 'all' },
    ])
    const file = hook(`${url}name = "books"\nsecret_file = "/run/hook"\nevents = "payments"`)
    const readText = () => E.right(`${secret.slice(6)}\n`)
    expect(config(file, { readText }).webhooks).toEqual([
      {
        name: 'books',
        url: 'https://shop.example:8443/hooks?x=1',
        secret: secret.slice(6),
        events: 'payments',
      },
    ])
    expect(config(hook(`url = "http://[::1]:9/"\nsecret = "${secret}"`)).webhooks[0]?.name).toBe('1')
  })

  const allowed = 'base64 of 24 to 64 bytes, as "openssl rand -base64 32" makes it, after whsec_ or not'
  test.each([
    [
      hook(`secret = "${secret}"`),
      'lodebook.toml:1: webhooks.0.url is missing and has no default; allowed: an http or https URL without user and password',
    ],
    [
      hook(`url = "ftp://x"\nsecret = "${secret}"`),
      'lodebook.toml:2: webhooks.0.url: found "ftp://x", allowed: an http or https URL without user and password',
    ],
    [
      hook(`url = "https://u:p@x/"\nsecret = "${secret}"`),
      'lodebook.toml:2: webhooks.0.url: found "https://u:p@x/", allowed: an http or https URL without user and password',
    ],
    [
      hook(url),
      `lodebook.toml:1: webhooks.0.secret is missing; give it, or webhooks.0.secret_file: ${allowed}`,
    ],
    [
      hook(`${url}secret = "hunter2"`),
      `lodebook.toml:3: webhooks.0.secret: found something else (hidden), allowed: ${allowed}`,
    ],
    [
      hook(`${url}secret = "${secret}"\nevents = "shares"`),
      'lodebook.toml:4: webhooks.0.events: found "shares", allowed: all, blocks or payments',
    ],
    [
      `${hook(`${url}secret = "${secret}"`)}\n${hook(`${url}secret = "${secret}"`)}`,
      'lodebook.toml:4: webhooks.1.name: found "shop.example", which webhooks.0 has already; give each receiver a name of its own',
    ],
  ])('%j is refused with a sentence', (toml, sentence) => {
    expect(messages(toml)).toEqual([sentence])
  })

  test('a file that holds no secret is named, and what it holds is not', () => {
    const readText = () => E.right('hunter2')
    expect(messages(hook(`${url}secret_file = "/run/hook"`), { readText })).toEqual([
      `lodebook.toml:3: webhooks.0.secret_file: /run/hook holds something else; allowed: ${allowed}`,
    ])
  })
})

describe('the store', () => {
  test('sqlite: and a path, made absolute', () => {
    expect(config('[store]\nurl = "sqlite:log.db"').store.url).toBe('sqlite:/work/log.db')
  })

  test.each([
    'esdb://db:2113?tls=false',
    'esdb://pool:secret@a:2113,b:2113,c:2113?tlsCAFile=/etc/ca.crt',
    'esdb+discover://pool@db.example.org?passwordFile=/run/secrets/store&keepAliveInterval=20000',
    'kurrentdb://db',
  ])('a connection string, as it is: %s', (url) => {
    expect(config(`[store]\nurl = "${url}"`).store.url).toBe(url)
    expect(config(null, { environment: { LODEBOOK_STORE_URL: url } }).store.url).toBe(url)
  })

  test('no setting shows its password', () => {
    const shown = (url: string) =>
      loaded(null, { flags: [{ path: 'store.url', text: url }] }).settings.find(
        ({ key }) => key === 'store.url',
      )?.value
    expect(shown('esdb://pool:hunter2@db:2113?tlsCAFile=ca.crt')).toBe('esdb://…@db:2113?tlsCAFile=ca.crt')
    expect(shown('esdb://pool@db?passwordFile=/run/secrets/store')).toBe(
      'esdb://…@db?passwordFile=/run/secrets/store',
    )
    expect(shown('sqlite:/var/pool@home.db')).toBe('sqlite:/var/pool@home.db')
  })
})

describe('precedence', () => {
  const file = '[http]\nport = 1'
  const environment = { LODEBOOK_HTTP_PORT: '2' }
  const flags = [{ path: 'http.port', text: '3' }]

  test('flag, then environment, then file, then default', () => {
    expect(config(null).http.port).toBe(8080)
    expect(config(file).http.port).toBe(1)
    expect(config(file, { environment }).http.port).toBe(2)
    expect(config(file, { environment, flags }).http.port).toBe(3)
  })

  test('the origin of each value is known', () => {
    const originOf = (result: LoadedConfig) => result.settings.find(({ key }) => key === 'http.port')?.origin
    expect(originOf(loaded(null))).toEqual({ kind: 'default' })
    expect(originOf(loaded(file))).toEqual({ kind: 'file', file: 'lodebook.toml', line: 2 })
    expect(originOf(loaded(file, { environment }))).toEqual({
      kind: 'environment',
      variable: 'LODEBOOK_HTTP_PORT',
    })
    expect(originOf(loaded(file, { environment, flags }))).toEqual({ kind: 'flag', flag: '--http.port' })
  })

  test('the last of two flags wins, and an empty variable is none', () => {
    expect(config(null, { flags: [...flags, { path: 'http.port', text: '4' }] }).http.port).toBe(4)
    expect(config(file, { environment: { LODEBOOK_HTTP_PORT: '' } }).http.port).toBe(1)
  })

  test("a flag changes one key of a list's item, or adds an item", () => {
    const { listeners } = config('[[listeners]]\nport = 7000\nname = "asic"', {
      flags: [
        { path: 'listeners.0.port', text: '7001' },
        { path: 'listeners.1.proxy_protocol', text: 'true' },
      ],
    })
    expect(listeners.map(({ name, port, proxyProtocol }) => ({ name, port, proxyProtocol }))).toEqual([
      { name: 'asic', port: 7001, proxyProtocol: false },
      { name: 'listener-1', port: 5550, proxyProtocol: true },
    ])
  })

  test('a whole node can come from the environment', () => {
    const { nodes } = config(null, {
      environment: {
        LODEBOOK_NODES_0_ADDRESS: 'dcrd:9109',
        LODEBOOK_NODES_0_CERTIFICATE_FILE: '/c',
        LODEBOOK_NODES_0_USER: 'u',
        LODEBOOK_NODES_0_PASSWORD: 'p',
      },
    })
    expect(nodes).toEqual([
      { name: 'node-0', address: 'dcrd:9109', certificateFile: '/c', user: 'u', password: 'p' },
    ])
  })
})

describe('errors', () => {
  test('every mistake is reported at once, in order, with place, key, what was found and what is allowed', () => {
    const toml = `[pool]
nettwork = "mainnet"
mode = """
sol
o"""
[http]
port = "eighty"
hots = "x"
[[nodes]]
address = "https://dcrd"
password = 5
[[listeners]]
tls.key_file = "k"
[[listeners]]
difficulty = { min = 5, max = 3 }
[limits]
idleMsMax = 3
[htpp]
`
    const environment = { LODEBOOK_LOG_LEVLE: 'info', LODEBOOK_NODES_4_USER: 'x' }
    const flags = [
      { path: 'log.level', text: 'loud' },
      { path: 'listeners.0.porrt', text: '1' },
    ]
    expect(messages(toml, { environment, flags })).toEqual([
      'lodebook.toml:2: there is no pool.nettwork; did you mean pool.network?',
      'lodebook.toml:3: pool.mode: found "sol\\no", allowed: public or solo',
      'lodebook.toml:7: http.port: found "eighty", allowed: a whole number from 0 to 65535 (0 takes any free port)',
      'lodebook.toml:8: there is no http.hots; did you mean http.host?',
      'lodebook.toml:9: nodes.0.certificate_file is missing and has no default; allowed: the path of a file or directory',
      'lodebook.toml:9: nodes.0.user is missing and has no default; allowed: text of one line',
      'lodebook.toml:10: nodes.0.address: found "https://dcrd", allowed: host or host:port, an IPv6 address in brackets',
      'lodebook.toml:11: nodes.0.password: found something else (hidden), allowed: text of one line',
      'lodebook.toml:13: listeners.0.tls.key_file is given but listeners.0.tls.certificate_file is not; TLS needs both, plain text neither',
      'lodebook.toml:14: listeners.1.port: 0.0.0.0:5550 is the address of listeners.0 already; choose another port',
      'lodebook.toml:15: listeners.1.difficulty.max: found 3, allowed: at least listeners.1.difficulty.min, 5',
      'lodebook.toml:17: there is no limits.idleMsMax; did you mean limits.idle_ms_max?',
      'lodebook.toml:18: there is no htpp; did you mean http?',
      'environment variable LODEBOOK_LOG_LEVLE: there is no LODEBOOK_LOG_LEVLE; did you mean LODEBOOK_LOG_LEVEL?',
      'environment variable LODEBOOK_NODES_4_USER: nodes.4 is given but nodes.1 is not; number them from 0 without a gap',
      'flag --listeners.0.porrt: there is no --listeners.0.porrt; did you mean --listeners.0.port?',
      'flag --log.level: log.level: found "loud", allowed: trace, debug, info, warn, error, fatal or silent',
    ])
  })

  test('text that is not TOML: the line and why', () => {
    const [message, ...others] = messages('[http]\nport = 80 80\n')
    expect(message).toMatch(/^lodebook\.toml:2: this is not TOML: .+; correct this line$/)
    expect(others).toEqual([])
  })

  test('a value in place of a table, and a table in place of a value', () => {
    expect(messages('http = 5\nnodes = "x"\n[log]\nlevel = { a = 1 }')).toEqual([
      'lodebook.toml:1: http: found 5, allowed: a table, [http]',
      'lodebook.toml:2: nodes: found "x", allowed: a list of tables, [[nodes]]',
      'lodebook.toml:4: log.level: found a table, allowed: trace, debug, info, warn, error, fatal or silent',
    ])
  })

  test('numbers out of range, fractions and booleans as text', () => {
    expect(
      messages(
        '[http]\nport = 65536\n[mining]\nshares_per_minute = 1.5\n[[listeners]]\nproxy_protocol = "yes"',
      ),
    ).toEqual([
      'lodebook.toml:2: http.port: found 65536, allowed: a whole number from 0 to 65535 (0 takes any free port)',
      'lodebook.toml:4: mining.shares_per_minute: found 1.5, allowed: a whole number from 1 to 600',
      'lodebook.toml:6: listeners.0.proxy_protocol: found "yes", allowed: true or false',
    ])
  })

  test('keys that contradict each other', () => {
    const two = `${NODE}name = "a"\n${NODE}name = "a"`
    expect(messages(two)).toEqual([
      'lodebook.toml:10: nodes.1.address: found "127.0.0.1:9109", which nodes.0 has already; name each node once',
      'lodebook.toml:14: nodes.1.name: found "a", which nodes.0 has already; give each node a name of its own',
    ])
    expect(messages('[[listeners]]\ndifficulty.fixed = 4\ndifficulty.start = 4')).toEqual([
      'lodebook.toml:2: listeners.0.difficulty.fixed: found 4 beside start or max, which do nothing then; leave them or fixed out',
    ])
    expect(messages('[[listeners]]\ndifficulty.start = 4\ndifficulty.max = 3')).toEqual([
      "lodebook.toml:2: listeners.0.difficulty.start: found 4, allowed: from 1 to 3, the listener's min and max",
    ])
    expect(messages('[journal]\nqueue_shares_max = 100\nbatch_shares_target = 101')).toEqual([
      'lodebook.toml:3: journal.batch_shares_target: found 101, allowed: at most journal.queue_shares_max, 100',
    ])
    expect(messages('[http]\nhost = "0.0.0.0"\nport = 5550')).toEqual([
      'lodebook.toml:3: http.port: 0.0.0.0:5550 is the address of listeners.0 already; choose another port',
    ])
  })

  const ALLOWED = 'allowed: sqlite: and a path, or a connection string of EventStoreDB'

  test.each([
    ['postgres://x', `"postgres://x", ${ALLOWED}; there is no such store`],
    ['postgres://u:hunter2@x', `"postgres://…@x", ${ALLOWED}; there is no such store`],
    ['lodebook.db', `"lodebook.db", ${ALLOWED}`],
    ['ESDB://u:hunter2@x', `"ESDB://…@x", ${ALLOWED}`],
    [
      'esdb:u:hunter2@x',
      `"…@x", ${ALLOWED}; in user, password and keys : @ / ? # % are written %3A %40 %2F %3F %23 %25`,
    ],
    [
      'esdb://u@db',
      `"esdb://…@db", ${ALLOWED}; before the @ stand user:password, with : @ / ? # % in either written as %3A %40 %2F %3F %23 %25`,
    ],
    [
      'esdb://u:hunter2@db?tls=false',
      `"esdb://…@db?…", ${ALLOWED}; a user and password are only ever sent over TLS: leave tls=false out, or the user`,
    ],
    ['esdb://db?tls=maybe', `"esdb://db?…", ${ALLOWED}; tls=maybe is neither true nor false`],
    [
      'esdb://u:p@db?passwordFile=/f',
      `"esdb://…@db?…", ${ALLOWED}; with passwordFile the user alone stands before the @: esdb://user@host`,
    ],
    [
      'esdb://db?passwordFile=/f',
      `"esdb://db?…", ${ALLOWED}; with passwordFile the user alone stands before the @: esdb://user@host`,
    ],
  ])('a store that can not be: %s', (url, sentence) => {
    expect(messages(`[store]\nurl = "${url}"`)).toEqual([`lodebook.toml:2: store.url: found ${sentence}`])
  })

  test.each([
    'esdb://u:hunter2?rest@db',
    'esdb://u:hunter2/rest@db',
    'esdb://u:hunter2#rest@db',
    'esdb://u:hunter2@rest@db',
    'esdb://u:1234?hunter2@db',
    'esdb://db?password=hunter2',
  ])('no message repeats what may be a password: %s', (url) => {
    const said = messages(null, { flags: [{ path: 'store.url', text: url }] })
    expect(said).toEqual([expect.stringContaining('flag --store.url: store.url: found "')])
    expect(said.join()).not.toContain('hunter2')
  })

  test('variables that begin like ours but name no table are ignored and told', () => {
    expect(
      loaded(null, { environment: { LODEBOOK_SERVICE_HOST: 'x', PATH: 'y', LODEBOOK_CONFIG: 'z' } }).ignored,
    ).toEqual(['LODEBOOK_SERVICE_HOST'])
  })
})

describe('secrets', () => {
  const files: Partial<Sources> = {
    readText: (path) => (path === '/run/pw' ? E.right('from file\n') : E.left('there is no such file')),
  }
  const byFile = NODE.replace('password = "p"', 'password_file = "/run/pw"')

  test('a password is read from its file, without the newline at its end', () => {
    expect(config(byFile, files).nodes[0]?.password).toBe('from file')
  })

  test('the source with more weight decides between password and file', () => {
    const environment = { LODEBOOK_NODES_0_PASSWORD: 'from environment' }
    const flags = [{ path: 'nodes.0.password_file', text: '/run/pw' }]
    expect(config(byFile, { ...files, environment }).nodes[0]?.password).toBe('from environment')
    expect(config(NODE, { ...files, flags }).nodes[0]?.password).toBe('from file')
  })

  test('both in one source, neither, or a file that is no password, are errors', () => {
    expect(messages(`${NODE}password_file = "/run/pw"`, files)).toEqual([
      'lodebook.toml:6: nodes.0.password and nodes.0.password_file are both given; leave one of them out',
    ])
    expect(messages(NODE.replace('password = "p"', ''))).toEqual([
      "lodebook.toml:2: nodes.0.password is missing; give it, or nodes.0.password_file: dcrd's rpcpass",
    ])
    expect(messages(byFile)).toEqual([
      'lodebook.toml:6: nodes.0.password_file: found "/run/pw", which can\'t be read (there is no such file); allowed: a file that this user can read',
    ])
    expect(messages(byFile, { readText: () => E.right('a\nb\n') })).toEqual([
      'lodebook.toml:6: nodes.0.password_file: /run/pw holds more than one line; allowed: one line, the password',
    ])
  })

  test('no setting and no message holds one', () => {
    const secret = 'hunter2-hunter2'
    const { settings } = loaded(NODE.replace('"p"', `"${secret}"`))
    expect(JSON.stringify(settings)).not.toContain(secret)
    expect(settings.find(({ key }) => key === 'nodes.0.password')?.value).toEqual({ hidden: true })
    expect(messages(NODE.replace('"p"', `"${secret}\\nsecond line"`)).join()).not.toContain(secret)
    expect(
      messages(null, { environment: { LODEBOOK_NODES_0_PASSWORD: `${secret}\n` } }).join(),
    ).not.toContain(secret)
  })
})
