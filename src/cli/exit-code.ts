/** Exit codes of every command, as docs/command-line.md lists them. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not work: the message says why. */
  failed: 1,
  /** Wrong command line or configuration: nothing was tried. */
  usage: 2,
  /** `audit` or `replay` could not be finished, whatever the reason: the same number as a wrong command line. */
  unfinished: 2,
  /** `doctor` is done and found something that must be mended. */
  problems: 3,
  /** Ended by a second signal, without waiting for anything. */
  interrupted: 130,
} as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each means, for help, the manual page and docs/command-line.md. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'done',
  [EXIT.failed]: 'it was tried and failed; the message says why',
  [EXIT.usage]:
    'wrong command line or configuration, nothing was tried; or `audit` or `replay` could not be finished',
  [EXIT.problems]: '`doctor` is done and found something that must be mended',
  [EXIT.interrupted]: 'ended by a second signal, without waiting',
}
