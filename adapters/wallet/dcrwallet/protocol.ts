import { fileURLToPath } from 'node:url'
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader'

/**
 * dcrwallet's services as far as `walletrpc.proto` names them. Messages are plain objects: 64-bit integers as decimal
 * text, enumerations by name, bytes as a Buffer, everything that was left out at its default.
 */

const definition = loadSync(fileURLToPath(new URL('walletrpc.proto', import.meta.url)), {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
})

function service(name: string): ServiceDefinition {
  const found = definition[`walletrpc.${name}`]
  if (found === undefined || 'format' in found) throw new Error(`walletrpc.proto has no service ${name}`)
  return found
}

/** Says which interface it is; also there while no wallet is open. */
export const versionService = service('VersionService')
/** Everything about the wallet that is open. */
export const walletService = service('WalletService')

/** Codes of gRPC's errors that dcrwallet uses. */
export const StatusCode = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const
