import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { openFigures } from '../../../adapters/read-models/read-only.ts'
import { realAfter } from '../../../adapters/timers.ts'
import { dcrwallet } from '../../../adapters/wallet/dcrwallet/wallet.ts'
import type { Wallet, WalletError } from '../../../adapters/wallet/port.ts'
import { formatDcr } from '../../../domain/decred/amount.ts'
import type { Config, WalletConfig } from '../../config/config.ts'
import { readText } from '../read-config.ts'
import { certificateFinding } from './addresses.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const SUBJECT = 'wallet'

/** Reaches the wallet as the pool would, and looks whether it can pay: certificate, network, chain, account, and that the blocks are its own. */
export async function checkWallet(config: Config, now: number): Promise<readonly Finding[]> {
  const { wallet, pool } = config
  if (pool.mode === 'solo') return []
  if (wallet === null)
    return [
      warn(
        SUBJECT,
        'no wallet is configured: rewards are shared and booked, and nobody is paid',
        'add a [wallet] section: docs/operators.md, "Paying miners"',
      ),
    ]
  const files = readFiles(wallet)
  if (E.isLeft(files)) return [files.left]
  const { certificate, clientCertificate, clientKey } = files.right
  const own = certificateFinding(SUBJECT, clientKey, clientCertificate, now)
  if (own.verdict === 'fail')
    return [
      { ...own, fix: 'make both anew with "lodebook wallet-certificate", and give dcrwallet the new one' },
    ]
  const { address, passphrase } = wallet
  const { network } = pool
  const peer = { address, certificate, clientCertificate, clientKey, passphrase, network, after: realAfter }
  const asked = dcrwallet(peer)
  try {
    return [named(own), ...(await ask(asked, config, wallet))]
  } finally {
    await asked.stop()
  }
}

const named = (own: Finding): Finding => ({
  ...own,
  message: own.message.replace(/^TLS key/, "the pool's own key"),
})

interface Files {
  readonly certificate: string
  readonly clientCertificate: string
  readonly clientKey: string
}

function readFiles(wallet: WalletConfig): E.Either<Finding, Files> {
  const read = (file: string, key: string, fix: string) =>
    E.mapLeft((why: string) => fail(SUBJECT, `${key} ${file} can't be read: ${why}`, fix))(readText(file))
  const certificate = read(
    wallet.certificateFile,
    'certificate_file',
    "copy rpc.cert from dcrwallet's directory and name it in wallet.certificate_file",
  )
  if (E.isLeft(certificate)) return certificate
  const make = 'make it with "lodebook wallet-certificate", or correct the path or its permissions'
  const clientCertificate = read(wallet.clientCertificateFile, 'client_certificate_file', make)
  if (E.isLeft(clientCertificate)) return clientCertificate
  const clientKey = read(wallet.clientKeyFile, 'client_key_file', make)
  if (E.isLeft(clientKey)) return clientKey
  return E.right({
    certificate: certificate.right,
    clientCertificate: clientCertificate.right,
    clientKey: clientKey.right,
  })
}

async function ask(
  wallet: Wallet,
  config: Config,
  { address, account, passphrase }: WalletConfig,
): Promise<readonly Finding[]> {
  const tip = await wallet.tip()()
  if (E.isLeft(tip)) return [refusal(tip.left)]
  const reached = ok(
    SUBJECT,
    `${address} answers: its certificate and ours, version and network are right, its chain is at block ${tip.right.height}`,
  )
  const balance = await wallet.balance(account, config.payout.confirmations)()
  if (E.isLeft(balance)) return [reached, refusal(balance.left)]
  const { spendable, immatureCoinbases } = balance.right
  return [
    reached,
    ok(
      SUBJECT,
      `account ${account} can spend ${formatDcr(spendable)} DCR now and has ${formatDcr(immatureCoinbases)} DCR immature`,
    ),
    ...(passphrase === ''
      ? [
          warn(
            SUBJECT,
            'no passphrase is configured: payouts are signed only while you keep the wallet unlocked',
            'give wallet.passphrase_file, or unlock the wallet for good ("dcrctl --wallet walletpassphrase")',
          ),
        ]
      : []),
    await coinbaseFinding(wallet, config.pool.dataDirectory),
  ]
}

/** dcrd does not say which address it mines to; the coinbase of the newest block of the pool does. */
async function coinbaseFinding(wallet: Wallet, dataDirectory: string): Promise<Finding> {
  const newest = newestCoinbase(dataDirectory)
  if (newest === null)
    return ok(
      SUBJECT,
      "whether dcrd mines to an address of it shows with the pool's first block: see that dcrd's miningaddr is one of it",
    )
  const known = await wallet.coinbase(newest.transaction)()
  return E.isRight(known)
    ? ok(SUBJECT, `the reward of block ${newest.height} is its own, so dcrd mines to an address of it`)
    : refusal(known.left)
}

function newestCoinbase(
  dataDirectory: string,
): { readonly transaction: string; readonly height: number } | null {
  const file = join(dataDirectory, 'read-models.db')
  if (!existsSync(file)) return null
  const figures = openFigures(file)
  if (E.isLeft(figures)) return null
  try {
    const pool = figures.right.pool(Date.now())
    const last = E.isRight(pool) ? pool.right?.lastBlock : undefined
    return last === null || last === undefined || last.reward === null
      ? null
      : { transaction: last.reward.transaction, height: last.height }
  } finally {
    figures.right.close()
  }
}

/** The adapter's messages end with what to do as a sentence of its own. */
function refusal({ message }: WalletError): Finding {
  const end = message.indexOf('. ')
  return end < 0
    ? fail(SUBJECT, message.replace(/\.$/, ''), "look into dcrwallet's log")
    : fail(SUBJECT, message.slice(0, end), message.slice(end + 2).replace(/\.$/, ''))
}
