import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { networks } from '../../domain/decred/network.ts'
import { networkDifficulty } from '../../domain/decred/target.ts'
import { loadCertificate } from '../../src/devnet/certificate.ts'
import { startDevnet } from '../../src/devnet/devnet.ts'
import { lodebook, start, temporaryDirectory } from '../cli/child.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import { openSandbox, type Sandbox } from './sandbox.ts'
import { root as repository } from './shell-blocks.ts'

/** A pool with a history, running as its own process, that the commands of the pages are tried on. */
export interface ExamplePool {
  /** A command of a page with the addresses, keys and numbers of this pool in place of the page's. */
  readonly asHere: (command: string) => string
  /** A sandbox with everything that pages expect to be there: the program, a configuration, a ledger, a key, a backup. */
  readonly sandbox: () => Sandbox
  /** Its verifier key. */
  readonly key: string
  /** A data directory as `lodebook simulate` leaves it: the history that the pool goes on with. */
  readonly history: string
  readonly close: () => Promise<void>
}

const SHARES = 1_500
const SHARES_PER_BLOCK = 60
/** So that a processor finds shares, and now and then a block. */
const HASHES_PER_SECOND = 100
const MINER = 'SscogFcaGxzkACa1xUavJxcogJyRi34dcCX'

/** Makes the history, and starts chain, wallet, pool and stores on it. */
export async function openExamplePool(): Promise<ExamplePool> {
  const { path: directory, remove } = temporaryDirectory()
  const at = (name: string): string => join(directory, name)
  const run = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await lodebook(command.split(' '), { directory })
    if (code !== 0) throw new Error(`lodebook ${command} ended with ${code}: ${stderr}`)
    return stdout
  }
  const made = await run(`simulate --data history --shares ${SHARES} --shares-per-block ${SHARES_PER_BLOCK}`)
  const [, key = ''] = /Key +(\S+)/.exec(made) ?? []
  cpSync(at('history'), at('pool'), { recursive: true })

  const entries = (await run('ledger cat history/ledger --type WorkIssued')).trimEnd().split('\n')
  const { bits } = JSON.parse(entries.at(-1) ?? '').data
  const devnet = await startDevnet({
    dataDirectory: at('pool/devnet'),
    // As the history was made: work on its tip is in its ledger.
    startDifficulty: Math.round(networkDifficulty(networks.simnet, bits)),
    retarget: false,
  })
  writeFileSync(at('lodebook.toml'), configuration(directory, devnet))
  const pool = start(['run', '--config', 'lodebook.toml', '--log.format', 'json'], { directory })
  process.once('exit', () => pool.process.kill())
  const began = await pool.says('"msg":"node up"')
  const url = /dashboard on (http:[^"]+)/.exec(began)?.[1] ?? ''
  const stratum = `127.0.0.1:${/miners connect to [\d.]+:(\d+)/.exec(began)?.[1]}`

  await run(
    `miner --pool ${stratum} --network simnet --user ${MINER}.rig --answers answers.jsonl --rate ${HASHES_PER_SECOND} --seconds 2`,
  )
  const answers = readFileSync(at('answers.jsonl'), 'utf8').trimEnd().split('\n')
  const answer = answers.map((line) => JSON.parse(line)).find(({ accepted }) => accepted)
  await run('backup backup.db --config lodebook.toml')
  await run(`audit ${url}/ledger --key ${key} --save pool.checkpoint`)
  const { balances }: { readonly balances: readonly { readonly address: string }[] } = JSON.parse(
    await run('balances --config lodebook.toml --json'),
  )
  const other = balances.find(({ address }) => address !== MINER)?.address ?? ''
  const share = `--job ${answer.job} --nonce ${answer.nonce}`
  await run(`receipt --pool ${url} ${share} -o share.tlog-proof`)
  const verified = await run(`verify share.tlog-proof --key ${key}`)
  const [, position = '', entry = ''] = /Share (\d+) of the \d+ in entry (\d+)/.exec(verified) ?? []

  const { certificate: cert, key: serverKey } = await loadCertificate(directory, 'store', Date.now())
  const guarded = (name: string) =>
    startConformanceServer({
      tls: { cert, key: serverKey },
      users: [{ name, password: 'secret', mayWrite: true }],
    })
  const open = await startConformanceServer()
  const another = await startConformanceServer()
  const [full, empty] = [await guarded('lodebook'), await guarded('pool')]
  for (const to of [open.url, `esdb://lodebook:secret@localhost:${full.port}?tlsCAFile=${at('store.cert')}`])
    await run(`store copy --from sqlite:history/lodebook.db --to ${to}`)

  const guardedAt = (host: string, { port }: { readonly port: number }): readonly [RegExp, string] => [
    new RegExp(`@${host}:2113(\\?passwordFile=[^' ]+)`, 'g'),
    `@localhost:${port}$1&tlsCAFile=/etc/lodebook/store-ca.crt`,
  ]
  const replacements: readonly (readonly [RegExp, string])[] = [
    [/https:\/\/mirror\.example\/pool\b/g, `${url}/ledger`],
    [/https:\/\/pool\.example(?=[/ ])|http:\/\/127\.0\.0\.1:8080/g, url],
    [/(pool\.example|127\.0\.0\.1):5550/g, stratum],
    [/\bmirror\.example:(?=\/)/g, ''],
    [/\bpool\.example\+1a2b3c4d\+AYb\.\.\./g, key],
    [/(?<=^lodebook admin ban )Ds\w+/g, other],
    [/\b(DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu|SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah)\b/g, MINER],
    [/\b1042:7\b/g, `${entry}:${position}`],
    [/--job 00030000002a --nonce 1f00a9c4/g, share],
    [/height:1000\b/g, 'height:20'],
    [/(PASSWORD=)\.\.\./g, `$1${devnet.password}`],
    // A pool that runs on a server needs one where no history is.
    [/^(lodebook run .*)esdb:\/\/db:2113\?tls=false/g, `$1${another.url}`],
    [/esdb:\/\/(db|eventstoredb):2113\?tls=false/g, open.url],
    guardedAt('db1', full),
    guardedAt('db', empty),
  ]
  const asHere = (command: string): string =>
    replacements.reduce((text, [page, here]) => text.replaceAll(page, here), scaled(command, stratum))

  const sandbox = (): Sandbox => {
    const box = openSandbox()
    const link = (from: string, to: string) => symlinkSync(from, box.path(to))
    const copy = (from: string, to: string) => cpSync(at(from), box.path(to), { recursive: true })
    link(join(repository, 'src/cli/lodebook.js'), '/usr/local/bin/lodebook')
    for (const file of ['/etc/lodebook/lodebook.toml', 'lodebook.toml']) copy('lodebook.toml', file)
    copy('store.cert', '/etc/lodebook/store-ca.crt')
    writeFileSync(box.path('/run/secrets/store'), 'secret\n')
    for (const name of ['lodebook', 'lodebook-2026-11-25'])
      for (const end of ['', '.json']) copy(`backup.db${end}`, `/backup/${name}.db${end}`)
    mkdirSync(box.path('/var/lib/lodebook'))
    copy('history/lodebook.db', '/var/lib/lodebook/lodebook.db')
    link(at('pool/ledger'), 'ledger')
    mkdirSync(box.path('data'))
    link(at('pool'), 'data/demo')
    for (const name of ['answers.jsonl', 'pool.checkpoint', 'pool.checkpoint.hashed']) copy(name, name)
    copy('share.tlog-proof', 'share-1042-7.tlog-proof')
    writeFileSync(box.path('pool.vkey'), key)
    for (const name of ['package.json', 'src']) link(join(repository, name), name)
    return box
  }
  const close = async (): Promise<void> => {
    pool.process.kill('SIGINT')
    await pool.finished
    await devnet.stop()
    for (const server of [open, full, empty, another]) await server.kill()
    remove()
  }
  return { asHere, sandbox, key, history: at('history'), close }
}

/** A command with values for options: in the place of those that it has, or added. */
const withOptions = (command: string, options: Readonly<Record<string, string | number>>): string =>
  Object.entries(options).reduce(
    (text, [option, value]) =>
      text.includes(`${option} `)
        ? text.replace(new RegExp(`${option} \\S+`), `${option} ${value}`)
        : text.replace(/^(lodebook \w+|npm start --)/, `$1 ${option} ${value}`),
    command.replace(/^npm start/, 'npm start --'),
  )

/** What would take minutes takes a moment, ports are free ones, and miners leave the processor to others. */
function scaled(command: string, stratum: string): string {
  if (command.startsWith('lodebook simulate'))
    return withOptions(command, { '--shares': 500, '--shares-per-block': SHARES_PER_BLOCK })
  if (command.startsWith('lodebook devnet')) return withOptions(command, { '--port': 0 })
  if (command.startsWith('lodebook witness')) return withOptions(command, { '--listen': '127.0.0.1:0' })
  if (/^(npm start|lodebook demo)/.test(command))
    return withOptions(command, { '--http.port': 0, '--listeners.0.port': 0, '--devnet-port': 0 })
  if (!command.startsWith('lodebook miner') || command.includes('--list-dialects')) return command
  const pool = { '--pool': stratum, '--network': 'simnet', '--user': `${MINER}.rig` }
  return withOptions(command, { ...pool, '--rate': HASHES_PER_SECOND, '--seconds': 2 })
}

function configuration(
  directory: string,
  { port, user, password, wallet }: Awaited<ReturnType<typeof startDevnet>>,
): string {
  const chain = `${directory}/pool/devnet`
  return `
[pool]
name = "My mine"
network = "simnet"
data_directory = "${directory}/pool"

[[nodes]]
address = "127.0.0.1:${port}"
certificate_file = "${chain}/rpc.cert"
user = "${user}"
password = "${password}"

[[listeners]]
name = "stratum"
port = 0
difficulty.start = 1

[http]
port = 0

[payout]
mode = "manual"

[wallet]
address = "127.0.0.1:${wallet.port}"
certificate_file = "${chain}/wallet.cert"
client_certificate_file = "${chain}/pool.cert"
client_key_file = "${chain}/pool.key"
passphrase = "${wallet.passphrase}"
`
}
