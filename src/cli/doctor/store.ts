import { existsSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { EventStore } from '../../../adapters/event-store/port.ts'
import type { Config } from '../../config/config.ts'
import { openEventStore } from '../../open-store.ts'
import { sqliteFile } from '../../store-url.ts'
import { type Finding, fail, ok } from './finding.ts'

/** The store, and whether a pool is running: then taken ports are as they should be. */
export interface StoreCheck {
  readonly finding: Finding
  /** `unknown` with a server, which any number of programs may use. */
  readonly poolRuns: boolean | 'unknown'
}

const SUBJECT = 'store'

/** Opens the store as the pool would and looks at its end. Makes no file where there is none. */
export async function checkStore({ url }: Config['store']): Promise<StoreCheck> {
  const file = sqliteFile(url)
  if (file !== null && !existsSync(file))
    return { finding: ok(SUBJECT, `${file} is not there yet and will be made`), poolRuns: false }
  const store = await openEventStore(url)()
  if (file === null)
    return { finding: E.isLeft(store) ? refusal(store.left) : await checkServer(store.right), poolRuns: 'unknown' }
  if (E.isRight(store)) {
    await store.right.close()
    return { finding: ok(SUBJECT, `${file} opens and its newest events are whole`), poolRuns: false }
  }
  return store.left.kind === 'in-use'
    ? { finding: ok(SUBJECT, `${file} is in use, so a pool is running`), poolRuns: true }
    : { finding: refusal(store.left), poolRuns: false }
}

async function checkServer(store: EventStore): Promise<Finding> {
  const head = await store.head()()
  await store.close()
  if (E.isLeft(head)) return refusal(head.left)
  const holds = O.isNone(head.right) ? 'holds no history of a pool yet' : 'holds the history of a pool'
  return ok(SUBJECT, `${store.name} answers and ${holds}`)
}

const refusal = ({ message }: { readonly message: string }): Finding =>
  fail(SUBJECT, message, 'as it says; docs/operators.md has more under "Backup"')
