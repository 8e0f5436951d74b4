import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { blake256 } from '../../../domain/decred/hash.ts'
import * as header from '../../../domain/decred/header.ts'
import { displayHash, toHex } from '../../../domain/decred/hex.ts'
import { bytes, vectors } from './vectors.ts'

const decode = (header180: Uint8Array): header.Header => {
  const decoded = header.decodeHeader(header180)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return decoded.right
}

const header180 = fc.uint8Array({ minLength: 180, maxLength: 180 })

interface Genesis {
  net: string
  header180: string
  blockHashDisplay: string
  bits: string
  timestamp: number
}

describe.each(vectors<Genesis[]>('genesis'))('genesis of $net', (genesis) => {
  const raw = bytes(genesis.header180)

  test('is named by BLAKE-256', () => {
    expect(header.blockHash(raw)).toBe(genesis.blockHashDisplay)
  })

  test('decodes', () => {
    expect(decode(raw)).toMatchObject({
      previousBlock: '0'.repeat(64),
      height: 0,
      bits: Number.parseInt(genesis.bits, 16),
      timestamp: genesis.timestamp,
    })
  })
})

test('the fields of dcrd’s own header test stand where dcrd puts them', () => {
  const { fields, serialized } = vectors<{
    fields: {
      version: number
      prevBlockBytes: string
      merkleRootBytes: string
      stakeRootBytes: string
      voteBits: number
      finalState: string
      voters: number
      freshStake: number
      revocations: number
      poolSize: number
      bits: string
      sbits: number
      height: number
      size: number
      timestamp: number
      nonce: number
      extraData: string
      stakeVersion: string
    }
    serialized: string
  }>('header-codec')
  const expected: header.Header = {
    version: fields.version,
    previousBlock: displayHash(bytes(fields.prevBlockBytes)),
    merkleRoot: displayHash(bytes(fields.merkleRootBytes)),
    stakeRoot: displayHash(bytes(fields.stakeRootBytes)),
    voteBits: fields.voteBits,
    finalState: fields.finalState,
    voters: fields.voters,
    freshStake: fields.freshStake,
    revocations: fields.revocations,
    poolSize: fields.poolSize,
    bits: Number.parseInt(fields.bits, 16),
    stakeDifficulty: BigInt(fields.sbits),
    height: fields.height,
    size: fields.size,
    timestamp: fields.timestamp,
    nonce: fields.nonce,
    extraData: fields.extraData,
    stakeVersion: Number.parseInt(fields.stakeVersion, 16),
  }
  expect(decode(bytes(serialized))).toEqual(expected)
  expect(toHex(header.encodeHeader(expected))).toBe(serialized)
})

test('the hash of dcrd’s own header test comes out', () => {
  const vector = vectors<{ header180: string; digestNaturalOrder: string; display: string }>('header-hash')
  expect(toHex(blake256(bytes(vector.header180)))).toBe(vector.digestNaturalOrder)
  expect(header.blockHash(bytes(vector.header180))).toBe(vector.display)
})

test('mainnet block 2 decodes to what explorers show', () => {
  const block = vectors<{
    header180: string
    hash: string
    prevHash: string
    merkleRoot: string
    bits: string
    timestamp: number
    nonce: number
    extraData: string
  }>('mainnet-block-2')
  const raw = bytes(block.header180)
  expect(header.blockHash(raw)).toBe(block.hash)
  expect(decode(raw)).toMatchObject({
    previousBlock: block.prevHash,
    merkleRoot: block.merkleRoot,
    bits: Number.parseInt(block.bits, 16),
    height: 2,
    timestamp: block.timestamp,
    nonce: block.nonce,
    extraData: block.extraData,
  })
})

/** Mined by an ASIC that counts in the first 8 bytes of extra data and keeps the pool's bytes behind them. */
const BLOCK_432100 =
  '070000009c3c0efea268c124d46d7daeae2d9667e78daa0523a1972500000000000000000bc8a255edde9901ecc4cdb93e4e573cb38ae91e' +
  '84495ecddc0c93c019351d5d7731998be0a78e955f6fb98d2f35479905c3279f6257beab42a51d556cef55b9010087ba86bb2e5204000100' +
  'b1a00000e20f27181e4afc5b03000000e4970600de0a0000d2b46d5ef63e4a6dd6ab3b0000000000a200ca77000000000000000000000000' +
  '000000000000000007000000'

test('mainnet block 432100 decodes to what explorers show', () => {
  const raw = bytes(BLOCK_432100)
  expect(header.blockHash(raw)).toBe('000000000000000023455b4328635d8e014dbeea99c6140aa715836cc7e55981')
  expect(decode(raw)).toEqual({
    version: 7,
    previousBlock: '00000000000000002597a12305aa8de767962daeae7d6dd424c168a2fe0e3c9c',
    merkleRoot: '5d1d3519c0930cdccd5e49841ee98ab33c574e3eb9cdc4ec0199deed55a2c80b',
    stakeRoot: 'b955ef6c551da542abbe57629f27c3059947352f8db96f5f958ea7e08b993177',
    voteBits: 1,
    finalState: '87ba86bb2e52',
    voters: 4,
    freshStake: 1,
    revocations: 0,
    poolSize: 41137,
    bits: 0x18270fe2,
    stakeDifficulty: 144_28162590n,
    height: 432100,
    size: 2782,
    timestamp: 1584248018,
    nonce: 1833582326,
    extraData: 'd6ab3b0000000000a200ca770000000000000000000000000000000000000000',
    stakeVersion: 7,
  })
})

test('any 180 bytes decode and encode to themselves', () => {
  fc.assert(
    fc.property(header180, (raw) => {
      expect(header.encodeHeader(decode(raw))).toEqual(raw)
    }),
  )
})

test('version and ticket price are signed, everything else is not', () => {
  expect(decode(new Uint8Array(180).fill(0xff))).toMatchObject({
    version: -1,
    voteBits: 0xffff,
    voters: 0xffff,
    freshStake: 0xff,
    revocations: 0xff,
    poolSize: 0xffff_ffff,
    bits: 0xffff_ffff,
    stakeDifficulty: -1n,
    height: 0xffff_ffff,
    size: 0xffff_ffff,
    timestamp: 0xffff_ffff,
    nonce: 0xffff_ffff,
    stakeVersion: 0xffff_ffff,
  })
})

test('the cheap readers say what the decoder says, also on a view into a larger buffer', () => {
  fc.assert(
    fc.property(header180, (raw) => {
      const padded = new Uint8Array(192)
      padded.set(raw, 5)
      const view = padded.subarray(5, 185)
      expect({
        height: header.headerHeight(view),
        bits: header.headerBits(view),
        timestamp: header.headerTimestamp(view),
        voters: header.headerVoters(view),
        voteBits: header.headerVoteBits(view),
        previousBlock: header.previousBlock(view),
        merkleRoot: header.merkleRoot(view),
      }).toEqual(
        (({ height, bits, timestamp, voters, voteBits, previousBlock, merkleRoot }) => ({
          height,
          bits,
          timestamp,
          voters,
          voteBits,
          previousBlock,
          merkleRoot,
        }))(decode(view)),
      )
    }),
  )
})

test.each([
  [0, 'truncated'],
  [179, 'truncated'],
  [181, 'too-long'],
  [192, 'too-long'],
])('%i bytes are refused as %s', (length, kind) => {
  expect(header.decodeHeader(new Uint8Array(length))).toEqual(
    E.left({ kind, message: `a header is 180 bytes, these are ${length}` }),
  )
})

test.each([
  { previousBlock: 'ab' },
  { merkleRoot: 'z'.repeat(64) },
  { stakeRoot: '' },
  { finalState: '00' },
  { extraData: '0'.repeat(62) },
])('a header with %j is not written', (wrong) => {
  const good = decode(bytes(BLOCK_432100))
  expect(() => header.encodeHeader({ ...good, ...wrong })).toThrow(RangeError)
})
