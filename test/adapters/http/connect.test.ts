import { describe, expect, test } from 'vitest'
import { connectRequest } from '../../../adapters/http/dashboard/connect-request.ts'
import { canMine, type Login, minerGuides } from '../../../adapters/http/dashboard/miners.ts'
import { encodeAddress } from '../../../domain/decred/address.ts'
import { networks } from '../../../domain/decred/network.ts'
import { profiles } from '../../../domain/stratum/profiles/index.ts'
import { exampleAddress, HOSTILE_NAME, poolExample } from './pool-example.ts'
import { runningExample } from './running.ts'

const { status } = poolExample(1_790_000_000_000)
const address = exampleAddress(0)
const login: Login = {
  host: 'pool.example',
  port: 5550,
  user: `${address}.rig1`,
  password: 'd=4096',
  network: 'mainnet',
}
const guide = (id: string) => minerGuides.find((each) => each.id === id)

describe('settings', () => {
  test('of gominer', () => {
    expect(guide('gominer')?.settings(login)).toEqual({
      kind: 'command',
      text: `gominer -o stratum+tcp://pool.example:5550 -m ${address}.rig1 -n d=4096`,
    })
    expect(guide('gominer')?.settings({ ...login, network: 'testnet3' })).toMatchObject({
      text: expect.stringContaining('gominer --testnet -o'),
    })
  })

  test('of dcrpool’s CPU miner take the user name apart', () => {
    expect(guide('cpuminer')?.settings(login)).toEqual({
      kind: 'file',
      name: 'miner.conf',
      text: `pool=pool.example:5550\naddress=${address}\nuser=rig1\nactivenet=mainnet`,
    })
  })

  test('of an ASIC are the fields of its page', () => {
    expect(guide('antminer-dr5')?.settings(login)).toEqual({
      kind: 'fields',
      fields: [
        { label: 'URL', value: 'stratum+tcp://pool.example:5550' },
        { label: 'Worker', value: `${address}.rig1` },
        { label: 'Password', value: 'd=4096' },
      ],
    })
  })

  test('exist for every dialect that the pool speaks', () => {
    expect(new Set(minerGuides.map(({ profile }) => profile))).toEqual(
      new Set(profiles.map(({ name }) => name)),
    )
  })

  test('are for the proof of work that the machine can do', () => {
    const able = (algorithm: 'blake3' | 'blake256') =>
      minerGuides.filter((each) => canMine(each, algorithm)).map(({ id }) => id)
    expect(able('blake3')).toEqual(['gominer', 'cpuminer', 'nicehash', 'other'])
    expect(able('blake256')).toEqual(
      expect.arrayContaining([
        'innosilicon-d9',
        'antminer-dr3',
        'antminer-dr5',
        'whatsminer-d1',
        'obelisk-dcr1',
        'ccminer',
      ]),
    )
    expect(able('blake256')).not.toContain('gominer')
  })
})

describe('the form of the Connect page', () => {
  const ask = (query: Record<string, string>, host = 'pool.example') => connectRequest(query, status, host)

  test('takes a plain port unless another one is asked for', () => {
    expect(ask({}).listener?.name).toBe('main')
    expect(ask({ port: 'tls' }).listener?.name).toBe('tls')
    expect(ask({ port: 'none' }).listener?.name).toBe('main')
    expect(connectRequest({}, { ...status, listeners: [] }, 'x').listener).toBeUndefined()
  })

  test('prints the host that the visitor used, unless the port has one of its own or the host cannot be pasted', () => {
    expect(ask({}).host).toBe('pool.example')
    expect(ask({}, '$(reboot)').host).toBe('localhost')
    const listeners = [
      {
        ...status.listeners[0],
        name: 'a',
        host: '203.0.113.5',
        port: 1,
        tls: null,
        difficulty: { kind: 'fixed', difficulty: 1 } as const,
      },
    ]
    expect(connectRequest({}, { ...status, listeners }, 'pool.example').host).toBe('203.0.113.5')
  })

  test.each([
    ['address', 'nonsense', 'nonsense'],
    ['address', encodeAddress('public-key-hash-schnorr', new Uint8Array(20), networks.mainnet), undefined],
    ['address', encodeAddress('public-key-hash-ecdsa', new Uint8Array(20), networks.testnet3), undefined],
    ['worker', 'a;reboot', 'a;reboot'],
    ['worker', HOSTILE_NAME, HOSTILE_NAME.slice(0, 32)],
    ['worker', 'x'.repeat(33), 'x'.repeat(32)],
    ['d', '0', '0'],
    ['d', '1.5', '1.5'],
    ['d', '9'.repeat(16), '9'.repeat(16)],
  ])('says what is wrong with %s %s, and keeps it for repair', (field, value, kept) => {
    const request = ask({ [field]: value })
    const filled = { address: request.address, worker: request.worker, d: request.difficulty }[field]
    expect(filled?.error).toMatch(/\.$/)
    expect(filled?.value).toBe(kept ?? value)
  })

  test('never prints a private key again', () => {
    // A test vector of dcrd.
    const key = 'PmQdMn8xafwaQouk8ngs1CccRCB1ZmsqQxBaxNR4vhQi5a5QB5716'
    const request = ask({ address: key })
    expect(request.address.error).not.toBeNull()
    expect(JSON.stringify(request)).not.toContain(key.slice(4, 40))
  })
})

describe('the Connect page', () => {
  test('is ready to paste', async () => {
    const pool = await runningExample()
    const page = await (await pool.get(`/connect?address=${address}&worker=rig9&d=2048&port=rental`)).text()
    expect(page).toContain(`gominer -o stratum+tcp://127.0.0.1:5552 -m ${address}.rig9 -n d=2048`)
    expect(page).toContain('<strong>BLAKE3</strong>')
    expect(page).toMatch(
      /These cannot: they hash only BLAKE-256\.[^<]*Innosilicon D9, Antminer DR3, Antminer DR5, Whatsminer D1, Obelisk DCR1/,
    )
    expect(page).toContain('always 65,536')
  })

  test('explains TLS with the fingerprint, and sends nobody who cannot use it there', async () => {
    const pool = await runningExample()
    const page = await (await pool.get('/connect?port=tls')).text()
    expect(page).toContain('connect = 127.0.0.1:5551')
    expect(page).toContain('F2:0C:9A:11:7E')
    expect(page).toContain('choose a port without TLS')
  })

  test('prints nothing wrong into settings', async () => {
    const pool = await runningExample()
    const page = await (
      await pool.get(
        `/connect?address=${encodeURIComponent('"><script>')}&worker=${encodeURIComponent('$(x)')}&d=-1`,
      )
    ).text()
    expect(page).not.toContain('"><script>')
    expect(page).toContain('stratum+tcp://127.0.0.1:5550 -m DsYourAddress.rig1 -n x')
    expect(page.match(/aria-invalid="true"/g)).toHaveLength(3)
  })

  const verdictOf = (page: string): string =>
    /<p class="verdict[^>]*>(.*?)<\/p>/s.exec(page)?.[1]?.replace(/<[^>]+>/g, '') ?? ''

  test('says whether the miner is seen', async () => {
    const pool = await runningExample()
    const look = async (who: string) => verdictOf(await (await pool.get(`/connect?address=${who}`)).text())
    expect(await look(address)).toBe('Seen. 1 worker connected; the last share came 4 s ago.')
    expect(await look(exampleAddress(21))).toMatch(/^Not connected now\. The last share came 1 min ago\./)
    expect(await look(exampleAddress(99))).toMatch(/^Not seen yet\. No miner with this address/)
    const seen = pool.accounts.get(address)
    if (seen === undefined) throw new Error('no such account')
    pool.accounts.set(address, {
      ...seen,
      lastShareAt: null,
      shares: { ...seen.shares, accepted: 0, rejected: 0 },
    })
    expect(await look(address)).toMatch(/^Seen\. Connected for a minute, and no share came yet/)
    pool.accounts.set(address, { ...seen, shares: { ...seen.shares, accepted: 0, rejected: 9 } })
    expect(await look(address)).toMatch(/^Seen, but refused\. 9 shares came and none was good/)
  })

  test('of a solo pool asks for no address', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, mode: 'solo' }
    })
    const page = await (await pool.get('/connect?worker=rig1')).text()
    expect(page).not.toContain('name="address"')
    expect(page).toContain('gominer -o stratum+tcp://127.0.0.1:5550 -m rig1 -n x')
    expect(verdictOf(page)).toMatch(/^Not seen yet\. No miner with this name/)
  })

  test('without a port for miners says so', async () => {
    const pool = await runningExample((example) => {
      example.status = { ...example.status, listeners: [] }
    })
    expect(await (await pool.get('/connect')).text()).toContain('No port is open for miners')
  })
})
