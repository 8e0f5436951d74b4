import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { EMPTY_ROOT } from '../../domain/transparency/tree.ts'
import { answered, key, publish, temporaryFolder } from '../adapters/ledger/published.ts'
import { LITEWITNESS, pathOf } from './programs.ts'

/** litewitness: a witness that was not written here, with its key in an SSH agent and its state in SQLite. */

const SIZES = [1, 256, 300, 70_000]
const folder = temporaryFolder()
const children: ChildProcess[] = []
let url = ''
let witnessKey = ''
let checkpoints: readonly Checkpoint[] = []

beforeAll(async () => {
  checkpoints = await publish(join(folder.path, 'ledger'), SIZES)
  const socket = join(folder.path, 'agent')
  children.push(spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' }))
  await until(() => existsSync(socket))
  const keyFile = join(folder.path, 'witness-key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile])
  execFileSync('ssh-add', ['-q', keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' })
  const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-lf', keyFile], { encoding: 'utf8' }).split(' ')
  const database = join(folder.path, 'witness.db')
  addLog(database)
  const address = `127.0.0.1:${await freePort()}`
  const words = ['-name', 'witness.example/w1', '-key', fingerprint, '-ssh-agent', socket, '-db', database]
  const witness = spawn(pathOf(LITEWITNESS), [...words, '-listen', address])
  children.push(witness)
  let said = ''
  witness.stderr.on('data', (bytes) => {
    said += bytes
  })
  await until(() => said.includes('msg=listening'))
  witnessKey = /vkey=(\S+)/.exec(said)?.[1] ?? ''
  url = `http://${address}/add-checkpoint`
})
afterAll(async () => {
  for (const child of children) child.kill()
  await Promise.all(
    children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))),
  )
  folder.remove()
})

/** What its operator does with `witnessctl add-log` and `add-key`. */
function addLog(path: string): void {
  const database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);
    CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))`)
  database.prepare('INSERT INTO log VALUES (?, 0, ?)').run(key.verifier.name, toBase64(EMPTY_ROOT))
  database.prepare('INSERT INTO key VALUES (?, ?)').run(key.verifier.name, verifierKeyText(key.verifier))
  database.close()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('it did not come')
    await sleep(20)
  }
}

const addCheckpoint = (from: number, proof: readonly Uint8Array[], note: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: `old ${from}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${note}`,
  })

test('each checkpoint is cosigned with our proof from the one before, and the cosignature opens', async () => {
  const witness = parseVerifierKey(witnessKey)
  if (E.isLeft(witness)) throw new Error(witness.left.message)
  let from = 0
  for (const checkpoint of checkpoints) {
    const { consistencyProof } = ledgerReader(ledgerFolder(join(folder.path, 'ledger')), checkpoint)
    const note = signCheckpoint(checkpoint, [noteSigner(key)])
    const answer = await addCheckpoint(from, await answered(consistencyProof(from)), note)
    const line = await answer.text()
    expect([answer.status, line]).toEqual([200, expect.stringMatching(/^— witness\.example\/w1 \S+\n$/)])
    const trust = { origin: key.verifier.name, keys: [key.verifier], witnesses: [witness.right] }
    const opened = openCheckpoint(note + line, trust)
    expect(E.isRight(opened) && opened.right.cosignedBy.map((by) => by.key)).toEqual([witness.right])
    from = checkpoint.size
  }
})

test('a log that goes back, or another tree of the same size, is not cosigned', async () => {
  const newest = checkpoints.at(-1)
  const [, second] = checkpoints
  if (newest === undefined || second === undefined) throw new Error('no checkpoints')
  const back = await addCheckpoint(0, [], signCheckpoint(second, [noteSigner(key)]))
  expect([back.status, await back.text()]).toEqual([409, '70000\n'])
  const fork = signCheckpoint({ ...newest, root: second.root }, [noteSigner(key)])
  expect((await addCheckpoint(70_000, [], fork)).status).toBeGreaterThanOrEqual(400)
})
