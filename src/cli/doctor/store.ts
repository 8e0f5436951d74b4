import { existsSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import type { Config } from '../../config/config.ts'
import { openEventStore } from '../../store/open-store.ts'
import { sqliteFile } from '../../store/store-url.ts'
import { type Finding, fail, ok } from './finding.ts'

/** The store, and whether a pool is running: then taken ports are as they should be. */
export interface StoreCheck {
  readonly finding: Finding
  /** `unknown` with a server, which lets in any number of programs. */
  readonly poolRuns: boolean | 'unknown'
}

const SUBJECT = 'store'

/** Opens the store as the pool would, and reads a little; makes none. */
export function checkStore({ url }: Config['store']): Promise<StoreCheck> {
  const file = sqliteFile(url)
  return file === null ? checkServer(url) : checkFile(file, url)
}

async function checkFile(file: string, url: string): Promise<StoreCheck> {
  if (!existsSync(file))
    return { finding: ok(SUBJECT, `${file} is not there yet and will be made`), poolRuns: false }
  const store = await openEventStore(url)()
  if (E.isRight(store)) {
    await store.right.close()
    return { finding: ok(SUBJECT, `${file} opens and its newest events are whole`), poolRuns: false }
  }
  const { kind, message } = store.left
  if (kind === 'in-use')
    return { finding: ok(SUBJECT, `${file} is in use, so a pool is running`), poolRuns: true }
  return {
    finding: fail(SUBJECT, message, 'as it says; docs/operators.md has more under "Backup"'),
    poolRuns: false,
  }
}

async function checkServer(url: string): Promise<StoreCheck> {
  const store = await openEventStore(url)()
  if (E.isLeft(store))
    return {
      finding: fail(SUBJECT, store.left.message, 'as it says; docs/eventstoredb.md has more'),
      poolRuns: 'unknown',
    }
  await store.right.close()
  return { finding: ok(SUBJECT, `${store.right.name} answers and lets the pool in`), poolRuns: 'unknown' }
}
