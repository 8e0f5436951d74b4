import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { findShares, shareAt } from '../../adapters/ledger/find-shares.ts'
import { shareReceipt } from '../../adapters/ledger/share-receipt.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { checkReceipt } from '../../domain/transparency/check-receipt.ts'
import { trustIn } from '../../domain/transparency/checkpoint.ts'
import { parseReceipt, type Receipt, receiptText } from '../../domain/transparency/receipt.ts'
import { right, simulatedLedger } from './simulated.ts'

const hashes = { sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(), powHash }

type Simulated = Awaited<ReturnType<typeof simulatedLedger>>
let pool: Simulated
let shares: { readonly entry: number; readonly position: number; readonly difficulty: number }[]

beforeAll(async () => {
  pool = await simulatedLedger({ seed: 3, shares: 1_500, sharesPerBlock: 200 })
  shares = pool.events.flatMap(({ type, data }, entry) =>
    type === 'SharesAccepted'
      ? JSON.parse(data).difficulty.map((difficulty: number, position: number) => ({
          entry,
          position,
          difficulty,
        }))
      : [],
  )
})

const receiptOf = async (share: { readonly entry: number; readonly position: number }): Promise<Receipt> =>
  right(parseReceipt(right(await shareReceipt(pool.source, pool.readModels, share.entry, share.position))))

const check = (receipt: Receipt) => checkReceipt(receipt, trustIn(pool.key.verifier), hashes)

const failed = (receipt: Receipt) => check(receipt).steps.find(({ holds }) => !holds)

describe('a receipt', () => {
  test('of every share proves it, under every profile and across restarts', async () => {
    expect(shares).toHaveLength(1_500)
    for (const share of shares.filter((_, i) => i % 40 === 0)) {
      const { steps, share: proven } = check(await receiptOf(share))
      expect(steps.filter(({ holds }) => !holds)).toEqual([])
      expect(proven).toMatchObject({
        entry: share.entry,
        position: share.position,
        difficulty: share.difficulty,
      })
      expect(proven?.address).toMatch(/^S/)
    }
  })

  test('survives being written and read', async () => {
    const receipt = await receiptOf({ entry: shares[5]?.entry ?? 0, position: shares[5]?.position ?? 0 })
    expect(right(parseReceipt(receiptText(receipt)))).toEqual(receipt)
  })

  test('names the step that does not hold', async () => {
    const receipt = await receiptOf(shares[40] ?? { entry: 0, position: 0 })
    const { evidence, context } = receipt
    const changed = evidence.entry.replace(/"nonce":\[\d+/, '"nonce":[1')
    expect(failed({ ...receipt, evidence: { ...evidence, entry: changed } })?.name).toBe('inclusion')
    expect(failed({ ...receipt, position: 5_000 })?.name).toBe('share')
    expect(failed({ ...receipt, context: context.slice(1) })?.says).toContain('lacks the first entry')
    expect(failed({ ...receipt, context: [] })?.name).toBe('context')
    const other = await simulatedLedger({ seed: 4, shares: 50 })
    const stranger = checkReceipt(receipt, trustIn(other.key.verifier), hashes)
    expect(stranger.steps).toHaveLength(1)
    expect(stranger.steps[0]).toMatchObject({ name: 'signature', holds: false })
    const witnessed = checkReceipt(
      receipt,
      { ...trustIn(pool.key.verifier), witnesses: [{ ...other.key.verifier, use: 'cosignature' }] },
      hashes,
    )
    expect(witnessed.steps.at(-1)).toMatchObject({ name: 'cosignatures', holds: false })
  })

  test('is refused in a sentence where there is no share', async () => {
    const head = pool.events.length
    expect(await shareReceipt(pool.source, pool.readModels, 0, 0)).toEqual(
      E.left({ kind: 'no-such-share', message: 'Entry 0 of the ledger holds no share at position 0.' }),
    )
    expect(await shareReceipt(pool.source, pool.readModels, head, 0)).toEqual(
      E.left({
        kind: 'not-signed-yet',
        message: `The signed ledger has ${head} entries and no entry ${head} yet. Try again in a second.`,
      }),
    )
  })

  test('of another form is no receipt', () => {
    expect(parseReceipt('hello')).toEqual(
      E.left('This is no proof: its first line is not "c2sp.org/tlog-proof@v1".'),
    )
    expect(parseReceipt(`c2sp.org/tlog-proof@v1\nindex 3\n\nnote\n`)).toEqual(
      E.left('This is the proof of an entry, not the receipt of a share: it has no line "extra".'),
    )
    expect(parseReceipt(`c2sp.org/tlog-proof@v1\nextra e30=\nindex 3\n\nnote\n`)).toEqual(
      E.left(
        'The line "extra" of this receipt is not of the form lodebook-receipt@v1: it is of another program.',
      ),
    )
  })
})

describe('shares are found', () => {
  test('by their job and nonce', async () => {
    for (const place of shares.filter((_, i) => i % 211 === 0)) {
      const share = right(await shareAt(pool.source, pool.readModels, place.entry, place.position))
      const { gateway, job, nonce } = share
      const found = right(
        await findShares(pool.source, pool.readModels, { kind: 'work', gateway, job, nonces: [nonce] }),
      )
      expect(found).toContainEqual(share)
    }
  })

  test('by account and time', async () => {
    const middle = shares[700]
    const share = right(
      await shareAt(pool.source, pool.readModels, middle?.entry ?? 0, middle?.position ?? 0),
    )
    const account = share.owner?.account ?? ''
    const found = right(
      await findShares(pool.source, pool.readModels, {
        kind: 'time',
        account,
        from: share.at,
        to: share.at + 60_000,
      }),
    )
    expect(found).toContainEqual(share)
    for (const { owner, at } of found) {
      expect(owner?.account).toBe(account)
      expect(at - share.at).toBeLessThan(60_000)
    }
  })

  test('nowhere, where they are not', async () => {
    const query = { kind: 'work', gateway: 0, job: 99_999, nonces: [1] } as const
    expect(right(await findShares(pool.source, pool.readModels, query))).toEqual([])
    const time = { kind: 'time', account: '00', from: 0, to: 10 } as const
    expect(right(await findShares(pool.source, pool.readModels, time))).toEqual([])
  })
})
