import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkNames, KINDS } from '../../src/audit/finding.ts'

const root = join(import.meta.dirname, '../..')

test('docs/auditing.md lists the kinds of findings of each check', () => {
  const listed = readFileSync(join(root, 'docs/auditing.md'), 'utf8')
    .split('## Kinds of findings')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .flatMap((line) => {
      const row = /^\| (A\d+) \| (.*) \|$/.exec(line)
      return row === null
        ? []
        : [[row[1], [...(row[2] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind)]]
    })
  expect(listed).toEqual(checkNames.map((check) => [check, KINDS[check]]))
})

test('each kind is reported somewhere', () => {
  const folder = join(root, 'src/audit')
  const text = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'finding.ts')
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')
  const kinds = Object.values(KINDS).flat()
  expect(kinds.filter((kind) => !text.includes(`'${kind}'`))).toEqual([])
})
