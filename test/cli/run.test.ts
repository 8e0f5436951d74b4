import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DevnetReady } from '../../src/cli/devnet.ts'
import { type Child, lodebook, start, temporaryDirectory } from './child.ts'

const { path: directory, remove } = temporaryDirectory()
let devnet: Child
let node: readonly string[] = []

beforeAll(async () => {
  devnet = start(['devnet', '--json', '--port', '0', '--data-directory', 'chain'], { directory })
  const ready: DevnetReady = JSON.parse(await devnet.says('\n'))
  node = [
    ...['--nodes.0.address', ready.address, '--nodes.0.certificate_file', ready.certificateFile],
    ...['--nodes.0.user', ready.user, '--nodes.0.password', ready.password, '--pool.network', ready.network],
    ...['--listeners.0.port', '0', '--listeners.0.host', '127.0.0.1', '--http.port', '0'],
  ]
})
afterAll(async () => {
  devnet.process.kill('SIGTERM')
  expect((await devnet.finished).code).toBe(0)
  remove()
})

const HTTP = /dashboard on (http:\/\/127\.0\.0\.1:\d+)/

describe('run on a devnet', () => {
  test.concurrent.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'serves, and ends with 0 on %s',
    async (signal) => {
      const data = join(directory, signal)
      const pool = start(['run', ...node, '--log.format', 'json', '--pool.data_directory', data], {
        directory,
      })
      const said = await pool.says(HTTP)
      await pool.says('node up')
      const url = HTTP.exec(said)?.[1] ?? ''
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
      pool.process.kill(signal)
      const { code, stdout, stderr } = await pool.finished
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' })
      expect(stdout).not.toContain('pass')
    },
  )

  test('a store that another process has: 1 and a sentence', async () => {
    const first = start(['run', ...node], { directory })
    await first.says(HTTP)
    const second = await lodebook(['run', ...node], { directory })
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/^lodebook: .*lodebook\.db is in use by process \d+.*\n$/)
    first.process.kill('SIGTERM')
    expect((await first.finished).code).toBe(0)
  })

  test('doctor finds everything in order, alone and beside the running pool', async () => {
    const alone = await lodebook(['doctor', '--json', ...node], { directory })
    expect(alone.code).toBe(0)
    expect(JSON.parse(alone.stdout)).toMatchObject({ healthy: true, failed: 0 })
    const pool = start(['run', ...node], { directory })
    await pool.says('node up')
    const beside = await lodebook(['doctor', ...node], { directory })
    expect(beside.code).toBe(0)
    expect(beside.stdout).toContain('is in use, so a pool is running')
    pool.process.kill('SIGTERM')
    expect((await pool.finished).code).toBe(0)
  })

  test.each([
    [['--nodes.0.password', 'wrong'], 'refuses the user name or password'],
    [['--pool.network', 'testnet3'], 'is on simnet, the pool is configured for testnet3'],
    [['--nodes.0.certificate_file', join(directory, 'none')], "can't be read: there is no such file"],
  ])('doctor with %j', async (wrong, message) => {
    const { code, stdout } = await lodebook(['doctor', ...node, ...wrong], { directory })
    expect(code).toBe(3)
    expect(stdout).toMatch(/^fail {2}nodes\.0 /m)
    expect(stdout).toContain(message)
  })
})

test('a second devnet on the same port says so', async () => {
  const port = /:(\d+)$/.exec(node[1] ?? '')?.[1] ?? ''
  const { code, stderr } = await lodebook(['devnet', '--port', port, '--data-directory', 'other'], {
    directory,
  })
  expect(code).toBe(1)
  expect(stderr).toBe(`lodebook: port ${port} is taken by another program; choose another with --port\n`)
})
