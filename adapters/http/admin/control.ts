import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { errorText } from '../../error-text.ts'
import { answered, type Site } from '../site.ts'
import { AdminOrder } from './order.ts'
import type { Administration } from './port.ts'
import { payoutPreview } from './preview.ts'

/**
 * The administration as JSON on a Unix socket of the data directory, for the command line. Whoever may open the file is the administrator:
 * it belongs to the user of the pool, with mode 0600, and whoever is that user could change the store itself.
 */
export interface Control {
  readonly stop: () => Promise<void>
}

/** Why there is no control socket. `message` is a sentence for the operator. */
export interface ControlError {
  readonly message: string
}

const BODY_BYTES_MAX = 4_096
/** Of `sockaddr_un`, less its final zero: 107 bytes on Linux, 103 elsewhere. */
const PATH_BYTES_MAX = 103

/** Where the socket of a pool is. */
export const controlSocketOf = (dataDirectory: string): string => join(dataDirectory, 'control.sock')

/** Serves the administration at a path. */
export async function openControl(
  path: string,
  site: Site,
  administration: Administration,
): Promise<E.Either<ControlError, Control>> {
  if (process.platform === 'win32')
    return E.left({ message: 'There is no control socket on Windows: use the pages at /admin.' })
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    return E.left({
      message: `${path} is too long for a socket, ${PATH_BYTES_MAX} bytes at most: choose a shorter pool.data_directory.`,
    })
  if (await isServed(path)) return E.left({ message: `Another pool serves ${path} already: stop it.` })
  const server = createServer(
    { requestTimeout: 10_000 },
    getRequestListener(controlApp(site, administration).fetch, { overrideGlobalObjects: false }),
  )
  try {
    // A pool that was killed has left it.
    rmSync(path, { force: true })
    await listen(server, path)
    return E.right({ stop: () => close(server) })
  } catch (error) {
    const why = errorText(error)
    return E.left({ message: `The control socket ${path} can't be made: ${why}.` })
  }
}

/** Its routes. */
export const controlApp = (site: Site, administration: Administration): Hono =>
  new Hono()
    .get('/connections', (c) => c.json(administration.connections()))
    .get('/bans', (c) => c.json(administration.bans()))
    .get('/backups', (c) => c.json(administration.backups()))
    .get('/machine', (c) => c.json(administration.machine()))
    .get('/money', (c) => c.json(site.status().money))
    .get('/preview', (c) => {
      const preview = answered(site, payoutPreview(site.readModels, site.now()))
      return E.isLeft(preview) ? c.json({ message: preview.left.detail }, 503) : c.json(preview.right)
    })
    .post('/orders', bodyLimit({ maxSize: BODY_BYTES_MAX, onError: tooLong }), async (c) => {
      const order = AdminOrder.decode(await c.req.json().catch(() => null))
      if (E.isLeft(order)) return c.json({ message: 'This orders nothing that there is.' }, 400)
      const done = await administration.order(order.right, 'command-line')
      return E.isRight(done)
        ? c.json({ message: done.right })
        : c.json({ message: done.left.message }, STATUS[done.left.kind])
    })
    .notFound((c) => c.json({ message: 'There is nothing here.' }, 404))
    .onError((error, c) => {
      site.report(error)
      return c.json({ message: 'This is the pool’s own mistake and has been written to its log.' }, 500)
    })

const tooLong = (c: Context): Response => c.json({ message: 'No order is that long.' }, 413)

const STATUS = { impossible: 409, 'not-recorded': 503, failed: 500 } as const

/** Says whether somebody answers at a socket. */
const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

function listen(server: Server, path: string): Promise<void> {
  // The file is made in this very call; nobody else may open it, not for a moment.
  const before = process.umask(0o177)
  try {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        chmodSync(path, 0o600)
        resolve()
      })
    })
  } finally {
    process.umask(before)
  }
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
