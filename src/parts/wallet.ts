import * as E from 'fp-ts/lib/Either.js'
import { realAfter } from '../../adapters/timers.ts'
import { dcrwallet } from '../../adapters/wallet/dcrwallet/wallet.ts'
import type { Config } from '../config/config.ts'
import type { PayingWallet } from '../treasury/payout-wallet.ts'
import type { PoolError } from './error.ts'
import { readText } from './files.ts'

/** The wallet that pays; null without one. It connects with its first call: a wallet that is away keeps no pool from starting. */
export function openWallet({ wallet, pool }: Config): E.Either<PoolError, PayingWallet | null> {
  if (wallet === null || pool.mode === 'solo') return E.right(null)
  const { address, passphrase, account } = wallet
  const files = [wallet.certificateFile, wallet.clientCertificateFile, wallet.clientKeyFile].map(readText)
  const unreadable = files.find(E.isLeft)
  if (unreadable !== undefined)
    return E.left({ message: `A file of the [wallet] section can't be read: ${unreadable.left.message}` })
  const [certificate = '', clientCertificate = '', clientKey = ''] = files.map(E.getOrElse(() => ''))
  const { network } = pool
  const peer = { address, certificate, clientCertificate, clientKey, passphrase }
  return E.right({ wallet: dcrwallet({ ...peer, network, after: realAfter }), account })
}
