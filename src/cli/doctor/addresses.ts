import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../../adapters/error-text.ts'
import { SOCKET_LIMITS } from '../../../adapters/http/sockets.ts'
import type { Config, HttpConfig, ListenerConfig, TlsFiles } from '../../config/config.ts'
import { tryPort } from '../port.ts'
import { readText } from '../read-config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Everything about the addresses that the pool listens on. `poolRuns`: its ports are taken by it. */
export async function checkAddresses(
  config: Config,
  poolRuns: boolean | 'unknown',
  now: number,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [n, listener] of config.listeners.entries()) {
    const subject = `listeners.${n}`
    findings.push(
      await checkPort(subject, listener, poolRuns),
      ...checkTls(subject, listener.tls, now),
      ...checkExposure(subject, listener),
    )
  }
  findings.push(
    await checkPort('http', config.http, poolRuns),
    ...checkTls('http', config.http.tls, now),
    ...checkHttpExposure(config.http),
  )
  const { own } = config.admin
  if (own !== null)
    findings.push(await checkPort('admin', own, poolRuns), ...checkAdminExposure(own, config.http.tls))
  findings.push(openFilesFinding(config.limits.connectionsMax, openFilesMax()))
  return findings
}

async function checkPort(
  subject: string,
  { host, port }: { readonly host: string; readonly port: number },
  poolRuns: boolean | 'unknown',
): Promise<Finding> {
  const address = `${host}:${port}`
  switch (await tryPort(host, port)) {
    case undefined:
      return poolRuns === true
        ? warn(
            subject,
            `${address} is free although a pool is running`,
            'restart the pool when it should use this address',
          )
        : ok(subject, `${address} is free`)
    case 'EADDRINUSE':
      return takenFinding(subject, address, poolRuns)
    case 'EACCES':
      return fail(
        subject,
        `${address} needs more rights than this user has`,
        `choose a ${subject}.port above 1023`,
      )
    default:
      return fail(
        subject,
        `${host} is no address of this machine`,
        `correct ${subject}.host; 0.0.0.0 is every one`,
      )
  }
}

function takenFinding(subject: string, address: string, poolRuns: boolean | 'unknown'): Finding {
  const otherwise = `end that program, or change ${subject}.port`
  switch (poolRuns) {
    case true:
      return ok(subject, `${address} is taken, by the running pool it seems`)
    case 'unknown':
      return warn(
        subject,
        `${address} is taken, by this pool or by another program`,
        `when no pool is running: ${otherwise}`,
      )
    case false:
      return fail(subject, `${address} is taken by another program`, otherwise)
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** A certificate that ends sooner should be renewed by now. */
const RENEW_DAYS = 14

function checkTls(subject: string, tls: TlsFiles | null, now: number): readonly Finding[] {
  if (tls === null) return []
  const key = readText(tls.keyFile)
  const certificate = readText(tls.certificateFile)
  if (E.isLeft(key))
    return [
      fail(
        subject,
        `TLS key ${tls.keyFile} can't be read: ${key.left}`,
        'correct tls.key_file or its permissions',
      ),
    ]
  if (E.isLeft(certificate))
    return [
      fail(
        subject,
        `TLS certificate ${tls.certificateFile} can't be read: ${certificate.left}`,
        'correct tls.certificate_file or its permissions',
      ),
    ]
  return [certificateFinding(subject, key.right, certificate.right, now)]
}

/** Whether key and certificate (PEM) belong together and the certificate is in force at `now`, Unix ms. */
export function certificateFinding(subject: string, key: string, certificate: string, now: number): Finding {
  const renew = 'renew the certificate and restart the pool'
  try {
    const x509 = new X509Certificate(certificate)
    if (!x509.checkPrivateKey(createPrivateKey(key)))
      return fail(
        subject,
        'TLS key and certificate do not belong together',
        'name the pair that was made together',
      )
    const days = Math.floor((x509.validToDate.getTime() - now) / DAY_MS)
    const until = x509.validToDate.toISOString().slice(0, 10)
    if (x509.validFromDate.getTime() > now)
      return fail(
        subject,
        `TLS certificate is not valid before ${x509.validFromDate.toISOString()}`,
        "set this machine's clock",
      )
    if (days < 0) return fail(subject, `TLS certificate has expired on ${until}`, renew)
    if (days < RENEW_DAYS) return warn(subject, `TLS certificate expires on ${until}`, renew)
    return ok(subject, `TLS key and certificate are good until ${until}`)
  } catch (error) {
    const why = errorText(error)
    return fail(
      subject,
      `TLS key or certificate is not usable PEM: ${why}`,
      'write both as PEM, the key without a passphrase',
    )
  }
}

const isLoopback = (host: string): boolean => /^(localhost|127\.|::1$)/.test(host)

function checkExposure(
  subject: string,
  { host, port, proxyProtocol, tls }: ListenerConfig,
): readonly Finding[] {
  if (isLoopback(host))
    return [
      warn(
        subject,
        `${host} can be reached from this machine only, so no miner elsewhere can connect`,
        `set ${subject}.host to 0.0.0.0 unless something on this machine passes miners on`,
      ),
    ]
  if (proxyProtocol)
    return [
      warn(
        subject,
        `whoever reaches ${host}:${port} directly can claim any address by a PROXY header`,
        'let a firewall admit the load balancer alone',
      ),
    ]
  return tls === null
    ? [
        ok(
          subject,
          'open to miners without TLS, as most ASICs need it; who can change the traffic can take their work',
        ),
      ]
    : []
}

function checkHttpExposure({ host, tls, behindProxy }: HttpConfig): readonly Finding[] {
  if (isLoopback(host)) return []
  if (behindProxy)
    return [
      warn(
        'http',
        `whoever reaches ${host} directly can claim any address by X-Forwarded-For`,
        'let a firewall admit the web server alone, or set http.behind_proxy to false',
      ),
    ]
  return tls !== null
    ? []
    : [
        warn(
          'http',
          `the dashboard on ${host} is open to others, without TLS`,
          'set http.host to 127.0.0.1 and put a web server with TLS in front, or give http.tls its two files',
        ),
      ]
}

function checkAdminExposure({ host }: { readonly host: string }, tls: TlsFiles | null): readonly Finding[] {
  return isLoopback(host) || tls !== null
    ? []
    : [
        fail(
          'admin',
          `the administrator's password would go to ${host} without TLS`,
          'set admin.host to 127.0.0.1 and come by a tunnel (ssh -L), or give http.tls its two files',
        ),
      ]
}

/** Files besides miners' sockets: those who look at the pages, and store, log and nodes. */
const OTHER_FILES = SOCKET_LIMITS.socketsMax + 200

/** Whether the system lets the process have as many sockets as are configured. */
export function openFilesFinding(connectionsMax: number, filesMax: number | undefined): Finding {
  const subject = 'limits.connections_max'
  const needed = connectionsMax + OTHER_FILES
  if (filesMax === undefined || filesMax >= needed)
    return ok(subject, `${connectionsMax} connections fit into the system's limit of open files`)
  return warn(
    subject,
    `${connectionsMax} connections need ${needed} open files, the system allows this process ${filesMax}`,
    `raise it (LimitNOFILE=${needed} in a systemd unit, or ulimit -n), or lower limits.connections_max`,
  )
}

/** Hard limit of open files, to which Node raises itself; undefined where there is none. */
function openFilesMax(): number | undefined {
  const report: unknown = process.report.getReport()
  const limits = field(report, 'userLimits')
  const hard = field(field(limits, 'open_files'), 'hard')
  return typeof hard === 'number' ? hard : undefined
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined
