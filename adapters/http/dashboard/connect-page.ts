import { html } from 'hono/html'
import type { NetworkName } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import type { AccountView } from '../../../projections/views.ts'
import type { ListenerDifficulty, ListenerStatus, PoolStatus } from '../port.ts'
import { type ConnectRequest, type Field, isAnyHost, WORKER_EXAMPLE } from './connect-request.ts'
import { counted, type Html, integer, timeAgo } from './format.ts'
import { canMine, type Login, type MinerGuide, minerGuides, type Settings } from './miners.ts'
import { table } from './table.ts'
import { workerTable } from './worker-table.ts'

/** What the Connect page shows. `seen` is null when no account was asked for, undefined when nothing is known of it. */
export interface ConnectPage {
  readonly status: PoolStatus
  readonly request: ConnectRequest
  readonly seen: AccountView | undefined | null
  readonly now: number
}

/** The Connect page: from an address to settings that can be pasted, and whether the miner has arrived. */
export const connectPage = (page: ConnectPage): Html => {
  const { status, request } = page
  const usable = minerGuides.filter((guide) => canMine(guide, status.powAlgorithm))
  const useless = minerGuides.filter((guide) => !canMine(guide, status.powAlgorithm))
  return html`<h1>Connect a miner</h1>
<div class="connect">
<section aria-labelledby="you-title">
<h2 id="you-title">Your miner</h2>
${settingsForm(status, request)}
</section>
<section class="seen" aria-labelledby="seen-title">
<h2 id="seen-title">Is your miner seen?</h2>
<div id="seen" data-live>${seenNow(page)}</div>
</section>
</div>
<section aria-labelledby="settings-title">
<h2 id="settings-title">Settings for your miner</h2>
<p class="lead">This chain’s proof of work is <strong>${algorithmName(status.powAlgorithm)}</strong>. These can mine it:</p>
${request.listener === undefined ? html`<p class="empty">${noPort}</p>` : guides(usable, request, request.listener, status)}
${
  useless.length === 0
    ? ''
    : html`<p class="useless">These cannot: they hash only ${algorithmName(status.powAlgorithm === 'blake3' ? 'blake256' : 'blake3')}. ${useless.map((guide) => guide.name).join(', ')}.</p>`
}
</section>
<section aria-labelledby="ports-title">
<h2 id="ports-title">Ports</h2>
${portTable(status, request)}
</section>
<section class="prose" aria-labelledby="difficulty-title">
<h2 id="difficulty-title">Difficulty</h2>
<p>On a port with variable difficulty the pool finds the right one by itself: about fifteen shares a minute, whatever the size of the miner. A large miner gets there at once when it asks for its first difficulty with <code>d=</code> in the password, as in <code>d=4096</code>. <code>mining.suggest_difficulty</code> does the same. A wish is kept within the port’s bounds and never above the network’s difficulty.</p>
<p>Each share counts with the difficulty of its own job. Many small shares and few large ones earn the same.</p>
</section>`
}

const noPort = html`No port is open for miners at the moment.`

const algorithmName = (algorithm: PowAlgorithm): string => (algorithm === 'blake3' ? 'BLAKE3' : 'BLAKE-256')

const letterOf: { readonly [N in NetworkName]: string } = {
  mainnet: 'D',
  testnet3: 'T',
  simnet: 'S',
  regnet: 'R',
}

/** `Ds`: how payable addresses of the network begin. */
const prefixes = (network: NetworkName): readonly [string, string] => [
  `${letterOf[network]}s`,
  `${letterOf[network]}c`,
]

function settingsForm(status: PoolStatus, { address, worker, difficulty, listener }: ConnectRequest): Html {
  const [keyHash, scriptHash] = prefixes(status.network)
  return html`<form method="get" action="/connect">
${
  status.mode === 'solo'
    ? html`<p>This pool mines for its operator alone. A miner needs no address, only a name.</p>`
    : input(
        'address',
        'Your address',
        address,
        `begins with ${keyHash} or ${scriptHash}`,
        html`autocomplete="off" spellcheck="false" maxlength="100"`,
      )
}
<div class="row">
${input('worker', 'Machine', worker, `like ${WORKER_EXAMPLE}`, html`autocomplete="off" spellcheck="false" maxlength="32"`)}
${input('d', 'First difficulty', difficulty, 'optional', html`autocomplete="off" inputmode="numeric" maxlength="16"`)}
${
  status.listeners.length < 2
    ? ''
    : html`<p class="field"><label for="port">Port <span class="hint">of this pool</span></label><select id="port" name="port">${status.listeners.map(
        (option) =>
          html`<option value="${option.name}"${option.name === listener?.name ? html` selected` : ''}>${option.port} ${option.name}${option.tls === null ? '' : ', TLS'}</option>`,
      )}</select></p>`
}
</div>
<p><button type="submit">Show my settings</button></p>
</form>
${
  status.mode === 'solo'
    ? ''
    : html`<p class="aside">The user name is the address, a dot, and the name: <code>${keyHash}….${WORKER_EXAMPLE}</code>. The address alone is fine too. Only ${keyHash} and ${scriptHash} addresses can be paid.</p>`
}`
}

const input = (name: string, label: string, field: Field, hint: string, attributes: Html): Html => {
  const described = field.error === null ? '' : html` aria-invalid="true" aria-describedby="${name}-error"`
  return html`<p class="field"><label for="${name}">${label} <span class="hint">${hint}</span></label><input type="text" id="${name}" name="${name}" value="${field.value}" ${attributes}${described}>${field.error === null ? '' : html`<span class="wrong" id="${name}-error">${field.error}</span>`}</p>`
}

function loginOf(request: ConnectRequest, listener: ListenerStatus, status: PoolStatus): Login {
  const worker = chosen(request.worker, WORKER_EXAMPLE)
  const address = chosen(request.address, `${prefixes(status.network)[0]}YourAddress`)
  const difficulty = chosen(request.difficulty, '')
  const password = difficulty === '' ? 'x' : `d=${difficulty}`
  return {
    host: listener.tls === null ? request.host : '127.0.0.1',
    port: listener.port,
    user: status.mode === 'solo' ? worker : `${address}.${worker}`,
    password,
    network: status.network,
  }
}

const chosen = (field: Field, otherwise: string): string =>
  field.error !== null || field.value === '' ? otherwise : field.value

function guides(
  usable: readonly MinerGuide[],
  request: ConnectRequest,
  listener: ListenerStatus,
  status: PoolStatus,
): Html {
  const login = loginOf(request, listener, status)
  return html`${listener.tls === null ? '' : tlsHelp(request.host, listener)}
<div class="guides">${usable.map((guide) => guideCard(guide, login, listener))}</div>`
}

const guideCard = (guide: MinerGuide, login: Login, listener: ListenerStatus): Html =>
  html`<article class="guide" aria-labelledby="${guide.id}-title">
<header><h3 id="${guide.id}-title">${guide.name}</h3>${guide.device === null ? '' : html`<p class="device">${guide.device}</p>`}</header>
<p class="aside">${guide.where}</p>
${
  listener.tls !== null && guide.device === 'rented hashrate'
    ? html`<p>It cannot use stunnel: choose a port without TLS.</p>`
    : settingsOf(guide, guide.settings(login))
}
${guide.notes.map((note) => html`<p class="aside">${note}</p>`)}
</article>`

function settingsOf(guide: MinerGuide, settings: Settings): Html {
  switch (settings.kind) {
    case 'command':
      return html`<div class="paste" data-copy="the command for ${guide.name}"><pre tabindex="0"><code>${settings.text}</code></pre></div>`
    case 'file':
      return html`<div class="paste" data-copy="${settings.name}"><pre tabindex="0"><code>${settings.text}</code></pre></div>`
    case 'fields':
      return html`<dl class="fields">${settings.fields.map(
        ({ label, value }) =>
          html`<div><dt>${label}</dt><dd class="paste" data-copy="${label} for ${guide.name}"><code>${value}</code></dd></div>`,
      )}</dl>`
  }
}

const tlsHelp = (host: string, { port }: ListenerStatus): Html =>
  html`<div class="note"><p>Port ${port} speaks TLS, which none of these miners does by itself. Let stunnel speak it next to the miner; the settings below then point to 127.0.0.1. First fetch the pool’s certificate and compare its fingerprint with the one under Ports:</p>
<div class="paste" data-copy="the commands"><pre tabindex="0"><code>openssl s_client -connect ${host}:${port} &lt;/dev/null | openssl x509 -out lodebook.pem
openssl x509 -in lodebook.pem -noout -fingerprint -sha256</code></pre></div>
<div class="paste" data-copy="stunnel.conf"><pre tabindex="0"><code>[lodebook]
client = yes
accept = 127.0.0.1:${port}
connect = ${host}:${port}
verifyPeer = yes
CAfile = lodebook.pem</code></pre></div></div>`

const portTable = ({ listeners }: PoolStatus, { host, listener }: ConnectRequest): Html =>
  table({
    caption: 'Ports',
    columns: [
      { head: 'Port', cell: ({ name }) => name },
      {
        head: 'Address',
        cell: (each) => html`<code>${isAnyHost(each.host) ? host : each.host}:${each.port}</code>`,
      },
      { head: 'Difficulty', cell: ({ difficulty }) => difficultyWords(difficulty) },
      {
        head: 'Certificate (SHA-256)',
        cell: ({ tls }) =>
          tls === null
            ? html`<span class="aside">plain TCP</span>`
            : html`<code class="fingerprint">${tls}</code>`,
      },
    ],
    rows: listeners,
    empty: noPort,
    mark: ({ name }) => (name === listener?.name ? 'chosen' : ''),
  })

function difficultyWords(difficulty: ListenerDifficulty): Html {
  if (difficulty.kind === 'fixed') return html`always ${integer(difficulty.difficulty)}`
  const { start, min, max } = difficulty
  const first = start === null ? '' : `starts at ${integer(start)}, `
  const bounds = max === null ? `${integer(min)} or more` : `${integer(min)} to ${integer(max)}`
  return html`variable: ${first}${bounds}`
}

function seenNow({ status, request, seen, now }: ConnectPage): Html {
  if (seen === null)
    return html`<p>Give your address: this place then says whether the pool hears your miner, and how its shares do.</p>`
  const again = html`<span class="with-script">This looks again by itself.</span><noscript>Load this page again to look again.</noscript>`
  if (seen === undefined)
    return html`<p class="verdict"><strong>Not seen yet.</strong> No miner with this ${status.mode === 'solo' ? 'name' : 'address'} has sent a good share, or been connected for a minute. ${again}</p>`
  return html`${verdict(seen, now)}
${
  seen.workers.items.length === 0
    ? ''
    : workerTable({
        account: seen.address ?? seen.account,
        workers: seen.workers.items,
        chosen: request.worker.value,
        short: true,
        now,
      })
}`
}

function verdict(seen: AccountView, now: number): Html {
  const { accepted, rejected } = seen.shares
  if (seen.workersOnline === 0)
    return html`<p class="verdict"><strong>Not connected now.</strong> ${seen.lastShareAt === null ? 'It was here, but sent no share.' : html`The last share came ${timeAgo(seen.lastShareAt, now)}.`}</p>`
  if (accepted === 0 && rejected > 0)
    return html`<p class="verdict refused"><strong>Seen, but refused.</strong> ${counted(rejected, 'share')} came and none was good. The reason is below.</p>`
  if (seen.lastShareAt === null)
    return html`<p class="verdict here"><strong>Seen.</strong> Connected for a minute, and no share came yet.</p>`
  return html`<p class="verdict here"><strong>Seen.</strong> ${counted(seen.workersOnline, 'worker')} connected; the last share came ${timeAgo(seen.lastShareAt, now)}.</p>`
}
