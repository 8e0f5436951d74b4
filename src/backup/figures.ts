import { readFileSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { BackupFigures } from '../../adapters/http/admin/port.ts'

const Figures = t.type({
  name: t.string,
  madeAt: t.number,
  bytes: t.number,
  sha256: t.string,
  events: t.number,
  lastAt: t.union([t.number, t.null]),
})

const figuresFile = (backup: string): string => `${backup}.json`

/** Writes what a backup holds beside it. */
export function writeFigures(backup: string, figures: BackupFigures): void {
  writeFileSync(figuresFile(backup), `${JSON.stringify(figures, null, 2)}\n`)
}

/** What a backup held when it was made; null when nothing beside it says so. Left: why that can't be read. */
export function readFigures(backup: string): E.Either<string, BackupFigures | null> {
  try {
    const figures: unknown = JSON.parse(readFileSync(figuresFile(backup), 'utf8'))
    return Figures.is(figures)
      ? E.right(figures)
      : E.left(`${figuresFile(backup)} is not what a backup writes`)
  } catch (error) {
    const isNotThere = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isNotThere ? E.right(null) : E.left(`${figuresFile(backup)} can't be read: ${String(error)}`)
  }
}

/** The file of figures that belongs to a backup, for whoever removes both. */
export const filesOf = (backup: string): readonly string[] => [backup, figuresFile(backup)]
