import { writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { RECEIPT_BYTES_MAX } from '../../../domain/transparency/receipt.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { whyNot } from '../read-config.ts'
import { complain, print } from '../terminal.ts'

/** What the command line says: a share by its place, or by its job and nonce. */
export interface ReceiptRequest {
  readonly pool: string
  readonly share?: string
  readonly job?: string
  readonly nonce?: string
  readonly output?: string
}

/** A pool that has not answered after this long is taken for gone. */
const ANSWER_MS_MAX = 30_000

/** `lodebook receipt`. */
export async function receipt(request: ReceiptRequest): Promise<ExitCode> {
  const base = URL.parse(request.pool)
  if (base === null || !/^https?:$/.test(base.protocol)) {
    complain('--pool: give the address of a pool, such as https://pool.example')
    return EXIT.usage
  }
  const place = await placeOf(base, request)
  if (E.isLeft(place)) return fail(place.left)
  const { entry, position } = place.right
  const text = await ask(base, `/api/v1/shares/${entry}/${position}/receipt`)
  if (E.isLeft(text)) return fail(text.left)
  const output = request.output ?? `share-${entry}-${position}.tlog-proof`
  try {
    writeFileSync(output, text.right, { flag: 'wx' })
  } catch (error) {
    return fail({
      code: EXIT.failed,
      message: `${output} can't be written (${whyNot(error)}); name another file with --output`,
    })
  }
  print(output)
  return EXIT.ok
}

interface Failure {
  readonly code: ExitCode
  readonly message: string
}

function fail({ code, message }: Failure): ExitCode {
  complain(message)
  return code
}

const failed = (message: string): E.Either<Failure, never> => E.left({ code: EXIT.failed, message })

interface Place {
  readonly entry: number
  readonly position: number
}

const Places = t.type({ items: t.readonlyArray(t.type({ entry: t.number, position: t.number })) })

async function placeOf(base: URL, { share, job, nonce }: ReceiptRequest): Promise<E.Either<Failure, Place>> {
  if (share !== undefined) {
    // People write figures with commas, and copy them so.
    const [, entry, position] = /^(\d{1,15}):(\d{1,6})$/.exec(share.replaceAll(',', '')) ?? []
    return entry === undefined || position === undefined
      ? E.left({
          code: EXIT.usage,
          message: '--share: a place in the ledger is entry:position, such as 1042:7',
        })
      : E.right({ entry: Number(entry), position: Number(position) })
  }
  if (job === undefined || nonce === undefined)
    return E.left({ code: EXIT.usage, message: 'give --share, or --job and --nonce' })
  const query = new URLSearchParams({ job, nonce })
  const text = await ask(base, `/api/v1/shares?${query}`)
  if (E.isLeft(text)) return text
  const found = parse(text.right)
  if (!Places.is(found)) return failed(`${base.href} is no Lodebook pool: its answer can't be read`)
  const [first, ...more] = found.items
  if (first === undefined)
    return failed(
      `no share of job ${job} with nonce ${nonce} is in the signed ledger: look again in a second, or see whether the pool accepted it`,
    )
  if (more.length > 0)
    return failed(
      `several shares of job ${job} have nonce ${nonce}: name one with --share, ${found.items.map((each) => `${each.entry}:${each.position}`).join(' or ')}`,
    )
  return E.right(first)
}

async function ask(base: URL, path: string): Promise<E.Either<Failure, string>> {
  try {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    const text = await response.text()
    if (text.length > RECEIPT_BYTES_MAX) return failed(`${base.href} answered with too much`)
    return response.ok ? E.right(text) : failed(detailOf(text) ?? `${base.href} answered ${response.status}`)
  } catch (error) {
    return failed(
      `${base.href} can't be reached (${whyNot(error)}); look whether the address is right and the pool runs`,
    )
  }
}

const Detail = t.type({ detail: t.string })

function detailOf(text: string): string | undefined {
  const value = parse(text)
  return Detail.is(value) ? value.detail : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
