import { createHmac, randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { isRefresh } from '../refreshes.ts'
import { isSameSecret, type Session, type Sessions } from './sessions.ts'

/**
 * Says who asks, and whether a form comes from a page of ours. Three walls against forms of other sites, each enough by itself: the cookie is
 * `SameSite=Strict`, the browser's `Origin` must be ours, and every form carries a token that only our pages know.
 */
export interface Guard {
  /** The session of who asks; undefined for a stranger. */
  readonly session: (c: Context) => Session | undefined
  /** Begins a session under a new id: what the browser had before is worth nothing. */
  readonly begin: (c: Context) => Session
  readonly end: (c: Context) => void
  /** Says whether a person asks for a page. A page that keeps itself fresh is no person who is still there. */
  readonly isNavigation: (c: Context) => boolean
  /** What the form of the login page carries, for a stranger who has no session. The same for all pages that a browser has open. */
  readonly loginToken: (c: Context) => string
  readonly isLoginToken: (c: Context, token: string) => boolean
  /** Says whether a browser that sends this form shows a page of ours. */
  readonly isFromHere: (c: Context) => boolean
}

/** How cookies are set. */
export interface GuardOptions {
  readonly sessions: Sessions
  /** Browsers reach these pages by HTTPS only, directly or through a proxy. */
  readonly secure: boolean
  readonly now: () => number
}

const TOKEN_BYTES = 32
/** So many bytes as base64url. */
const STRANGER = /^[\w-]{43}$/

/** A guard whose tokens are good until the process ends. */
export function openGuard({ sessions, secure, now }: GuardOptions): Guard {
  // Only HTTPS of this very host can set a cookie of such a name, whatever else runs on the domain.
  const prefix = secure ? '__Host-' : ''
  const sessionCookie = `${prefix}lodebook-admin`
  const loginCookie = `${prefix}lodebook-login`
  const settings = { path: '/', httpOnly: true, secure, sameSite: 'Strict' } as const
  const key = randomBytes(TOKEN_BYTES)
  const tokenOf = (stranger: string): string => createHmac('sha256', key).update(stranger).digest('base64url')
  const isNavigation = (c: Context): boolean =>
    (c.req.header('Sec-Fetch-Dest') ?? 'document') === 'document' && !isRefresh(c)

  return {
    session: (c) => {
      const id = getCookie(c, sessionCookie)
      return id === undefined ? undefined : sessions.find(id, now(), isNavigation(c))
    },
    begin: (c) => {
      const before = getCookie(c, sessionCookie)
      if (before !== undefined) sessions.end(before)
      const { id, session } = sessions.begin(now())
      setCookie(c, sessionCookie, id, settings)
      setCookie(c, loginCookie, '', { ...settings, maxAge: 0 })
      return session
    },
    end: (c) => {
      const id = getCookie(c, sessionCookie)
      if (id !== undefined) sessions.end(id)
      setCookie(c, sessionCookie, '', { ...settings, maxAge: 0 })
    },
    isNavigation,
    loginToken: (c) => {
      const known = getCookie(c, loginCookie)
      if (known !== undefined && STRANGER.test(known)) return tokenOf(known)
      const stranger = randomBytes(TOKEN_BYTES).toString('base64url')
      setCookie(c, loginCookie, stranger, settings)
      return tokenOf(stranger)
    },
    isLoginToken: (c, token) => isSameSecret(tokenOf(getCookie(c, loginCookie) ?? ''), token),
    isFromHere: (c) => {
      const site = c.req.header('Sec-Fetch-Site')
      if (site !== undefined && site !== 'same-origin') return false
      const origin = c.req.header('Origin')
      const host = c.req.header('Host')
      if (origin === undefined || host === undefined || !URL.canParse(origin)) return false
      return new URL(origin).host === host.toLowerCase()
    },
  }
}
