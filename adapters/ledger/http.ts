import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { LedgerFile } from '../../domain/transparency/tile.ts'
import { errorText } from '../error-text.ts'
import { bytesMax, checked, pathOf, tooLarge, webPage } from './content.ts'
import type { LedgerError, LedgerSource } from './port.ts'

/** How long a server may take. */
export interface HttpPatience {
  /** Milliseconds for one file, from asking to its last byte: 16 MiB, the largest bundle, at 560 KB/s, an ordinary one at 15. */
  readonly fileMsMax: number
  /** Milliseconds before a server that had trouble is asked again, one for each time. */
  readonly retryMs: readonly number[]
}

const patience: HttpPatience = { fileMsMax: 30_000, retryMs: [500, 2_000, 5_000] }

/** The ledger below a URL, which names no user and no password. */
export function ledgerOverHttp(
  address: string,
  { fileMsMax, retryMs }: HttpPatience = patience,
): LedgerSource {
  const base = address.replace(/\/*$/, '/')
  const read =
    (file: LedgerFile): TaskEither<LedgerError, Uint8Array> =>
    async () => {
      const url = base + pathOf(file)
      let answer = await get(url, file, fileMsMax)
      for (const ms of retryMs) {
        if (E.isRight(answer) || !answer.left.mayPass) break
        await sleep(ms)
        answer = await get(url, file, fileMsMax)
      }
      return E.mapLeft(({ kind, message }: Failure): LedgerError => ({ kind, message }))(answer)
    }
  return {
    name: address,
    checkpoint: () => read({ kind: 'checkpoint' }),
    tile: (level, index, width) => read({ kind: 'tile', level, index, width }),
    bundle: (index, width) => read({ kind: 'bundle', index, width }),
  }
}

interface Failure extends LedgerError {
  /** The same question may get another answer in a moment. */
  readonly mayPass: boolean
}

const final = (error: LedgerError): Failure => ({ ...error, mayPass: false })

async function get(url: string, file: LedgerFile, msMax: number): Promise<E.Either<Failure, Uint8Array>> {
  const signal = AbortSignal.timeout(msMax)
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        'accept-encoding': 'zstd, gzip, identity',
        // All other files never change.
        ...(file.kind === 'checkpoint' ? { 'cache-control': 'no-cache' } : {}),
      },
      signal,
    })
    const failure = failureOf(url, file, response)
    if (failure !== undefined) {
      await response.body?.cancel()
      return E.left(failure)
    }
    const bytes = await bodyOf(response, bytesMax(file))
    if (bytes === undefined) return E.left(final(tooLarge(url, file)))
    return E.mapLeft(final)(checked(url, file, bytes))
  } catch (thrown) {
    return E.left(signal.aborted ? hangs(url, msMax) : unreachable(url, thrown))
  }
}

function failureOf(url: string, file: LedgerFile, response: Response): Failure | undefined {
  const { status, headers } = response
  if (status === 200) {
    return /^text\/html\b/i.test(headers.get('content-type') ?? '') ? final(webPage(url)) : undefined
  }
  if (status === 404 || status === 410) return final(notFound(url, file, status))
  if (status >= 300 && status < 400) return final(redirect(url, headers.get('location')))
  return { ...refused(url, status), mayPass: status === 429 || status >= 500 }
}

/** Undefined when it is longer than `max`, unpacked. */
async function bodyOf(response: Response, max: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // Leaving the loop ends the transfer, too.
    if (length > max) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const notFound = (url: string, file: LedgerFile, status: number): LedgerError => ({
  kind: 'not-found',
  message:
    file.kind === 'checkpoint'
      ? `There is no ledger at ${url.replace(/checkpoint$/, '')}: ${url} is not there (${status}). ${nextAddress(url)}`
      : `${url} is not there (${status}), though the ledger says that it is so large. Try again in a minute; when that does not help, tell whoever publishes the ledger.`,
})

/** Whoever gives a pool's own address means the ledger below it. */
const nextAddress = (url: string): string => {
  const base = url.replace(/checkpoint$/, '')
  return base.endsWith('/ledger/')
    ? 'Look whether the address is right.'
    : `Look whether the address is right; a pool has its ledger at /ledger: ${base}ledger`
}

const redirect = (url: string, location: string | null): LedgerError => ({
  kind: 'redirect',
  message: `${url} sends on to ${location ?? 'nowhere'}, and no ledger is read from where it was not asked for. Give that address, without "checkpoint", if it is the right one.`,
})

const refused = (url: string, status: number): LedgerError => ({
  kind: 'refused',
  message: `${url} answers with status ${status}. Try again later, or tell whoever runs the server.`,
})

const hangs = (url: string, msMax: number): Failure =>
  final({
    kind: 'timeout',
    message: `${url} did not come whole within ${msMax / 1000} s. Try again later, or give another copy of the ledger.`,
  })

function unreachable(url: string, thrown: unknown): Failure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
  const why = isRefused ? 'nothing listens there' : errorText(cause)
  return {
    kind: 'unreachable',
    message: `${url} can't be had (${why}). Look whether the address is right and the server runs.`,
    mayPass: true,
  }
}
