import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { parseSigningKey } from '../../../domain/transparency/key.ts'
import type { Config } from '../../config/config.ts'
import { readText } from '../read-config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

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
