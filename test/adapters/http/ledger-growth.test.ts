import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { ledgerEntries } from '../../../adapters/http/dashboard/ledger-entries.ts'
import { ledgerFolder } from '../../../adapters/ledger/folder.ts'
import { signingKey } from '../../../domain/transparency/key.ts'
import { publishAll } from '../../../src/publisher/publish-all.ts'

test('a ledger never shrinks on its chart, though an entry may be dated before the one in front of it', async () => {
  const times = [1_000, 5_000, 3_000, 9_000]
  const folder = mkdtempSync(join(tmpdir(), 'lodebook-growth-'))
  async function* events() {
    yield times.map((at, revision) => ({ stream: 'pool', revision, type: 'Any', data: `{"at":${at},"v":1}` }))
  }
  const key = signingKey('growth.example/ledger', 'note', new Uint8Array(32).fill(7))
  expect(E.isRight(await publishAll(events(), folder, key)())).toBe(true)
  const growth = await ledgerEntries(ledgerFolder(folder)).growth(times.length)
  expect(growth).toEqual(
    E.right([
      { index: 0, at: 1_000 },
      { index: 1, at: 5_000 },
      { index: 2, at: 5_000 },
      { index: 3, at: 9_000 },
    ]),
  )
})
