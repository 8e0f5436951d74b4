import { statSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { controlSocketOf } from '../../adapters/http/admin/control.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { type House, hardChain, stopHouses } from '../support/house.ts'
import { attackedPool } from './attacked-pool.ts'

/** The administration's JSON, on the control socket of a real pool: whoever reaches it may give orders, but nothing that is none. */

let devnet: Devnet
let house: House
let socketPath: string
beforeAll(async () => {
  devnet = await hardChain()
  house = await attackedPool(devnet)
  socketPath = controlSocketOf(house.directory)
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const order = (body: string, headers: Record<string, string> = {}) =>
  new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    request({ socketPath, method: 'POST', path: '/orders', headers, agent: false }, async (answer) =>
      resolve({
        status: answer.statusCode ?? 0,
        text: (await answer.setEncoding('utf8').toArray()).join(''),
      }),
    )
      .on('error', reject)
      .end(body)
  })

const acts = () => house.events('AdministratorActed').map(({ data }) => data.act)

const NOTHING = '{"message":"This orders nothing that there is."}'

test.each([
  ['what is no JSON', '{"kind":"retry"'],
  ['nothing', ''],
  ['a list', '[{"kind":"retry"}]'],
  ['nesting of 2 000 levels', '['.repeat(2_000) + ']'.repeat(2_000)],
  [
    'nesting inside of an order',
    `{"kind":"ban-account","until":null,"miner":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`,
  ],
  ['a kind by its prototype', '{"__proto__":{"kind":"retry"}}'],
  ['a prototype as kind', '{"kind":"__proto__"}'],
  ['a constructor as kind', '{"kind":"constructor","constructor":{"prototype":{"x":1}}}'],
  ['a number beyond all numbers', '{"kind":"approve-payout","payout":1e999}'],
  ['a number that is not whole', '{"kind":"approve-payout","payout":1.5}'],
  ['a number below zero', '{"kind":"approve-payout","payout":-1}'],
  ['a number of 400 digits', `{"kind":"approve-payout","payout":${'9'.repeat(400)}}`],
  ['a number as text', '{"kind":"approve-payout","payout":"1"}'],
  ['a time beyond all times', '{"kind":"ban-address","range":"192.0.2.1","until":1e999}'],
  ['a level that is none', '{"kind":"set-log-level","level":"toString"}'],
])('attack: %s is no order', async (_, body) => {
  expect(await order(body)).toEqual({ status: 400, text: NOTHING })
  expect(acts()).toEqual([])
  expect(({} as Record<string, unknown>)['kind']).toBeUndefined()
})

test('attack: an order with more than it needs is written down without the rest, and never by its prototype', async () => {
  const { status } = await order(
    '{"kind":"set-log-level","level":"silent","extra":"<script>","__proto__":{"polluted":1},"act":{"kind":"retry"}}',
  )
  expect(status).toBe(200)
  expect(acts()).toEqual([{ kind: 'set-log-level', level: 'silent' }])
  expect(JSON.stringify(house.log())).not.toMatch(/polluted|<script>/)
})

test('attack: hostile text in an order goes into no event and comes back as text', async () => {
  const before = acts().length
  const { status, text } = await order(
    JSON.stringify({ kind: 'ban-account', miner: '<script>\u001b[2J\u0000', until: null }),
  )
  expect(status).toBe(409)
  expect(text).not.toMatch(/\p{Cc}/u)
  expect(acts()).toHaveLength(before)
})

test('attack: an order of 5 000 bytes is refused by its length, and none while it comes without one', async () => {
  const before = acts().length
  const large = JSON.stringify({ kind: 'set-log-level', level: 'silent', x: 'x'.repeat(5_000) })
  expect(await order(large, { 'Content-Length': String(large.length) })).toEqual({
    status: 413,
    text: '{"message":"No order is that long."}',
  })
  expect((await order(large, { 'Transfer-Encoding': 'chunked' })).status).toBeGreaterThanOrEqual(400)
  expect(acts()).toHaveLength(before)
})

test('attack: a compressed order is not unpacked', async () => {
  expect((await order('\u001f\u008b', { 'Content-Encoding': 'gzip' })).status).toBe(400)
})

test('attack: an order smuggled behind another is not carried out', async () => {
  const before = acts().length
  const smuggled =
    'POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 41\r\n\r\n{"kind":"set-log-level","level":"silent"}'
  const answer = await new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(socketPath, () =>
      socket.write(
        `POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      ),
    )
    socket.setEncoding('latin1').on('data', (part) => {
      text += part
    })
    socket.on('close', () => resolve(text))
  })
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(acts()).toHaveLength(before)
})

test('attack: another user of the machine can not open it', () => {
  expect(statSync(socketPath).mode & 0o777).toBe(0o600)
})
