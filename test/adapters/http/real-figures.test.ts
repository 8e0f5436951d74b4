import * as E from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { apiClient } from '../../../adapters/http/api/client.ts'
import { startHttp } from '../../../adapters/http/server.ts'
import { accountId } from '../../../domain/decred/address.ts'
import {
  accept,
  connect,
  connectBlock,
  find,
  HASH,
  issue,
  openedLog,
  readModelsOf,
  right,
  START,
} from '../read-models/log.ts'
import { exampleAddress, poolExample } from './pool-example.ts'

test('from events in the log to figures on the API and the pages', async () => {
  const address = exampleAddress(0)
  const account = accountId(address)
  const log = openedLog()
  log.add(`account-${account}`, 'AccountOpened', 0, { address })
  connect(log, 1, account, '<b>rig</b>')
  issue(log, 0, 100, 0)
  accept(
    log,
    5000,
    Array.from({ length: 40 }, (_, i) => ({ connection: 1, difficulty: 1024, elapsed: i * 100 })),
  )
  const readModels = readModelsOf(log.events)

  const example = poolExample(START + 60_000)
  const started = await startHttp({ ...example.options(), readModels })()
  if (E.isLeft(started)) throw new Error(started.left.message)
  onTestFinished(() => started.right.stop())
  const { url } = started.right
  const client = apiClient(url)

  const pool = await client.pool.$get()
  if (!pool.ok) throw new Error('no pool')
  const whole = await pool.json()
  expect([whole.miners, whole.workers, whole.shares.accepted]).toEqual([1, 1, 40])
  const miner = await client.miners[':address'].$get({ param: { address } })
  if (!miner.ok) throw new Error('no miner')
  expect((await miner.json()).workers.items.map(({ name }) => name)).toEqual(['<b>rig</b>'])

  const page = await (await fetch(`${url}/`)).text()
  expect(page).toContain('1 worker on 1 connection')
  expect(page).toContain('No block yet.')
  expect(await (await fetch(`${url}/connect?address=${address}`)).text()).toContain('&lt;b&gt;rig&lt;/b&gt;')
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('lodebook_workers 1')

  find(log, HASH(7), 100, 30_000, { account, worker: '<b>rig</b>' })
  connectBlock(log, HASH(7), 31_000)
  const waiting = fetch(`${url}/api/v1/blocks?after=${log.events.length - 1}`)
  right(readModels.apply(log.events))
  expect(await (await waiting).json()).toMatchObject({
    items: [{ hash: HASH(7), state: 'connected', finder: { address, worker: '<b>rig</b>' } }],
    next: null,
  })
  expect(await (await fetch(`${url}/`)).text()).toContain('On the chain')
  for (const finder of [address, account])
    expect(await (await fetch(`${url}/api/v1/blocks?account=${finder}`)).json()).toMatchObject({
      items: [{ hash: HASH(7) }],
    })
})
