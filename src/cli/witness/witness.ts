import * as E from 'fp-ts/lib/Either.js'
import {
  parseVerifierKey,
  type SigningKey,
  type VerifierKey,
  verifierKeyText,
} from '../../../domain/transparency/key.ts'
import { readKeyFile } from '../../publisher/key-file.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { absolute } from '../read-config.ts'
import { stopRequest } from '../signals.ts'
import { complain, print } from '../terminal.ts'
import type { WitnessedLogs } from './add-checkpoint.ts'
import { openWitnessRecords } from './records.ts'
import { serveWitness } from './server.ts'

/** What the command line says about a witness. */
export interface WitnessRequest {
  readonly key: string
  readonly state: string
  /** Verifier keys, each with the log's origin before it where that is another than the key's name. */
  readonly logs: readonly string[]
  readonly listen: { readonly host: string; readonly port: number }
  readonly json: boolean
  /** Also ends when standard input does: so it never outlives a program that started it. */
  readonly untilStdinEnds: boolean
}

/** `lodebook witness`: signs that logs only grow, until it is asked to end. */
export async function witness(request: WitnessRequest): Promise<ExitCode> {
  const stop = stopRequest(request.untilStdinEnds)
  const key = witnessKey(request.key)
  if (E.isLeft(key)) {
    complain(key.left)
    return EXIT.usage
  }
  const logs = readLogs(request.logs)
  if (E.isLeft(logs)) {
    complain(logs.left)
    return EXIT.usage
  }
  const records = openWitnessRecords(absolute(request.state))
  if (E.isLeft(records)) {
    complain(`the directory ${request.state} ${records.left}`)
    return EXIT.failed
  }
  const { host, port } = request.listen
  const parts = { key: key.right, logs: logs.right, records: records.right, nowMs: Date.now }
  const server = await serveWitness(parts, host, port, (error) => complain(`a request failed: ${error}`))
  if (E.isLeft(server)) {
    records.right.close()
    complain(server.left)
    return EXIT.failed
  }
  introduce(request, server.right.port, key.right.verifier, logs.right)
  await stop
  await server.right.stop()
  records.right.close()
  return EXIT.ok
}

function introduce(
  { json, listen: { host } }: WitnessRequest,
  port: number,
  verifier: VerifierKey,
  logs: WitnessedLogs,
): void {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
  const verifierKey = verifierKeyText(verifier)
  if (json) return print(JSON.stringify({ url, verifierKey, logs: [...logs.keys()] }))
  print(`Witness  ${verifier.name}`)
  print(`Key      ${verifierKey}`)
  print(`Listens  ${url}add-checkpoint`)
  for (const origin of logs.keys()) print(`Log      ${origin}`)
}

function witnessKey(file: string): E.Either<string, SigningKey> {
  const read = readKeyFile(absolute(file))
  if (E.isLeft(read)) return E.left(`--key: ${read.left}`)
  if (read.right?.verifier.use === 'cosignature') return E.right(read.right)
  return E.left(
    read.right === undefined
      ? `--key: ${file} is not there; make it with "lodebook keygen --witness --name <name> ${file}"`
      : `--key: ${file} is the key of a ledger, and a witness needs one of its own; make it with "lodebook keygen --witness"`,
  )
}

/** No key has a space in it, so the origin is what stands before the last one. */
function readLogs(texts: readonly string[]): E.Either<string, WitnessedLogs> {
  const logs = new Map<string, readonly VerifierKey[]>()
  for (const text of texts) {
    const space = text.lastIndexOf(' ')
    const key = parseVerifierKey(text.slice(space + 1))
    if (E.isLeft(key)) return E.left(`--log: ${key.left.message}`)
    if (key.right.use !== 'note')
      return E.left(`--log: the key of "${key.right.name}" is a witness's, not a log's`)
    const origin = space < 0 ? key.right.name : text.slice(0, space)
    logs.set(origin, [...(logs.get(origin) ?? []), key.right])
  }
  return E.right(logs)
}
