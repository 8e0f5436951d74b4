import { integer } from '../../adapters/http/dashboard/format.ts'
import { complain } from './terminal.ts'

/** How far long work is. */
export interface Progress {
  /** `copying`. When it changes, a new rate is measured. */
  readonly doing: string
  readonly count: number
  /** What is counted: `events`. */
  readonly what: string
  /** From 0 to 1. */
  readonly fraction: number
}

/** Shows progress on standard error. */
export interface ProgressDisplay {
  readonly show: (progress: Progress) => void
  /** Says what went wrong, in a line of its own. */
  readonly complain: (line: string) => void
  /** Takes the bar away. */
  readonly end: () => void
}

/** Milliseconds between two states of the bar on a terminal, and between two lines elsewhere. */
const REDRAW_MS = 200
const LINE_MS = 10_000

/** A bar on a terminal; elsewhere a line now and then, so that short work prints none. */
export function progressDisplay(): ProgressDisplay {
  const inPlace = process.stderr.isTTY === true
  const everyMs = inPlace ? REDRAW_MS : LINE_MS
  let shownAt = performance.now()
  let began = { doing: '', count: 0, at: 0 }
  const clear = (): void => {
    if (inPlace) process.stderr.write('\r\u001b[K')
  }
  return {
    show: (progress) => {
      const now = performance.now()
      if (progress.doing !== began.doing) began = { ...progress, at: now }
      if (now - shownAt < everyMs) return
      shownAt = now
      const perSecond = ((progress.count - began.count) / Math.max(1, now - began.at)) * 1000
      process.stderr.write(
        inPlace ? `\r${barOf(progress, perSecond)}\u001b[K` : `${lineOf(progress, perSecond)}\n`,
      )
    },
    complain: (line) => {
      clear()
      complain(line)
    },
    end: clear,
  }
}

const BAR_WIDTH = 24

function barOf(progress: Progress, perSecond: number): string {
  const full = Math.round(progress.fraction * BAR_WIDTH)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}] ${lineOf(progress, perSecond)}`
}

/** `copying, 43 %: 1,234,567 events, 52,300 events/s`. */
export const lineOf = ({ doing, count, what, fraction }: Progress, perSecond: number): string =>
  `${doing}, ${Math.floor(fraction * 100)} %: ${integer(count)} ${what}, ${integer(perSecond)} ${what}/s`
