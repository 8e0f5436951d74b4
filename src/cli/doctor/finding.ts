/** What doctor found out about one thing. */
export interface Finding {
  /** What was looked at, in the words of the configuration: `nodes.0`, `http`, `store`. */
  readonly subject: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  /** A sentence without its full stop. */
  readonly message: string
  /** What to do; null when nothing needs doing. */
  readonly fix: string | null
}

/** It is as the pool needs it. */
export const ok = (subject: string, message: string): Finding => ({
  subject,
  verdict: 'ok',
  message,
  fix: null,
})

/** It works, but somebody should know or decide. */
export const warn = (subject: string, message: string, fix: string): Finding => ({
  subject,
  verdict: 'warn',
  message,
  fix,
})

/** The pool will not work like this. */
export const fail = (subject: string, message: string, fix: string): Finding => ({
  subject,
  verdict: 'fail',
  message,
  fix,
})
