import { isAscii, isUtf8 } from 'node:buffer'

/** What one packet brought. */
export interface Cut {
  /** Whole lines without newline (`\n`, or `\r\n`), in order, none empty. */
  readonly lines: readonly string[]
  /** The beginning of a line whose end is still to come. */
  readonly held: Buffer | undefined
  /** Why nothing more may be read. The lines were whole and good before it. */
  readonly fault: 'too-long' | 'not-utf8' | undefined
}

const NEWLINE = 10

/**
 * Cuts a packet into lines; `held` is what the packet before it left over. All whole lines are decoded at once, since
 * a busy miner sends many in one packet and each decoding has a price of its own.
 */
export function cutLines(held: Buffer | undefined, packet: Buffer, lineBytesMax: number): Cut {
  const bytes = held === undefined ? packet : Buffer.concat([held, packet])
  const end = bytes.lastIndexOf(NEWLINE) + 1
  const rest = end === bytes.length ? undefined : remainder(bytes, end)
  const tooLong = rest !== undefined && rest.length > lineBytesMax
  if (end === 0) return { lines: [], held: rest, fault: tooLong ? 'too-long' : undefined }
  const whole = rest === undefined ? bytes : bytes.subarray(0, end)
  const ascii = isAscii(whole)
  if (!ascii && !isUtf8(whole)) return { lines: [], held: undefined, fault: 'not-utf8' }
  const text = whole.toString(ascii ? 'latin1' : 'utf8')
  const lines: string[] = []
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from)
    const to = newline > from && text.charCodeAt(newline - 1) === 13 ? newline - 1 : newline
    if (to > from) {
      const line = text.slice(from, to)
      if ((ascii ? line.length : Buffer.byteLength(line)) > lineBytesMax)
        return { lines, held: undefined, fault: 'too-long' }
      lines.push(line)
    }
    from = newline + 1
  }
  return { lines, held: rest, fault: tooLong ? 'too-long' : undefined }
}

/** A copy of its own size: a view would keep the whole packet alive while the miner is silent. */
function remainder(bytes: Buffer, from: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length - from)
  bytes.copy(copy, 0, from)
  return copy
}
