import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExamplePool, openExamplePool } from './example-pool.ts'
import { elsewhere, notRun } from './not-run.ts'
import type { Manner, Sandbox } from './sandbox.ts'
import { pages, root, type ShellBlock, shellBlocks } from './shell-blocks.ts'

/**
 * Whatever a page tells people to type is typed here, on a running pool, as it stands but for addresses, keys and amounts, and must end
 * with 0. What can't be run is in not-run.ts with its reason.
 */

let pool: ExamplePool
beforeAll(async () => {
  pool = await openExamplePool()
}, 60_000)
afterAll(() => pool?.close())

/** What a command needs besides itself. */
interface Arrangement {
  /** Makes what is not there, or takes away what is. */
  readonly before?: (box: Sandbox) => unknown
  readonly manner?: (box: Sandbox) => Manner
  /** What the page could not know. */
  readonly here?: (command: string, box: Sandbox) => string | Promise<string>
  /** What must have come of it. */
  readonly after?: (printed: string, box: Sandbox) => unknown
}

const REFERENCE = 'docs/command-line.md'
const without =
  (...paths: readonly string[]) =>
  (box: Sandbox): void => {
    for (const path of paths) rmSync(box.path(path), { recursive: true })
  }
/** A data directory where no history is. */
const another = (box: Sandbox): Manner => ({
  environment: {
    LODEBOOK_POOL_DATA_DIRECTORY: box.path('another'),
    LODEBOOK_STORE_URL: 'sqlite:another/lodebook.db',
  },
})
const ledgerFolder = (box: Sandbox): string => realpathSync(box.path('ledger'))

/** Puts the number of a payout that waits for an operator in the place of the page's. */
async function plannedPayout(command: string, box: Sandbox): Promise<string> {
  const planned = async (): Promise<number | undefined> => {
    const answer = await fetch(pool.asHere('https://pool.example/api/v1/payments'))
    const { items }: { readonly items: readonly { readonly number: number; readonly phase: string }[] } =
      JSON.parse(await answer.text())
    return items.find(({ phase }) => phase === 'planned')?.number
  }
  if ((await planned()) === undefined) await box.run('lodebook payout plan')
  return command.replace(/3$/, String(await planned()))
}

const arrangements: Readonly<Record<string, Readonly<Record<string, Arrangement>>>> = {
  'README.md': {
    'npm run lodebook -- config init': {
      before: without('lodebook.toml'),
      // What it writes names no node yet.
      after: (_, box) => cpSync(box.path('/etc/lodebook/lodebook.toml'), box.path('lodebook.toml')),
    },
    'npm run lodebook -- run': { manner: another },
  },
  'docs/auditing.md': {
    'lodebook audit': {
      after: (printed) => expect(printed).toContain('Everything that was checked holds.'),
    },
  },
  [REFERENCE]: {
    'lodebook run': { manner: another },
    'LODEBOOK_NODES_0_PASSWORD=': {
      manner: another,
      before: (box) => {
        const file = box.path('lodebook.toml')
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^password = .*$/m, ''))
      },
    },
    'npm start': { before: without('data') },
    'lodebook demo': { before: without('data') },
    'lodebook config init': { before: without('/etc/lodebook/lodebook.toml') },
    'lodebook balances --store': { after: (printed) => expect(printed).toBe('true\n') },
    'lodebook payout approve': { here: plannedPayout },
    'lodebook payout reject': { here: plannedPayout },
    'lodebook admin password': { manner: () => ({ input: 'correct horse battery staple\n' }) },
    'lodebook backup': { before: without('/backup/lodebook.db', '/backup/lodebook-2026-11-25.db') },
    'lodebook restore /backup/lodebook-2026-11-25.db --config': {
      before: (box) => cpSync(ledgerFolder(box), box.path('another/ledger'), { recursive: true }),
      manner: another,
    },
    'lodebook restore /backup/lodebook-2026-11-25.db --ledger': { manner: another },
    "lodebook store copy --from 'esdb": { before: without('/backup/lodebook.db') },
    'lodebook devnet --data-directory /tmp/history/devnet': {
      before: (box) => {
        without('lodebook.toml')(box)
        cpSync(pool.history, box.path('/tmp/history'), { recursive: true })
      },
    },
    'lodebook run --pool.network simnet': {
      here: (command, box) => {
        const [, node = ''] = /answers like dcrd on (\S+),/.exec(box.heard()) ?? []
        return command.replace('127.0.0.1:19556', node)
      },
      manner: () => ({ environment: { LODEBOOK_HTTP_PORT: '0', LODEBOOK_LISTENERS_0_PORT: '0' } }),
    },
    'lodebook begin-ledger': {
      manner: (box) => ({ environment: { LODEBOOK_POOL_DATA_DIRECTORY: box.path('/var/lib/lodebook') } }),
    },
    'lodebook witness': {
      before: (box) => box.run('lodebook keygen --witness --name witness.example.com/w1 witness.key'),
    },
  },
  'docs/eventstoredb.md': {
    "lodebook store copy --from 'esdb": {
      before: without('/backup/lodebook.db', '/backup/lodebook.db.json'),
    },
    'docker compose run --rm --no-deps --volume /backup:/backup --entrypoint': {
      before: (box) => {
        for (const path of ['/backup', '/var/lib/kurrentdb/index/a'].map(box.path))
          mkdirSync(path, { recursive: true })
        for (const name of DATABASE) writeFileSync(box.path(`/var/lib/kurrentdb/${name}`), name)
      },
      after: (_, box) => expect(filesIn(box.path('/backup'))).toEqual(expect.arrayContaining([...DATABASE])),
    },
    'docker compose run --rm --no-deps --volume /backup:/backup:ro': {
      before: without('/backup/lodebook.db'),
      after: (_, box) => {
        const restored = box.path('/var/lib/kurrentdb')
        expect(filesIn(restored)).toEqual(expect.arrayContaining([...DATABASE]))
        expect(readFileSync(`${restored}/truncate.chk`, 'utf8')).toBe('chaser.chk')
      },
    },
    'docker compose run --rm --entrypoint /bin/sh lodebook -euc': {
      manner: (box) => ({ environment: { LODEBOOK_STORE_URL: `sqlite:${box.path('moved.db')}` } }),
    },
  },
  'docs/ledger.md': {
    'lodebook keygen --name pool.example.com/ledger': {
      after: (printed) => expect(printed).toMatch(/^pool\.example\.com\/ledger\+[0-9a-f]{8}\+A[\w+/]{43}$/m),
    },
    'rsync -a /tmp/checkpoint': {
      after: async (_, box) => {
        expect(
          await box.run(`lodebook audit /srv/ledger --key "$KEY"`, { environment: { KEY: pool.key } }),
        ).toContain('Everything')
      },
    },
  },
  'docs/webhooks.md': {
    '(umask 077': {
      after: (_, box) => {
        const file = box.path('webhook-secret')
        expect(readFileSync(file, 'utf8')).toMatch(/^[\w+/]{43}=\n$/)
        expect(statSync(file).mode & 0o777).toBe(0o600)
      },
    },
  },
}

/** Files of a database of which a backup is made. */
const DATABASE = [
  'index/a/map.chk',
  'index/a/1.ptable',
  'chaser.chk',
  'writer.chk',
  'chunk-000000.000000',
] as const
const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })

/** Commands that go on until they are asked to end, and what they say once they are ready. */
const going: readonly (readonly [command: RegExp, says: RegExp])[] = [
  [/^(LODEBOOK_\S+=\S+ )?lodebook run\b/, /node up/],
  [/^npm run lodebook -- run$/, /node up/],
  [/^(npm start|lodebook demo)\b/, /Stop /],
  [/^lodebook devnet\b/, /Ctrl-C ends it/],
  [/^lodebook witness\b/, /Listens/],
]

/** The longest beginning of a command that a table has. */
const entryOf = <A>(table: Readonly<Record<string, A>> | undefined, command: string): A | undefined =>
  Object.entries(table ?? {})
    .toSorted(([a], [b]) => b.length - a.length)
    .find(([beginning]) => command.startsWith(beginning))?.[1]

/** Runs a command as a page has it; one that goes on does so until the sandbox is closed. */
async function tryCommand(box: Sandbox, page: string, command: string): Promise<void> {
  const { before, manner, here, after }: Arrangement = entryOf(arrangements[page], command) ?? {}
  await before?.(box)
  const text = pool.asHere((await here?.(command, box)) ?? command)
  const how = manner?.(box)
  const full: Manner = { ...how, environment: { KEY: pool.key, ...how?.environment } }
  const [, says] = going.find(([pattern]) => pattern.test(command)) ?? []
  if (says !== undefined) await box.serve(text, says, full)
  else {
    const printed = await box.run(text, full)
    await after?.(printed, box)
  }
}

/** Runs commands of a page one after the other, on one machine. */
async function tryInOrder(page: string, commands: readonly string[]): Promise<void> {
  const box = pool.sandbox()
  try {
    for (const command of commands) await tryCommand(box, page, command)
  } finally {
    await box.close()
  }
}

const isElsewhere = ({ page, commands: [first = ''] }: ShellBlock): boolean =>
  elsewhere.some((each) => each.page === page && first.startsWith(each.block ?? ''))
const isRun = (page: string, command: string): boolean => entryOf(notRun[page], command) === undefined
const everyBlock = pages.flatMap(shellBlocks)
const blocks = everyBlock
  .filter((block) => !isElsewhere(block))
  .map(({ commands, ...block }) => ({
    ...block,
    commands: commands.filter((each) => isRun(block.page, each)),
  }))
  .filter(({ commands }) => commands.length > 0)

describe.concurrent('commands do what the page says', () => {
  /** Orders to the pool, each of which the next one finds done. */
  const order = /^lodebook (payout|admin (?!password))/
  const examples = blocks.filter(({ page }) => page === REFERENCE)
  const orders = examples.flatMap(({ commands }) => commands).filter((command) => order.test(command))

  test(`${REFERENCE}: orders to a running pool`, () =>
    // What is approved can't be rejected any more.
    tryInOrder(
      REFERENCE,
      orders.toSorted((a, b) => Number(/approve/.test(a)) - Number(/approve/.test(b))),
    ))

  test.each(examples.filter(({ commands: [first = ''] }) => !order.test(first)))(
    '$page:$line',
    async ({ page, commands }) => {
      // Examples are several ways to call a command, but here, where a pool needs its chain.
      const isOne = commands[0]?.startsWith('lodebook devnet --data-directory /tmp/history')
      for (const each of isOne ? [commands] : commands.map((command) => [command]))
        await tryInOrder(page, each)
    },
  )

  test.each(pages.filter((page) => page !== REFERENCE && blocks.some((block) => block.page === page)))(
    '%s',
    (page) =>
      tryInOrder(
        page,
        blocks.filter((block) => block.page === page).flatMap(({ commands }) => commands),
      ),
  )

  test('docs/runbooks: what is looked at first', async () => {
    const looks = pages
      .filter((page) => page.startsWith('docs/runbooks/'))
      .flatMap((page) => {
        const [, section = ''] =
          /^## How to see it\n([\s\S]*?)^## /m.exec(readFileSync(root + page, 'utf8')) ?? []
        return [...section.matchAll(/`((?:lodebook|curl|df) [^`]+)`/g)].map(([, command = '']) => command)
      })
    expect(looks.length).toBeGreaterThan(5)
    await tryInOrder('docs/runbooks', [...new Set(looks)])
  })
})

describe('the lists name what is there', () => {
  const blocksOf = (page: string): readonly ShellBlock[] => everyBlock.filter((block) => block.page === page)
  const listed = [notRun, arrangements].flatMap((table) =>
    Object.entries<Readonly<Record<string, unknown>>>(table).flatMap(([page, entries]) =>
      Object.keys(entries).map((beginning) => ({ page, beginning })),
    ),
  )

  test.each(listed)('$page: $beginning', ({ page, beginning }) => {
    const commands = blocksOf(page).flatMap((block) => block.commands)
    expect(commands.filter((command) => command.startsWith(beginning))).not.toEqual([])
  })

  test.each(elsewhere)('$page is run by $test', ({ page, block = '', test: file }) => {
    const firsts = blocksOf(page).flatMap(({ commands: [first = ''] }) => first)
    expect(firsts.filter((first) => first.startsWith(block))).not.toEqual([])
    expect(readFileSync(root + file, 'utf8')).toContain(page.replace('docs/', ''))
  })

  test('and most commands are run', () => {
    const commands = (of: readonly { readonly commands: readonly string[] }[]): number =>
      of.flatMap((each) => each.commands).length
    expect(commands(blocks)).toBeGreaterThan(commands(everyBlock) / 2)
  })
})
