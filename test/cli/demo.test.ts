import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { type Child, lodebook, start, temporaryDirectory } from './child.ts'

const { path: directory, remove } = temporaryDirectory()
afterAll(remove)

const PORTS = ['--http.port', '0', '--listeners.0.port', '0', '--devnet-port', '0']

const heights = (said: string): readonly number[] =>
  [...said.matchAll(/Block (\d+) found by (?:garage|attic|shed|lab)/g)].map((match) => Number(match[1]))

async function endInOrder(demo: Child): Promise<string> {
  demo.process.kill('SIGINT')
  const { code, stdout, stderr } = await demo.finished
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/Stopped\. "npm start" goes on where this ended\.\n$/)
  return stdout
}

test('the demo finds a block, and started again goes on with the same history', async () => {
  const first = start(['demo', ...PORTS], { directory })
  await first.says(/Block \d+ found by/)
  const before = heights(await endInOrder(first))
  expect(before[0]).toBe(2)

  const second = start(['demo', ...PORTS], { directory })
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await second.says('Dashboard'))?.[0] ?? ''
  const blocks: { items: readonly { height: number }[] } = JSON.parse(
    await (await fetch(`${url}/api/v1/blocks`)).text(),
  )
  expect(blocks.items.map(({ height }) => height)).toEqual(expect.arrayContaining([...before]))
  const accepted = async (): Promise<number> =>
    JSON.parse(await (await fetch(`${url}/api/v1/pool`)).text()).shares.accepted
  const shares = await accepted()
  expect(shares).toBeGreaterThan(0)
  while ((await accepted()) <= shares) await sleep(20)
  for (const height of heights(await endInOrder(second))) expect(height).toBeGreaterThan(before.at(-1) ?? 0)
})

test('nothing is left running when the demo is killed', async () => {
  const demo = start(['demo', ...PORTS], { directory })
  const said = await demo.says('Stop ')
  const devnet = /on 127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? ''
  demo.process.kill('SIGKILL')
  await demo.finished
  // The devnet that takes the same port and directory waits for nobody: it starts when the old one is gone.
  for (;;) {
    const next = start(['devnet', '--json', '--port', devnet, '--data-directory', 'data/demo/devnet'], {
      directory,
    })
    const answer = await Promise.race([next.says('\n'), next.finished])
    if (typeof answer === 'string' && answer.startsWith('{')) {
      next.process.kill('SIGTERM')
      expect((await next.finished).code).toBe(0)
      break
    }
    await next.finished
  }
})

test('a taken port is told with the flag to change, all of them at once', async () => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { code, stdout, stderr } = await lodebook(
    ['demo', '--http.port', String(port), '--listeners.0.port', '0', '--devnet-port', String(port)],
    { directory },
  )
  server.close()
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr.trim().split('\n')).toEqual([
    `lodebook: port ${port} for the dashboard is taken; end the program that has it (another demo?), or choose another: npm start -- --http.port ${port + 1}`,
    `lodebook: port ${port} for the devnet's node is taken; end the program that has it (another demo?), or choose another: npm start -- --devnet-port ${port + 1}`,
  ])
})

test('the demo takes no node and no network', async () => {
  const { code, stderr } = await lodebook(['demo', '--nodes.0.user', 'x'], { directory })
  expect(code).toBe(2)
  expect(stderr).toContain('leave --nodes.0.user out')
})
