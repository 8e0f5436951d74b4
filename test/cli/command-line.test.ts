import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lodebook, temporaryDirectory } from './child.ts'
import { everyCommand } from './commands.ts'

let directory = ''
let remove = () => {}
beforeEach(() => {
  const made = temporaryDirectory()
  directory = made.path
  remove = made.remove
})
afterEach(() => remove())

const run = (...words: string[]) => lodebook(words, { directory })

describe('help', () => {
  test('has examples and the exit codes', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('$ lodebook config init')
    expect(stdout).toContain('Exit codes: 0 done')
  })

  test('no command at all is a mistake and prints the help', async () => {
    const { code, stdout, stderr } = await run()
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: lodebook')
  })

  test.each(['payout', 'admin', 'ledger', 'store'])(
    '"%s" without saying what is a mistake and prints the help',
    async (command) => {
      const { code, stdout, stderr } = await run(command)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(`Usage: lodebook ${command}`)
      expect(stderr).not.toContain('says more')
    },
  )

  test('--version prints that of package.json', async () => {
    const { stdout } = await run('--version')
    expect(stdout).toBe(`${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`)
  })
})

describe('a wrong command line ends with 2 and one sentence', () => {
  test.each([
    [['rnu'], 'lodebook: unknown command \'rnu\' (Did you mean run?); "lodebook --help" says more\n'],
    [
      ['run', '--cofnig', 'x'],
      'lodebook: unknown option \'--cofnig\' (Did you mean --config?); "lodebook run --help" says more\n',
    ],
    [
      ['payout', 'approve', 'x'],
      'lodebook: <number>: found "x", allowed: the number of a payout; "lodebook payout approve --help" says more\n',
    ],
    [
      ['devnet', '--port', 'x'],
      'lodebook: --port: found "x", allowed: a whole number from 0 to 65535; "lodebook devnet --help" says more\n',
    ],
    [
      ['completion', 'ksh'],
      'lodebook: <shell>: found "ksh", allowed: bash, zsh, fish; "lodebook completion --help" says more\n',
    ],
    [
      ['ledger', 'cat'],
      'lodebook: <ledger> is missing: URL or folder of the ledger: below it is "checkpoint"; "lodebook ledger cat --help" says more\n',
    ],
    [
      ['audit', './ledger'],
      'lodebook: --key <vkey> is missing: the ledger\'s verifier key, from somewhere else than the ledger. Whoever runs the pool announces it; its Ledger page shows the one to compare, and "lodebook simulate" and "lodebook keygen" print those that they make; "lodebook audit --help" says more\n',
    ],
    [
      ['config', '--http.port'],
      'lodebook: --http.port needs a value: --http.port <value>, or --http.port=<value>\n',
    ],
    [
      ['config', '--http.prt', '1'],
      'lodebook: flag --http.prt: there is no --http.prt; did you mean --http.port?\n',
    ],
    [
      ['config', '--http.port=x'],
      'lodebook: flag --http.port: http.port: found "x", allowed: a whole number from 0 to 65535 (0 takes any free port)\n',
    ],
    [
      ['config', '--config', 'none.toml'],
      'lodebook: flag --config: none.toml can\'t be read (there is no such file); name a file that can be read, or write one with "lodebook config init"\n',
    ],
  ])('%j', async (words, sentence) => {
    const { code, stdout, stderr } = await run(...words)
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: sentence })
  })

  test('a key of the configuration where none is taken', async () => {
    const { code, stderr } = await run('completion', 'bash', '--http.port', '1')
    expect(code).toBe(2)
    expect(stderr).toContain(
      '"lodebook completion" takes no keys of the configuration; leave --http.port out',
    )
  })

  test('run without a node says what to do', async () => {
    const { code, stderr } = await run('run')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^lodebook: no node is configured.*lodebook config init.*\n$/)
  })
})

describe('config', () => {
  test('init writes a file for its owner only, and never over another', async () => {
    expect(await run('config', 'init')).toMatchObject({ code: 0, stderr: '' })
    const file = join(directory, 'lodebook.toml')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'mine')
    const again = await run('config', 'init')
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'lodebook: lodebook.toml is there already and is not overwritten; name another file, or remove it first\n',
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect((await run('config', 'init', 'none/x.toml')).stderr).toBe(
      "lodebook: none/x.toml can't be written (there is no such file); name another file\n",
    )
  })

  test('prints what is in force and from where, secrets hidden', async () => {
    const secret = 'hunter2-hunter2'
    writeFileSync(
      join(directory, 'lodebook.toml'),
      `[http]\nport = 81\n[[nodes]]\naddress = "127.0.0.1"\ncertificate_file = "rpc.cert"\nuser = "u"\npassword = "${secret}"\n`,
    )
    const words = ['config', '--log.level', 'warn']
    const environment = { LODEBOOK_HTTP_HOST: '::1', LODEBOOK_OTHER: 'x' }
    const { code, stdout, stderr } = await lodebook(words, { directory, environment })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^# lodebook\.toml\n/)
    expect(stdout).toMatch(/^http\.port = 81 +lodebook\.toml:2$/m)
    expect(stdout).toMatch(/^http\.host = "::1" +environment variable LODEBOOK_HTTP_HOST$/m)
    expect(stdout).toMatch(/^log\.level = "warn" +flag --log\.level$/m)
    expect(stdout).toMatch(/^nodes\.0\.password = \(hidden\) +lodebook\.toml:7$/m)
    expect(stdout).toMatch(/^journal\.linger_ms_max = 100 +default$/m)
    expect(stderr).toBe(
      'lodebook: environment variable LODEBOOK_OTHER is no key of the configuration and is ignored\n',
    )

    const json = await lodebook([...words, '--json'], { directory, environment })
    const { file, settings, ignored } = JSON.parse(json.stdout)
    expect({ file, ignored }).toEqual({ file: 'lodebook.toml', ignored: ['LODEBOOK_OTHER'] })
    expect(settings).toContainEqual({
      key: 'nodes.0.password',
      value: null,
      hidden: true,
      from: { kind: 'file', file: 'lodebook.toml', line: 7 },
    })
    expect(stdout + json.stdout).not.toContain(secret)
  })

  test("--store is short for --store.url, and a store's password is printed nowhere", async () => {
    const url = 'esdb://pool:hunter2-hunter2@db:2113?tlsCAFile=ca.crt'
    const text = await run('config', '--store', url)
    expect(text.stdout).toMatch(/^store\.url = "esdb:\/\/…@db:2113\?tlsCAFile=ca\.crt" +flag --store\.url$/m)
    const environment = { LODEBOOK_STORE_URL: url }
    const json = await lodebook(['config', '--json'], { directory, environment })
    expect(JSON.parse(json.stdout).settings).toContainEqual({
      key: 'store.url',
      value: 'esdb://…@db:2113?tlsCAFile=ca.crt',
      hidden: false,
      from: { kind: 'environment', variable: 'LODEBOOK_STORE_URL' },
    })
    const wrong = await run('config', '--store', `${url}&tls=false`)
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('flag --store.url: store.url: found "esdb://…@db:2113?…", allowed: ')
    for (const { stdout, stderr } of [text, json, wrong]) expect(stdout + stderr).not.toContain('hunter2')
  })

  test('the file can be named by flag or variable, the flag first', async () => {
    writeFileSync(join(directory, 'a.toml'), '[http]\nport = 1\n')
    writeFileSync(join(directory, 'b.toml'), '[http]\nport = 2\n')
    const environment = { LODEBOOK_CONFIG: 'a.toml' }
    expect((await lodebook(['config'], { directory, environment })).stdout).toContain('http.port = 1 ')
    expect((await lodebook(['config', '-c', 'b.toml'], { directory, environment })).stdout).toContain(
      'http.port = 2 ',
    )
  })

  test('problems as JSON where a program asked', async () => {
    const { code, stdout } = await run('config', '--json', '--http.port', 'x')
    expect(code).toBe(2)
    expect(JSON.parse(stdout).problems).toMatchObject([
      { kind: 'not-allowed', key: 'http.port', origin: { kind: 'flag' } },
    ])
  })
})

describe('completion', () => {
  const complete = async (words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await run('completion', 'bash')
    const line = words.map((word) => `'${word}'`).join(' ')
    const script = `${stdout}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _lodebook; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n')
  }

  test('bash completes commands, options, keys and fixed values', async () => {
    expect(await complete(['lodebook', 'co'])).toEqual(['config', 'completion'])
    expect(await complete(['lodebook', 'doctor', '--js'])).toEqual(['--json'])
    expect(await complete(['lodebook', 'run', '--journal.l'])).toEqual(['--journal.linger_ms_max'])
    expect(await complete(['lodebook', 'config', 'i'])).toEqual(['init'])
    expect(await complete(['lodebook', 'store', 'v'])).toEqual(['verify'])
    expect(await complete(['lodebook', 'store', '--fr'])).toEqual(['--from'])
    expect(await complete(['lodebook', 'run', '--store'])).toEqual(['--store', '--store.url'])
    expect(await complete(['lodebook', 'completion', 'z'])).toEqual(['zsh'])
    expect(await complete(['lodebook', 'miner', '--pow', 'blake2'])).toEqual(['blake256'])
  })

  test('bash completes subcommands with their own options alone', async () => {
    expect(await complete(['lodebook', 'store', 'copy', '--'])).toEqual([
      '--from',
      '--to',
      '--json',
      '--help',
    ])
    expect(await complete(['lodebook', 'payout', 'status', '--js'])).toEqual(['--json'])
    expect(await complete(['lodebook', 'completion', 'bash', '--po'])).toEqual([''])
  })

  test('every shell has every command, and its options', async () => {
    const scripts = await Promise.all(['bash', 'zsh', 'fish'].map((shell) => run('completion', shell)))
    for (const { stdout } of scripts)
      for (const { path, names } of everyCommand) {
        expect(stdout).toMatch(new RegExp(`\\b${path.at(-1)}\\b`))
        for (const name of names) expect(stdout).toContain(name.slice(2))
      }
  })

  test('a script of any shell quotes what it says, and has no open end', async () => {
    const { stdout: bash } = await run('completion', 'bash')
    expect(execFileSync('bash', ['-n'], { input: bash, encoding: 'utf8' })).toBe('')
    for (const shell of ['zsh', 'fish']) {
      const { stdout } = await run('completion', shell)
      const strings = stdout.replaceAll("'\\''", '')
      for (const line of strings.split('\n'))
        expect([line, (line.split("'").length - 1) % 2]).toEqual([line, 0])
    }
  })
})

describe('man', () => {
  test('is a page of roff with every command, option, key and example', async () => {
    const { code, stdout } = await run('man')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\.TH LODEBOOK 1 "" "lodebook \d+\.\d+\.\d+" /)
    const plain = stdout.replaceAll('\\-', '-').replaceAll(/\\\[u[0-9A-F]+\]/g, '')
    for (const { command, names } of everyCommand) {
      expect(plain).toContain(`\n.SH LODEBOOK ${command.toUpperCase()}\n.B lodebook ${command}\n`)
      for (const name of names) expect(plain).toContain(name)
    }
    expect(plain).toContain('\n.B --http.port <value>\nTCP port.\n')
    expect(plain).toContain('\nlodebook config init /etc/lodebook/lodebook.toml\n')
  })

  test('has no request but those that are meant, and nothing but ASCII', async () => {
    const { stdout } = await run('man')
    const requests = new Set(
      stdout.split('\n').flatMap((line) => (/^[.']/.test(line) ? [line.split(' ')[0]] : [])),
    )
    expect([...requests].toSorted()).toEqual(['.B', '.I', '.PP', '.SH', '.TH', '.TP', '.fi', '.nf'])
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/)
    expect(stdout.replaceAll(/\\(-|e|&|fI|fR|\[u[0-9A-F]{4,6}\])/g, '')).not.toContain('\\')
  })
})
