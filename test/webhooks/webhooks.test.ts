import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import pino from 'pino'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NO_STREAM } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { type After, realAfter } from '../../adapters/timers.ts'
import type { WebhookConfig } from '../../src/config/config.ts'
import { readCursor, writeCursor } from '../../src/webhooks/cursor.ts'
import { isWebhookSecret, signedHeaders } from '../../src/webhooks/signature.ts'
import { openWebhooks, type Webhooks, waitMs } from '../../src/webhooks/webhooks.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { type Receiver, webhookReceiver } from './receiver.ts'

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
/** The waits of the pool, fifty times as fast. */
const quick: After = (ms, run) => realAfter(ms / 50, run)
const hash = (n: number): string => n.toString(16).padStart(64, '0')

/** A log, a directory for cursors, and what was attempted; all of it ends with the test. */
function house() {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-webhooks-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const attempts: string[] = []
  const warnings: string[] = []
  const waitsMs = new Set<number>()
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line).msg) })
  let store = memoryEventStore()
  let running: Webhooks | undefined
  onTestFinished(() => running?.stop())

  const append = async (
    stream: string,
    type: string,
    data: object,
    revision = NO_STREAM,
  ): Promise<string> => {
    const id = crypto.randomUUID()
    const events = [{ id, type, data: JSON.stringify({ v: 1, at: 1_790_000_000_000, ...data }) }]
    const appended = await store.append([{ stream, expected: revision, events }])()
    if (E.isLeft(appended)) throw new Error(appended.left.message)
    return id
  }
  return {
    directory,
    attempts,
    warnings,
    /** The waits it asked for: until it looks for news, until it tries again. */
    waitsMs,
    append,
    /** A block's approval, which is all that a receiver need know of it here. */
    block: (n: number) => append(`block-${hash(n)}`, 'BlockApproved', { by: hash(n + 1) }),
    payout: (n: number) => append(`payout-${n}`, 'PayoutPublished', {}),
    newStore: () => {
      store = memoryEventStore()
    },
    start: async (...receivers: readonly WebhookConfig[]) => {
      await running?.stop()
      running = openWebhooks({
        receivers,
        store,
        directory,
        sender: { pool: 'Test', network: 'simnet' },
        nowMs: Date.now,
        after: (ms, run) => {
          waitsMs.add(ms)
          return quick(ms, run)
        },
        answerMsMax: 300,
        random: () => 1,
        onAttempt: (receiver, outcome, age) =>
          attempts.push(`${receiver} ${outcome} ${age > 1000 ? 'old' : age}`),
        log,
      })
      // A new receiver begins at the head of the log; what a test appends must come after that.
      while (readdirSync(directory).length < receivers.length) await new Promise(setImmediate)
    },
    stop: async () => running?.stop(),
    /** Resolves when so many were taken, and that is noted: what is on its way when the pool stops is sent again. */
    delivered: async (count: number) => {
      while (attempts.filter((each) => each.includes('delivered')).length < count)
        await new Promise(setImmediate)
    },
  }
}

const told = (receiver: Receiver, name = 'hook', events: WebhookConfig['events'] = 'all'): WebhookConfig => ({
  name,
  url: receiver.url,
  secret: SECRET,
  events,
})

describe('a receiver', () => {
  test('gets what the ledger has, signed as the Standard Webhooks library of others checks it', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.start(told(receiver))
    const id = await pool.block(7)
    const { headers, body, message } = await receiver.gets(({ type }) => type === 'BlockApproved')
    expect(message).toEqual({
      id,
      type: 'BlockApproved',
      at: 1_790_000_000_000,
      pool: 'Test',
      network: 'simnet',
      block: hash(7),
      payout: null,
      stream: `block-${hash(7)}`,
      revision: 0,
      data: { v: 1, at: 1_790_000_000_000, by: hash(8) },
    })
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': id })
    expect(headers['user-agent']).toMatch(/^lodebook\/\d/)
    expect(new Webhook(SECRET).verify(body, headers)).toEqual(message)
    expect(() => new Webhook(SECRET).verify(body.replace('simnet', 'mainne'), headers)).toThrow()
    expect(() =>
      new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`).verify(body, headers),
    ).toThrow()
  })

  test('is told of blocks, of payments or of both, and of nothing else', async () => {
    const pool = house()
    const [all, blocks, payments] = [
      await webhookReceiver(),
      await webhookReceiver(),
      await webhookReceiver(),
    ]
    await pool.start(told(all, 'a'), told(blocks, 'b', 'blocks'), told(payments, 'p', 'payments'))
    await pool.append('pool', 'PoolOpened', { network: 'simnet', mode: 'public', software: 'x' })
    await pool.block(1)
    await pool.append('payout-9', 'PayoutSigned', { transaction: hash(3), bytes: '00' })
    await pool.payout(1)
    await pool.block(2)
    const second = ({ block }: { block: string | null }) => block === hash(2)
    await Promise.all([all.gets(second), blocks.gets(second), payments.gets(({ payout }) => payout === 1)])
    const of = ({ received }: Receiver) => received.map(({ message }) => message.block ?? message.payout)
    expect([of(all), of(blocks), of(payments)]).toEqual([[hash(1), 1, hash(2)], [hash(1), hash(2)], [1]])
  })

  test('that is new hears of what happens from then on', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.block(1)
    await pool.start(told(receiver))
    await pool.block(2)
    await receiver.gets(({ block }) => block === hash(2))
    expect(receiver.received).toHaveLength(1)
  })

  test.each([500, 404, 410, 302])('that answers %i is sent the same again, signed anew', async (status) => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    receiver.answer = status
    await pool.start(told(receiver))
    const id = await pool.block(1)
    await receiver.gets(() => true)
    receiver.answer = 204
    await pool.delivered(1)
    expect(pool.attempts).toEqual(['hook failed old', 'hook delivered 0'])
    expect(pool.waitsMs).toEqual(new Set([500, 1_000]))
    expect(pool.warnings).toContain(`webhook not delivered: it answered ${status}`)
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id])
    for (const { body, headers } of receiver.received) new Webhook(SECRET).verify(body, headers)
  })

  test('that hangs keeps no other one waiting, and gets everything in order when it is well again', async () => {
    const [pool, hanging, well] = [house(), await webhookReceiver(), await webhookReceiver()]
    hanging.answer = 'nothing'
    await pool.start(told(hanging, 'hanging'), told(well, 'well'))
    for (let n = 1; n <= 40; n++) await pool.block(n)
    await well.gets(({ block }) => block === hash(40))
    expect(well.received.map(({ message }) => message.block)).toEqual(
      Array.from({ length: 40 }, (_, i) => hash(i + 1)),
    )
    expect(new Set(hanging.received.map(({ message }) => message.block))).toEqual(new Set([hash(1)]))
    hanging.answer = 200
    await hanging.gets(({ block }) => block === hash(40))
    const blocks = hanging.received.map(({ message }) => message.block)
    expect(blocks.filter((block, i) => block !== blocks[i - 1])).toEqual(
      well.received.map(({ message }) => message.block),
    )
    expect(pool.warnings).toContain('webhook not delivered: it did not answer within 0.3 s')
  })

  test('that is gone gets what it missed when it is back', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.start(told(receiver))
    await receiver.close()
    await pool.block(1)
    while (pool.attempts.length === 0) await new Promise(setImmediate)
    expect(pool.warnings.at(-1)).toMatch(/^webhook not delivered: .*ECONNREFUSED/)
    await receiver.open()
    await receiver.gets(({ block }) => block === hash(1))
  })
})

describe('how far a receiver is', () => {
  test('is kept over a restart: nothing is missed, nothing that was taken comes again', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.start(told(receiver))
    await pool.block(1)
    await pool.delivered(1)
    await pool.stop()
    await pool.block(2)
    await pool.payout(1)
    await pool.start(told(receiver))
    await receiver.gets(({ payout }) => payout === 1)
    expect(receiver.received.map(({ message }) => message.block ?? message.payout)).toEqual([
      hash(1),
      hash(2),
      1,
    ])
  })

  test('is found again in another log that holds the same events', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.start(told(receiver))
    const id = await pool.block(1)
    await pool.delivered(1)
    await pool.stop()
    const file = join(pool.directory, 'hook.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"log":"[^"]*"/, '"log":"esdb"'))
    expect(readCursor(file)).toEqual(E.right({ log: 'esdb', position: 1, event: id }))
    await pool.block(2)
    await pool.start(told(receiver))
    await receiver.gets(({ block }) => block === hash(2))
    expect(receiver.received).toHaveLength(2)
  })

  test('is said when a log does not know it: an older backup', async () => {
    const [pool, receiver] = [house(), await webhookReceiver()]
    await pool.start(told(receiver))
    for (const n of [1, 2]) await pool.block(n)
    await pool.delivered(2)
    await pool.stop()
    pool.newStore()
    await pool.block(3)
    await pool.start(told(receiver))
    while (pool.warnings.length === 0) await new Promise(setImmediate)
    expect(pool.warnings).toEqual([
      'this log does not have what the receiver was told last; it goes on with what happens now',
    ])
    await pool.block(4)
    await receiver.gets(({ block }) => block === hash(4))
  })

  test('is a file that is whole or not there, and anything else is told', () => {
    const { directory } = house()
    const file = join(directory, 'deep', 'x.json')
    expect(readCursor(file)).toEqual(E.right(undefined))
    const cursor = { log: 'embedded', position: 7, event: null }
    expect(writeCursor(file, cursor)).toEqual(E.right(undefined))
    expect(readCursor(file)).toEqual(E.right(cursor))
    for (const text of ['', '{', '[]', '{"log":"x","position":"7","event":null}']) {
      writeFileSync(file, text)
      expect(readCursor(file)).toEqual(
        E.left(
          `${file} is not as the pool writes it; remove it, and its receiver is told of what happens from then on`,
        ),
      )
    }
    expect(E.isLeft(readCursor(directory))).toBe(true)
    expect(E.isLeft(writeCursor(join(file, 'below'), cursor))).toBe(true)
  })
})

test('a store that is away is waited for', async () => {
  const [pool, receiver] = [house(), await webhookReceiver()]
  const store = await openSqliteEventStore({ file: join(pool.directory, 'log.db') })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  let away = true
  const running = openWebhooks({
    receivers: [told(receiver)],
    store: {
      ...store.right,
      head: () => (away ? async () => E.left({ kind: 'unavailable', message: 'away' }) : store.right.head()),
    },
    directory: join(pool.directory, 'cursors'),
    sender: { pool: 'Test', network: 'simnet' },
    nowMs: Date.now,
    after: quick,
    answerMsMax: 300,
    random: () => 0,
    onAttempt: () => {},
    log: pino({ level: 'silent' }),
  })
  await new Promise(setImmediate)
  away = false
  while (
    E.isLeft(
      E.filterOrElse(
        (c) => c !== undefined,
        () => 'none',
      )(readCursor(join(pool.directory, 'cursors', 'hook.json'))),
    )
  )
    await new Promise((resolve) => setTimeout(resolve, 20))
  const data = JSON.stringify({ v: 1, at: 5 })
  await store.right.append([
    {
      stream: 'payout-1',
      expected: NO_STREAM,
      events: [{ id: crypto.randomUUID(), type: 'PayoutPublished', data }],
    },
  ])()
  await receiver.gets(({ payout }) => payout === 1)
  await running.stop()
  await store.right.close()
})

test('waits grow to five minutes, and chance takes at most half of each', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, random) => {
        const whole = Math.min(300_000, 1000 * 2 ** (failures - 1))
        const wait = waitMs(failures, random)
        return wait >= whole / 2 && wait <= whole
      },
    ),
  )
})

test('secrets are those of Standard Webhooks', () => {
  const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64')
  for (const secret of [SECRET, base64(24), base64(64), `whsec_${base64(32)}`])
    expect(isWebhookSecret(secret)).toBe(true)
  for (const secret of [
    '',
    'whsec_',
    'secret',
    base64(23),
    base64(65),
    `${base64(32)}=`,
    ` ${base64(32)}`,
    `whsec_whsec_${base64(32)}`,
  ])
    expect(isWebhookSecret(secret)).toBe(false)
  const body = '{"test": 2432232314}'
  expect(signedHeaders(SECRET, 'msg_1', 1_614_265_330, body)['webhook-signature']).toBe(
    new Webhook(SECRET).sign('msg_1', new Date(1_614_265_330_000), body),
  )
})
