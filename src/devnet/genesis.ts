import { fromHex } from '../../domain/decred/hex.ts'

/**
 * simnet's first block, serialized: header, one coinbase without value, no stake transactions. Its hash is
 * 6bef82c645999585f7255cb02672921ac2f5492820090cd635fe3a59d16b4f87.
 */
export const genesisBlock: Uint8Array = bytes(
  `01000000${'00'.repeat(32)}925629c5582bbfc3609d71a2f4a887443c80d54a1fe31e95e95d42f3e288945c${'00'.repeat(32)}` +
    `${'00'.repeat(16)}ffff7f20${'00'.repeat(16)}45068653${'00'.repeat(40)}` +
    `01` +
    `0100000001${'00'.repeat(32)}ffffffff00ffffffff010000000000000000000043` +
    `4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b` +
    `8d578a4c702b6bf11d5fac` +
    `00000000000000000100000000000000000000000000000000` +
    `4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365` +
    `636f6e64206261696c6f757420666f722062616e6b73` +
    `00`,
)

function bytes(hex: string): Uint8Array {
  const decoded = fromHex(hex)
  if (decoded === undefined) throw new RangeError('the genesis block is not hex')
  return decoded
}
