import type { StratumError } from './error.ts'
import type { RequestId } from './request.ts'

/** What the pool says: lines with their newline, keys in dcrpool's order, compact JSON. */

const idText = (id: RequestId): string => (typeof id === 'number' ? String(id) : JSON.stringify(id))

/** `true` to an authorize or a submit. */
export const trueLine = (id: RequestId): string => `{"id":${idText(id)},"error":null,"result":true}\n`

/** An answer with any result. */
export const resultLine = (id: RequestId, result: unknown): string =>
  `{"id":${idText(id)},"error":null,"result":${JSON.stringify(result)}}\n`

/** A refusal: `[code, text, null]`, with `"result":false` as dcrpool sends it. */
export const errorLine = (id: RequestId, error: StratumError): string =>
  `{"id":${idText(id)},"error":[${error.code},${JSON.stringify(error.text)},null],"result":false}\n`

/** Answer to subscribe: subscriptions, extranonce1 as the profile pads it, extranonce2 size in bytes. */
export const subscribedLine = (
  id: RequestId,
  session: string,
  extranonce1: string,
  extranonce2Bytes: number,
): string =>
  resultLine(id, [
    [
      ['mining.set_difficulty', session],
      ['mining.notify', session],
    ],
    extranonce1,
    extranonce2Bytes,
  ])

const notification = (method: string, params: readonly unknown[]): string =>
  `{"id":null,"method":"${method}","params":${JSON.stringify(params)}}\n`

/** Tells the difficulty of the jobs that follow: an integer, the very one that shares are judged by. */
export const setDifficultyLine = (difficulty: number): string =>
  notification('mining.set_difficulty', [difficulty])

/** Tells the extranonces of the jobs that follow, as the answer to subscribe did of those before. */
export const setExtranonceLine = (extranonce1: string, extranonce2Bytes: number): string =>
  notification('mining.set_extranonce', [extranonce1, extranonce2Bytes])

/**
 * Asks the miner to come back. No parameters means the address that it came to, at once: cgminer and its kin refuse every address
 * without a dot in it, the empty one too, and gominer takes an empty one for the pool's from then on.
 */
export const RECONNECT_LINE = notification('client.reconnect', [])

/** `mining.notify` from its nine parameters. */
export const notifyLine = (params: readonly unknown[]): string => notification('mining.notify', params)
