import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { startHttp } from '../../adapters/http/server.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { shareReceipt } from '../../adapters/ledger/share-receipt.ts'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { parseReceipt, type Receipt, receiptText } from '../../domain/transparency/receipt.ts'
import { poolExample } from '../adapters/http/pool-example.ts'
import { publish, right, simulatedLedger } from '../receipts/simulated.ts'
import { shown, withChromium } from './chromium.ts'

/** The *Verify* button, on real shares of a history that the real engine made, and on everything that can be false about them. */

const open = withChromium()

type Simulated = Awaited<ReturnType<typeof simulatedLedger>>
interface Place {
  readonly entry: number
  readonly position: number
}
let history: Simulated
let other: Simulated
let place: Place
let key: string
let receipt: Receipt
beforeAll(async () => {
  history = await simulatedLedger({ seed: 3, shares: 400, sharesPerBlock: 100 })
  other = await simulatedLedger({ seed: 4, shares: 60 })
  key = verifierKeyText(history.key.verifier)
  const entries = history.events.flatMap(({ type }, entry) => (type === 'SharesAccepted' ? [entry] : []))
  place = { entry: entries[Math.floor(entries.length / 2)] ?? 0, position: 0 }
  receipt = await receiptOf(history.source, place)
}, 60_000)

const receiptOf = async (source: LedgerSource, { entry, position }: Place): Promise<Receipt> =>
  right(parseReceipt(right(await shareReceipt(source, history.readModels, entry, position))))

/** Serves the history, with this ledger or another. */
async function served(source: LedgerSource = history.source): Promise<string> {
  const { events, readModels } = history
  const pool = poolExample(Date.now())
  const status = {
    ...pool.status,
    network: 'simnet' as const,
    ledger: {
      ...pool.status.ledger,
      keys: [key],
      checkpoint: { size: events.length, root: '', time: Date.now() },
    },
  }
  const options = { ...pool.options(), readModels, ledger: source, status: () => status, now: Date.now }
  const started = right(await startHttp(options)())
  onTestFinished(() => started.stop())
  return started.url
}

/** Somebody between browser and pool who changes receipts on their way, and nothing else. */
async function proxied(url: string, change: (text: string) => string): Promise<string> {
  const proxy = createServer(async (request, response) => {
    const answer = await fetch(url + request.url, { headers: { accept: request.headers.accept ?? '' } })
    const isReceipt = request.url?.endsWith('/receipt') === true
    const body = isReceipt ? change(await answer.text()) : await answer.bytes()
    const { headers } = answer
    const kept = ['content-type', 'content-security-policy', 'cache-control']
    response.writeHead(
      answer.status,
      kept.flatMap((name) => [name, headers.get(name) ?? '']),
    )
    response.end(body)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

const pathOf = ({ entry, position }: Place): string => `/shares/${entry}/${position}`

/** Presses the button and waits for the verdict. */
async function pressed(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Verify' }).click()
  return verdictOf(page)
}

async function verdictOf(page: Page): Promise<string> {
  await page.locator('#verify-verdict.good, #verify-verdict.bad, #verify-verdict.doubt').waitFor()
  return shown(page.locator('#verify-verdict'))
}

/** The steps as they are shown: `In the signed ledger: yes`. */
const stepsOf = async (page: Page): Promise<readonly string[]> =>
  (await page.locator('#verify-steps strong').allInnerTexts()).map((text) => text.trim())

const ALL = [
  'The receipt of this share: yes',
  'Signed with the ledger’s key: yes',
  'In the signed ledger: yes',
  'A share is at this place: yes',
  'Job and miner came before it: yes',
  'The header can be rebuilt: yes',
  'The work was done: yes',
  'Whose it is: yes',
]

describe('a real share', () => {
  test('holds, with every step shown, and nothing is asked of anybody but the pool', async () => {
    const { page, complaints, violations } = await open({})
    await page.goto((await served()) + pathOf(place))
    const requests: string[] = []
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    const verdict = await pressed(page)
    expect(await stepsOf(page)).toEqual(ALL)
    expect(verdict).toMatch(/^It holds: a share of difficulty [\d,]+ by worker “.*” of S\w{34}, accepted /)
    expect(requests.filter((path) => !/^\/api\/v1\/events$|^\/assets\//.test(path))).toEqual([
      `/api/v1${pathOf(place)}/receipt`,
    ])
    expect([complaints, await violations()]).toEqual([[], []])
  })

  test('of every connection and kind of miner holds', async () => {
    const { page, complaints } = await open({})
    const url = await served()
    const entries = history.events.flatMap(({ type }, entry) => (type === 'SharesAccepted' ? [entry] : []))
    for (let i = 0; i < entries.length; i += Math.ceil(entries.length / 6)) {
      await page.goto(url + pathOf({ entry: entries[i] ?? 0, position: 0 }))
      expect(await pressed(page)).toMatch(/^It holds: /)
    }
    expect(complaints).toEqual([])
  })

  test('is verified by the keyboard alone, and once more', async () => {
    const { page, complaints, ask } = await open({})
    await page.goto((await served()) + pathOf(place))
    for (let i = 0; i < 120; i++) {
      if (await page.evaluate(`document.activeElement.matches('form.verify button')`)) break
      await page.keyboard.press('Tab')
    }
    expect(await ask('focus')).toMatchObject({ what: 'BUTTON Verify', seen: true })
    for (let again = 0; again < 2; again++) {
      await page.keyboard.press('Enter')
      expect(await verdictOf(page)).toMatch(/^It holds: /)
      expect(await stepsOf(page)).toEqual(ALL)
    }
    expect(complaints).toEqual([])
  })

  test('holds as a file, chosen on the Ledger page; and the program that is not there is no receipt', async () => {
    const { page, complaints } = await open({})
    await page.goto(`${await served()}/ledger`)
    const file = page.getByLabel('Receipt')
    await file.setInputFiles(fileWith(receiptText(receipt)))
    expect(await pressed(page)).toMatch(/^It holds: /)
    expect(await stepsOf(page)).toEqual(ALL.slice(1))
    await file.setInputFiles(fileWith('#!/bin/sh'))
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('This is no proof: its first line is not "c2sp.org/tlog-proof@v1".').waitFor()
    expect(await stepsOf(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test.each([
    ['wide, light', { viewport: { width: 1440, height: 900 }, colorScheme: 'light' }],
    ['wide, dark', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' }],
    ['phone, light', { viewport: { width: 390, height: 844 }, colorScheme: 'light' }],
    ['phone, dark', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }],
  ] as const)('fits and can be read by all, good or bad, %s', async (name, look) => {
    const { page, ask, violations } = await open(look)
    const url = await served()
    for (const [kind, at] of [
      ['good', url],
      [
        'bad',
        await proxied(
          url,
          falsified((text) => text.replace(/"nonce":\[\d+/, '"nonce":[1')),
        ),
      ],
    ] as const) {
      await page.goto(at + pathOf(place))
      await pressed(page)
      expect([name, kind, await ask('overflow'), await violations()]).toEqual([name, kind, 0, []])
    }
  })
})

function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'lodebook-receipt-')), 'share.tlog-proof')
  writeFileSync(file, text)
  return file
}

/** Changes the text of every entry of a receipt. */
const falsified =
  (change: (entry: string) => string) =>
  (text: string): string => {
    const read = right(parseReceipt(text))
    const changed = {
      ...read,
      evidence: { ...read.evidence, entry: change(read.evidence.entry) },
      context: read.context.map((each) => ({ ...each, entry: change(each.entry) })),
    }
    expect(changed).not.toEqual(read)
    return receiptText(changed)
  }

describe('somebody in between falsifies the receipt:', () => {
  const OUTSIDE = 'What the receipt says of the share, of its job or of its miner is not what was signed.'
  test.each([
    ['another nonce', (text: string) => text.replace(/"nonce":\[\d+/, '"nonce":[1')],
    ['another difficulty', (text: string) => text.replace(/"difficulty":\[\d+/, '"difficulty":[999999')],
    [
      'another account',
      (text: string) => text.replace(/"account":"[0-9a-f]{64}"/, `"account":"${'ab'.repeat(32)}"`),
    ],
    ['another address', (text: string) => text.replace(/"address":"S/, '"address":"T')],
    ['another job', (text: string) => text.replace(/"header":"\w{8}/, '"header":"00000000')],
  ])('%s is not in the signed ledger', async (_, change) => {
    const { page, complaints } = await open({})
    await page.goto((await proxied(await served(), falsified(change))) + pathOf(place))
    expect(await pressed(page)).toBe(
      `It does not hold, at “In the signed ledger”. ${OUTSIDE} Do not rely on this share, and keep the receipt.`,
    )
    expect((await stepsOf(page)).at(-1)).toBe('In the signed ledger: no')
    expect(complaints).toEqual([])
  })

  const changed = (change: (receipt: Receipt) => Partial<Receipt>) => (text: string) => {
    const read = right(parseReceipt(text))
    return receiptText({ ...read, ...change(read) })
  }
  test.each([
    [
      'the checkpoint of another ledger',
      changed(() => ({ checkpoint: otherCheckpoint })),
      'Signed with the ledger’s key: no',
    ],
    [
      'a checkpoint with another root',
      changed(({ checkpoint }) => ({
        checkpoint: checkpoint.replace(/^(.*\n\d+\n)./, (_, head) => `${head}A`),
      })),
      'Signed with the ledger’s key: no',
    ],
    ['a proof with another hash', (text: string) => withoutAProofLine(text), 'In the signed ledger: no'],
    [
      'another place',
      changed(({ position }) => ({ position: position + 1 })),
      'The receipt of this share: no',
    ],
    [
      'no job',
      changed(({ context }) => ({ context: context.filter(({ entry }) => !entry.includes('"WorkIssued"')) })),
      'Job and miner came before it: no',
    ],
    [
      'no beginning',
      changed(({ context }) => ({ context: context.slice(1) })),
      'Job and miner came before it: no',
    ],
  ])('%s', async (_, change, step) => {
    otherCheckpoint = await checkpointOf(other.source)
    const { page, complaints } = await open({})
    await page.goto((await proxied(await served(), change)) + pathOf(place))
    expect(await pressed(page)).toContain(`It does not hold, at “${step.replace(/: no$/, '')}”.`)
    expect((await stepsOf(page)).at(-1)).toBe(step)
    expect(complaints).toEqual([])
  })

  test('the good receipt of another share', async () => {
    const { page } = await open({})
    const next = history.events.findIndex(
      ({ type }, entry) => type === 'SharesAccepted' && entry > place.entry,
    )
    const another = receiptText(await receiptOf(history.source, { entry: next, position: 0 }))
    await page.goto((await proxied(await served(), () => another)) + pathOf(place))
    expect(await pressed(page)).toContain('The pool gave the receipt of another share.')
    expect(await stepsOf(page)).toEqual(['The receipt of this share: no'])
  })

  test.each([
    ['cut off in its header', (text: string) => text.slice(0, 60)],
    ['cut off in its middle', (text: string) => text.slice(0, text.length >> 1)],
    ['cut off before its checkpoint', (text: string) => text.slice(0, text.indexOf('\n\n'))],
    ['without its signature', (text: string) => text.slice(0, text.indexOf('\n\n— ') + 1)],
    ['empty', () => ''],
    ['a page of a hotel', () => '<html>Log in to our Wi-Fi</html>'],
  ])('%s: said in a sentence, as a proxy’s answer and as a file', async (_, change) => {
    const { page, complaints } = await open({})
    const url = await served()
    await page.goto((await proxied(url, change)) + pathOf(place))
    const told = await pressed(page)
    expect(told).toMatch(/^[A-Z"“].*\.$/)
    expect(told).not.toContain('It holds')
    const text = change(receiptText(receipt))
    if (text !== '') {
      await page.goto(`${url}/ledger`)
      await page.getByLabel('Receipt').setInputFiles(fileWith(text))
      expect(await pressed(page)).toBe(told)
    }
    expect(complaints).toEqual([])
  })
})

let otherCheckpoint = ''
const checkpointOf = async (source: LedgerSource): Promise<string> =>
  new TextDecoder().decode(right(await source.checkpoint()()))

/** The first hash of the proof replaced by one of zeros. */
const withoutAProofLine = (text: string): string =>
  text.replace(/^(index \d+\n).*$/m, (_, index) => `${index}${'A'.repeat(43)}=`)

describe('the reader’s key', () => {
  test('is what counts: with another one nothing holds, and what is no key is said to be none', async () => {
    const { page, complaints } = await open({})
    await page.goto((await served()) + pathOf(place))
    const field = page.getByLabel('Verifier key of the ledger')
    expect(await field.inputValue()).toBe(key)
    await field.fill(verifierKeyText(other.key.verifier))
    expect(await pressed(page)).toContain('Either this is not the key of the ledger')
    expect(await stepsOf(page)).toEqual([ALL[0], 'Signed with the ledger’s key: no'])
    await field.fill('nonsense')
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('"nonsense" is no verifier key.').waitFor()
    await field.fill(key)
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.locator('#verify-verdict.good').waitFor()
    expect(complaints).toEqual([])
  })
})

describe('a pool that cheats and signs it:', () => {
  /** The same history with one event told otherwise, signed with the same key. */
  async function retold(
    which: (event: RecordedEvent, index: number) => boolean,
    change: (data: string) => string,
  ): Promise<LedgerSource> {
    let changed = 0
    const events = history.events.map((event, index) => {
      if (!which(event, index)) return event
      const data = change(event.data)
      changed += data === event.data ? 0 : 1
      return { ...event, data }
    })
    expect(changed).toBeGreaterThan(0)
    return ledgerFolder(await publish(events, history.key))
  }
  const isShares = (_: RecordedEvent, index: number): boolean => index === place.entry

  test.each([
    ['another nonce', isShares, /("nonce":\[)\d+/, '$17', 'The work was done'],
    ['more difficulty', isShares, /("difficulty":\[)\d+/, '$1999999999', 'The work was done'],
    [
      'another address',
      ({ type }: RecordedEvent) => type === 'AccountOpened',
      /("address":")\w+/,
      '$1SsUMGgvWLcixEeHv3GT4TGYzA4Lgrgv6akP',
      'Whose it is',
    ],
    ['another job', isShares, /("job":\[)\d+/, '$199999', 'Job and miner came before it'],
  ] as const)('%s', async (_, which, pattern, instead, title) => {
    const source = await retold(which, (data) => data.replace(pattern, instead))
    const { page, complaints } = await open({})
    await page.goto((await served(source)) + pathOf(place))
    expect(await pressed(page)).toContain(`It does not hold, at “${title}”. The pool has signed`)
    expect((await stepsOf(page)).at(-1)).toBe(`${title}: no`)
    expect(complaints).toEqual([])
  })

  describe('another copy of the ledger', () => {
    const named = async (page: Page, mirror: string): Promise<string> => {
      await page.goto((await served()) + pathOf(place))
      await page.getByLabel('Another copy of the ledger').fill(mirror)
      return pressed(page)
    }

    test('with the same entry holds', async () => {
      const { page, complaints } = await open({})
      expect(await named(page, `${await served()}/ledger/`)).toMatch(/^It holds: /)
      expect(await stepsOf(page)).toEqual([...ALL, 'The same in the other copy: yes'])
      expect(complaints).toEqual([])
    })

    test('that has another entry, signed with the same key, fails: the ledger was forked', async () => {
      const forked = await retold(isShares, (data) => data.replace(/("nonce":\[)\d+/, '$17'))
      const { page, complaints } = await open({})
      expect(await named(page, `${await served(forked)}/ledger`)).toContain(
        'You are shown another ledger than others. Keep this receipt: it is signed, and proves that.',
      )
      expect(await stepsOf(page)).toEqual([...ALL, 'The same in the other copy: no'])
      expect(complaints).toEqual([])
    })

    test('of another pool fails', async () => {
      const { page } = await open({})
      await named(page, `${await served(other.source)}/ledger`)
      expect((await stepsOf(page)).at(-1)).toBe('The same in the other copy: no')
    })

    test('that is behind is no fork', async () => {
      const early = await publish(history.events.slice(0, place.entry), history.key)
      const { page } = await open({})
      const verdict = await named(page, `${await served(ledgerFolder(early))}/ledger`)
      expect(verdict).toContain(
        `The other copy could not be asked: it has the first ${place.entry} entries only, and not yet ${place.entry}.`,
      )
      expect(await stepsOf(page)).toEqual(ALL)
    })

    test.each([
      ['is away', 'http://127.0.0.1:9/ledger', 'Nothing can be read at http://127.0.0.1:9/ledger/checkpoint'],
      ['is no ledger', '', 'answered 404: look whether the address is right.'],
    ])('that %s is said, and takes nothing from what holds', async (_, mirror, says) => {
      const { page } = await open({})
      const verdict = await named(page, mirror === '' ? `${await served()}/api/v1` : mirror)
      expect(verdict).toMatch(/^It holds: /)
      expect(verdict).toContain('The other copy could not be asked: ')
      expect(verdict).toContain(says)
      expect(await page.locator('#verify-verdict.doubt').count()).toBe(1)
      expect(await stepsOf(page)).toEqual(ALL)
    })
  })
})

test('without JavaScript the page says how to do it', async () => {
  const { page } = await open({ javaScriptEnabled: false })
  await page.goto((await served()) + pathOf(place))
  expect(await shown(page.locator('main'))).toContain('lodebook verify receipt.tlog-proof --key')
  expect(await page.getByRole('button', { name: 'Verify' }).isVisible()).toBe(false)
})
