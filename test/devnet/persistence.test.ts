import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { blockHash } from '../../domain/decred/header.ts'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet/devnet.ts'
import { type Address, connect } from './client.ts'
import { bytes, solveData, type WorkData } from './solve.ts'

let directory: string
let children: ChildProcess[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'devnet-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

const start = (options: DevnetOptions = {}): Promise<Devnet> =>
  startDevnet({ dataDirectory: directory, startDifficulty: 1, retarget: false, ...options })

interface Child {
  readonly process: ChildProcess
  readonly address: Address
}

async function startChild(): Promise<Child> {
  const script = fileURLToPath(new URL('child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = await once(child.stdout, 'data')
  return { process: child, address: JSON.parse(String(line)) as Address }
}

async function kill(child: Child): Promise<void> {
  const exit = once(child.process, 'exit')
  child.process.kill('SIGKILL')
  await exit
}

describe('a devnet that is killed', () => {
  test('still has every block that it said true to, and no template', async () => {
    let last: string | undefined
    let old: string | undefined
    for (let round = 0; round < 4; round++) {
      const child = await startChild()
      const client = await connect(child.address)
      const best = await client.ask<string>('getbestblockhash')
      if (last !== undefined) expect(best).toBe(last)
      if (old !== undefined) expect(await client.ask('getwork', old)).toBe(false)
      const work = await client.ask<WorkData>('getwork')
      const solution = solveData(work, 'blake3')
      // Another solution of the same work: known as long as the process lives.
      old = solveData(work, 'blake3', true, 1_000)
      last = blockHash(bytes(solution.slice(0, 360)))
      expect(await client.ask('getwork', solution)).toBe(true)
      await kill(child)
    }
  })
})

describe('a devnet that is started again', () => {
  test('has the same chain, branches and certificate, and goes on', async () => {
    const first = await start()
    await first.generate(6)
    await first.reorganize(2)
    const left = first.chain.tip.hash
    first.invalidate(left)
    await first.generate(3)
    const tips = (devnet: Devnet) =>
      devnet.chain.tips().map(({ block, length, status }) => [block.hash, length, status])
    const before = tips(first)
    await first.stop()
    const second = await start()
    expect(tips(second)).toEqual(before)
    expect(second.certificate).toBe(first.certificate)
    expect(second.certificate).toBe(readFileSync(join(directory, 'rpc.cert'), 'utf8'))
    second.reconsider(left)
    const height = second.chain.tip.height
    await second.generate(2)
    await second.stop()
    const third = await start()
    expect(third.chain.tip.height).toBe(height + 2)
    await third.stop()
  })

  test('may have another block time: old blocks stay', async () => {
    const first = await start()
    await first.generate(4)
    await first.stop()
    const second = await start({ blockTimeSeconds: 300, startDifficulty: 2, retarget: true })
    expect(second.chain.tip.hash).toBe(first.chain.tip.hash)
    await second.stop()
  })

  test('keeps how the work of its blocks follows: the bits that were told for the next block are its bits', async () => {
    const first = await start({ startDifficulty: 4 })
    await first.generate(4)
    const told = first.chain.bitsOn(first.chain.tip)
    await first.stop()
    const second = await startDevnet({ dataDirectory: directory })
    expect(second.chain.bitsOn(second.chain.tip)).toBe(told)
    await second.generate(1)
    expect(second.chain.tip.bits).toBe(told)
    await second.stop()
  })

  test('drops a line that was cut off in the middle, and writes on behind the last whole one', async () => {
    const first = await start()
    await first.generate(4)
    await first.stop()
    const file = join(directory, 'blocks.jsonl')
    appendFileSync(file, '{"block":"0c0000')
    const second = await start()
    expect(second.chain.tip.hash).toBe(first.chain.tip.hash)
    await second.generate(1)
    await second.stop()
    const third = await start()
    expect(third.chain.tip.hash).toBe(second.chain.tip.hash)
    await third.stop()
  })

  test('refuses a file with a damaged line, of another chain, or of something else', async () => {
    const first = await start()
    await first.generate(4)
    await first.stop()
    await expect(start({ powAlgorithm: 'blake256' })).rejects.toThrow('mines blake3, not blake256')
    const file = join(directory, 'blocks.jsonl')
    const lines = readFileSync(file, 'utf8').split('\n')
    const damage = (line: number, text: string) =>
      writeFileSync(file, lines.map((whole, at) => (at === line ? text : whole)).join('\n'))
    damage(2, '{"block":')
    await expect(start()).rejects.toThrow('Line 3 of')
    damage(2, (lines[2] ?? '').replace(/0{40}/, '1'.repeat(40)))
    await expect(start()).rejects.toThrow('wrong block')
    damage(2, `{"invalidate":"${'7'.repeat(64)}"}`)
    await expect(start()).rejects.toThrow('unknown block')
    damage(0, 'hello')
    await expect(start()).rejects.toThrow('not a devnet')
  })
})
