import * as E from 'fp-ts/lib/Either.js'
import { fromBase64, toBase64 } from './base64.ts'
import { parseDecimal } from './decimal.ts'
import { HASH_BYTES } from './tree.ts'

/** Shows offline that an entry is in a log: a `.tlog-proof` file. C2SP tlog-proof. */
export interface TlogProof {
  /** Index of the entry. */
  readonly index: number
  /** 32 bytes each, from the leaf's sibling up: as `verifyInclusion` takes it. */
  readonly proof: readonly Uint8Array[]
  /** The signed note, as the log published it. */
  readonly checkpoint: string
  /** Whatever the reader needs to know besides. Nobody signs it. */
  readonly extra?: Uint8Array
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'

/** Writes a proof. */
export function tlogProofText({ index, proof, checkpoint, extra }: TlogProof): string {
  const lines = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Reads a proof. The checkpoint in it is not looked at. Left: what is wrong with the text, a sentence. */
export function parseTlogProof(text: string): E.Either<string, TlogProof> {
  const end = text.indexOf('\n\n')
  const [first, ...lines] = (end < 0 ? text : text.slice(0, end)).split('\n')
  if (first !== FIRST_LINE) return E.left(`This is no proof: its first line is not "${FIRST_LINE}".`)
  if (end < 0) return E.left('This proof is cut off: it has no blank line and no checkpoint after it.')
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()?.slice(6) ?? '') : null
  if (extra === undefined) return E.left('The line "extra" of this proof is not base64.')
  const indexLine = lines.shift() ?? ''
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice(6)) : undefined
  if (index === undefined)
    return E.left('This proof does not say of which entry it is: "index" and a number.')
  const proof: Uint8Array[] = []
  for (const line of lines) {
    const hash = fromBase64(line)
    if (hash?.length !== HASH_BYTES) return E.left(`"${line}" in this proof is no hash: 32 bytes in base64.`)
    proof.push(hash)
  }
  return E.right({ index, proof, checkpoint: text.slice(end + 2), ...(extra === null ? {} : { extra }) })
}
