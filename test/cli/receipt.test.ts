import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { lodebook, temporaryDirectory } from './child.ts'

function scratch(): string {
  const { path, remove } = temporaryDirectory()
  onTestFinished(remove)
  return path
}

/** A pool that answers everything with 404, and what it was asked for. */
async function emptyPool() {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.writeHead(404).end('{"detail":"The ledger has no accepted share at this place."}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = () => new Promise((resolve) => server.close(resolve))
  return { url: `http://127.0.0.1:${port}`, asked, close }
}

test('a share may be named as people write it, with commas', async () => {
  const pool = await emptyPool()
  onTestFinished(async () => void (await pool.close()))
  const told = await lodebook(['receipt', '--pool', pool.url, '--share', '1,216:1'], { directory: scratch() })
  expect(pool.asked).toEqual(['/api/v1/shares/1216/1/receipt'])
  expect(told).toMatchObject({
    code: 1,
    stderr: 'lodebook: The ledger has no accepted share at this place.\n',
  })
})

test('a pool that is not there is told of in words', async () => {
  const pool = await emptyPool()
  await pool.close()
  const told = await lodebook(['receipt', '--pool', pool.url, '--share', '1:1'], { directory: scratch() })
  expect(told).toMatchObject({
    code: 1,
    stderr: `lodebook: ${pool.url}/ can't be reached (nothing listens there); look whether the address is right and the pool runs\n`,
  })
})

test('so is a file that is not there', async () => {
  const key = await lodebook(['keygen', '--name', 'pool.example/ledger', 'ledger.key'], {
    directory: scratch(),
  })
  const told = await lodebook(['verify', 'none.tlog-proof', '--key', key.stdout.trim()], {
    directory: scratch(),
  })
  expect(told).toMatchObject({
    code: 2,
    stderr: "lodebook: none.tlog-proof can't be read: there is no such file\n",
  })
})
