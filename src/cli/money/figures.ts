import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Answer, PageRequest } from '../../../adapters/read-models/port.ts'
import { PAGE_LIMIT_MAX } from '../../../adapters/read-models/port.ts'
import { type Figures, openFigures } from '../../../adapters/read-models/read-only.ts'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import type { PageOf } from '../../../projections/views.ts'
import { openEventReader } from '../../store/open-store.ts'
import { printable } from '../../store/printable.ts'
import { readStoreUrl } from '../../store/store-url.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { absolute, type ConfigRequest, readConfig, tellProblems } from '../read-config.ts'
import { complain } from '../terminal.ts'

/** What the command line says about where figures are to be had. */
export interface FiguresRequest extends ConfigRequest {
  /** A store whose log is folded instead of reading what a pool has folded. */
  readonly store?: string
  readonly json: boolean
}

/** Opens the figures that are asked for, has them used, and gives them free. Complains when that can't be done. */
export async function withFigures(
  request: FiguresRequest,
  use: (figures: Figures) => E.Either<string, ExitCode>,
): Promise<ExitCode> {
  const opened = request.store === undefined ? ofDirectory(request) : await ofStore(request.store)
  if (E.isLeft(opened)) return opened.left
  const figures = opened.right
  try {
    const used = use(figures)
    if (E.isRight(used)) return used.right
    complain(used.left)
    return EXIT.failed
  } finally {
    figures.close()
  }
}

function ofDirectory(request: FiguresRequest): E.Either<ExitCode, Figures> {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, request.json)
    return E.left(EXIT.usage)
  }
  const figures = openFigures(join(read.right.config.pool.dataDirectory, 'read-models.db'))
  return E.isRight(figures) ? figures : failed(figures.left.message)
}

/** Events that are folded at once. */
const BATCH_EVENTS = 256

async function ofStore(url: string): Promise<E.Either<ExitCode, Figures>> {
  const read = readStoreUrl(url, absolute)
  if (E.isLeft(read)) {
    complain(`--store: ${read.left}`)
    return E.left(EXIT.usage)
  }
  const opened = await openEventReader(read.right)()
  if (E.isLeft(opened)) return failed(printable(opened.left.message))
  const store = opened.right
  try {
    const models = openReadModels({ file: ':memory:', log: store.log, nowMs: () => performance.now() })
    if (E.isLeft(models)) return failed(models.left.message)
    for (;;) {
      const events = await store.readAll(models.right.checkpoint(), BATCH_EVENTS)()
      if (E.isLeft(events)) return failed(printable(events.left.message))
      if (events.right.length === 0) return models
      const applied = models.right.apply(events.right)
      if (E.isLeft(applied)) return failed(applied.left.message)
    }
  } finally {
    await store.close()
  }
}

function failed(message: string): E.Either<ExitCode, never> {
  complain(message)
  return E.left(EXIT.failed)
}

/** Everything of a list that comes in pages. Left: why not, in a sentence. */
export function allPages<T>(
  page: (request: PageRequest) => Answer<PageOf<T>>,
): E.Either<string, readonly T[]> {
  const all: T[] = []
  for (let after: string | null = null; ; ) {
    const answer = page({ after, limit: PAGE_LIMIT_MAX })
    if (E.isLeft(answer)) return E.left(answer.left.message)
    all.push(...answer.right.items)
    after = answer.right.next
    if (after === null) return E.right(all)
  }
}
