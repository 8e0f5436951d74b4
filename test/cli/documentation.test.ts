import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exitMeanings } from '../../src/cli/exit-code.ts'
import { lodebook } from './child.ts'
import { everyCommand } from './commands.ts'

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const page = read('docs/command-line.md')
const commands = everyCommand

test('there are commands', () => {
  expect(commands.length).toBeGreaterThan(15)
  expect(commands.map(({ command }) => command)).toContain('payout status')
})

const withOptions = commands.filter(({ names }) => names.length > 0)
test.each(withOptions)('docs/command-line.md has every option of $command', ({ command, names }) => {
  const section =
    new RegExp(`^## \`lodebook ${command}\`$([^]*?)(?=^## |$(?![^]))`, 'm').exec(page)?.[1] ?? ''
  expect(section).not.toBe('')
  for (const name of names) expect(section).toContain(name)
})

test.each(commands.filter(({ path }) => path.length === 1))(
  'docs/command-line.md lists $command, and its help has examples',
  ({ command, examples }) => {
    expect(page).toMatch(new RegExp(`^\\| \`${command}\` \\| .+ \\|$`, 'm'))
    expect(examples.join()).toContain(`lodebook ${command}`)
  },
)

test('exit codes are the same in the page, in help and in the manual page', async () => {
  const { stdout: help } = await lodebook(['--help'], { directory: '.' })
  const { stdout: manual } = await lodebook(['man'], { directory: '.' })
  for (const [code, meaning] of Object.entries(exitMeanings)) {
    expect(page).toContain(`| ${code} | ${meaning} |`)
    expect(help).toMatch(new RegExp(`Exit codes: .*\\b${code} `))
    expect(manual).toContain(`.B ${code}\n${meaning.replaceAll('`', '')}`)
  }
})

describe('docs/from-dcrpool.md', () => {
  const moving = read('docs/from-dcrpool.md')
  const [, table = ''] = /^## Options\n([\s\S]*?)^## /m.exec(moving) ?? []
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )

  /** Every option of dcrpool 2.0 by its own `--help`, and those of 1.2 that 2.0 removed. */
  const options =
    'version appdata configfile datadir logdir dbfile activenet debuglevel dcrdrpchost dcrdrpccert rpcuser rpcpass ' +
    'walletgrpchost walletrpccert wallettlscert wallettlskey walletpass walletaccount poolfeeaddrs poolfee paymentmethod ' +
    'lastnperiod maxgentime solopool adminpass guidir guilisten domain uselehttps noguitls tlscert tlskey designation ' +
    'minerlisten maxconnperhost conftimeout monitorcycle maxupgradetries profile gencertsonly postgres postgreshost ' +
    'postgresport postgresuser postgrespass postgresdbname purgedb minpayment maxtxfeereserve'

  test.each(options.split(' '))('says what becomes of %s', (option) => {
    const row = rows.filter(([theirs]) => theirs?.includes(`\`${option}\``))
    expect(row).toHaveLength(1)
    // Either a key of ours or a remark that says why there is none.
    expect(`${row[0]?.[1]}${row[0]?.[2]}`.length).toBeGreaterThan(5)
  })

  test('has no option that dcrpool never had', () => {
    const named = rows.flatMap(([theirs = '']) => [...theirs.matchAll(/`(\w+)`/g)].map(([, name]) => name))
    expect(named.toSorted()).toEqual(options.split(' ').toSorted())
  })

  test('names no key of ours that does not exist', () => {
    const manual = read('docs/configuration.md')
    const named = rows.flatMap(([, ours = '']) =>
      [...ours.matchAll(/`([a-z]+\.[A-Za-z_.]+)`/g)].map(([, key]) => key ?? ''),
    )
    expect(named.length).toBeGreaterThan(20)
    for (const key of named) expect(manual).toContain(`| \`${key}\` |`)
  })
})
