import * as E from 'fp-ts/lib/Either.js'
import type { EventReader, EventStore } from '../../../adapters/event-store/port.ts'
import { integer } from '../../../adapters/http/dashboard/format.ts'
import { type CopyReport, copyStore } from '../../store/copy.ts'
import { isSameStore, openEventReader, openEventStore } from '../../store/open-store.ts'
import { patient, patientReader } from '../../store/patience.ts'
import { printable } from '../../store/printable.ts'
import { readStoreUrl } from '../../store/store-url.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { progressDisplay } from '../progress.ts'
import { absolute } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a copy. */
export interface CopyRequest {
  readonly from: string
  readonly to: string
  readonly json: boolean
}

/** `lodebook store copy`: the whole history from one store to another. Killed at any moment, it goes on when started again. */
export async function copyCommand({ from, to, json }: CopyRequest): Promise<ExitCode> {
  const fromUrl = readStoreUrl(from, absolute)
  const toUrl = readStoreUrl(to, absolute)
  if (E.isLeft(fromUrl)) complain(`--from: ${fromUrl.left}`)
  if (E.isLeft(toUrl)) complain(`--to: ${toUrl.left}`)
  if (E.isLeft(fromUrl) || E.isLeft(toUrl)) return EXIT.usage
  if (isSameStore(fromUrl.right, toUrl.right)) {
    complain('--from and --to are the same store: name another target')
    return EXIT.usage
  }
  const beganAt = performance.now()
  const copied = await openAndCopy(fromUrl.right, toUrl.right)
  if (E.isLeft(copied)) {
    complain(printable(copied.left))
    return EXIT.failed
  }
  const ms = performance.now() - beganAt
  if (json) printJson({ ...copied.right, seconds: Math.round(ms) / 1000 })
  else tell(copied.right, ms)
  if (copied.right.sourceGrew)
    complain(
      `${copied.right.from} has got new events meanwhile, which were not copied; to move, stop the pool and start the same command again`,
    )
  return EXIT.ok
}

type Copied = CopyReport & { readonly from: string; readonly to: string }

async function openAndCopy(fromUrl: string, toUrl: string): Promise<E.Either<string, Copied>> {
  const source = await openEventReader(fromUrl)()
  if (E.isLeft(source)) return E.left(source.left.message)
  try {
    const target = await openEventStore(toUrl)()
    if (E.isLeft(target)) return E.left(target.left.message)
    try {
      return await copyWithProgress(source.right, target.right)
    } finally {
      await target.right.close()
    }
  } finally {
    await source.right.close()
  }
}

async function copyWithProgress(source: EventReader, target: EventStore): Promise<E.Either<string, Copied>> {
  const display = progressDisplay()
  const copied = await copyStore(
    patientReader(source, display.complain),
    patient(target, display.complain),
    ({ doing, events, fraction }) => display.show({ doing, count: events, what: 'events', fraction }),
  )()
  display.end()
  if (E.isRight(copied)) return E.right({ from: source.name, to: target.name, ...copied.right })
  const { kind, message } = copied.left
  return E.left(kind === 'unavailable' ? `${message}; start the same command again, and it goes on` : message)
}

function tell({ from, to, events, written, sha256 }: Copied, ms: number): void {
  const before = written < events ? `, ${integer(events - written)} were there before` : ''
  print(`Copied ${integer(written)} events from ${from} to ${to} in ${(ms / 1000).toFixed(1)} s${before}.`)
  print(`Verified: the target holds the same ${integer(events)} events in the same order.`)
  print(`SHA-256 of all entries: ${sha256}`)
}
