import * as E from 'fp-ts/lib/Either.js'
import { firstValueFrom, race, timer } from 'rxjs'
import { filter, map } from 'rxjs/operators'
import { dcrdNode } from '../../../adapters/node/dcrd/node.ts'
import { NODE_DEADLINE_MS, type Node } from '../../../adapters/node/port.ts'
import { severalNodes } from '../../../adapters/node/several.ts'
import { realAfter } from '../../../adapters/timers.ts'
import type { ConfigFlag } from '../../config/sources.ts'
import { readConfig, readText } from '../read-config.ts'

/** Connects to the nodes of a configuration, in its order, and waits until one answers. Left, in a sentence: why none does. */
export async function connectNodes(
  file: string | null,
  flags: readonly ConfigFlag[],
): Promise<E.Either<string, Node>> {
  const read = readConfig({ ...(file === null ? {} : { config: file }), flags })
  if (E.isLeft(read)) return E.left(read.left.map(({ message }) => message).join('; '))
  const { nodes, pool } = read.right.config
  if (nodes.length === 0)
    return E.left(
      '--node: the configuration has no [[nodes]] table; add one, or name the file that has: docs/operators.md',
    )
  const opened: Node[] = []
  for (const node of nodes) {
    const certificate = readText(node.certificateFile)
    if (E.isLeft(certificate))
      return E.left(
        `certificate ${node.certificateFile} of node ${node.name} can't be read: ${certificate.left}`,
      )
    opened.push(
      dcrdNode({
        ...node,
        certificate: certificate.right,
        network: pool.network,
        after: realAfter,
        random: Math.random,
      }),
    )
  }
  const all = severalNodes(opened)
  const first = firstValueFrom(
    race(
      all.events.pipe(
        filter((event) => event.kind === 'up' || event.kind === 'down'),
        map((event) => (event.kind === 'down' ? E.left(event.error.message) : E.right(all))),
      ),
      timer(2 * NODE_DEADLINE_MS).pipe(
        map(() => E.left('No node answered. Check the address, and whether dcrd runs.')),
      ),
    ),
  )
  all.start()
  const answer = await first
  if (E.isLeft(answer)) await all.stop()
  return answer
}
