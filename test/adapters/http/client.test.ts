import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exampleAddress } from './pool-example.ts'
import { runningExample } from './running.ts'

/** The typed client as others get it: the package is packed, unpacked into a project of its own and imported by its name. */

const root = new URL('../../../', import.meta.url).pathname
const project = mkdtempSync(join(tmpdir(), 'lodebook-client-'))
const modules = join(project, 'node_modules')

beforeAll(() => {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: root })
  mkdirSync(join(modules, 'lodebook'), { recursive: true })
  const { dependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const archive = join(project, `lodebook-${version}.tgz`)
  execFileSync('tar', ['-xzf', archive, '-C', join(modules, 'lodebook'), '--strip-components=1'])
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(project, { recursive: true }))

/** Types of a program that uses the client, checked as strictly as its author may want to. */
function compile(program: string): string {
  writeFileSync(join(project, 'program.ts'), program)
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--target',
    'es2024',
  ]
  try {
    return execFileSync('npx', ['tsc', ...flags, join(project, 'program.ts')], {
      cwd: root,
      encoding: 'utf8',
    })
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
  }
}

const PROGRAM = `
import { apiClient } from 'lodebook/client'
const client = apiClient(process.argv[2] ?? '')
const pool = await client.pool.$get()
const blocks = await client.blocks.$get({ query: { limit: '2' } })
const miner = await client.miners[':address'].$get({ param: { address: process.argv[3] ?? '' } })
if (!pool.ok || !blocks.ok) throw new Error('the pool does not answer')
const page = await blocks.json()
const heights: readonly number[] = page.items.map((block) => block.height)
const software: string = (await pool.json()).live.software
console.log(JSON.stringify({ software, heights, next: page.next, miner: miner.status }))
`

test('a program of others compiles and reads the pool', async () => {
  expect(compile(PROGRAM)).toBe('')
  const pool = await runningExample()
  const child = spawn(process.execPath, ['program.ts', pool.server.url, exampleAddress(0)], { cwd: project })
  const output = (await child.stdout.setEncoding('utf8').toArray()).join('')
  expect(JSON.parse(output)).toEqual({
    software: 'lodebook 0.1.0',
    heights: pool.blocks.slice(0, 2).map(({ height }) => height),
    next: 'at-2',
    miner: 200,
  })
})

test('the program of docs/api.md compiles', () => {
  const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/api.md'), 'utf8')) ?? []
  expect(program).toContain("from 'lodebook/client'")
  expect(compile(program)).toBe('')
})

test('what the API does not have does not compile', () => {
  const wrong = [
    ['await client.coins.$get()', "Property 'coins' does not exist"],
    ["await client.blocks.$get({ query: { colour: 'red' } })", "'colour' does not exist"],
    ["await client.miners[':address'].$get()", 'Expected 1-2 arguments'],
    ['if (pool.ok) (await pool.json()).gold', "'gold' does not exist"],
  ]
  const lines = [
    "import { apiClient } from 'lodebook/client'",
    "const client = apiClient('')",
    'const pool = await client.pool.$get()',
  ]
  const complaints = compile([...lines, ...wrong.map(([line]) => line), ''].join('\n')).split('\n')
  wrong.forEach(([, complaint], i) => {
    const said = complaints.find((each) => each.includes(`program.ts(${lines.length + i + 1},`))
    expect(said).toContain(complaint)
  })
})
