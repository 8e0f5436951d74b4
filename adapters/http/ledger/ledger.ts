import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { type LedgerFile, parseLedgerPath, TILE_WIDTH } from '../../../domain/transparency/tile.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import { type Problem, problem } from '../problem.ts'
import type { RateLimit } from '../rate-limit.ts'
import { takeTurns } from '../turns.ts'

/** An auditor reads every file once: two for each 256 events. */
export const LEDGER_LIMIT: RateLimit = { burst: 10_000, perSecond: 500 }

/** Smaller bundles fit into one packet anyway. */
const COMPRESSED_BYTES_MIN = 1024

/** Files read and compressed at once: of 16 MiB at most, so that nobody fills the memory by asking for many. */
const AT_ONCE_MAX = 8
/** Those that wait for it: as many as a hundred auditors ask for at once. */
const WAITING_MAX = 2_000

/** Compresses beside the miners' thread: bundles are too large for it. The lowest level takes them to a third. */
const compress = promisify(gzip)

/** The public ledger below `/ledger`, as C2SP tlog-tiles has it: static files, readable from any origin. */
export function ledgerFiles(source: LedgerSource): Hono {
  const inTurn = takeTurns(AT_ONCE_MAX, WAITING_MAX)
  return new Hono()
    .use(cors({ origin: '*', allowMethods: ['GET', 'HEAD'], exposeHeaders: ['ETag'] }))
    .get('/*', async (c) => {
      const file = parseLedgerPath(c.req.path.slice(c.req.path.indexOf('/ledger/') + '/ledger/'.length))
      if (file === undefined) return problem(c, noSuchFile)
      const made = await inTurn(async () => {
        const bytes = await read(source, file)()
        if (E.isRight(bytes)) return answer(c, file, bytes.right)
        return bytes.left.kind === 'not-found' ? problem(c, notThere(file)) : problem(c, unreadable)
      })
      return made ?? problem(c, unreadable)
    })
}

function read(source: LedgerSource, file: LedgerFile) {
  switch (file.kind) {
    case 'checkpoint':
      return source.checkpoint()
    case 'tile':
      return source.tile(file.level, file.index, file.width)
    case 'bundle':
      return source.bundle(file.index, file.width)
  }
}

async function answer(c: Context, file: LedgerFile, bytes: Uint8Array): Promise<Response> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))
  // Weak, since it is the same for the compressed and the plain form.
  const tag = `W/"${Buffer.from(digest).toString('base64url').slice(0, 22)}"`
  c.header('ETag', tag)
  c.header('Cache-Control', cacheControl(file))
  if (file.kind === 'bundle') c.header('Vary', 'Accept-Encoding')
  if (c.req.header('If-None-Match') === tag) return c.body(null, 304)
  c.header(
    'Content-Type',
    file.kind === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
  )
  const wanted = file.kind === 'bundle' && /\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '')
  if (!wanted || bytes.length < COMPRESSED_BYTES_MIN) return c.body(new Uint8Array(bytes))
  c.header('Content-Encoding', 'gzip')
  return c.body(new Uint8Array(await compress(bytes, { level: constants.Z_BEST_SPEED })))
}

/** A full file never changes. A partial one does not either, but is gone once it is full. */
function cacheControl(file: LedgerFile): string {
  if (file.kind === 'checkpoint') return 'no-cache'
  return file.width === TILE_WIDTH ? 'public, max-age=31536000, immutable' : 'public, max-age=3600'
}

const noSuchFile: Problem = {
  kind: 'not-found',
  detail:
    'A ledger has checkpoint, tile/<level>/<index> and tile/entries/<index>, written as C2SP tlog-tiles says.',
}

const notThere = (file: LedgerFile): Problem => ({
  kind: 'not-found',
  detail:
    file.kind === 'checkpoint'
      ? 'Nothing is signed yet. Ask again in a second.'
      : file.width === TILE_WIDTH
        ? 'The ledger is not so large yet.'
        : 'There is no such partial file: ask for the full one, or look at the checkpoint again.',
})

const unreadable: Problem = {
  kind: 'unavailable',
  detail: 'The ledger cannot be read at the moment. Mining goes on; try again in a minute.',
}
