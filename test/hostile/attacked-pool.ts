import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { address, type House, openHouse } from '../support/house.ts'
import { type Miner, startMiner } from '../support/miner.ts'
import type { PoolOverrides } from '../support/running-pool.ts'

/** What a miner may call its machine, after its address; each tries to break out of something else. None is longer than 64 characters. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>attacked=1;alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "' onmouseover='alert(3)' x='",
  '</title></td></pre></code><svg onload=alert(4)>',
  '<!--<a href="javascript:alert(5)">',
  ']]></summary></entry><entry xmlns="x">&evil;',
  '=cmd|"/C calc"!A0,"x"\r\n@SUM(1)',
  '\u001b[2J\u001b]0;owned\u0007\u001b[31mred\u009b2J',
  '\u202egnp.exe\u200b\u0000\ufeff\ud800',
  'x\r\nSet-Cookie: a=b\r\n\r\n<h1>split</h1>',
  'event: pool\ndata: {"forged":true}\n\n',
  '__proto__',
  'constructor',
  '../../../../etc/passwd',
  "'; DROP TABLE miners; --",
  `\${7*7}{{7*7}}<%= 7*7 %>#{7*7}`,
]

/** A pool behind a proxy, so that each request can come from another visitor. */
export function attackedPool(devnet: Devnet, over: PoolOverrides = {}): Promise<House> {
  return openHouse([devnet], {
    ...over,
    listener: { difficulty: { start: 1, min: 1, max: null, fixed: 1 }, ...over.listener },
    http: { behindProxy: true, ...over.http },
  })
}

/** Lets a miner with hostile names and a hostile agent find a block with each of them. */
export async function mineWithHostileNames({ port }: House): Promise<Miner> {
  const rig = await startMiner({
    port,
    device: { ...cpuMiner, agent: `${cpuMiner.agent}${HOSTILE_NAMES[0]}` },
    user: `${address(1)}.plain`,
  })
  for (const name of HOSTILE_NAMES) {
    const user = `${address(1)}.${name}`
    const { result } = await rig.client.request('mining.authorize', [user, name])
    if (result !== true) throw new Error(`not authorized as ${JSON.stringify(name)}`)
    const answer = await rig.submit(await rig.find('share or block'), user)
    if (answer.result !== true) throw new Error(`not taken: ${JSON.stringify(answer)}`)
  }
  return rig
}

/** Resolves when all that is in the log now is in the signed ledger and in the figures. */
export async function settled(house: House): Promise<void> {
  const { length } = house.log()
  while ((house.pool.status().ledger.checkpoint?.size ?? 0) < length) await sleep(20)
  await ask(house, `/api/v1/pool?after=${length - 1}`)
}

/** Asks as a visitor whom nobody has seen before, and follows no redirect. */
export function ask(house: House, path: string, init: RequestInit = {}): Promise<Response> {
  const byte = (): number => randomInt(1, 255)
  const headers = { 'X-Forwarded-For': `10.${byte()}.${byte()}.${byte()}`, ...init.headers }
  return fetch(`${house.pool.httpUrl}${path}`, { redirect: 'manual', ...init, headers })
}

/** Sends bytes to a server and reads what it answers until it ends the connection, for `ms` at most. */
export const talk = (url: string | null, bytes: string | Buffer, ms = 5_000): Promise<string> =>
  new Promise((resolve) => {
    let answer = ''
    const socket = connect(Number(new URL(url ?? '').port), '127.0.0.1', () => socket.write(bytes))
    const late = setTimeout(() => socket.destroy(), ms)
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(late)
      resolve(answer)
    })
  })

/** Every page that links lead to from the first one on: path and text. One of each kind, by what `kindOf` makes of an address. */
export async function crawl(
  house: House,
  kindOf: (path: string) => string,
): Promise<ReadonlyMap<string, string>> {
  const seen = new Set(['/'])
  const texts = new Map<string, string>()
  const waiting = ['/']
  for (const path of waiting) {
    const response = await ask(house, path)
    const text = await response.text()
    texts.set(path, text)
    if (!response.headers.get('Content-Type')?.startsWith('text/html')) continue
    for (const [, link = ''] of text.matchAll(/<(?:a|link) [^>]*href="(\/(?:&#39;|[^"#])*)"/g)) {
      const target = link.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
      const kind = kindOf(target)
      // A stream of events has no end.
      if (seen.has(kind) || target === '/api/v1/events') continue
      seen.add(kind)
      waiting.push(target)
    }
  }
  return texts
}
