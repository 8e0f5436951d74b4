import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { start, temporaryDirectory } from '../cli/child.ts'

/** What the README and the page for miners tell people to type, on a demo pool: run as it stands, but for addresses and waiting. */

const MAIN = fileURLToPath(new URL('../../src/cli/lodebook.js', import.meta.url))
const { path: directory, remove } = temporaryDirectory()
afterAll(remove)

/** The shell blocks below a heading of a page. */
function blocks(file: string, heading: string): readonly string[] {
  const page = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  const [, section = ''] = new RegExp(`^## ${heading}$([^]*?)(?=^## |$(?![^]))`, 'm').exec(page) ?? []
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
}

/** Runs shell with `lodebook` on it; each line must succeed. */
function shell(script: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const own = `set -e\nlodebook() { "${process.execPath}" "${MAIN}" "$@"; }\n`
  const child = spawn('bash', ['-c', own + script], {
    cwd: directory,
    env: { ...process.env, NO_COLOR: '1' },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, said }))
  })
}

test('what no other pool has can be tried as the README says, and a miner can check what the pool answered', async () => {
  const demo = start(['demo', '--http.port', '0', '--listeners.0.port', '0', '--devnet-port', '0'], {
    directory,
  })
  const said = await demo.says('Stop ')
  const url = /Dashboard +(\S+)/.exec(said)?.[1] ?? ''
  const stratum = /stratum\+tcp:\/\/(\S+?),/.exec(said)?.[1] ?? ''
  const key = /signed by (\S+)/.exec(said)?.[1] ?? ''
  await demo.says(/Block 2 is shared/)

  const [readme = ''] = blocks('README.md', 'Try what no other pool has')
  const tried = await shell(
    readme
      .replace(/^alias .*$/m, '')
      .replace(/^KEY=.*$/m, `KEY='${key}'`)
      .replaceAll('http://127.0.0.1:8080', url)
      .replace('lodebook miner', `lodebook miner --pool ${stratum} --password d=200000`)
      .replace('--seconds 20', '--seconds 4')
      // The newest answers are signed within a second.
      .replace(/^lodebook verify/m, 'sleep 2\nlodebook verify'),
  )
  expect(tried).toMatchObject({ code: 0 })
  expect(tried.said).toMatch(/(\d+) shares answered true, \1 of them in the ledger\./)
  expect(tried.said.match(/Everything that was checked holds\./g)).toHaveLength(2)
  expect(tried.said).toContain('backup.db is whole: it was opened and read to its end.')
  expect(existsSync(join(directory, 'report.html'))).toBe(true)

  const answer = JSON.parse(readFileSync(join(directory, 'answers.jsonl'), 'utf8').split('\n')[0] ?? '')
  const [receipt = ''] = blocks('docs/miners.md', 'Checking')
  const checked = await shell(
    receipt
      .replace('https://pool.example', url)
      .replace(/--job \S+/, `--job ${answer.job}`)
      .replace(/--nonce \S+/, `--nonce ${answer.nonce}`)
      .replace('"$(cat pool.vkey)"', `'${key}'`),
  )
  expect(checked).toMatchObject({ code: 0 })
  expect(checked.said).toMatch(/Proven: a share of difficulty [\d,]+ at /)

  demo.process.kill('SIGINT')
  expect(await demo.finished).toMatchObject({ code: 0, stderr: '' })
})
