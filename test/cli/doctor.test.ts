import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { certificateFinding, openFilesFinding } from '../../src/cli/doctor/addresses.ts'
import { clockFinding } from '../../src/cli/doctor/node.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import { lodebook, temporaryDirectory } from './child.ts'

let directory = ''
let remove = () => {}
beforeEach(() => {
  const made = temporaryDirectory()
  directory = made.path
  remove = made.remove
})
afterEach(() => remove())

interface Report {
  readonly healthy: boolean
  readonly failed: number
  readonly findings: readonly { subject: string; verdict: string; message: string; fix: string | null }[]
}

/** Ports that nothing listens on, asked for by nobody else. */
const FREE = ['--listeners.0.port', '0', '--http.port', '0']

describe('doctor', () => {
  test('against a closed port: what is wrong, what to do, exit code 3', async () => {
    const { cert } = await generate()
    writeFileSync(join(directory, 'rpc.cert'), cert)
    const closed = await closedPort()
    const node = ['--nodes.0.address', `127.0.0.1:${closed}`, '--nodes.0.certificate_file', 'rpc.cert']
    const words = ['doctor', ...FREE, ...node, '--nodes.0.user', 'u', '--nodes.0.password', 'hunter2-hunter2']
    const text = await lodebook(words, { directory })
    expect(text.code).toBe(3)
    expect(text.stdout).toMatch(/^fail {2}nodes\.0 {2}node-0 \(127\.0\.0\.1:\d+\) refuses connections$/m)
    expect(text.stdout).toMatch(/^ +to do: Start dcrd there, or correct the address$/m)
    expect(text.stdout).toMatch(/1 problem to mend/)

    const json = await lodebook([...words, '--json'], { directory })
    const report: Report = JSON.parse(json.stdout)
    expect(json.code).toBe(3)
    expect(report).toMatchObject({ healthy: false, failed: 1 })
    expect(report.findings.filter(({ verdict }) => verdict === 'fail')).toMatchObject([
      { subject: 'nodes.0' },
    ])
    expect(text.stdout + json.stdout).not.toContain('hunter2')
  })

  test('finds a taken port, a missing certificate, a file for a directory, and that there is no node', async () => {
    const server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    writeFileSync(join(directory, 'file'), '')
    const { code, stdout } = await lodebook(
      [
        ...['doctor', '--json', ...FREE, '--http.port', port, '--pool.data_directory', 'file'],
        ...['--listeners.0.tls.key_file', 'k', '--listeners.0.tls.certificate_file', 'c'],
      ],
      { directory },
    )
    server.close()
    const { findings }: Report = JSON.parse(stdout)
    expect(code).toBe(3)
    expect(findings.filter(({ verdict }) => verdict === 'fail').map(({ message }) => message)).toEqual([
      `${join(directory, 'file')} is no directory`,
      `TLS key ${join(directory, 'k')} can't be read: there is no such file`,
      `127.0.0.1:${port} is taken by another program`,
      'no node is configured, so there is no work to give out',
    ])
    for (const { verdict, fix } of findings) expect(fix === null).toBe(verdict === 'ok')
  })

  test('EventStoreDB: that it answers, and what it says when it does not', async () => {
    const server = await startConformanceServer()
    const findings = async (store: string, ...more: readonly string[]) => {
      const { stdout } = await lodebook(['doctor', '--json', ...FREE, ...more, '--store', store], {
        directory,
      })
      const report: Report = JSON.parse(stdout)
      return report.findings
    }
    const well = await findings(server.url, '--http.port', String(server.port))
    expect(well).toContainEqual({
      subject: 'store',
      verdict: 'ok',
      message: `esdb://127.0.0.1:${server.port} answers and lets the pool in`,
      fix: null,
    })
    // Nobody can tell whose it is.
    expect(well).toContainEqual(
      expect.objectContaining({
        subject: 'http',
        verdict: 'warn',
        message: `127.0.0.1:${server.port} is taken, by this pool or by another program`,
      }),
    )
    await server.kill()
    const away = (await findings(server.url)).find(({ subject }) => subject === 'store')
    expect(away).toMatchObject({
      verdict: 'fail',
      message: expect.stringContaining(`esdb://127.0.0.1:${server.port} `),
      fix: 'as it says; docs/eventstoredb.md has more',
    })
  })

  test('a store that is not there yet is not made', async () => {
    const { stdout } = await lodebook(['doctor', ...FREE, '--store', 'sqlite:here.db'], { directory })
    expect(stdout).toContain(`${join(directory, 'here.db')} is not there yet and will be made`)
    expect(readdirSync(directory)).toEqual([])
  })

  test('a wrong configuration is told before anything is tried', async () => {
    const { code, stdout, stderr } = await lodebook(['doctor', '--pool.network', 'main'], { directory })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('pool.network: found "main", allowed: mainnet, testnet3, simnet or regnet')
  })
})

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('certificates', () => {
  const day = 24 * 60 * 60 * 1000
  const now = Date.UTC(2030, 0, 1)
  const pair = (from: number, to: number) =>
    generate([{ name: 'commonName', value: 'pool' }], {
      notBeforeDate: new Date(now + from * day),
      notAfterDate: new Date(now + to * day),
    })

  test.each([
    [-1, 90, 'ok', /good until 2030-04-01/],
    [-1, 13, 'warn', /expires on 2030-01-14/],
    [-90, -2, 'fail', /has expired on 2029-12-30/],
    [2, 90, 'fail', /not valid before 2030-01-03/],
  ])('in force from day %d to day %d: %s', async (from, to, verdict, message) => {
    const { private: key, cert } = await pair(from, to)
    expect(certificateFinding('http', key, cert, now)).toMatchObject({
      verdict,
      message: expect.stringMatching(message),
    })
  })

  test('of another key, and no PEM at all', async () => {
    const [one, other] = [await pair(-1, 90), await pair(-1, 90)]
    expect(certificateFinding('http', one.private, other.cert, now).message).toContain(
      'do not belong together',
    )
    expect(certificateFinding('http', 'x', 'y', now)).toMatchObject({ verdict: 'fail' })
  })
})

test('clocks: minutes apart is told, far behind the chain fails', () => {
  const now = Date.UTC(2030, 0, 1)
  expect(clockFinding(now, now - 30_000, now - 1_800_000)).toMatchObject({ verdict: 'ok' })
  expect(clockFinding(now, now - 300_000, now - 1_800_000)).toMatchObject({
    verdict: 'warn',
    message: "this machine's clock is 5 min ahead of the node's",
  })
  expect(clockFinding(now, now + 90_000, now - 1_800_000)).toMatchObject({
    verdict: 'warn',
    message: "this machine's clock is 90 s behind the node's",
  })
  expect(clockFinding(now, now + 9_000_000, now + 7_200_000)).toMatchObject({
    verdict: 'fail',
    message: "this machine's clock is 2 h behind the chain itself",
  })
})

test('open files: too few for the configured connections is told', () => {
  expect(openFilesFinding(1000, 5200)).toMatchObject({ verdict: 'ok' })
  expect(openFilesFinding(1000, 5199)).toMatchObject({ verdict: 'warn' })
  expect(openFilesFinding(1000, undefined)).toMatchObject({ verdict: 'ok' })
})
