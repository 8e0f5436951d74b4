import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newBlock, startPoolProcess } from '../crash/killed-pool.ts'
import { loadMiner } from '../crash/load.ts'
import { easyDevnet, temporaryDirectory } from '../support/running-pool.ts'
import { webhookReceiver } from './receiver.ts'

test('a pool that is killed while a receiver has not answered tells it again, and then the rest', async () => {
  const directory = temporaryDirectory()
  const devnet = await easyDevnet({ startDifficulty: 300 })
  const receiver = await webhookReceiver()
  receiver.answer = 'nothing'
  const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
  const webhooks = [{ name: 'hook', url: receiver.url, secret, events: 'blocks' }] as const
  const start = () => startPoolProcess(directory, devnet, undefined, { webhooks })

  const first = start()
  const mining = loadMiner(0, { sent: new Set(), acknowledged: [], refused: new Map() })
  const { port } = await first.ready
  const mined = Promise.all([mining.mine(port), newBlock(devnet)])
  const { message } = await receiver.gets(({ type }) => type === 'BlockFound')
  await first.kill()
  await mined
  expect(JSON.parse(readFileSync(join(directory, 'webhooks', 'hook.json'), 'utf8')).event).toBeNull()

  const before = receiver.received.length
  receiver.answer = 200
  const second = start()
  await second.ready
  await receiver.gets(({ type, block }) => type === 'BlockConnected' && block === message.block)
  await second.kill()
  await devnet.stop()
  const after = receiver.received.slice(before).map((each) => each.message)
  expect(after[0]).toEqual(message)
  expect(after.map(({ type }) => type).slice(0, 2)).toEqual(['BlockFound', 'BlockConnected'])
  expect(new Set(after.map(({ id }) => id)).size).toBe(after.length)
}, 60_000)
