import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { parseSigningKey } from '../../../domain/transparency/key.ts'
import type { Config } from '../../config/config.ts'
import { namedLedger } from '../../publisher/named-ledger.ts'
import { openEventReader } from '../../store/open-store.ts'
import { readText } from '../read-config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import type { StoreCheck } from './store.ts'

const SUBJECT = 'ledger'

/** Anybody else who may read a key can sign another history with it. */
const OTHERS_BITS = 0o077

/** Whether there is a key that signs the public ledger, and nobody else may read it. */
export function checkLedgerKey({ ledger, pool }: Config): readonly Finding[] {
  if (ledger.key !== null) return [keyFinding('ledger.key', ledger.key)]
  const { keyFile } = ledger
  if (!existsSync(keyFile)) {
    const isSigned = existsSync(join(pool.dataDirectory, 'ledger', 'checkpoint'))
    return isSigned
      ? [
          fail(
            SUBJECT,
            `${keyFile} is not there, and the ledger was signed with it before`,
            'put your copy of the key back: a key that is lost ends its ledger',
          ),
        ]
      : [ok(SUBJECT, `${keyFile} is not there yet and will be made at the first start`)]
  }
  const text = readText(keyFile)
  if (E.isLeft(text))
    return [
      fail(
        SUBJECT,
        `${keyFile} can't be read: ${text.left}`,
        'give it to the user that runs the pool (chown)',
      ),
    ]
  const found = keyFinding(keyFile, text.right.trim())
  const isOpen =
    found.verdict === 'ok' && (statSync(keyFile).mode & OTHERS_BITS) !== 0 && process.platform !== 'win32'
  return isOpen
    ? [warn(SUBJECT, `${keyFile} can be read by other users of this machine`, `chmod 600 ${keyFile}`)]
    : [found]
}

/** Whether the ledger that a log names is in its folder. A pool that runs has found it. */
export async function checkLedgerFolder(
  { pool, store }: Config,
  poolRuns: StoreCheck['poolRuns'],
): Promise<readonly Finding[]> {
  const folder = join(pool.dataDirectory, 'ledger')
  if (poolRuns === true || existsSync(join(folder, 'checkpoint'))) return []
  const opened = await openEventReader(store.url)()
  if (E.isLeft(opened)) return []
  const named = await namedLedger(opened.right)
  await opened.right.close()
  if (E.isLeft(named) || named.right === null) return []
  return [
    fail(
      SUBJECT,
      `the log names the ledger ${named.right.origin}, and ${folder} has no checkpoint: nothing would be signed and nobody paid`,
      'put the folder back, or move the log away and "lodebook restore <backup> --ledger <URL of a copy>"; docs/operators.md has more under "Backup"',
    ),
  ]
}

function keyFinding(where: string, text: string): Finding {
  const key = parseSigningKey(text)
  return E.isRight(key)
    ? ok(SUBJECT, `${where} signs the ledger ${key.right.verifier.name}; keep a copy of it elsewhere`)
    : fail(
        SUBJECT,
        `${where} holds no signing key: ${key.left.message.replace(/\.$/, '')}`,
        'put your copy of the key there',
      )
}
