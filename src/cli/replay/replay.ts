import * as E from 'fp-ts/lib/Either.js'
import type { Scheme } from '../../../domain/events.ts'
import { replay } from '../../replay/replay.ts'
import { readUntil } from '../../replay/until.ts'
import { printable } from '../../store/printable.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { type HistoryAddress, openHistory, tellUnchecked } from '../ledger/open-history.ts'
import { progressDisplay } from '../progress.ts'
import { complain, printJson } from '../terminal.ts'
import { type Figures, figuresOf } from './figures.ts'
import { tellReplay } from './tell.ts'

/** What the command line says about a replay. */
export interface ReplayRequest extends HistoryAddress {
  readonly until?: string
  readonly scheme?: Scheme['kind']
  readonly windowPpm?: number
  readonly periodMs?: number
  readonly account?: string
  readonly diff: boolean
  readonly json: boolean
}

/** `lodebook replay`: a history, folded again. */
export async function replayCommand(request: ReplayRequest): Promise<ExitCode> {
  const until = request.until === undefined ? E.right(null) : readUntil(request.until)
  if (E.isLeft(until)) return refuse(`--until: ${until.left}`)
  const scheme = schemeOf(request)
  if (E.isLeft(scheme)) return refuse(scheme.left)
  const opened = await openHistory(request)
  if (E.isLeft(opened)) return refuse(opened.left.message)
  const { history, close } = opened.right
  const display = progressDisplay()
  try {
    const replayed = await replay({
      ...{ history, until: until.right, scheme: scheme.right, account: request.account ?? null },
      onProgress: ({ shares, fraction }) =>
        display.show({ doing: 'replaying', count: shares, what: 'shares', fraction }),
    })
    display.end()
    if (E.isLeft(replayed)) return refuse(printable(replayed.left.message))
    tellUnchecked(opened.right)
    return tell(figuresOf(history.name, replayed.right, scheme.right), request)
  } finally {
    display.end()
    await close()
  }
}

function refuse(sentence: string): ExitCode {
  complain(sentence)
  return EXIT.unfinished
}

/** The scheme that is asked for; null for none. The same defaults as those of `[reward]` in the configuration. */
function schemeOf({ scheme, windowPpm, periodMs }: ReplayRequest): E.Either<string, Scheme | null> {
  if (windowPpm !== undefined && scheme !== 'pplns') return E.left('--window-ppm is for --scheme pplns')
  if (periodMs !== undefined && scheme !== 'pplns-time')
    return E.left('--period-ms is for --scheme pplns-time')
  if (scheme === undefined) return E.right(null)
  switch (scheme) {
    case 'pplns':
      return E.right({ kind: scheme, windowPpm: windowPpm ?? 2_000_000 })
    case 'pplns-time':
      return E.right({ kind: scheme, periodMs: periodMs ?? 86_400_000 })
    case 'pps':
      return E.right({ kind: scheme, reserve: '0' })
    case 'prop':
    case 'solo':
      return E.right({ kind: scheme })
  }
}

function tell(figures: Figures, { diff, json }: ReplayRequest): ExitCode {
  const { agrees, differencesFound } = figures.published
  if (json) printJson(diff ? figures : { ...figures, published: { agrees, differencesFound } })
  else tellReplay(figures, diff)
  if (diff) return agrees ? EXIT.ok : EXIT.failed
  if (!agrees)
    complain(
      `what was published is otherwise in ${differencesFound} ${differencesFound === 1 ? 'place' : 'places'}: --diff names them`,
    )
  return EXIT.ok
}
