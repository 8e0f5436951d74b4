import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { decodeAddress } from '../../domain/decred/address.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { treasurySubsidy, voteSubsidy, workSubsidy } from '../../domain/decred/subsidy.ts'
import {
  decodeTransaction,
  encodeTransaction,
  type Transaction,
  transactionId,
} from '../../domain/decred/transaction.ts'
import type { ChainBlock } from './block-tree.ts'
import { type Chain, decoded } from './chain.ts'
import { coinsOf } from './coins.ts'
import { notHex } from './getwork.ts'
import type { DevnetNode } from './node.ts'
import { releases } from './release.ts'
import {
  dcr,
  describeBlock,
  describeHeader,
  describeTransaction,
  difficultyRatio,
  workHex,
} from './rpc-describe.ts'
import { ErrorCode, type RpcError, rpcError } from './rpc-error.ts'
import type { Json } from './rpc-json.ts'
import {
  type Answer,
  fail,
  type Method,
  method,
  question,
  type Subscriptions,
  websocketOnly,
} from './rpc-method.ts'
import { flag, integer, optional, text } from './rpc-parameters.ts'
import { describeScript } from './rpc-script.ts'
import { stakeVersions } from './rpc-stake-versions.ts'
import { RELAY_FEE_RATE } from './spending.ts'
import { TICKET_ATOMS } from './transactions.ts'

/** Stands where dcrd reports what is wrong with it. */
const WARNING = 'This is a devnet of Lodebook, for trying and testing only.'

/** Stands where dcrd names its build. */
const BUILD = 'lodebook.devnet'

/** Fee that dcrd names while it knows nothing better, DCR for 1000 bytes. */
const RELAY_FEE = dcr(RELAY_FEE_RATE)

/** Bytes that a block may have on simnet. */
const BLOCK_BYTES_MAX = 1_310_720

/** Blocks that the estimate of the network's hash rate looks back. */
const HASH_RATE_BLOCKS = 120

/** Go's highest int64, when an agenda expires. */
const NEVER = 9_223_372_036_854_775_807n

/** What the devnet answers, by name: as much of dcrd as a pool uses, and what was asked in the recorded conversations. */
export const methods: ReadonlyMap<string, Method> = new Map([
  ['version', question(version)],
  ['getinfo', question(info)],
  ['getblockchaininfo', question(chainInfo)],
  ['getcurrentnet', question(({ chain }) => chain.parameters.network.currencyNet)],
  ['getbestblock', question(({ chain }) => ({ hash: chain.tip.hash, height: chain.tip.height }))],
  ['getbestblockhash', question(({ chain }) => chain.tip.hash)],
  ['getblockcount', question(({ chain }) => chain.tip.height)],
  ['getchaintips', question(chainTips)],
  ['getnetworkhashps', question(({ chain }) => networkHashRate(chain))],
  ['getstakeversioninfo', question(({ chain }) => stakeVersions(chain))],
  ['getmininginfo', { ...question(miningInfo), limited: false }],
  ['ping', { ...question(() => null), limited: false }],
  [
    'getblockhash',
    method({
      limited: true,
      parameters: [integer('index', 'int64')],
      answer: ({ node }, height) => {
        const block = node.chain.at(height)
        return block === undefined
          ? fail(ErrorCode.misc, `Block number out of range: ${height}`)
          : E.right(block.hash)
      },
    }),
  ],
  [
    'getblockheader',
    method({
      limited: true,
      parameters: [text('hash'), flag('verbose', true)],
      answer: ({ node: { chain } }, hash, verbose) =>
        pipe(
          findBlock(chain, hash, hash),
          E.map((block) => (verbose ? describeHeader(chain, block, hash) : toHex(block.header))),
        ),
    }),
  ],
  [
    'getblock',
    method({
      limited: true,
      parameters: [text('hash'), flag('verbose', true), flag('verbosetx', false)],
      answer: ({ node: { chain } }, hash, verbose, verboseTx) =>
        pipe(
          findBlock(chain, hash),
          E.map((block) => (verbose ? describeBlock(chain, block, hash, verboseTx) : toHex(block.bytes))),
        ),
    }),
  ],
  [
    'getrawtransaction',
    method({
      limited: true,
      parameters: [text('txid'), optional(integer('verbose', 'int'), 0)],
      answer: ({ node }, id, verbose) => rawTransaction(node, id, verbose !== 0),
    }),
  ],
  [
    'gettxout',
    method({
      limited: true,
      parameters: [
        text('txid'),
        integer('vout', 'uint32'),
        integer('tree', 'int8'),
        flag('includemempool', true),
      ],
      answer: ({ node }, id, output, tree, waiting) => unspentOutput(node, id, output, tree, waiting),
    }),
  ],
  [
    'sendrawtransaction',
    method({
      limited: true,
      parameters: [text('hextx'), flag('allowhighfees', false)],
      answer: ({ node }, given) =>
        pipe(
          readTransaction(given),
          E.chain((transaction) => publish(node, transaction)),
        ),
    }),
  ],
  [
    'getblocksubsidy',
    method({
      limited: true,
      parameters: [integer('height', 'int64'), integer('voters', 'uint16')],
      answer: ({ node: { chain } }, height, voters) => blockSubsidy(chain, height, voters),
    }),
  ],
  [
    'regentemplate',
    method({
      limited: true,
      parameters: [],
      answer: ({ node }) => {
        node.renewWork()
        return E.right(null)
      },
    }),
  ],
  [
    'validateaddress',
    method({
      limited: true,
      parameters: [text('address')],
      answer: (_, given) => {
        const address = decodeAddress(given, networks.simnet)
        return E.right(
          E.isRight(address) ? { isvalid: true, address: address.right.text } : { isvalid: false },
        )
      },
    }),
  ],
  [
    'estimatefee',
    method({
      limited: true,
      parameters: [integer('numblocks', 'int64')],
      answer: () => E.right(RELAY_FEE),
    }),
  ],
  [
    'estimatesmartfee',
    method({
      limited: true,
      parameters: [integer('confirmations', 'int64'), optional(text('mode'), '')],
      answer: () => fail(ErrorCode.internal, 'not enough transactions seen for estimation'),
    }),
  ],
  [
    'getwork',
    method({
      limited: false,
      parameters: [optional(text('data'), '')],
      answer: ({ node, getWork }, data) => {
        if (node.generating)
          return fail(
            ErrorCode.misc,
            'getwork polling is disallowed while CPU mining is enabled. Please disable CPU mining and try again.',
          )
        return data === '' ? getWork.request() : getWork.submit(data)
      },
    }),
  ],
  [
    'generate',
    method({
      limited: false,
      parameters: [integer('numblocks', 'uint32')],
      answer: ({ node }, count) => generate(node, count),
    }),
  ],
  [
    'invalidateblock',
    method({
      limited: false,
      parameters: [text('blockhash')],
      answer: ({ node }, hash) =>
        pipe(
          findBlock(node.chain, hash),
          E.chain((block): Answer => {
            if (block.parent === undefined)
              return fail(ErrorCode.invalidParameter, 'invalidating the genesis block is not allowed')
            node.invalidate(block)
            return E.right(null)
          }),
        ),
    }),
  ],
  [
    'reconsiderblock',
    method({
      limited: false,
      parameters: [text('blockhash')],
      answer: ({ node }, hash) =>
        pipe(
          findBlock(node.chain, hash),
          E.map((block) => {
            node.reconsider(block)
            return null
          }),
        ),
    }),
  ],
  ['session', websocketOnly(true, ({ session }) => ({ sessionid: session }))],
  ['notifyblocks', websocketOnly(true, wants('blocks', true))],
  ['stopnotifyblocks', websocketOnly(false, wants('blocks', false))],
  ['notifywork', websocketOnly(false, wants('work', true))],
  ['stopnotifywork', websocketOnly(false, wants('work', false))],
])

function wants(what: 'blocks' | 'work', wanted: boolean): (subscriptions: Subscriptions) => Json {
  return (subscriptions) => {
    subscriptions[what] = wanted
    return null
  }
}

function version({ chain }: DevnetNode): Json {
  const { major, minor, patch, api } = releases[chain.parameters.powAlgorithm]
  return {
    dcrd: {
      versionstring: `${major}.${minor}.${patch}+${BUILD}`,
      major,
      minor,
      patch,
      prerelease: '',
      buildmetadata: BUILD,
    },
    dcrdjsonrpcapi: {
      versionstring: api.join('.'),
      major: api[0],
      minor: api[1],
      patch: api[2],
      prerelease: '',
      buildmetadata: '',
    },
  }
}

function info({ chain }: DevnetNode): Json {
  const { network, powAlgorithm } = chain.parameters
  const release = releases[powAlgorithm]
  return {
    version: 1_000_000 * release.major + 10_000 * release.minor + 100 * release.patch,
    protocolversion: release.protocolVersion,
    blocks: chain.tip.height,
    timeoffset: 0,
    connections: 0,
    proxy: '',
    difficulty: difficultyRatio(network, chain.tip.bits),
    testnet: false,
    relayfee: RELAY_FEE,
    errors: WARNING,
    addrindex: release.showsAddressIndex ? false : undefined,
    txindex: true,
  }
}

function chainInfo({ chain }: DevnetNode): Json {
  const { network, powAlgorithm } = chain.parameters
  const active = { status: 'active', since: 1, starttime: 0, expiretime: NEVER }
  return {
    chain: network.name,
    blocks: chain.tip.height,
    headers: chain.tip.height,
    syncheight: chain.tip.height,
    bestblockhash: chain.tip.hash,
    difficulty: chain.tip.bits,
    difficultyratio: difficultyRatio(network, chain.tip.bits),
    verificationprogress: 1,
    chainwork: workHex(chain.tip.work),
    initialblockdownload: false,
    maxblocksize: BLOCK_BYTES_MAX,
    deployments: Object.fromEntries(releases[powAlgorithm].agendas.map((agenda) => [agenda, active])),
  }
}

function chainTips({ chain }: DevnetNode): Json {
  return chain.tips().map(({ block, length, status }) => ({
    height: block.height,
    hash: block.hash,
    branchlen: length,
    status,
  }))
}

function miningInfo({ chain, mempool }: DevnetNode): Json {
  const { transactions, stakeTransactions } = decoded(chain.tip)
  return {
    blocks: chain.tip.height,
    currentblocksize: chain.tip.bytes.length,
    currentblocktx: transactions.length + stakeTransactions.length,
    difficulty: difficultyRatio(chain.parameters.network, chain.tip.bits),
    stakedifficulty: TICKET_ATOMS,
    errors: WARNING,
    generate: false,
    genproclimit: 1,
    hashespersec: 0,
    networkhashps: networkHashRate(chain),
    pooledtx: mempool.waiting.length,
    testnet: false,
  }
}

/** Hashes a second over the last 120 blocks, by the times in their headers. */
function networkHashRate(chain: Chain): bigint {
  const times: number[] = []
  const first = Math.max(0, chain.tip.height - HASH_RATE_BLOCKS)
  for (let height = first; height <= chain.tip.height; height++) times.push(chain.at(height)?.timestamp ?? 0)
  const seconds = Math.max(...times) - Math.min(...times)
  const work = chain.tip.work - (chain.at(first)?.work ?? 0n)
  return seconds === 0 ? 0n : work / BigInt(seconds)
}

/** Reads a hash as dcrd does: short ones are filled up with zeros. */
function readHash(given: string): E.Either<RpcError, string> {
  return /^[0-9a-fA-F]{0,64}$/.test(given)
    ? E.right(given.toLowerCase().padStart(64, '0'))
    : E.left(notHex(given))
}

const findBlock = (chain: Chain, given: string, named?: string): E.Either<RpcError, ChainBlock> =>
  pipe(
    readHash(given),
    E.chain((hash) => {
      const block = chain.get(hash)
      return block === undefined
        ? fail(ErrorCode.notFound, `Block not found: ${named ?? hash}`)
        : E.right(block)
    }),
  )

const rawTransaction = ({ chain, mempool }: DevnetNode, given: string, verbose: boolean): Answer =>
  pipe(
    readHash(given),
    E.chain((id): Answer => {
      const waiting = mempool.get(id)
      const found = waiting === undefined ? chain.transaction(id) : { ...waiting, tree: 0 as const }
      if (found === undefined)
        return fail(ErrorCode.notFound, `No information available about transaction ${id}`)
      return E.right(
        verbose ? describeTransaction(chain, found) : toHex(encodeTransaction(found.transaction)),
      )
    }),
  )

/** What the mempool spends is still there for dcrd, which only looks among waiting transactions for new outputs. */
function unspentOutput(
  { chain, mempool }: DevnetNode,
  given: string,
  output: number,
  tree: number,
  withMempool: boolean,
): Answer {
  const id = readHash(given)
  if (E.isLeft(id)) return id
  if (tree !== 0 && tree !== 1) return fail(ErrorCode.invalidParameter, 'Tx tree must be regular or stake')
  const waiting = withMempool && tree === 0 ? mempool.get(id.right) : undefined
  if (waiting !== undefined && waiting.transaction.outputs[output] === undefined)
    return fail(ErrorCode.notFound, 'Output index number (vout) does not exist for transaction.')
  const coin = waiting
    ? coinsOf(waiting.transaction, tree, undefined).find((made) => made.output === output)
    : chain.coins.get({ transaction: id.right, output, tree })
  if (coin === undefined) return E.right(null)
  return E.right({
    bestblock: chain.tip.hash,
    confirmations: coin.place === undefined ? 0 : 1 + chain.tip.height - coin.place.height,
    value: dcr(coin.atoms),
    scriptPubKey: describeScript(coin.script, coin.scriptVersion, chain.parameters.network),
    coinbase: coin.coinbase,
  })
}

/** Reads a transaction as dcrd does: a missing digit is a leading zero. */
function readTransaction(given: string): E.Either<RpcError, Transaction> {
  const hex = given.length % 2 === 0 ? given : `0${given}`
  const bytes = fromHex(hex)
  if (bytes === undefined) return E.left(notHex(hex))
  return pipe(
    decodeTransaction(bytes),
    E.mapLeft(({ message }) => rpcError(ErrorCode.decodeHex, `Could not decode Tx: ${message}`)),
  )
}

const publish = (node: DevnetNode, transaction: Transaction): Answer =>
  pipe(
    node.publish(transaction),
    E.mapLeft(({ kind, message }) =>
      rpcError(
        kind === 'duplicate' ? ErrorCode.duplicateTransaction : ErrorCode.misc,
        `rejected transaction ${transactionId(transaction)}: ${message}`,
      ),
    ),
  )

function blockSubsidy(chain: Chain, height: number, voters: number): Answer {
  const { network, powAlgorithm } = chain.parameters
  const { subsidySplit } = releases[powAlgorithm]
  if (height < 0) return fail(ErrorCode.internal, `no block at height ${height} exists`)
  const developer = treasurySubsidy(network, height, voters, 'own-transaction')
  const pos = voteSubsidy(network, height - 1, subsidySplit) * BigInt(voters)
  const pow = workSubsidy(network, height, voters, subsidySplit)
  return E.right({ developer, pos, pow, total: developer + pos + pow })
}

async function generate(node: DevnetNode, count: number): Promise<Answer> {
  if (count === 0) {
    const refusal = releases[node.chain.parameters.powAlgorithm].generateNone
    return refusal === null ? E.right(null) : fail(ErrorCode.internal, refusal)
  }
  if (node.generating)
    return fail(
      ErrorCode.internal,
      'server is already discrete mining -- please wait until the existing call completes or cancel it',
    )
  return E.right(await node.generate(count))
}
