import {
  environmentName,
  externalName,
  flagName,
  type Group,
  type Key,
  type Leaf,
  type List,
  leaves,
  schema,
} from './schema.ts'

/** The commented file that `lodebook config init` writes: as it stands it says nothing but the defaults. */
export function initialFile(): string {
  const head = [
    '# Lodebook: configuration.',
    '# A line that begins with "#" and a space explains; one with "#" alone is a setting: take the "#" away and change it.',
    '# What is commented out is at its default. Nodes have none: at least one is needed to run.',
    '# The same keys as environment variables and flags, and all of this on one page: docs/configuration.md',
  ]
  const sections = Object.entries(schema.keys).map(([name, section]) =>
    section.kind === 'list'
      ? [
          '',
          ...comment(section.says),
          `${section.itemsByDefault === 0 ? '#' : ''}[[${externalName(name)}]]`,
          ...keyLines(section.item, ''),
        ]
      : ['', ...comment(section.says), `[${externalName(name)}]`, ...keyLines(section, '')],
  )
  return `${[...head, ...sections.flat()].join('\n')}\n`
}

function keyLines(group: Group, prefix: string): readonly string[] {
  return Object.entries(group.keys).flatMap(([name, child]) => {
    const written = `${prefix}${externalName(name)}`
    if (child.kind === 'group') return keyLines(child, `${written}.`)
    if (child.kind === 'list') return []
    return [
      ...comment(plain(child.says)),
      ...comment(`Allowed: ${child.codec.name}.${standingFor(child)}`),
      `#${written} = ${toml(child.fallback.kind === 'value' ? child.fallback.value : child.example)}`,
    ]
  })
}

/** What the example of a key without a default value stands for. */
function standingFor(key: Key): string {
  switch (key.fallback.kind) {
    case 'value':
      return ''
    case 'required':
      return ' Needed.'
    case 'unset':
      return ' Not set by default; an example:'
    case 'derived':
      return ` Default: ${plain(key.fallback.says)}; an example:`
  }
}

const plain = (markdown: string): string => markdown.replaceAll('`', '')

/** Strings, numbers and booleans are written alike in TOML and JSON. */
const toml = (value: string | number | boolean | null): string => JSON.stringify(value)

function comment(text: string): readonly string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > 100) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** docs/configuration.md, whole. `lodebook config manual` prints it, and a test holds the file to it. */
export function manual(): string {
  return `${[...INTRODUCTION, ...Object.entries(schema.keys).flatMap(([name, section]) => sectionText(name, section))].join('\n')}\n`
}

function sectionText(name: string, section: Group | List): readonly string[] {
  const table = externalName(name)
  const rows = leaves.filter(({ inCode }) => inCode[0] === name).map(row)
  return [
    '',
    section.kind === 'list' ? `## \`[[${table}]]\`` : `## \`[${table}]\``,
    '',
    section.says,
    '',
    '| key | default | allowed | what it does |',
    '|---|---|---|---|',
    ...rows,
  ]
}

function row({ external, key }: Leaf): string {
  const path = external.join('.').replace('*', 'N')
  return `| \`${path}\` | ${fallbackText(key)} | ${key.codec.name} | ${key.says} |`
}

function fallbackText({ fallback }: Key): string {
  switch (fallback.kind) {
    case 'value':
      return `\`${fallback.value}\``
    case 'required':
      return 'needed'
    case 'unset':
      return 'not set'
    case 'derived':
      return fallback.says
  }
}

const INTRODUCTION = [
  '# Configuration',
  '',
  'Every key of the pool, made from the table in `src/config/schema.ts`.',
  '',
  '## Where a value comes from',
  '',
  'One TOML file: the one named by `--config`, else by the environment variable `LODEBOOK_CONFIG`, else `lodebook.toml` in the working',
  'directory if there is one. `lodebook config init` writes a commented one. Every key can also be given as an environment variable and as a',
  'flag, by one rule:',
  '',
  '| | how it is written | example |',
  '|---|---|---|',
  '| file | table and key | `[http]` and below it `port = 8080` |',
  `| environment | \`LODEBOOK_\`, then the key in capitals with \`_\` for \`.\` | \`${environmentName('http.port')}=8080\` |`,
  `| flag | \`--\` and the key | \`${flagName('http.port')} 8080\` or \`${flagName('http.port')}=8080\` |`,
  '',
  'A flag beats the environment, the environment beats the file, the file beats the default. `lodebook config` prints what is in force and',
  'where each value came from; secrets are never printed.',
  '',
  '- The tables `[[nodes]]`, `[[listeners]]`, `[[witnesses]]` and `[[webhooks]]` are lists. `N` in a key below is the number of the item, the first is 0:',
  `  \`${environmentName('nodes.0.address')}\`, \`${flagName('listeners.1.port')}\`. A flag or variable changes that one key of the item and leaves the rest, or adds an item at the end.`,
  '- An environment variable that is empty counts as not set.',
  '- A relative path is taken from the working directory, one that begins with `~/` from the home directory.',
  '- Secrets belong into a file (`password_file`) or the environment. A flag can be seen by every user of the machine while the pool runs.',
  '- Unknown keys are errors, also unknown environment variables that begin with `LODEBOOK_` and the name of a table.',
  '- Times are in milliseconds and end in `ms`, or `ms_max`; sizes are in bytes.',
  '',
  'When something is wrong the pool does not start, ends with exit code 2, and names every mistake at once:',
  '',
  '```',
  'lodebook.toml:3: there is no pool.nettwork; did you mean pool.network?',
  'lodebook.toml:12: http.port: found "eighty", allowed: a whole number from 0 to 65535 (0 takes any free port)',
  '```',
]
