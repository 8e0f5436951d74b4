import { spawnSync } from 'node:child_process'
import { DCLinter } from 'dclint'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { environmentName, leaves } from '../../src/config/schema.ts'
import { version } from '../../src/version.ts'
import { lodebook } from '../cli/child.ts'
import { compose, composeText, interpolated, read, root, type Service, variables } from './compose-file.ts'
import { all, isPinned, stagesOf } from './dockerfile.ts'

const services = Object.entries(compose.services)
const manual = read('docs/eventstoredb.md')
const isOnce = ({ restart }: Service): boolean => restart === 'no'

/** What an operator writes into `.env`. */
const GIVEN = { DECRED_RELEASE: '/opt/decred', DCRD_MINING_ADDRESS: 'DsExample' }

const docker = (words: readonly string[], environment: Record<string, string>) =>
  spawnSync('docker', ['compose', ...words], {
    cwd: root,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DOCKER_CONFIG: process.env['DOCKER_CONFIG'],
      ...environment,
    },
  })
const isComposeHere = docker(['version'], {}).status === 0

describe('docker-compose.yml', () => {
  const lacking = isComposeHere ? '' : ' ("docker compose config" was not asked: it is not here)'

  test(`is valid by the schema of the Compose specification${lacking}`, () => {
    const off = [
      // The order in which a reader wants them.
      'service-keys-order',
      'services-alphabetical-order',
      'top-level-properties-order',
      // What is built here has a name of its own, so that it is not built twice.
      'no-build-and-image',
    ]
    const linter = new DCLinter({
      rules: Object.fromEntries(off.map((rule) => [rule, 0])),
      quiet: false,
      debug: false,
      exclude: [],
    })
    const results: readonly { readonly messages: readonly Record<'rule' | 'message', string>[] }[] =
      linter.lintFiles([`${root}docker-compose.yml`], false)
    const findings = results.flatMap(({ messages }) =>
      messages.map(({ rule, message }) => `${rule}: ${message}`),
    )
    // Miners and other nodes of Decred come from everywhere.
    expect(findings).toEqual([
      'no-unbound-port-interfaces: Service "lodebook" is exporting port "5550:5550" without specifying the interface to listen on.',
      'no-unbound-port-interfaces: Service "dcrd" is exporting port "9108:9108" without specifying the interface to listen on.',
    ])
  })

  if (isComposeHere) {
    test.each([
      ['', ['dcrd', 'eventstoredb', 'lodebook']],
      ['wallet', ['dcrd', 'dcrwallet', 'eventstoredb', 'lodebook']],
      ['cluster,wallet', Object.keys(compose.services).toSorted()],
    ])('is taken by "docker compose config" with the profiles "%s"', (profiles, expected) => {
      const config = docker(['config', '--format', 'json'], {
        ...GIVEN,
        COMPOSE_PROFILES: profiles,
        EVENTSTOREDB_SINGLE: '0',
      })
      expect(config.stderr).toBe('')
      const resolved = JSON.parse(config.stdout) as { services: Record<string, { scale?: number }> }
      expect(Object.keys(resolved.services).toSorted()).toEqual(expected)
      expect(resolved.services['eventstoredb']?.scale).toBe(0)
    })

    test.each(Object.keys(GIVEN))('without %s Docker Compose says what to do', (name) => {
      const config = docker(['config'], { ...GIVEN, [name]: '' })
      expect(config.status).not.toBe(0)
      expect(config.stderr).toContain('see docs/eventstoredb.md')
    })
  }
})

describe('images', () => {
  const pulled = services.filter(([, { build }]) => build === undefined)

  test('every one that is pulled has a version', () => {
    expect(pulled.length).toBeGreaterThan(4)
    for (const [, { image }] of pulled) expect(image).toSatisfy(isPinned)
  })

  test('the pool has the version of package.json', () => {
    expect(compose.services['lodebook']?.image).toBe(`lodebook:${version}`)
    expect(compose.services['lodebook']?.build).toBe('.')
  })

  test("Decred's is the operator's release on a base with a version, not as root, and nothing is fetched or built", () => {
    for (const name of ['dcrd', 'dcrwallet']) {
      const build = compose.services[name]?.build
      const [stage, ...more] = stagesOf(typeof build === 'object' ? build.dockerfile_inline : '')
      expect(more).toEqual([])
      expect(stage?.image).toSatisfy(isPinned)
      expect(all(stage, 'COPY')).toEqual(['--chmod=755 dcrd dcrwallet dcrctl /usr/local/bin/'])
      expect(all(stage, 'USER')).toEqual(['10000:10000'])
      expect(all(stage, 'RUN').filter((words) => /curl|wget|git|apk|go /.test(words))).toEqual([])
    }
  })

  test('all nodes of the database are of one version', () => {
    const nodes = services.filter(([name]) => /^eventstoredb(-\d)?$/.test(name))
    expect(nodes.length).toBe(4)
    expect(new Set(nodes.map(([, { image }]) => image)).size).toBe(1)
  })
})

describe('rights', () => {
  test.each(services)('%s has no capabilities, gets no new ones, and is started again', (name, service) => {
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toContain('no-new-privileges:true')
    expect(service.restart).toBe(isOnce(service) ? 'no' : 'unless-stopped')
    // Only the certificates' keys must change hands, and their maker has no network.
    expect(service.cap_add ?? []).toEqual(name === 'eventstoredb-certificates' ? ['CHOWN'] : [])
    expect(service.network_mode).toBe(name === 'eventstoredb-certificates' ? 'none' : undefined)
    expect(service.user).toBe(name === 'eventstoredb-certificates' ? '0:0' : undefined)
  })

  test('every root is read-only, but that of the database', () => {
    const writable = services.filter(([, service]) => service.read_only !== true).map(([name]) => name)
    expect(writable).toEqual(['eventstoredb', 'eventstoredb-1', 'eventstoredb-2', 'eventstoredb-3'])
  })

  test('only miners and other nodes of Decred come in from outside', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`))
    expect(published).toEqual([
      'lodebook 5550:5550',
      'lodebook 127.0.0.1:8080:8080',
      'dcrd 9108:9108',
      'grafana 127.0.0.1:3000:3000',
    ])
  })

  test('the database is on a network without a way out, with nobody but the pool', () => {
    expect(compose.networks['store']).toEqual({ internal: true })
    const there = services.filter(([, { networks = [] }]) => networks.includes('store')).map(([name]) => name)
    expect(there).toEqual(['lodebook', 'eventstoredb', 'eventstoredb-1', 'eventstoredb-2', 'eventstoredb-3'])
  })

  test('no password is in the file, and none has a default', () => {
    expect(composeText).not.toMatch(/changeit/)
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment))
        if (/PASS|SECRET/.test(name)) expect(value).toMatch(/^\/run\/secrets\//)
    expect(variables.filter(({ name }) => /PASS|SECRET|KEY/.test(name))).toEqual([])
  })

  test('where the database has users, their passwords are set at the first start, or it does not start', () => {
    const withTls = services.filter(
      ([, { environment }]) => environment?.['KURRENTDB_CERTIFICATE_FILE'] !== undefined,
    )
    expect(withTls.length).toBe(3)
    for (const [, { entrypoint = [], secrets }] of withTls) {
      expect(secrets).toEqual(['eventstoredb-admin-password'])
      expect(entrypoint.at(-1)).toMatch(/is empty' >&2; exit 1/)
      expect(entrypoint.at(-1)).toMatch(
        /export KURRENTDB_DEFAULT_ADMIN_PASSWORD=.* KURRENTDB_DEFAULT_OPS_PASSWORD=/,
      )
    }
  })

  test('only its maker and its node see a private key of the cluster', () => {
    const whoMounts = (volume: string) =>
      services
        .filter(([, { volumes = [] }]) => volumes.some((each) => sourceOf(each) === volume))
        .map(([name]) => name)
    expect(whoMounts('eventstoredb-authority')).toEqual(['eventstoredb-certificates'])
    for (const n of [1, 2, 3])
      expect(whoMounts(`eventstoredb-${n}-certificate`)).toEqual([
        'eventstoredb-certificates',
        `eventstoredb-${n}`,
      ])
  })
})

const sourceOf = (volume: string | { readonly source: string }): string =>
  typeof volume === 'string' ? (volume.split(':', 1)[0] ?? '') : volume.source

describe('what belongs together', () => {
  test('every volume and secret that is named is there, and none is left over', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map(sourceOf))
    expect([...new Set(mounted)].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
    const secrets = services.flatMap(([, each]) => each.secrets ?? [])
    expect([...new Set(secrets)].toSorted()).toEqual(Object.keys(compose.secrets).toSorted())
  })

  test('secrets are files that git and the image never see, and the manual makes each', () => {
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`)
      expect(/^ {3}for name in (.*); do$/m.exec(manual)?.[1]?.split(' ')).toContain(name)
    }
    expect(read('.gitignore')).toMatch(/^\/secrets\/$/m)
    expect(read('.gitignore')).toMatch(/^\/\.env$/m)
  })

  test('every configuration that is named is there, with its file, and none is left over', () => {
    const mounted = services.flatMap(([, { configs = [] }]) => configs.map(({ source }) => source))
    expect(mounted.toSorted()).toEqual(Object.keys(compose.configs).toSorted())
    for (const { file } of Object.values(compose.configs)) expect(read(file).length).toBeGreaterThan(50)
  })

  test('what must be healthy first has a health check', () => {
    const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on))
    expect(waits.length).toBeGreaterThan(5)
    for (const [name, { condition }] of waits) {
      const service = compose.services[name]
      expect(service).toBeDefined()
      if (condition === 'service_healthy') expect(service?.healthcheck?.test[0]).toBe('CMD')
      else if (condition === 'service_completed_successfully') expect(service?.restart).toBe('no')
      else expect(condition).toBe('service_started')
    }
  })

  test('every service that stays has a health check, the pool the one of its image', () => {
    const without = services
      .filter(([, each]) => each.healthcheck === undefined && !isOnce(each))
      .map(([name]) => name)
    expect(without).toEqual(['lodebook'])
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK /m)
  })

  test("the pool starts with whichever database its profile has, and the cluster's nodes call themselves what it calls them", () => {
    const { depends_on = {} } = compose.services['lodebook'] ?? {}
    const nodes = services.filter(([name]) => /^eventstoredb(-\d)?$/.test(name))
    for (const [name, { environment }] of nodes) {
      expect(depends_on[name]?.required).toBe(false)
      if (name === 'eventstoredb') continue
      const others = nodes
        .map(([other]) => other)
        .filter((other) => other !== name && other !== 'eventstoredb')
      expect(environment?.['KURRENTDB_NODE_HOST_ADVERTISE_AS']).toBe(name)
      expect(environment?.['KURRENTDB_REPLICATION_HOST_ADVERTISE_AS']).toBe(name)
      expect(environment?.['KURRENTDB_GOSSIP_SEED']).toBe(others.map((other) => `${other}:2113`).join(','))
      expect(environment?.['KURRENTDB_CLUSTER_SIZE']).toBe('3')
    }
    const made = compose.services['eventstoredb-certificates']?.entrypoint?.at(-1)
    expect(made).toContain('-dns-names localhost,eventstoredb-$$n')
  })

  test('the pool has the time to stop that the systemd unit gives it', () => {
    expect(compose.services['lodebook']?.stop_grace_period).toBe('20s')
    expect(read('docs/operators.md')).toMatch(/^TimeoutStopSec=20$/m)
  })

  test.each(services.filter(([, { entrypoint }]) => entrypoint !== undefined))(
    'the script of %s is one',
    (_, service) => {
      const [shell = '', flags, script = ''] = service.entrypoint ?? []
      expect(flags).toBe('-euc')
      const checked = spawnSync(shell, ['-n', '-c', interpolated(script).replaceAll('$$', '$')], {
        encoding: 'utf8',
      })
      expect(checked.stderr).toBe('')
      // Compose would replace what the shell is to replace.
      expect(script.replaceAll('$$', '').replace(/\$\{\w+:\?/g, '')).not.toContain('$')
    },
  )
})

describe('the configuration of the pool', () => {
  const { environment = {} } = compose.services['lodebook'] ?? {}
  const load = (given: Record<string, string>) =>
    loadConfig({
      file: null,
      environment: Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, interpolated(value, given)]),
      ),
      flags: [],
      absolute: (path) => path,
      readText: (path) => E.right(`from ${path}`),
    })

  test('every variable is a key', () => {
    const known = leaves.map(
      ({ external }) => new RegExp(`^${environmentName(external.join('.')).replaceAll('*', '\\d+')}$`),
    )
    expect(Object.keys(environment).length).toBeGreaterThan(10)
    expect(Object.keys(environment).filter((name) => !known.some((key) => key.test(name)))).toEqual([])
  })

  test('is complete as it stands', () => {
    const loaded = load({})
    if (E.isLeft(loaded)) expect.fail(loaded.left.map(({ message }) => message).join('\n'))
    expect(loaded.right.ignored).toEqual([])
    expect(loaded.right.config).toMatchObject({
      pool: { network: 'mainnet', mode: 'solo' },
      store: { url: 'esdb://eventstoredb:2113?tls=false' },
      nodes: [
        { name: 'dcrd', address: 'dcrd:9109', user: 'lodebook', password: 'from /run/secrets/dcrd-password' },
      ],
      listeners: [{ name: 'stratum', port: 5550 }],
    })
  })

  test("is complete with the manual's line for the cluster", () => {
    const url = /^LODEBOOK_STORE_URL=(.*)$/m.exec(manual)?.[1] ?? ''
    const loaded = load({ LODEBOOK_STORE_URL: url })
    if (E.isLeft(loaded)) expect.fail(loaded.left.map(({ message }) => message).join('\n'))
    expect(url).toContain('passwordFile=/run/secrets/eventstoredb-password')
    expect(compose.services['lodebook']?.secrets).toContain('eventstoredb-password')
    const mounts = compose.services['lodebook']?.volumes ?? []
    expect(mounts.some((mount) => typeof mount === 'object' && mount.source === 'eventstoredb-ca')).toBe(true)
  })
})

const shellBlocks = [...manual.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].map(
  ([, indent = '', block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
)

/** Which service a shell line of the manual is about, and which command of the pool it gives. */
function callsIn(
  line: string,
): readonly { readonly service?: string | undefined; readonly command?: string | undefined }[] {
  const words = line.replace(/ #.*/, '').trim().split(/ +/)
  const from = words.findIndex((word, i) => word === 'docker' && words[i + 1] === 'compose')
  if (from < 0) return words[0] === 'lodebook' ? [{ command: words[1] }] : []
  const [verb = '', ...rest] = words.slice(from + 2)
  if (verb === 'build') return []
  const takesWord = ['--entrypoint', '--workdir', '--volume', '--env']
  const plain = rest.filter((word, i) => !word.startsWith('-') && !takesWord.includes(rest[i - 1] ?? ''))
  if (verb !== 'run') return (verb === 'exec' ? plain.slice(0, 1) : plain).map((service) => ({ service }))
  const [service, command] = plain
  return [
    { service, command: service === 'lodebook' && !rest.includes('--entrypoint') ? command : undefined },
  ]
}

describe('the manual', () => {
  test('has every variable of the file with its default, and no other', () => {
    const table = [...manual.matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|/gm)].map(([, name = '', says = '']) => ({
      name,
      says,
    }))
    const own = table.filter(({ name }) => name !== 'COMPOSE_PROFILES')
    const names = variables.map(({ name }) => name)
    expect(own.map(({ name }) => name).toSorted()).toEqual([...new Set(names)].toSorted())
    for (const { name, fallback } of variables) {
      const says = own.find((row) => row.name === name)?.says
      expect(says).toBe(
        fallback === null ? 'needed' : fallback.includes('://') ? 'the single node' : `\`${fallback}\``,
      )
    }
  })

  test('names no profile that is not there', () => {
    const profiles = new Set(services.flatMap(([, each]) => each.profiles ?? []))
    expect([...profiles].toSorted()).toEqual(['cluster', 'monitoring', 'wallet'])
    for (const profile of profiles) expect(manual).toContain(`COMPOSE_PROFILES=${profile}`)
  })

  test('names no service and no command that is not there', async () => {
    const { stdout } = await lodebook(['--help'], { directory: '.' })
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name)
    const lines = shellBlocks.flatMap((block) => block.replaceAll('\\\n', ' ').split(/\n|&&/))
    const calls = lines.flatMap(callsIn)
    expect(calls.length).toBeGreaterThan(15)
    for (const { service, command } of calls) {
      if (service !== undefined) expect(Object.keys(compose.services)).toContain(service)
      if (command !== undefined) expect(commands).toContain(command)
    }
  })

  test('every shell block is shell', () => {
    expect(shellBlocks.length).toBeGreaterThan(8)
    for (const block of shellBlocks)
      expect(spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' }).stderr).toBe('')
  })

  test("the program that sets the pool's rights in the database is one", () => {
    const program = /<<'END'\n([\s\S]*?)\nEND\n/.exec(manual)?.[1] ?? ''
    const checked = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], {
      input: program,
      encoding: 'utf8',
    })
    expect(program).toContain("'$settings'")
    expect(checked.stderr).toBe('')
  })
})

test('every setting of every service has a line that says what it is for', () => {
  const lines = composeText.split('\n')
  const settings = lines.flatMap((line, i) =>
    /^ {2,6}(?:LODEBOOK|KURRENTDB|MINING)_\w+: /.test(line) ? [{ line, before: lines[i - 1] ?? '' }] : [],
  )
  const seen = new Set<string>()
  const bare = settings.filter(({ line, before }) => {
    const name = line.trim().split(':', 1)[0] ?? ''
    const isSaid = before.trim().startsWith('#') || seen.has(name)
    seen.add(name)
    return !isSaid
  })
  expect(settings.length).toBeGreaterThan(25)
  expect(bare.map(({ line }) => line.trim())).toEqual([])
})
