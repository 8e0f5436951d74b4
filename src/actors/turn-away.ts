import * as E from 'fp-ts/lib/Either.js'
import type { LineHandler, MinerSocket } from '../../adapters/stratum/port.ts'
import { ERROR_CODE } from '../../domain/stratum/error.ts'
import { decodeRequest } from '../../domain/stratum/request.ts'
import { errorLine } from '../../domain/stratum/response.ts'

/** A miner says something at once; whoever does not is not waited for. */
const FIRST_LINE_MS_MAX = 10_000

/** What serves a socket that may not mine: it answers the first line with the reason, which a miner shows to its owner, and ends. */
export function turnAway(socket: MinerSocket, text: string): LineHandler {
  const silent = setTimeout(() => socket.end('banned'), FIRST_LINE_MS_MAX)
  silent.unref()
  return {
    line: (line) => {
      const request = decodeRequest(line)
      const { id } = E.isLeft(request) ? request.left : request.right
      socket.write(errorLine(id, { code: ERROR_CODE.unauthorized, text }))
      socket.end('banned')
    },
    closed: () => clearTimeout(silent),
  }
}
