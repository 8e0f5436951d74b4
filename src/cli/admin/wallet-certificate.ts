import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { absolute, whyNot } from '../read-config.ts'
import { complain, print } from '../terminal.ts'

/** Years that dcrwallet's own certificates last as well. */
const YEARS = 10

/** `lodebook wallet-certificate`: the certificate by which dcrwallet knows the pool, and its key. Never over others. */
export async function walletCertificate(directory: string): Promise<ExitCode> {
  if (statSync(absolute(directory), { throwIfNoEntry: false })?.isDirectory() !== true) {
    complain(`there is no directory ${directory}: make it first, or name one that there is`)
    return EXIT.failed
  }
  const certificateFile = join(absolute(directory), 'wallet-client.crt')
  const keyFile = join(absolute(directory), 'wallet-client.key')
  const from = new Date()
  // A day back, for a wallet whose clock is behind.
  from.setUTCDate(from.getUTCDate() - 1)
  const until = new Date(from)
  until.setUTCFullYear(until.getUTCFullYear() + YEARS)
  const made = await generate([{ name: 'commonName', value: 'lodebook' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: from,
    notAfterDate: until,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true },
    ],
  })
  try {
    writeFileSync(keyFile, made.private, { flag: 'wx', mode: 0o600 })
    writeFileSync(certificateFile, made.cert, { flag: 'wx' })
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    complain(
      exists
        ? `${directory} has a wallet-client.key or wallet-client.crt already, which is not overwritten; name another directory`
        : `${directory} can't be written (${whyNot(error)}); name another directory`,
    )
    return EXIT.failed
  }
  print(`Wrote ${certificateFile} and ${keyFile}.`)
  print("Add the first to the file that dcrwallet's --clientcafile names, and restart dcrwallet.")
  print('Then name both in [wallet]: client_certificate_file and client_key_file.')
  return EXIT.ok
}
