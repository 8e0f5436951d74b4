import { rmSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, expect, test } from 'vitest'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { eventId } from '../../domain/event-id.ts'
import { newDirectory, openHouse, stopHouses } from '../support/house.ts'
import { easyDevnet } from '../support/running-pool.ts'
import { lockStore, newBlock, startPoolProcess } from './killed-pool.ts'
import { type Memory, sendBlock } from './load.ts'

const devnet = await easyDevnet({ startDifficulty: 300 })
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

test('a block whose share was lost is recognised, however long the read models need to be made anew', async () => {
  const directory = newDirectory()
  await (await openHouse([devnet], {}, directory)).stop()
  await lengthen(join(directory, 'lodebook.db'), 20)

  const pool = startPoolProcess(directory, devnet)
  const { port } = await pool.ready
  const memory: Memory = { sent: new Set(), acknowledged: [], refused: new Map() }
  const unlock = await lockStore(directory, devnet)
  const accepted = newBlock(devnet)
  await sendBlock(port, 0, memory)
  await accepted
  await pool.kill()
  unlock()

  for (const end of ['', '-wal', '-shm']) rmSync(join(directory, `read-models.db${end}`), { force: true })
  const house = await openHouse([devnet], {}, directory)
  const { tip } = devnet.chain
  const block = await house.block(tip.hash, ({ state }) => state === 'connected')
  expect(block).toMatchObject({ share: null, header: Buffer.from(tip.header).toString('hex') })
})

/** Adds thousands of events to a log, of a type that no program knows: they are skipped, but take their time. */
async function lengthen(file: string, thousands: number): Promise<void> {
  const store = await openSqliteEventStore({ file })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  for (let i = 0; i < thousands; i++) {
    const first = i * 1_000
    const events = Array.from({ length: 1_000 }, (_, n) => ({
      id: eventId('history', first + n, 'Unknown', '{}'),
      type: 'Unknown',
      data: '{}',
    }))
    const appended = await store.right.append([{ stream: 'history', expected: first - 1, events }])()
    if (E.isLeft(appended)) throw new Error(appended.left.message)
  }
  await store.right.close()
}
