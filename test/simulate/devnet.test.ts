import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { DevnetReady } from '../../src/cli/devnet.ts'
import { type Child, lodebook, start, temporaryDirectory } from '../cli/child.ts'

const DOOR = /miners connect to (\S+) /

async function ended(child: Child): Promise<void> {
  child.process.kill('SIGTERM')
  expect(await child.finished).toMatchObject({ code: 0, stderr: '' })
}

test('a devnet and a pool go on with a simulated history, and what they make passes an audit', async () => {
  const { path: directory, remove } = temporaryDirectory()
  onTestFinished(remove)
  const run = (...words: readonly string[]) => lodebook(words, { directory })
  const made = await run(
    'simulate',
    '--data',
    'here',
    '--shares',
    '800',
    '--shares-per-block',
    '50',
    '--json',
  )
  const { key, height }: { readonly key: string; readonly height: number } = JSON.parse(made.stdout)

  const devnet = start(['devnet', '--json', '--port', '0', '--data-directory', 'here/devnet'], { directory })
  onTestFinished(() => void devnet.process.kill('SIGKILL'))
  const node: DevnetReady = JSON.parse(await devnet.says('\n'))
  expect(node.height).toBe(height)
  writeFileSync(
    join(directory, 'lodebook.toml'),
    `[pool]\nnetwork = "simnet"\ndata_directory = "here"\n` +
      `[http]\nport = 0\n[[listeners]]\nport = 0\nhost = "127.0.0.1"\n` +
      `[[nodes]]\naddress = "${node.address}"\ncertificate_file = ${JSON.stringify(node.certificateFile)}\n` +
      `user = "${node.user}"\npassword = "${node.password}"\n`,
  )
  const pool = start(['run', '--log.format', 'json'], { directory })
  onTestFinished(() => void pool.process.kill('SIGKILL'))
  const [, door = ''] = DOOR.exec(await pool.says(DOOR)) ?? []
  const mining = start(
    ['miner', '--pool', door, '--network', 'simnet', '--user', 'SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah.test'],
    { directory },
  )
  onTestFinished(() => void mining.process.kill('SIGKILL'))
  await pool.says(`"height":${height + 2},"event":"BlockConnected"`)
  await ended(mining)
  await ended(pool)

  const audited = await run('audit', 'here/ledger', '--key', key, '--node', 'lodebook.toml')
  expect(audited.stdout + audited.stderr).toContain('Everything that was checked holds.')
  expect(audited.code).toBe(0)
  await ended(devnet)
})
