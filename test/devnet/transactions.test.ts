import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeAddress, paymentScript } from '../../domain/decred/address.ts'
import { decodeBlock, workReward } from '../../domain/decred/block.ts'
import { blockHash, HEADER_BYTES } from '../../domain/decred/header.ts'
import { displayHash, fromDisplayHash, toHex } from '../../domain/decred/hex.ts'
import { combinedRoot } from '../../domain/decred/merkle.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { encodeTransaction, transactionId } from '../../domain/decred/transaction.ts'
import { DEMO_MINING_ADDRESS } from '../../src/devnet/demo-key.ts'
import { genesisBlock } from '../../src/devnet/genesis.ts'
import { chainParameters } from '../../src/devnet/parameters.ts'
import { buildTemplate, type TemplateSource } from '../../src/devnet/template.ts'
import { coinbase, treasurybase, vote } from '../../src/devnet/transactions.ts'
import { bytes } from './solve.ts'

/** Any values that make a block. */
const source: TemplateSource = {
  parent: { hash: 'ab'.repeat(32), height: 199 },
  bits: 0x207fffff,
  timestamp: 1_800_000_000,
  voters: 5,
  approves: true,
  payments: [],
  script: script(DEMO_MINING_ADDRESS),
  random16: new Uint8Array(16).fill(7),
}

function script(address: string): Uint8Array {
  const decoded = decodeAddress(address, networks.simnet)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return paymentScript(decoded.right)
}

function build(change: Partial<TemplateSource>, stakeValidationHeight = 144) {
  const { header, body } = buildTemplate(chainParameters({ stakeValidationHeight }), { ...source, ...change })
  const block = decodeBlock(Uint8Array.from([...header, ...body]))
  if (E.isLeft(block)) throw new Error(block.left.message)
  return { ...block.right, size: header.length + body.length }
}

/** The raw block in a recorded conversation, and the address that it pays. */
function recordedBlock(file: string): Uint8Array {
  const { frames } = JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8'))
  const answer = frames
    .map((frame: { text: string }) => JSON.parse(frame.text))
    .find((message: { id: number; result?: unknown }) => message.id === 20 && message.result !== undefined)
  return bytes(answer.result)
}

describe('what dcrd put in a block, made here again to the last byte', () => {
  test.each<[PowAlgorithm, string]>([
    ['blake3', 'dcrd-conversation.json'],
    ['blake256', 'dcrd-conversation-blake256.json'],
  ])('%s', (powAlgorithm, file) => {
    const block = decodeBlock(recordedBlock(file))
    if (E.isLeft(block)) throw new Error(block.left.message)
    const { header, transactions, stakeTransactions } = block.right
    const parameters = chainParameters({ powAlgorithm, stakeValidationHeight: 144 })
    // The random bytes are the last eight of the script with the height.
    const random = (output: { readonly script: Uint8Array } | undefined) =>
      output?.script.slice(6) ?? new Uint8Array(8)
    const ours = coinbase(
      parameters,
      header.height,
      0,
      0n,
      script('SsXciQNTo3HuV5tX3yy4hXndRWgLMRVC7Ah'),
      random(transactions[0]?.outputs[0]),
    )
    const treasury = treasurybase(parameters, header.height, 0, random(stakeTransactions[0]?.outputs[1]))
    expect([ours].map(encodeTransaction).map(toHex)).toEqual(transactions.map(encodeTransaction).map(toHex))
    expect([treasury].map(encodeTransaction).map(toHex)).toEqual(
      stakeTransactions.map(encodeTransaction).map(toHex),
    )
    expect(displayHash(combinedRoot([ours], [treasury]))).toBe(header.merkleRoot)
  })

  test('the genesis block', () =>
    expect(blockHash(genesisBlock.slice(0, HEADER_BYTES))).toBe(
      '6bef82c645999585f7255cb02672921ac2f5492820090cd635fe3a59d16b4f87',
    ))

  test('block 1 pays the ledger of simnet and no miner', () => {
    const first = build({ parent: { hash: '11'.repeat(32), height: 0 } })
    expect(transactionId(first.transactions[0] as never)).toBe(
      'c23953c56cb2ef8e4698e3ed3b0fc4c837754d3cd16485192d893e35f32626b4',
    )
    expect(first.stakeTransactions).toEqual([])
    expect(first.size).toBe(371)
  })
})

describe('a template', () => {
  test('names its size, parent, height and what is in it', () => {
    const { header, transactions, stakeTransactions, size } = build({})
    expect(header).toMatchObject({
      version: 12,
      previousBlock: source.parent.hash,
      height: 200,
      size,
      voters: 5,
      voteBits: 1,
      bits: source.bits,
      timestamp: source.timestamp,
      nonce: 0,
    })
    expect(header.merkleRoot).toBe(displayHash(combinedRoot(transactions, stakeTransactions)))
  })

  test('has no votes below the height where voting begins, and the size of dcrd’s', () => {
    const { header, stakeTransactions, size } = build({ approves: false }, 201)
    expect([header.voters, header.voteBits, stakeTransactions.length, size]).toEqual([0, 1, 1, 434])
  })

  test('with voters who disapprove says so in every vote and in its header', () => {
    const { header, stakeTransactions } = build({ approves: false, voters: 4 })
    expect(header.voteBits).toBe(0)
    const votes = stakeTransactions.slice(1)
    expect(votes.map((v) => toHex(v.outputs[1]?.script ?? new Uint8Array(0)))).toEqual(
      Array(4).fill('6a06000000000000'),
    )
  })

  test('pays the miner less when fewer vote', () => {
    const reward = (voters: number) => {
      const paid = workReward(build({ voters }))
      return E.isRight(paid) ? paid.right.atoms : paid.left
    }
    expect([reward(5), reward(4), reward(3)]).toEqual([495_049_504n, 396_039_603n, 297_029_702n])
  })

  test('is another one whenever the random bytes are', () =>
    expect(build({}).header.merkleRoot).not.toBe(build({ random16: new Uint8Array(16) }).header.merkleRoot))
})

test('a vote has the form of dcrd’s: stakebase, ticket, block, bits, reward', () => {
  const block = { hash: fromDisplayHash('ab'.repeat(32)) ?? new Uint8Array(0), height: 199 }
  const cast = vote(chainParameters({}), block, 3, true)
  expect(cast.inputs.map(({ previous }) => [previous.output, previous.tree])).toEqual([
    [0xffff_ffff, 0],
    [0, 1],
  ])
  expect(toHex(cast.inputs[0]?.signatureScript ?? new Uint8Array(0))).toBe('0000')
  const scripts = cast.outputs.map((output) => toHex(output.script))
  expect(scripts[0]).toBe(`6a24${'ab'.repeat(32)}c7000000`)
  expect(scripts[1]).toBe('6a06010000000000')
  expect(scripts[2]).toMatch(/^bb76a914[0-9a-f]{40}88ac$/)
  const spent = cast.inputs.reduce((sum, input) => sum + input.atoms, 0n)
  expect(cast.outputs.reduce((sum, output) => sum + output.atoms, 0n)).toBe(spent)
})
