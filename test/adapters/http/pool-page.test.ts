import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { AllocationPage } from '../../../projections/money/views.ts'
import { everyPage } from './every-page.ts'
import { exampleAddress, exampleHash, HOSTILE_NAME } from './pool-example.ts'
import { runningExample } from './running.ts'

const address = exampleAddress(0)

/** Text of a page as a wide screen has it, without its tags. */
const textOf = (page: string): string =>
  page
    .replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '')
    .replace(/<span class="narrow">.*?<\/span>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

const partOf = (page: string, id: string): string =>
  textOf(page.slice(page.indexOf(`id="${id}"`) + id.length + 5)).slice(0, 200)

describe('the Pool page', () => {
  test('says what there is to know', async () => {
    const pool = await runningExample()
    const page = await (await pool.get('/')).text()
    expect(partOf(page, 'health')).toMatch(/Well\. Everything works/)
    expect(partOf(page, 'hashrate')).toMatch(/48\.2 TH\/s ± 0\.6 TH\/s over ten minutes/)
    expect(partOf(page, 'miners')).toMatch(/20 43 workers on 46 connections/)
    expect(partOf(page, 'height')).toMatch(/1042311 Work from 12 s ago ; network difficulty 3\.13 G/)
    expect(partOf(page, 'effort')).toMatch(/37\.1 % Began 40 s ago ; 69\.0 % of rounds take longer/)
    expect(partOf(page, 'luck')).toMatch(/108 % over the last 10 blocks; 97\.2 % over 40/)
    expect(partOf(page, 'shares')).toMatch(
      /Accepted 1\.84 M 99\.1 % Stale 11,204 0\.6 % Low difficulty 3,811/,
    )
    expect(textOf(page)).toMatch(/1042279 On the chain 32\/256 2 h ago .*rig2 187 % 0\.08388321 DCR/)
    expect(partOf(page, 'scheme')).toMatch(
      /PPLNS 1 % A block is shared by the last work, 2 times what one takes on average\. The rules/,
    )
    expect(partOf(page, 'next-payout')).toMatch(/4\.12345678 DCR to 17 miners, at block 1042400\./)
    expect(partOf(page, 'ledger')).toMatch(/901 entries, signed 0 s ago , seen by 1 of 2 witnesses\./)
    expect(page).toContain('title="48,213,000,000,000 hashes a second"')
    expect(page).toContain('title="8,388,321 atoms"')
    expect(page).toContain('title="Latest: difficulty 4,096 was needed, 3,911 came"')
  })

  test('of a pool without rules says nothing of money', async () => {
    const pool = await runningExample((example) => {
      if (example.pool !== undefined) example.pool = { ...example.pool, policy: null, nextPayout: null }
    })
    expect(partOf(await (await pool.get('/')).text(), 'scheme')).toContain('The pool has no rules yet.')
    expect(textOf(await (await pool.get('/payments')).text())).toContain('This pool pays nobody')
  })

  test('has nothing inline that its policy forbids, and nothing from elsewhere', async () => {
    const pool = await runningExample()
    for (const path of everyPage()) {
      const page = await (await pool.get(path)).text()
      expect(page).not.toMatch(/<script(?![^>]* src=)/)
      // What miners call themselves is text between quotes or tags.
      const tags = page.replace(/="[^"]*"/g, '=""').replace(/>[^<]*</g, '><')
      expect(tags).not.toMatch(/<style|\sstyle=|\son\w+=/)
      expect(page).not.toMatch(/src="(?:https?:)?\/\/|<link[^>]* href="(?:https?:)?\/\//)
    }
  })

  test('escapes what miners call themselves', async () => {
    const pool = await runningExample()
    for (const path of ['/', `/connect?address=${pool.miners[0]?.address}`]) {
      const page = await (await pool.get(path)).text()
      expect(page).not.toContain('<script>alert')
      expect(page).not.toContain('<img')
      expect(page).toContain(
        HOSTILE_NAME.replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')
          .replaceAll('>', '&gt;')
          .replaceAll('"', '&quot;')
          .replaceAll("'", '&#39;'),
      )
    }
  })

  test.each([
    ['1h', 'The last hour', 61],
    ['24h', 'The last 24 hours', 145],
    ['7d', 'The last 7 days', 169],
    ['30d', 'The last 30 days', 181],
    ['nonsense', 'The last 24 hours', 145],
  ])('with range %s draws %s', async (range, title, points) => {
    const pool = await runningExample()
    const page = await (await pool.get(`/?range=${range}`)).text()
    expect(textOf(page)).toContain(title)
    expect(page.match(/<tr data-x=/g)).toHaveLength(points)
    expect(/<polyline class="line line tone-0" points="([^"]+)"/.exec(page)?.[1]?.split(' ')).toHaveLength(
      points,
    )
  })

  test('leaves out a step that has only begun', async () => {
    const pool = await runningExample((example) => {
      example.now = 1_789_999_985_000
    })
    expect((await (await pool.get('/?range=1h')).text()).match(/<tr data-x=/g)).toHaveLength(60)
  })

  test('shows a young pool from its first minute on', async () => {
    const pool = await runningExample((example) => {
      if (example.pool !== undefined) example.pool = { ...example.pool, openedAt: example.now - 1_500_000 }
    })
    const page = await (await pool.get('/')).text()
    expect(textOf(page)).toContain('The last hour It began 25 min ago. On average')
    expect(textOf(page)).not.toContain('24 h')
    expect(textOf(page)).not.toContain('30 d')
    expect(page.match(/<tr data-x=/g)).toHaveLength(26)
    if (pool.pool !== undefined) pool.pool = { ...pool.pool, openedAt: pool.now - 1000 }
    pool.now += 1000
    expect((await (await pool.get('/')).text()).match(/<tr data-x=/g)).toHaveLength(6)
    if (pool.pool !== undefined) pool.pool = { ...pool.pool, openedAt: pool.now - 5 * 3_600_000 }
    pool.now += 1000
    expect(textOf(await (await pool.get('/')).text())).toContain('The last hour')
  })

  test('does not bury the chart under blocks', async () => {
    const pool = await runningExample((example) => {
      example.blocks.forEach((block, index) => {
        example.blocks[index] = { ...block, foundAt: example.now - index * 1000 }
      })
    })
    expect((await (await pool.get('/')).text()).match(/class="found"/g)).toHaveLength(40)
    pool.blocks.push(...pool.blocks)
    pool.now += 1000
    expect((await (await pool.get('/')).text()).match(/class="found"/g)).toBeNull()
  })

  test('offers a window once the pool is older than the one before', async () => {
    const pool = await runningExample()
    const offered = async (hours: number): Promise<readonly (string | undefined)[]> => {
      if (pool.pool !== undefined) pool.pool = { ...pool.pool, openedAt: pool.now - hours * 3_600_000 }
      pool.now += 1000
      const page = await (await pool.get('/')).text()
      return [...page.matchAll(/<th scope="row">(1 h|24 h|7 d|30 d)<|href="\/\?range=(\w+)"/g)].map(
        ([, row, link]) => row ?? link,
      )
    }
    expect(await offered(0.9)).toEqual(['1 h'])
    expect(await offered(1.1)).toEqual(['1 h', '24 h', '1h', '24h'])
    expect(await offered(25)).toEqual(['1 h', '24 h', '7 d', '1h', '24h', '7d'])
    expect(await offered(169)).toEqual(['1 h', '24 h', '7 d', '30 d', '1h', '24h', '7d', '30d'])
  })

  test('leads whoever comes to mine to where that is told', async () => {
    const page = await (await (await runningExample()).get('/')).text()
    expect(page).toContain('<a class="button" href="/connect">Connect a miner</a>')
  })

  test('says on every page that a devnet is one', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, devnet: true }
    })
    for (const path of ['/', '/connect', '/api', '/nowhere'])
      expect(textOf(await (await pool.get(path)).text())).toContain(
        'This is a devnet: its coins are worth nothing.',
      )
    pool.status = { ...pool.status, devnet: false }
    expect(await (await pool.get('/')).text()).not.toContain('devnet')
  })

  test('is made once for all who ask, until something changes', async () => {
    const pool = await runningExample()
    let asked = 0
    const { blocks } = pool.readModels
    Object.assign(pool.readModels, {
      blocks: (...request: Parameters<typeof blocks>) => {
        asked += 1
        return blocks(...request)
      },
    })
    for (let i = 0; i < 5; i++) await pool.get('/')
    expect(asked).toBe(1)
    await pool.get('/?range=7d')
    expect(asked).toBe(2)
    pool.status = { ...pool.status, connections: 47 }
    await pool.get('/')
    expect(asked).toBe(3)
    pool.now += 1000
    await pool.get('/')
    expect(asked).toBe(4)
    pool.changes.next({ position: 902, entries: 902, blocks: [] })
    await pool.get('/')
    expect(asked).toBe(5)
  })

  test('is useful before the first miner, share and block', async () => {
    const pool = await runningExample((example) => {
      const none = { seconds: 60, hashesPerSecond: '0', standardError: '0', shares: 0, rejected: 0 }
      if (example.pool === undefined) return
      example.pool = {
        ...example.pool,
        hashrate: { minute: none, tenMinutes: none, hour: none, day: none },
        miners: 0,
        workers: 0,
        connections: 0,
        work: null,
        round: { ...example.pool.round, block: null, effort: 0, shares: 0 },
        luck: { last10: { blocks: 0, luck: null }, last100: { blocks: 0, luck: null } },
        lastBlock: null,
        shares: { accepted: 0, difficulty: '0', rejected: 0, reasons: [] },
      }
      example.blocks.length = 0
      example.status = { ...example.status, connections: 0, work: null }
    })
    const response = await pool.get('/')
    const text = textOf(await response.text())
    expect(response.status).toBe(200)
    for (const words of [
      'Nobody is connected.',
      'No block yet.',
      'No share yet.',
      'Known after the first block',
      'The pool waits for its node',
    ])
      expect(text).toContain(words)
    expect(text).not.toMatch(/NaN|Infinity|undefined|null/)
  })

  test('before the pool opened, and while the log cannot be read, is a page that says so', async () => {
    const pool = await runningExample((example) => {
      example.pool = undefined
    })
    const opening = await pool.get('/')
    expect(opening.status).toBe(503)
    expect(textOf(await opening.text())).toContain('The pool has not opened yet')
    pool.fault = E.left({ kind: 'damaged', message: '/secret is damaged' })
    pool.now += 1000
    const broken = await pool.get('/')
    expect(broken.status).toBe(503)
    expect(await broken.text()).not.toContain('secret')
  })

  test('that does not exist is a page too', async () => {
    const pool = await runningExample()
    const response = await pool.get('/nowhere')
    expect([response.status, response.headers.get('Content-Type')]).toEqual([404, 'text/html; charset=UTF-8'])
    expect(textOf(await response.text())).toContain('There is nothing here')
  })
})

describe('lists for programs', () => {
  test('are linked whole as CSV, and as JSON with as many as there are at a time', async () => {
    const pool = await runningExample()
    const found = new Set<string>()
    for (const path of everyPage().filter((each) => each !== '/api')) {
      pool.now += 10_000
      const page = await (await pool.get(path)).text()
      for (const [, link = ''] of page.matchAll(/href="(\/api\/v1\/[^"]*)"/g))
        found.add(
          link.replaceAll('&amp;', '&').replaceAll(address, 'ADDRESS').replaceAll(exampleHash(3), 'HASH'),
        )
    }
    const lists = [
      '/miners',
      '/blocks',
      '/payments',
      '/miners/ADDRESS/workers',
      '/miners/ADDRESS/payments',
      '/miners/ADDRESS/earnings',
      '/miners/ADDRESS/statement',
      '/blocks?account=ADDRESS',
      '/blocks/HASH/allocation',
    ]
    for (const list of lists) {
      const join = list.includes('?') ? '&' : '?'
      expect(found).toContain(`/api/v1${list}${join}format=csv`)
      expect(found).toContain(`/api/v1${list}${join}limit=100`)
      expect(found).not.toContain(`/api/v1${list}`)
    }
  })
})

describe('names', () => {
  test('of blocks, entries, shares and payouts have no commas: they are copied', async () => {
    const pool = await runningExample((example) => {
      example.blocks.forEach((block, n) => {
        example.blocks[n] = { ...block, height: 1_042_310 - n }
      })
    })
    for (const path of everyPage()) {
      pool.now += 10_000
      const page = textOf(await (await pool.get(path)).text())
      expect([
        path,
        /\d,\d{3}:\d|1,042,\d{3}|(?:[Bb]lock|[Ee]ntry|[Pp]ayout|[Jj]ob) \d{1,3},\d{3}/.exec(page)?.[0],
      ]).toEqual([path, undefined])
    }
  })
})

describe('the page of the books', () => {
  test('has amounts in DCR, and says when and by whose word there are reserves', async () => {
    const pool = await runningExample((example) => {
      example.status = {
        ...example.status,
        reserves: {
          at: example.now - 600_000,
          wallet: { total: '300000000', spendable: '100000000', immature: '200000000', unconfirmed: '0' },
          ...{ owed: '200000000', onTheWay: '0', isCovered: true },
        },
      }
    })
    const page = textOf(await (await pool.get('/books')).text())
    expect(page).toContain('Sums that must agree Checks What must be By the books By itself Result')
    expect(page).toContain('All is there. 0.00000001 DCR 0.00000001 DCR holds')
    expect(page).toContain(
      'Reserves The wallet held what the miners were owed. It was asked 10 min ago , and all',
    )
    expect(page).toContain('It is the wallet’s word, and proves nothing by itself.')
    expect(page).toContain('Asked at 2026-09-21 14:03:20 UTC Wallet held 3.00000000 DCR')
    expect(page).toContain('Owed to miners then 2.00000000 DCR')
  })
})

describe('the page of a block', () => {
  test('tells its life with hashes that are cut, whole on hover, and lead to an explorer', async () => {
    const page = await (await (await runningExample()).get(`/blocks/${exampleHash(3)}`)).text()
    const life = page.slice(page.indexOf('id="life"'), page.indexOf('id="facts"'))
    expect(life).toMatch(
      /The votes in block <a href="https:\/\/dcrdata\.decred\.org\/block\/([0-9a-f]{64})" [^>]+><span class="mono" title="\1">/,
    )
  })

  test('says who gets what and why', async () => {
    const pool = await runningExample()
    const page = textOf(await (await pool.get(`/blocks/${exampleHash(3)}`)).text())
    expect(page).toContain(
      'The coinbase pays 0.08388319 DCR : 0.00083883 DCR are the pool’s fee, and 0.08304436 DCR are shared',
    )
    expect(page).toContain('It is shared by the work of 812,345 shares of 23 miners, from share 10:3')
    expect(page).toMatch(
      /Rounded down Left over Gets .* 18,500,000,000,000,000,000 18\.0 % 1,495,778 atoms – 0\.01495778 DCR/,
    )
    expect(page).toContain('It is ledger entry 880 , written 2026-09-21 08:40:00 UTC')
  })

  test('of one that was lost when it was paid says who bears that, and that it is paid once when it is back', async () => {
    const said = async (change: Partial<AllocationPage>): Promise<string> => {
      const pool = await runningExample(({ money }) => {
        money.allocation = { ...money.allocation, ...change }
      })
      return textOf(await (await pool.get(`/blocks/${exampleHash(3)}`)).text())
    }
    const reversal = { at: 1_795_000_000_000, why: 'disconnected', fromReserve: '2779012' } as const
    expect(await said({ state: 'reversed', reversal })).toContain(
      'since the block was disconnected; 0.02779012 DCR were paid already: the reserve bears them, and gets them back if the block returns.',
    )
    expect(await said({ repaid: '2779012' })).toContain(
      'The block had been lost before, when 0.02779012 DCR of its reward were paid already: the reserve had advanced them, and gets them back out of what is shared here. Nobody is paid twice.',
    )
  })

  test('of one that is not shared says so', async () => {
    const pool = await runningExample()
    const said = async (n: number): Promise<string> =>
      textOf(await (await pool.get(`/blocks/${exampleHash(n)}`)).text())
    expect(await said(1)).toContain('Its reward is not shared: it is once the next block has approved it.')
    expect(await said(4)).toContain('the votes of the next block disapproved it')
    expect(await said(6)).toContain('Its reward is not shared: it is not on the chain.')
  })

  test.each(['0'.repeat(64), 'nonsense'])('%s is not found', async (hash) => {
    const pool = await runningExample()
    const response = await pool.get(`/blocks/${hash}`)
    expect([response.status, textOf(await response.text()).includes('not a block of this pool')]).toEqual([
      404,
      true,
    ])
  })
})

describe('the Payments page', () => {
  test('lists what was paid, in pages', async () => {
    const pool = await runningExample()
    const response = await pool.get('/payments')
    const page = textOf(await response.text())
    expect(page).toContain('Transaction Miners Chain’s fee Amount')
    expect(page).not.toContain('Chain’s fee Paid')
    expect(page).toContain(
      'The next payout is planned at block 1042400. 4.12345678 DCR are ready for 17 miners',
    )
    expect(page).toMatch(/11 Planned 0 s ago not signed yet 2 0\.00001000 DCR 0\.02999000 DCR/)
    expect(page).toMatch(/6 Taken back 5 d ago/)
    expect((await pool.get('/payments?cursor=mine')).status).toBe(400)
    expect((await pool.get('/payments?cursor=at-5')).status).toBe(200)
  })

  test('says that nobody has the least amount yet, where that is so', async () => {
    const pool = await runningExample((example) => {
      const next = example.pool?.nextPayout ?? null
      if (example.pool !== undefined && next !== null)
        example.pool = { ...example.pool, nextPayout: { ...next, miners: 0, atoms: '0' } }
    })
    expect(textOf(await (await pool.get('/payments')).text())).toContain(
      'planned at block 1042400. Nobody has the least amount of 0.01000000 DCR yet. Smaller balances wait',
    )
    expect(textOf(await (await pool.get('/')).text())).toContain(
      'Next payout 0.00000000 DCR Nobody has the least amount yet; planned at block 1042400.',
    )
  })
})
