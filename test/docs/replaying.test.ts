import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { VIEWS } from '../../src/export/sqlite-file.ts'
import { TABLES, tables } from '../../src/export/tables.ts'
import { temporaryDirectory } from '../cli/child.ts'

/** The page for complaints shows what really comes: each of its commands is run, and its output is that on the page. */

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const page = readFileSync(path('docs/replaying.md'), 'utf8')
const scratch = temporaryDirectory()
afterAll(scratch.remove)

const BLOCK = /^```\n([\s\S]*?)^```$/gm
const END = '--- end of output ---'

/** The commands of the page in their order; each line that begins with a dollar. */
const commands = [...page.matchAll(BLOCK)].flatMap(([, block = '']) =>
  block.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : [])),
)

/** SQLite's own shell, as far as the page uses it. */
const SQL = `const [, file, sql] = process.argv
const db = new (await import('node:sqlite')).DatabaseSync(file, { readOnly: true })
for (const row of db.prepare(sql).all()) console.log(Object.values(row).join('|'))`

/** What each command prints, in one shell in an empty directory. */
function outputs(): readonly string[] {
  const script = [
    `node() { "${process.execPath}" "$@"; }`,
    `lodebook() { node "${path('src/cli/lodebook.js')}" "$@"; }`,
    `sqlite3() { node --input-type=module -e "$SQL" "$@"; }`,
    ...commands.flatMap((command) => [command, `echo '${END}'`]),
  ].join('\n')
  const all = execFileSync('bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: scratch.path,
    encoding: 'utf8',
    env: { ...process.env, SQL, NO_COLOR: '1', NODE_NO_WARNINGS: '1' },
  })
  return all.split(`${END}\n`).slice(0, -1)
}

test('every command of docs/replaying.md prints what the page says', async () => {
  expect(commands.length).toBeGreaterThan(10)
  const printed = outputs()
  expect(printed).toHaveLength(commands.length)
  let next = 0
  const now = page.replaceAll(BLOCK, (_, block: string) => {
    const lines = block.split('\n').filter((line) => line.startsWith('$ '))
    return `\`\`\`\n${lines.map((line) => `${line}\n${printed[next++] ?? ''}`).join('')}\`\`\``
  })
  // `npx vitest run --project fast test/docs/replaying.test.ts -u` writes the page anew.
  await expect(now).toMatchFileSnapshot(path('docs/replaying.md'))
})

test('the page has every table, column and view of an export', () => {
  for (const name of TABLES) {
    const { row, columns } = tables[name]
    const line = `| \`${name}\` | ${row} | ${columns.map((column) => `\`${column.name}\`${column.says === '' ? '' : ` (${column.says})`}`).join(', ')} |`
    expect(page).toContain(line)
  }
  for (const { name, row, needs } of VIEWS)
    expect(page).toContain(`| \`${name}\` | ${row} | ${needs.map((table) => `\`${table}\``).join(', ')} |`)
})
