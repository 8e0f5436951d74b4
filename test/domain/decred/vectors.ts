import { readFileSync } from 'node:fs'
import { fromHex } from '../../../domain/decred/hex.ts'

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'))

const groups = (read('decred.json') as { vectors: { id: string; data: unknown }[] }).vectors

/** Data of a group of test/vectors/decred.json. The caller names its shape. */
export function vectors<T>(id: string): T {
  const group = groups.find((g) => g.id === id)
  if (group === undefined) throw new Error(`no vectors ${id}`)
  return group.data as T
}

/** Result of a request in a recorded conversation with dcrd, by the request's id. The caller names its shape. */
export function answer<T>(conversation: 'blake3' | 'blake256', id: number): T {
  const file = conversation === 'blake3' ? 'dcrd-conversation.json' : 'dcrd-conversation-blake256.json'
  for (const { from, text } of (read(file) as { frames: { from: string; text: string }[] }).frames) {
    const message = JSON.parse(text) as { id: number; result: T }
    if (from === 'node' && message.id === id) return message.result
  }
  throw new Error(`no answer ${id} in ${file}`)
}

/** Bytes of hex that a test knows to be good. */
export function bytes(hex: string): Uint8Array {
  const decoded = fromHex(hex)
  if (decoded === undefined) throw new Error(`not hex: ${hex}`)
  return decoded
}
