import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { DEMO_MINING_ADDRESS, DEMO_PASSPHRASE } from '../../src/devnet/demo-key.ts'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'
import { notRun } from './not-run.ts'
import { type Manner, openSandbox, type Served } from './sandbox.ts'
import { codeBlocks, shellBlocks } from './shell-blocks.ts'

/** The manual for operators from its first command to its last, on one machine: from nothing to a pool that pays, is restored and moves. */

const PAGE = 'docs/operators.md'
const box = openSandbox()
afterAll(box.close)

let devnet: Devnet
let pool: Served
afterAll(() => devnet.stop())

/** dcrd and dcrwallet, with what the page has in their configuration. */
async function startChain(): Promise<void> {
  const dataDirectory = box.path('~/devnet')
  devnet = await startDevnet({ dataDirectory, user: 'lodebook', password: 'a-long-random-word' })
  copyFileSync(`${dataDirectory}/rpc.cert`, box.path('~/.dcrd/rpc.cert'))
  copyFileSync(`${dataDirectory}/wallet.cert`, box.path('~/.dcrwallet/rpc.cert'))
}

/** Writes the configuration as it is after so many of the page's pieces. */
function configure(pieces: number): void {
  const [first = '', ...more] = codeBlocks(PAGE, 'toml').map(({ text }) => text)
  const [mode = ''] = /^mode = "public"/m.exec(more[0] ?? '') ?? []
  const text = [
    pieces > 1 ? first.replace(/^mode = .*$/m, mode) : first,
    ...more.slice(0, pieces - 1).map((piece) => piece.replace(/^\[pool\]\nmode = .*$/m, '')),
    '[http]\nport = 0\n',
  ].join('\n')
  const here = box
    .placed(text)
    .replace('"mainnet"', '"simnet"')
    .replace(/(?<=\[\[nodes\]\][^[]*address = ")127\.0\.0\.1/, `127.0.0.1:${devnet.port}`)
    .replace(/(?<=\[wallet\]\s*address = ")127\.0\.0\.1/, `127.0.0.1:${devnet.wallet.port}`)
    .replace('port = 5550', 'port = 0')
    .replace('"Ds..."', `"${DEMO_MINING_ADDRESS}"`)
  writeFileSync(box.path('/etc/lodebook/lodebook.toml'), here)
}

const RUN = 'sudo -u lodebook lodebook run --config /etc/lodebook/lodebook.toml'
async function startPool(): Promise<void> {
  pool = await box.serve(RUN, /miners connect to /)
}
const removeFromData = (names: RegExp): void => {
  for (const name of readdirSync(box.path('/var/lib/lodebook')).filter((each) => names.test(each)))
    rmSync(box.path(`/var/lib/lodebook/${name}`), { recursive: true })
}

/** What is done besides typing: before a command, and after it. */
const steps: Readonly<
  Record<
    string,
    {
      readonly before?: () => void | Promise<void>
      readonly after?: (printed: string) => void | Promise<void>
      readonly manner?: Manner
    }
  >
> = {
  'sudo -u lodebook lodebook doctor': {
    before: () => configure(1),
    after: (printed) => expect(printed).toContain('gives work'),
  },
  'lodebook miner': { after: (printed) => expect(printed).toMatch(/[1-9]\d* accepted/) },
  // dcrwallet reads its clientcafile when it starts.
  'sudo cp /etc/lodebook/wallet-client.crt': {
    after: async () => {
      await pool.end()
      await devnet.stop()
      copyFileSync(box.path('~/.dcrwallet/clients.pem'), box.path('~/devnet/pool.cert'))
      copyFileSync(box.path('/etc/lodebook/wallet-client.key'), box.path('~/devnet/pool.key'))
      await startChain()
    },
  },
  'sudo chown lodebook: /etc/lodebook/wallet-': {
    after: async () => {
      configure(2)
      removeFromData(/./)
      expect(await box.run('lodebook doctor --config /etc/lodebook/lodebook.toml')).toMatch(
        /^ok +wallet .* answers/m,
      )
    },
  },
  'sudo -u lodebook lodebook admin password': {
    manner: { input: 'correct horse battery staple\n' },
    after: async () => {
      configure(4)
      await startPool()
    },
  },
  'sudo -u lodebook lodebook backup': {
    // What is in the ledger and not in the backup.
    after: async () => {
      await box.run(asHere(`lodebook miner --pool 127.0.0.1:5550 --user ${DEMO_MINING_ADDRESS} --seconds 60`))
    },
  },
  'sudo -u lodebook lodebook restore': {
    before: async () => {
      await pool.end()
      removeFromData(/^lodebook\.db/)
    },
    after: (printed) => expect(printed).toMatch(/^[1-9]\d* of them came from the public ledger/m),
  },
  'sudo -u lodebook lodebook begin-ledger': { before: () => removeFromData(/^ledger$/) },
}

const asHere = (command: string): string =>
  command
    .replace('127.0.0.1:5550', `127.0.0.1:${/.*miners connect to [\d.]+:(\d+)/s.exec(box.heard())?.[1]}`)
    .replace('--seconds 60', '--seconds 3 --network simnet')
    .replace('the-private-passphrase', DEMO_PASSPHRASE)
    .replace('lodebook-2026-11-25.db', 'lodebook-$(date +%F).db')

test('every command of docs/operators.md does what it says', async () => {
  await startChain()
  const commands = shellBlocks(PAGE)
    .flatMap(({ commands }) => commands)
    .filter((command) => Object.keys(notRun[PAGE] ?? {}).every((each) => !command.startsWith(each)))
  expect(Object.keys(steps).filter((step) => !commands.some((command) => command.startsWith(step)))).toEqual(
    [],
  )
  for (const command of commands) {
    const [, { before, after, manner } = {}] =
      Object.entries(steps).find(([step]) => command.startsWith(step)) ?? []
    await before?.()
    if (command === RUN) await startPool()
    else {
      const printed = await box.run(asHere(command), manner)
      await after?.(printed)
    }
  }
})
