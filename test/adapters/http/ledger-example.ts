import { createHash } from 'node:crypto'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { LedgerSource } from '../../../adapters/ledger/port.ts'
import { canonicalJson, type Json } from '../../../domain/canonical-json.ts'
import { accountId } from '../../../domain/decred/address.ts'
import { signCheckpoint } from '../../../domain/transparency/checkpoint.ts'
import { signingKey } from '../../../domain/transparency/key.ts'
import { noteSigner } from '../../../domain/transparency/note.ts'
import { encodeBundle, TILE_HEIGHT, TILE_WIDTH } from '../../../domain/transparency/tile.ts'
import { frontier, leafHash } from '../../../domain/transparency/tree.ts'

/** The published ledger of the example pool: its entries as text, and where they can be read. */
export interface LedgerExample {
  readonly texts: readonly string[]
  readonly source: LedgerSource
  readonly entryOf: (stream: string, revision: number) => number | undefined
}

/** How many entries it has: three full bundles and a part of one. */
export const LEDGER_SIZE = 901

/** A block that the example's shares found, by the number of its hash. */
export const LEDGER_FIND = 3

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/**
 * Makes entries that end at `now`: the pool's beginning, a connection with two workers, of which one has a hostile name, and from then
 * on a job each hundred entries and shares in between.
 */
export function ledgerExample(
  now: number,
  address: (n: number) => string,
  hash: (n: number) => string,
  hostileName: string,
): LedgerExample {
  const texts: string[] = []
  const places = new Map<string, number>()
  const revisions = new Map<string, number>()
  const begin = now - LEDGER_SIZE * 1_000

  const add = (stream: string, type: string, data: { readonly [key: string]: Json }): void => {
    const at = begin + texts.length * 1_000
    const revision = (revisions.get(stream) ?? -1) + 1
    revisions.set(stream, revision)
    places.set(`${stream}@${revision}`, texts.length)
    texts.push(canonicalJson({ at, data: { ...data, v: 1, at }, revision, stream, type, v: 1 }))
  }

  add('pool', 'PoolOpened', { network: 'mainnet', mode: 'public', software: 'lodebook 0.1.0' })
  add('connection-1.7', 'MinerConnected', { extranonce1: '01000007', listener: 'main', resumes: null })
  add('connection-1.7', 'MinerIdentified', { agent: 'decred-gominer/2.0.0', profile: 'gominer' })
  for (const worker of ['rig1', hostileName])
    add('connection-1.7', 'WorkerAuthorized', { account: accountId(address(0)), worker })
  while (texts.length < LEDGER_SIZE) {
    const n = texts.length
    if (n % 100 === 5)
      add('work-1-2026092114', 'WorkIssued', {
        ...{ job: Math.floor(n / 100), header: '00'.repeat(180), powAlgorithm: 'blake3', height: 1_042_311 },
        ...{ bits: 0x1b00a5a6, subsidy: '1000000000', reason: 'refresh' },
      })
    else
      add('shares-1-2026092114', 'SharesAccepted', {
        ...{ connection: [7, 7, 8], worker: [0, 1, 0], job: [1, 1, 1].map(() => Math.floor(n / 100)) },
        ...{ difficulty: [4096, 4096, 64], extranonce2: ['0000002a', '0000002b', '00000001'] },
        ...{ ntime: [12, 13, 2], nonce: [n, 19_088_743 + n, 7], elapsed: [0, 3, 37] },
        solved: n === 900 ? [{ share: 0, hash: hash(LEDGER_FIND) }] : [],
      })
  }
  const encoder = new TextEncoder()
  const leaves = texts.map((text) => encoder.encode(text))
  const nodes: Uint8Array[][] = []
  const tree = frontier(sha256, undefined, (level, hash) => {
    nodes[level] = [...(nodes[level] ?? []), hash]
  })
  for (const leaf of leaves) tree.append(leafHash(sha256, leaf))
  const key = signingKey('pool.example.com/ledger', 'note', new Uint8Array(32).fill(7))
  const head = { origin: 'pool.example.com/ledger', size: LEDGER_SIZE, root: tree.root() }
  const note = signCheckpoint(head, [noteSigner(key)])
  return {
    texts,
    entryOf: (stream, revision) => places.get(`${stream}@${revision}`),
    source: {
      name: 'example',
      checkpoint: () => TE.right(encoder.encode(note)),
      tile: (level, index, width) => {
        const from = index * TILE_WIDTH
        return TE.right(Buffer.concat((nodes[level * TILE_HEIGHT] ?? []).slice(from, from + width)))
      },
      bundle: (index, width) =>
        TE.right(encodeBundle(leaves.slice(index * TILE_WIDTH, index * TILE_WIDTH + width))),
    },
  }
}
