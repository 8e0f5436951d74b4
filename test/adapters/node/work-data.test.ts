import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { readWork, solvedWork, WORK_BYTES } from '../../../adapters/node/dcrd/work-data.ts'
import { HEADER_BYTES, NONCE_OFFSET, STAKE_VERSION_OFFSET } from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'

test('what is submitted reads back as the same header for the same proof of work', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: HEADER_BYTES, maxLength: HEADER_BYTES }),
      fc.constantFrom('blake3' as const, 'blake256' as const),
      (header, powAlgorithm) => {
        const data = fromHex(solvedWork(header, powAlgorithm))
        expect(data).toHaveLength(WORK_BYTES)
        const cleared = header.slice()
        cleared.fill(0, NONCE_OFFSET, STAKE_VERSION_OFFSET)
        const work = readWork(data ?? new Uint8Array(), 'asked')
        expect(work).toEqual(E.right({ header: cleared, powAlgorithm, reason: 'asked' }))
      },
    ),
  )
})

test('any other padding is refused', () => {
  const paddings = ['000000000000000000000000', '8000000100000000000005a0']
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (padding) => {
      fc.pre(!paddings.includes(toHex(padding)))
      const data = new Uint8Array(WORK_BYTES)
      data.set(padding, HEADER_BYTES)
      expect(E.isLeft(readWork(data, 'asked'))).toBe(true)
    }),
  )
})
