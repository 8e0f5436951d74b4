import * as E from 'fp-ts/lib/Either.js'
import { firstValueFrom, type Observable, race, timer } from 'rxjs'
import { filter, map } from 'rxjs/operators'
import { dcrdNode } from '../../../adapters/node/dcrd/node.ts'
import { NODE_DEADLINE_MS, type Node, type NodeError, type NodeEvent } from '../../../adapters/node/port.ts'
import { realAfter } from '../../../adapters/timers.ts'
import { headerTimestamp, previousBlock } from '../../../domain/decred/header.ts'
import type { NetworkName } from '../../../domain/decred/network.ts'
import type { NodeConfig } from '../../config/config.ts'
import { readText } from '../read-config.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Reaches a node as the pool would, and asks it everything that the pool needs: network, chain, work, time. */
export async function checkNode(
  node: NodeConfig,
  n: number,
  network: NetworkName,
  now: () => number,
): Promise<readonly Finding[]> {
  const subject = `nodes.${n}`
  const certificate = readText(node.certificateFile)
  if (E.isLeft(certificate))
    return [
      fail(
        subject,
        `certificate ${node.certificateFile} can't be read: ${certificate.left}`,
        "copy rpc.cert from dcrd's directory and name it in certificate_file",
      ),
    ]
  const dcrd = dcrdNode({
    ...node,
    certificate: certificate.right,
    network,
    after: realAfter,
    random: Math.random,
  })
  const first = firstNews(dcrd.events)
  dcrd.start()
  try {
    const news = await first
    return news.kind === 'down'
      ? [refusal(subject, news.error)]
      : await checkConnected(dcrd, subject, node, news, now)
  } finally {
    await dcrd.stop()
  }
}

type News = Extract<NodeEvent, { kind: 'up' | 'down' }>

function firstNews(events: Observable<NodeEvent>): Promise<News> {
  const silence: News = {
    kind: 'down',
    node: '',
    error: {
      kind: 'timeout',
      message: `no answer within ${NODE_DEADLINE_MS / 1000} s. Check the address and the network`,
    },
  }
  return firstValueFrom(
    race(
      events.pipe(filter((event): event is News => event.kind === 'up' || event.kind === 'down')),
      timer(2 * NODE_DEADLINE_MS).pipe(map(() => silence)),
    ),
  )
}

/** The adapter's messages end with what to do as a sentence of its own. */
function refusal(subject: string, { message }: NodeError): Finding {
  const end = message.indexOf('. ')
  return end < 0
    ? fail(subject, message.replace(/\.$/, ''), "look into dcrd's log")
    : fail(subject, message.slice(0, end), message.slice(end + 2).replace(/\.$/, ''))
}

async function checkConnected(
  dcrd: Node,
  subject: string,
  { address }: NodeConfig,
  { tip }: Extract<News, { kind: 'up' }>,
  now: () => number,
): Promise<readonly Finding[]> {
  const reached = ok(
    subject,
    `${address} answers: certificate, password and network are right, its chain is at block ${tip.height}`,
  )
  const asked = now()
  const work = await dcrd.currentWork()()
  if (E.isLeft(work)) return [reached, refusal(subject, work.left)]
  const gives = ok(subject, 'gives work: it is synchronised and has an address to mine to')
  const median = await medianTime(dcrd, tip.hash)
  return [
    reached,
    gives,
    E.isLeft(median)
      ? refusal(subject, median.left)
      : clockFinding(asked, headerTimestamp(work.right.header) * 1000, median.right * 1000),
  ]
}

/** Blocks whose median time is the chain's clock: a block must be later than it. */
const MEDIAN_BLOCKS = 11

/** Median time of the newest blocks, Unix seconds. */
async function medianTime(dcrd: Node, tip: string): Promise<E.Either<NodeError, number>> {
  const times: number[] = []
  let hash = tip
  while (times.length < MEDIAN_BLOCKS) {
    const block = await dcrd.block(hash)()
    if (E.isLeft(block)) return block
    times.push(headerTimestamp(block.right.header))
    if (block.right.height === 0) break
    hash = previousBlock(block.right.header)
  }
  const sorted = times.toSorted((a, b) => a - b)
  return E.right(sorted[Math.floor(sorted.length / 2)] ?? 0)
}

/** More than this between two clocks is neither the network's delay nor a few blocks in one second on a simnet. */
const CLOCK_SKEW_MS_MAX = 60_000

/** Compares this machine's clock with a template's time, which is the node's clock, and with the chain's. All Unix ms. */
export function clockFinding(now: number, template: number, median: number): Finding {
  const subject = 'clock'
  if (median - now > CLOCK_SKEW_MS_MAX)
    return fail(
      subject,
      `this machine's clock is ${spanText(median - now)} behind the chain itself`,
      'set the clock; let chrony or systemd-timesyncd keep it',
    )
  const skew = now - template
  if (Math.abs(skew) > CLOCK_SKEW_MS_MAX)
    return warn(
      subject,
      `this machine's clock is ${spanText(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} the node's`,
      'set both clocks; let chrony or systemd-timesyncd keep them',
    )
  return ok(subject, "agrees with the node's and with the chain")
}

const spanText = (ms: number): string =>
  ms < 120_000
    ? `${Math.round(ms / 1000)} s`
    : ms < 7_200_000
      ? `${Math.round(ms / 60_000)} min`
      : `${Math.round(ms / 3_600_000)} h`
