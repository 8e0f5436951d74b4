import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { toldTypes } from '../../src/webhooks/message.ts'
import { post } from '../../src/webhooks/post.ts'

const page = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('the receiver of the page takes what the pool sends, once, and nothing that is forged or old', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-recipe-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? []
  writeFileSync(join(directory, 'receiver.mjs'), program)
  const secret = Buffer.alloc(32, 9).toString('base64')
  const port = await freePort()
  const child = spawn(process.execPath, ['receiver.mjs'], {
    cwd: directory,
    env: { ...process.env, WEBHOOK_SECRET: `whsec_${secret}`, PORT: String(port) },
  })
  onTestFinished(() => {
    child.kill()
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })

  const url = `http://127.0.0.1:${port}/`
  const message = { id: 'a', at: 5, body: '{"id":"a","type":"BlockFound","block":"00ab","payout":null}' }
  const send = (key: string, nowMs: number) =>
    post({ name: 'x', url, secret: key, events: 'all' }, message, {
      nowMs,
      answerMsMax: 5000,
      stopped: new AbortController().signal,
    })()
  let first = await send(secret, Date.now())
  while (E.isLeft(first) && /ECONNREFUSED/.test(first.left)) first = await send(secret, Date.now())
  expect(first).toEqual(E.right(undefined))
  expect(await send(secret, Date.now())).toEqual(E.right(undefined))
  expect(await send(Buffer.alloc(32, 8).toString('base64'), Date.now())).toEqual(E.left('it answered 401'))
  expect(await send(secret, Date.now() - 301_000)).toEqual(E.left('it answered 401'))
  expect(said).toBe('BlockFound 00ab\n')
})

test('the page names every type that is sent, and no other', () => {
  const [, row = ''] = /^\| `type` \| (.*) \|$/m.exec(page) ?? []
  const named = [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  expect(named.toSorted()).toEqual([...toldTypes.all].toSorted())
})
