import { hc } from 'hono/client'
import type { Api } from './api.ts'

/** A typed client of the API of a pool, for programs in TypeScript. `origin` is like `https://pool.example`. */
export const apiClient = (origin: string) => hc<Api>(`${origin}/api/v1`)
