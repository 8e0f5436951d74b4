import { html } from 'hono/html'
import type { NetworkName } from '../../../domain/decred/network.ts'
import { type Html, shortened } from './format.ts'

/** Addresses of pages. Whatever miners choose is encoded. */
export const paths = {
  account: (key: string): string => `/miners/${encodeURIComponent(key)}`,
  worker: (key: string, name: string): string =>
    `/miners/${encodeURIComponent(key)}/worker?name=${encodeURIComponent(name)}`,
  block: (hash: string): string => `/blocks/${hash}`,
  payment: (number: number): string => `/payments/${number}`,
  entry: (index: number): string => `/ledger-entries/${index}`,
  share: (entry: number, position: number): string => `/shares/${entry}/${position}`,
} as const

/** A miner by its address, or by its account id where it has none. */
export const accountLink = ({
  account,
  address,
}: {
  readonly account: string
  readonly address: string | null
}): Html => html`<a href="${paths.account(address ?? account)}">${shortened(address ?? account, 8, 6)}</a>`

/** A miner's machine by the name that it chose. */
export const workerLink = (key: string, name: string): Html =>
  html`<a class="hostile" href="${paths.worker(key, name)}" title="${name}">${name === '' ? '(no name)' : name}</a>`

/** A block by its height, with its hash on hover. Heights, and whatever else is a name, have no commas: they are copied. */
export const blockLink = (hash: string, height: number): Html =>
  html`<a href="${paths.block(hash)}" title="${hash}">${height}</a>`

/** A ledger entry by its index. */
export const entryLink = (index: number): Html => html`<a href="${paths.entry(index)}">${index}</a>`

/** A share by its name: its entry in the ledger, and its place there. */
export const shareLink = (entry: number, position: number): Html =>
  html`<a href="${paths.share(entry, position)}">${entry}:${position}</a>`

/** A payout by its number. */
export const paymentLink = (number: number): Html => html`<a href="${paths.payment(number)}">${number}</a>`

/** Text of the pool with its hashes cut in the middle, each of which leads to an explorer of the chain where there is one. */
export const hashesLinked = (text: string, { network, devnet }: Chain): readonly (Html | string)[] => {
  const explorer = devnet ? null : explorers[network]
  return text
    .split(/([0-9a-f]{64})/)
    .map((part, i) =>
      i % 2 === 0
        ? part
        : explorer === null
          ? shortened(part, 8, 8)
          : html`<a href="${explorer}/block/${part}" rel="noreferrer external">${shortened(part, 8, 8)}</a>`,
    )
}

const explorers: { readonly [N in NetworkName]: string | null } = {
  mainnet: 'https://dcrdata.decred.org',
  testnet3: 'https://testnet.dcrdata.org',
  simnet: null,
  regnet: null,
}

/** Where the chain can be looked at by somebody else's program. */
export interface Chain {
  readonly network: NetworkName
  readonly devnet: boolean
}

/** A link to an explorer of the chain; nothing where there is none. */
export function explorerLink({ network, devnet }: Chain, kind: 'block' | 'tx', id: string): Html | '' {
  const explorer = devnet ? null : explorers[network]
  return explorer === null
    ? ''
    : html` <a class="aside" href="${explorer}/${kind}/${id}" rel="noreferrer external">on dcrdata</a>`
}

/** A transaction of the chain. */
export const transactionWords = (id: string, chain: Chain): Html =>
  html`${shortened(id, 8, 8)}${explorerLink(chain, 'tx', id)}`
