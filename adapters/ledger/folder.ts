import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { LedgerFile } from '../../domain/transparency/tile.ts'
import { errorText } from '../error-text.ts'
import { bytesMax, checked, pathOf, tooLarge } from './content.ts'
import type { LedgerError, LedgerFolder } from './port.ts'

export type { LedgerFolder } from './port.ts'

/** The ledger in a folder. Nothing is made before the first file is written. */
export function ledgerFolder(folder: string): LedgerFolder {
  const durable = new Set<string>()
  return {
    name: folder,
    checkpoint: () => read(folder, { kind: 'checkpoint' }),
    tile: (level, index, width) => read(folder, { kind: 'tile', level, index, width }),
    bundle: (index, width) => read(folder, { kind: 'bundle', index, width }),
    write: (path, bytes) =>
      onDisk(join(folder, path), 'written', async () => {
        const file = join(folder, path)
        await makeFolder(dirname(file), durable)
        await replace(file, bytes)
      }),
    removePartial: (path) =>
      onDisk(join(folder, `${path}.p`), 'removed', () =>
        rm(join(folder, `${path}.p`), { recursive: true, force: true }),
      ),
  }
}

function read(folder: string, file: LedgerFile): TaskEither<LedgerError, Uint8Array> {
  const path = join(folder, pathOf(file))
  return async () => {
    try {
      if ((await stat(path)).size > bytesMax(file)) return E.left(tooLarge(path, file))
      return checked(path, file, await readFile(path))
    } catch (thrown) {
      return E.left(isMissing(thrown) ? notFound(path, file) : disk(path, 'read', thrown))
    }
  }
}

const isMissing = (thrown: unknown): boolean => isCode(thrown, 'ENOENT') || isCode(thrown, 'ENOTDIR')

const isCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

const notFound = (path: string, file: LedgerFile): LedgerError => ({
  kind: 'not-found',
  message:
    file.kind === 'checkpoint'
      ? `There is no ledger in ${dirname(path)}: it has no file "checkpoint". Give the folder that has.`
      : `${path} is not there: this copy of the ledger is not whole. Copy it again, the file "checkpoint" first.`,
})

const disk = (path: string, done: string, thrown: unknown): LedgerError => ({
  kind: 'disk',
  message: `${path} can't be ${done} (${errorText(thrown)}). Look at the disk: its space and its rights.`,
})

const onDisk =
  (path: string, done: string, work: () => Promise<void>): TaskEither<LedgerError, void> =>
  async () => {
    try {
      return E.right(await work())
    } catch (thrown) {
      return E.left(disk(path, done, thrown))
    }
  }

/** Makes a folder and those above it, and waits until each stands on disk in the one above. `durable` are those that do. */
async function makeFolder(folder: string, durable: Set<string>): Promise<void> {
  if (durable.has(folder)) return
  const above = dirname(folder)
  await mkdir(folder, { recursive: true })
  if (above !== folder) await makeFolder(above, durable)
  await sync(above)
  durable.add(folder)
}

/** A crash leaves the old file or the new one, and perhaps one that ends in `.new`, which the next write replaces. */
async function replace(file: string, bytes: Uint8Array): Promise<void> {
  const next = `${file}.new`
  const handle = await open(next, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  await sync(dirname(file))
}

/** Waits until the names in a folder are on disk. Windows keeps them there by itself and opens no folders. */
async function sync(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
