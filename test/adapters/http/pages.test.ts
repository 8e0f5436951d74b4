import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { describe, expect, test } from 'vitest'
import { VISITOR_LIMIT } from '../../../adapters/http/rate-limit.ts'
import type { LedgerError } from '../../../adapters/ledger/port.ts'
import { examplePages } from './every-page.ts'
import { exampleAddress, exampleHash, HOSTILE_NAME } from './pool-example.ts'
import { type RunningExample, runningExample } from './running.ts'

/** Text of a page, without its tags. */
const textOf = (page: string): string =>
  page
    .replace(/<span class="narrow">.*?<\/span>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

const read = async (pool: RunningExample, path: string): Promise<string> =>
  textOf(await (await pool.get(path)).text())

const address = exampleAddress(0)

describe('every page', () => {
  test.each(examplePages)('%s names itself and has no figure that is none', async (_, path) => {
    const pool = await runningExample()
    const response = await pool.get(path)
    const page = await response.text()
    expect([200, 302, 404]).toContain(response.status)
    if (response.status === 302) return
    expect(page.match(/<h1/g)).toHaveLength(1)
    expect(textOf(page)).not.toMatch(/NaN|Infinity|undefined|\[object/)
    expect(pool.reported).toEqual([])
  })
})

describe('a miner’s page', () => {
  test('says what it is owed, by stage, and what it was paid', async () => {
    const page = await read(await runningExample(), `/miners/${address}`)
    expect(page).toContain('Owed 0.18800100 DCR Of this 0.00523456 DCR can be paid.')
    expect(page).toMatch(/Immature 0\.16776644 DCR .* Available 0\.00523456 DCR .* In payout 0\.01500000 DCR/)
    expect(page).toMatch(/Of the next block 28\.7 % were it found now/)
    expect(page).toContain('It is paid once 0.01000000 DCR are available: 0.00476544 DCR more.')
  })

  test('draws each of its workers with its error', async () => {
    const page = await (await (await runningExample()).get(`/miners/${address}?range=1h`)).text()
    expect(page.match(/<polyline class="line line tone-\d"/g)).toHaveLength(3)
    expect(page.match(/<polygon class="band tone-\d"/g)).toHaveLength(3)
    expect(textOf(page)).toMatch(/On average rig1 [\d.]+ TH\/s/)
  })

  test('lists its own newest shares, with their places in the ledger', async () => {
    const page = await (await (await runningExample()).get(`/miners/${address}`)).text()
    expect(page.match(/href="\/shares\/900\/0"/g)).toHaveLength(1)
    expect(page).toContain('href="/shares/900/1"')
    expect(page).not.toContain('href="/shares/900/2"')
  })

  test('is there when the ledger is not', async () => {
    const pool = await runningExample((example) => {
      const fails = TE.left<LedgerError, Uint8Array>({ kind: 'disk', message: 'The disk is gone.' })
      example.ledger = { ...example.ledger, bundle: () => fails }
    })
    const page = await read(pool, `/miners/${address}`)
    expect(page).toContain('The ledger cannot be read at the moment. Shares are counted all the same.')
    expect(page).not.toContain('The disk')
  })

  test('can be had by account id, and names its feeds', async () => {
    const pool = await runningExample()
    const id = pool.accounts.get(address)?.account
    const page = await (await pool.get(`/miners/${id}`)).text()
    expect(page).toContain(`<code>${address}</code>`)
    expect(page).toContain(`type="application/atom+xml" href="/miners/${address}/payments.atom"`)
  })

  test.each([
    ['nonsense', 400, 'is not an address'],
    [exampleAddress(77), 404, 'No miner with this address has sent a good share'],
  ])('of %s is an error', async (who, status, words) => {
    const pool = await runningExample()
    const response = await pool.get(`/miners/${who}`)
    expect(response.status).toBe(status)
    expect(textOf(await response.text()).toLowerCase()).toContain(words.toLowerCase())
  })
})

describe('a worker’s page', () => {
  test('has the windows, the machine and why shares were refused', async () => {
    const page = await read(await runningExample(), `/miners/${address}/worker?name=rig1`)
    expect(page).toMatch(/One minute 9\.65 TH\/s ± .* Ten minutes 9\.10 TH\/s .* One hour .* One day/)
    expect(page).toMatch(/1\.7 decred-gominer\/2\.0\.0 main 4,096/)
    expect(page).toMatch(/Stale 52 .* Low difficulty 9/)
  })

  test('of an unknown name is an error', async () => {
    const response = await (await runningExample()).get(`/miners/${address}/worker?name=rig9`)
    expect([response.status, textOf(await response.text()).includes('no worker of this name')]).toEqual([
      404,
      true,
    ])
  })
})

describe('lists', () => {
  test.each([
    ['/miners', '/miners?sort=workers&amp;order=desc', '/miners?sort=workers&order=asc'],
    ['/blocks', '/blocks?sort=effort&amp;order=desc', '/blocks?sort=effort&order=asc'],
    ['/payments', '/payments?sort=paid&amp;order=desc', '/payments?sort=paid&order=asc'],
  ])('%s sort by their heads and say so', async (path, link, sorted) => {
    const pool = await runningExample()
    expect(await (await pool.get(path)).text()).toContain(link)
    const page = await (await pool.get(sorted)).text()
    expect(page).toMatch(/aria-sort="ascending"/)
    expect((await pool.get(`${path}?sort=height;drop`)).status).toBe(400)
    expect((await pool.get(`${path}?order=up`)).status).toBe(400)
    expect((await pool.get(`${path}?cursor=mine`)).status).toBe(400)
  })

  test('go on where they are sorted', async () => {
    const pool = await runningExample()
    const get = async (path: string): Promise<string> =>
      (await (await pool.get(path)).text()).replaceAll('&amp;', '&')
    const first = await get('/blocks?sort=effort&order=asc')
    const next = /href="(\/blocks\?sort=effort&order=asc&cursor=[^"]+)" rel="next"/.exec(first)?.[1] ?? ''
    const second = await get(next)
    expect(second).toContain('href="/blocks?sort=effort&order=asc" rel="first"')
    expect(second.match(/data-head="Effort"/g)).toHaveLength(15)
  })
})

describe('luck', () => {
  test('is held against chance', async () => {
    const page = await read(await runningExample(), '/blocks')
    expect(page).toContain('Of the last 38 rounds 15 took more work than the average one; chance gives 14.0.')
    expect(page).toMatch(
      /Over the last 38 rounds the pool found \d+(\.\d)? % of the blocks that its work is worth\. Chance alone moves this by ± 16\.2 %: this is within twice that\./,
    )
  })
})

describe('a payout’s page', () => {
  test('says who is paid and from which block the money came', async () => {
    const page = await read(await runningExample(), '/payments/9')
    expect(page).toMatch(/Pays 0\.02999000 DCR to 2 miners .* borne by its miners, each by its part/)
    expect(page).toContain('block 1042031')
    expect(page).toContain('0.05000000 DCR go back to the pool’s wallet as change')
  })

  test('of one that was taken back says why', async () => {
    expect(await read(await runningExample(), '/payments/6')).toContain(
      'Another transaction spent the same money first: its money went back to its miners.',
    )
  })

  test.each(['99', 'x'])('%s is an error', async (number) => {
    expect((await (await runningExample()).get(`/payments/${number}`)).status).toBe(404)
  })
})

describe('the Ledger page', () => {
  test('has checkpoint, key, witnesses, rules and how to check', async () => {
    const page = await read(await runningExample(), '/ledger')
    expect(page).toContain('It is published as the pool works. A witness did not sign the newest checkpoint.')
    expect(page).toContain('witness.example.com 880 entries')
    expect(page).toContain('It answered 404: unknown log')
    expect(page).toMatch(/It has 901 entries: 60 a minute since it began\./)
    expect(page).toContain('npm run lodebook -- audit http://127.0.0.1')
    expect(page).toMatch(/3 shares accepted, 1 block found\. shares-1-2026092114@/)
  })

  test('of a ledger that has stopped says why', async () => {
    const pool = await runningExample((example) => {
      example.status = {
        ...example.status,
        ledger: { ...example.status.ledger, state: 'stopped', message: 'The log does not fit.' },
      }
    })
    expect(await read(pool, '/ledger')).toContain('Nothing is signed any more. The log does not fit.')
  })

  test('of a ledger that has signed nothing yet is whole', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, ledger: { ...example.status.ledger, checkpoint: null, keys: [] } }
    })
    expect(await read(pool, '/ledger')).toContain('No entry is published yet.')
    expect((await pool.get('/ledger-entries/0')).status).toBe(404)
  })
})

describe('an entry', () => {
  test('is shown in words, and byte by byte', async () => {
    const pool = await runningExample()
    const page = await read(pool, '/ledger-entries/900')
    expect(page).toContain('3 shares accepted, 1 block found.')
    expect(page).toContain('tile/entries/003.p/133')
    expect(page).toMatch(/Leaf hash [0-9a-f]{64}/)
    expect(page).not.toContain('Entry 901')
  })

  test('behind the published ones is an error', async () => {
    const pool = await runningExample()
    expect((await pool.get('/ledger-entries/901')).status).toBe(404)
    expect((await pool.get('/ledger-entries/9007199254740993')).status).toBe(404)
  })

  test('is one of pages to the first', async () => {
    const pool = await runningExample()
    const oldest = await read(pool, '/ledger-entries?before=50')
    expect(oldest).toContain('The pool opened on mainnet.')
    expect(oldest).not.toContain('Earlier entries')
  })
})

describe('a share', () => {
  test('names who sent it, from the ledger alone', async () => {
    const page = await read(await runningExample(), '/shares/900/1')
    expect(page).toContain('share 1 of entry 900')
    expect(page).toContain('Extranonce2 0000002b')
    expect(page).toContain(address)
    expect(page).toContain('1.7, which begins in entry 1')
  })

  test.each(['/shares/900/3', '/shares/0/0', '/shares/2000/0', '/shares/x/0'])('%s is none', async (path) => {
    expect((await (await runningExample()).get(path)).status).toBe(404)
  })
})

describe('the Books page', () => {
  test('has liabilities, conservation, checks and reserves', async () => {
    const pool = await runningExample((example) => {
      const at = example.now - 5_000
      const wallet = { total: '300000000', spendable: '1', immature: '2', unconfirmed: '3' }
      example.status = {
        ...example.status,
        reserves: { at, wallet, owed: '212110118', onTheWay: '0', isCovered: true },
      }
    })
    const page = await read(pool, '/books')
    expect(page).toContain('The books agree to the atom.')
    expect(page).toContain('Owed to miners 2.12110118 DCR')
    expect(page).toContain('Reserve -0.00000412 DCR The operator owes this.')
    expect(page).toContain('The wallet held what the miners were owed. It was asked 5 s ago')
    expect(page).toContain('All is there. 0.00000001 DCR 0.00000001 DCR holds')
    expect(page).toContain('Miners and pool are owed')
  })
})

describe('the search', () => {
  const goesTo = async (text: string): Promise<string | null> => {
    const pool = await runningExample()
    return (await pool.get(`/search?q=${encodeURIComponent(text)}`)).headers.get('Location')
  }

  test.each([
    ['an address', address, `/miners/${address}`],
    ['the beginning of one', ` ${address.slice(0, 12)} `, `/miners/${address}`],
    ['a height', '1042217', `/blocks/${exampleHash(3)}`],
    ['a hash', exampleHash(20), `/blocks/${exampleHash(20)}`],
    ['a transaction', exampleHash(702), '/payments/9'],
    ['a height as people write it', '1,042,217', `/blocks/${exampleHash(3)}`],
    ['a share by its place', '900:1', '/shares/900/1'],
    ['one as people write it', '1,216:1', '/shares/1216/1'],
    ['a share as its miner knows it', '000100000009/00000384', '/shares/900/0'],
    ['one written from the other end', '000100000009/84030000', '/shares/900/0'],
  ])('goes straight to %s', async (_, text, place) => {
    expect(await goesTo(text)).toBe(place)
  })

  test('offers what a name may mean', async () => {
    const page = await (await (await runningExample()).get('/search?q=rig1')).text()
    expect(page.match(/<li><a href="\/miners\/[^"]+\/worker\?name=rig1"/g)).toHaveLength(2)
    expect(page).toContain('value="rig1"')
  })

  test('in vain says so kindly, and repeats nothing as markup', async () => {
    const response = await (await runningExample()).get(`/search?q=${encodeURIComponent(HOSTILE_NAME)}x`)
    const page = await response.text()
    expect(response.status).toBe(200)
    expect(page).not.toContain('<script>alert')
    expect(textOf(page)).toContain('An address is known from its first good share on')
    expect(await read(await runningExample(), '/search?q=000100000004/00000000')).toContain(
      'The signed ledger has no accepted share of this job and nonce.',
    )
  })

  test('for nothing says what can be asked', async () => {
    expect(await read(await runningExample(), '/search')).toContain(
      'You can look for an address or its first six characters',
    )
  })
})

describe('feeds', () => {
  test.each([
    ['/feeds/blocks.atom', 25, 'Block 1042310: submitted'],
    ['/feeds/payments.atom', 12, 'Payout 11: planned'],
    [`/miners/${address}/blocks.atom`, 14, 'Block 1042310: submitted'],
    [`/miners/${address}/payments.atom`, 12, 'Payout 9: paid'],
  ])('%s is Atom', async (path, entries, title) => {
    const pool = await runningExample()
    const response = await pool.get(path)
    const text = await response.text()
    expect(response.headers.get('Content-Type')).toBe('application/atom+xml; charset=utf-8')
    expect(text.match(/<entry>/g)).toHaveLength(entries)
    expect(text).toContain(`<title>${title}</title>`)
    expect(text).toContain(`<link rel="self" type="application/atom+xml" href="${pool.server.url}${path}"/>`)
    const ids = [...text.matchAll(/<id>(.*)<\/id>/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(entries + 1)
    // Nothing but the five entities of XML, and no tag left open.
    expect(text.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
    const opened = text.match(/<[a-z]+(?=[ >])(?![^>]*\/>)/g) ?? []
    expect(text.match(/<\/[a-z]+>/g)).toHaveLength(opened.length)
  })

  test('behind a proxy that speaks HTTPS have its addresses and the same ids', async () => {
    const pool = await runningExample()
    const ids = (text: string): readonly string[] => text.match(/<id>.*<\/id>/g) ?? []
    const plain = await (await pool.get('/feeds/blocks.atom')).text()
    const secure = await (
      await pool.get('/feeds/blocks.atom', { headers: { 'X-Forwarded-Proto': 'https' } })
    ).text()
    expect(secure).toContain('href="https://127.0.0.1')
    expect(ids(secure)).toEqual(ids(plain))
  })
})

describe('errors are pages', () => {
  const all = [
    '/',
    '/miners',
    '/blocks',
    '/payments',
    '/books',
    '/ledger',
    '/search?q=x',
    `/miners/${address}`,
  ]

  test.each(all)('%s while the figures cannot be read', async (path) => {
    const pool = await runningExample((example) => {
      example.fault = E.left({ kind: 'unavailable', message: '/secret is locked' })
    })
    const response = await pool.get(path)
    const page = await response.text()
    expect([response.status, response.headers.get('Content-Type')]).toEqual([503, 'text/html; charset=UTF-8'])
    expect(textOf(page)).toContain('Shares that were accepted are stored and stay so.')
    expect(page).not.toContain('secret')
  })

  test('of the pool’s own making', async () => {
    const pool = await runningExample((example) => {
      Object.assign(example.readModels, {
        books: () => {
          throw new Error('out of order')
        },
      })
    })
    const response = await pool.get('/books')
    expect(response.status).toBe(500)
    expect(textOf(await response.text())).toContain('Miners are not affected')
    expect(pool.reported).toHaveLength(1)
  })

  test('for who asks too often', async () => {
    const pool = await runningExample()
    for (let i = 0; i < VISITOR_LIMIT.burst; i++) await pool.get('/search')
    const response = await pool.get('/', { headers: { Accept: 'text/html' } })
    expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '1'])
    expect(textOf(await response.text())).toContain('Open pages keep themselves up to date')
    const program = await pool.get('/api/v1/pool')
    expect(program.headers.get('Content-Type')).toBe('application/problem+json')
  })
})
