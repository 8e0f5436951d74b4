import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** Years that dcrd's own certificates last as well. */
const YEARS = 10

/**
 * A certificate for `localhost`, `127.0.0.1` and `::1`: from `<name>.cert` and `<name>.key` in the directory, or a new one,
 * which is written there when a directory is given.
 *
 * @param now milliseconds since 1970
 */
export async function loadCertificate(
  directory: string | undefined,
  name: string,
  now: number,
): Promise<Certificate> {
  if (directory === undefined) return makeCertificate(now)
  const certFile = join(directory, `${name}.cert`)
  const keyFile = join(directory, `${name}.key`)
  if (existsSync(certFile) && existsSync(keyFile))
    return { certificate: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  const made = await makeCertificate(now)
  writeFileSync(keyFile, made.key, { mode: 0o600 })
  writeFileSync(certFile, made.certificate)
  return made
}

async function makeCertificate(now: number): Promise<Certificate> {
  const from = new Date(now)
  // A day back, for a client whose clock is behind.
  from.setUTCDate(from.getUTCDate() - 1)
  const until = new Date(from)
  until.setUTCFullYear(until.getUTCFullYear() + YEARS)
  const made = await generate(
    [
      { name: 'commonName', value: 'localhost' },
      { name: 'organizationName', value: 'Lodebook devnet' },
    ],
    {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notBeforeDate: from,
      notAfterDate: until,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        {
          name: 'keyUsage',
          digitalSignature: true,
          keyEncipherment: true,
          keyCertSign: true,
          critical: true,
        },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            { type: 7, ip: '::1' },
          ],
        },
      ],
    },
  )
  return { certificate: made.cert, key: made.private }
}
