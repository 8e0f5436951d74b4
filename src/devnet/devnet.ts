import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { payableAddress, paymentScript } from '../../domain/decred/address.ts'
import { type Network, networks } from '../../domain/decred/network.ts'
import { type BlockFile, openBlockFile } from './block-file.ts'
import type { ChainBlock } from './block-tree.ts'
import { loadCertificate } from './certificate.ts'
import { Chain } from './chain.ts'
import { DEMO_MINING_ADDRESS, DEMO_PASSPHRASE, DEMO_SEED } from './demo-key.ts'
import { DevnetNode } from './node.ts'
import { type ChainOptions, type ChainParameters, chainParameters } from './parameters.ts'
import { type Credentials, RpcServer } from './rpc.ts'
import { Keys } from './wallet/keys.ts'
import { openPublishedFile, type PublishedFile } from './wallet/published-file.ts'
import { WalletServer } from './wallet/server.ts'
import { DevnetWallet } from './wallet/wallet.ts'

/** How a devnet is to be. Everything has a default fit for the demo. */
export interface DevnetOptions extends ChainOptions {
  /** An address of this machine only; 127.0.0.1 when not given. */
  readonly host?: string
  /** Any free one when not given. */
  readonly port?: number
  /** Address of simnet that rewards go to; the wallet's when not given. */
  readonly miningAddress?: string
  /** Of the wallet; any free one when not given. */
  readonly walletPort?: number
  /** Names of the wallet's accounts; `default` alone when not given. */
  readonly walletAccounts?: readonly string[]
  readonly user?: string
  readonly password?: string
  /** A second user who may only look, as dcrd's `rpclimituser`. */
  readonly limited?: Credentials
  /** Where blocks, the wallet's transactions and certificates are kept; without one they are forgotten at the end. */
  readonly dataDirectory?: string
  /** Milliseconds that the first `getwork` after a new tip waits for a newer template: 0 when not given, dcrd up to 5500. */
  readonly templateWaitMs?: number
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly random?: (bytes: number) => Uint8Array
}

/** The wallet of a devnet: where it listens, how to get in, and what a test can do to it. */
export interface WalletAccess {
  readonly port: number
  /** PEM; the only root that its clients must trust. */
  readonly certificate: string
  /** PEM: the certificate whose holder is let in, and its key. */
  readonly clientCertificate: string
  readonly clientKey: string
  readonly passphrase: string
  /** Closes the port and breaks off every connection. */
  readonly goAway: () => Promise<void>
  /** Opens the same port again. */
  readonly comeBack: () => Promise<void>
  /** Lets every answer wait for so many milliseconds from now on; what was asked is done at once. */
  readonly delayAnswers: (ms: number) => void
  /** From now on does what it is asked, and then breaks the connection instead of answering; until told otherwise. */
  readonly loseAnswers: (lost: boolean) => void
  /**
   * Spends what a transaction that waits spends, as somebody else would who has the seed. The chain will have this one.
   *
   * @returns its id.
   * @throws RangeError when the wallet knows no such transaction.
   */
  readonly doubleSpend: (transaction: string) => string
}

/** A running devnet: where it listens, and what a test can do to it beyond what dcrd's interface offers. */
export interface Devnet {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** PEM; the only root that its clients must trust. */
  readonly certificate: string
  /** simnet with this chain's block time, maturity and first votes. */
  readonly network: Network
  readonly chain: Chain
  readonly wallet: WalletAccess
  /** Mines blocks on the tip in this process, and gives their hashes. Meanwhile there is no work for others, as in dcrd. */
  readonly generate: (count: number) => Promise<readonly string[]>
  /** Replaces the last `depth` blocks by a branch that it mines; meant for an easy difficulty. */
  readonly reorganize: (depth: number) => Promise<void>
  /** `invalidateblock` without the wire. @throws RangeError when there is no such block. */
  readonly invalidate: (hash: string) => void
  /** `reconsiderblock` without the wire. @throws RangeError when there is no such block. */
  readonly reconsider: (hash: string) => void
  /**
   * Lets the voters turn against the tip: new work (`newvotes`) whose block will disapprove it. A solution of older work
   * may still come first.
   *
   * @throws RangeError below the height where voting begins.
   */
  readonly disapproveTip: () => void
  /** Gives new work (`newvotes`) with so many votes on the tip. Fewer votes mean a smaller reward. */
  readonly newVotes: (voters: number) => void
  /** Gives new work (`newtxns`) with another coinbase. */
  readonly newTransactions: () => void
  /** Forgets the transactions that wait, as dcrd does when it is restarted. The wallet remembers its own. */
  readonly forgetTransactions: () => void
  /** Holds back every answer, but no notification. */
  readonly pauseAnswers: () => void
  /** Sends what was held back, in order. */
  readonly resumeAnswers: () => void
  /** Breaks off every connection without a word. */
  readonly dropConnections: () => void
  /** Leaves out `blockconnected`, as if the notification was lost, until told otherwise. */
  readonly muteBlockConnected: (muted: boolean) => void
  /** Closes ports and files. The same data directory can then be opened again. */
  readonly stop: () => Promise<void>
}

/** Derived once in a process, as far as they are needed. */
const keys = new Keys(DEMO_SEED)

/** Hosts that nobody else can reach: a devnet's keys are known and its money is play. */
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/**
 * Starts a small Decred chain that answers like dcrd, for trying and testing a pool. Never for real money: see
 * DEMO_SEED.
 *
 * @throws Error with a sentence for the operator when an option or the data directory is no good, or the port is taken.
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { host = '127.0.0.1', user = 'user', password = 'pass', clock = Date.now } = options
  if (!LOOPBACK.includes(host))
    throw new Error(`A devnet listens on this machine only (${LOOPBACK.join(', ')}), not on ${host}.`)
  const random = options.random ?? ((bytes: number) => new Uint8Array(randomBytes(bytes)))
  const parameters = chainParameters(options)
  const address = payableAddress(options.miningAddress ?? DEMO_MINING_ADDRESS, networks.simnet)
  if (E.isLeft(address)) throw new Error(`The devnet cannot pay its mining address. ${address.left.message}`)

  const { dataDirectory } = options
  const files = openFiles(dataDirectory, parameters)
  try {
    const chain = new Chain({ parameters: files.blocks?.parameters ?? parameters, clock, file: files.blocks })
    const node = new DevnetNode({ chain, script: paymentScript(address.right), random })
    // Block 1 hands out simnet's initial coins and pays no miner, so no pool should find it.
    if (chain.tip.height === 0) await node.generate(1)
    const certificate = await loadCertificate(dataDirectory, 'rpc', clock())
    const rpc = new RpcServer(node, {
      host,
      port: options.port ?? 0,
      certificate,
      admin: { user, password },
      limited: options.limited,
      templateWaitMs: options.templateWaitMs ?? 0,
      random,
    })
    const wallet = await openWallet(options, node, files.published, clock, random)
    const port = await rpc.listen()
    const walletPort = await wallet.server.listen().catch(async (error) => {
      await rpc.stop()
      throw error
    })
    const stop = async (): Promise<void> => {
      node.stop()
      await rpc.stop()
      await wallet.server.stop()
      files.close()
    }
    return {
      host,
      port,
      user,
      password,
      certificate: certificate.certificate,
      ...controls(node, rpc),
      wallet: { port: walletPort, ...wallet.access },
      stop,
    }
  } catch (error) {
    files.close()
    throw error
  }
}

/** What a devnet keeps on disk; nothing without a directory. */
interface Files {
  readonly blocks: BlockFile | undefined
  readonly published: PublishedFile | undefined
  readonly close: () => void
}

function openFiles(directory: string | undefined, parameters: ChainParameters): Files {
  if (directory === undefined) return { blocks: undefined, published: undefined, close: () => {} }
  const blocks = openBlockFile(directory, parameters)
  const published = openPublishedFile(directory)
  return {
    blocks,
    published,
    close: () => {
      blocks.close()
      published.close()
    },
  }
}

interface OpenedWallet {
  readonly server: WalletServer
  readonly access: Omit<WalletAccess, 'port'>
}

async function openWallet(
  options: DevnetOptions,
  node: DevnetNode,
  file: PublishedFile | undefined,
  clock: () => number,
  random: (bytes: number) => Uint8Array,
): Promise<OpenedWallet> {
  const { host = '127.0.0.1', walletPort = 0, walletAccounts = ['default'], dataDirectory } = options
  const wallet = new DevnetWallet({
    node,
    keys,
    accounts: walletAccounts,
    passphrase: DEMO_PASSPHRASE,
    file,
    clock,
    random,
  })
  const certificate = await loadCertificate(dataDirectory, 'wallet', clock())
  const client = await loadCertificate(dataDirectory, 'pool', clock())
  const server = new WalletServer(wallet, {
    host,
    port: walletPort,
    certificate,
    clientCertificate: client.certificate,
  })
  const access = {
    certificate: certificate.certificate,
    clientCertificate: client.certificate,
    clientKey: client.key,
    passphrase: DEMO_PASSPHRASE,
    goAway: () => server.close(),
    comeBack: async () => {
      await server.listen()
    },
    delayAnswers: (ms: number) => server.delay(ms),
    loseAnswers: (lost: boolean) => server.loseAnswers(lost),
    doubleSpend: (transaction: string) => wallet.doubleSpend(transaction),
  }
  return { server, access }
}

type Controls = Omit<Devnet, 'host' | 'port' | 'user' | 'password' | 'certificate' | 'wallet' | 'stop'>

function controls(node: DevnetNode, rpc: RpcServer): Controls {
  const { chain } = node
  const { network } = chain.parameters
  return {
    network,
    chain,
    generate: (count) => node.generate(count),
    reorganize: (depth) => node.reorganize(depth),
    invalidate: (hash) => node.invalidate(known(chain, hash)),
    reconsider: (hash) => node.reconsider(known(chain, hash)),
    disapproveTip: () => {
      if (chain.tip.height + 1 < network.stakeValidationHeight)
        throw new RangeError(`There are no votes below block ${network.stakeValidationHeight}.`)
      node.count({ approves: false })
    },
    newVotes: (voters) => node.count({ voters }),
    newTransactions: () => node.newTransactions(),
    forgetTransactions: () => node.forgetTransactions(),
    pauseAnswers: () => rpc.pauseAnswers(),
    resumeAnswers: () => rpc.resumeAnswers(),
    dropConnections: () => rpc.dropConnections(),
    muteBlockConnected: (muted) => rpc.muteBlockConnected(muted),
  }
}

function known(chain: Chain, hash: string): ChainBlock {
  const block = chain.get(hash)
  if (block === undefined) throw new RangeError(`There is no block ${hash}.`)
  return block
}
