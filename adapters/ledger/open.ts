import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { ledgerFolder } from './folder.ts'
import { ledgerOverHttp } from './http.ts'
import type { LedgerSource } from './port.ts'

/** The ledger at an address that a user gave: `http:`, `https:` or `file:`, or else a folder. Left: a sentence. */
export function openLedger(address: string): E.Either<string, LedgerSource> {
  if (address === '')
    return E.left('Give the address of a ledger: a folder, or a URL such as https://pool.example/ledger.')
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(address)) return E.right(ledgerFolder(address))
  const url = URL.parse(address)
  if (url === null) return E.left(`"${address}" is no URL. It looks like https://pool.example/ledger.`)
  if (url.protocol === 'file:') return E.right(ledgerFolder(fileURLToPath(url)))
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return E.left(`A ledger is read from http, https, file or a folder, not from "${url.protocol}".`)
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return E.left(
      'The address of a ledger has no user, no password and nothing after "?" or "#": files are found below it.',
    )
  }
  return E.right(ledgerOverHttp(address))
}
