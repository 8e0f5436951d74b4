import {
  BITS_OFFSET,
  headerBits,
  headerHeight,
  headerTimestamp,
  NONCE_OFFSET,
  previousBlock,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../decred/header.ts'
import { toHex } from '../decred/hex.ts'
import type { Network } from '../decred/network.ts'
import type { PowAlgorithm } from '../decred/proof-of-work.ts'
import { compactToTarget, networkDifficulty, targetBytes } from '../decred/target.ts'
import type { IssueReason } from '../events.ts'
import { type Job, jobId } from './job.ts'

/** The jobs of one gateway: which there are, and which are still on the chain's tip. Mutable, one owner. */
export interface JobBook {
  readonly jobs: Map<string, Job>
  /** Templates lately seen, oldest first. */
  readonly templates: Map<string, Template>
  nextJob: number
  nextTemplate: number
  current: Job | null
  /** Display hash of the tip that the work is on; empty before the first job. */
  parent: string
  previousParent: string | null
  parentSinceMs: number
}

/** What jobs whose headers could coincide have in common: see `Job`. */
interface Template {
  readonly ordinal: number
  readonly firstJob: number
}

/**
 * Jobs remembered: with one a minute and one for each `newtxns` or overload, several blocks' worth. As many templates, so that a
 * job's is never forgotten before it.
 */
const JOBS_MAX = 2048

/** A book without jobs. */
export const newJobBook = (): JobBook => ({
  jobs: new Map(),
  templates: new Map(),
  nextJob: 0,
  nextTemplate: 0,
  current: null,
  parent: '',
  previousParent: null,
  parentSinceMs: 0,
})

/** Makes a job of a template's 180-byte header, which is copied with nonce and extra data cleared. It becomes the current one. */
export function issueJob(
  book: JobBook,
  gateway: number,
  network: Network,
  header: Uint8Array,
  powAlgorithm: PowAlgorithm,
  reason: IssueReason,
  nowMs: number,
): Job {
  const cleared = header.slice()
  cleared.fill(0, NONCE_OFFSET, STAKE_VERSION_OFFSET)
  const parent = previousBlock(cleared)
  if (parent !== book.parent) {
    const isReturning = parent === book.previousParent
    book.previousParent = book.parent === '' ? null : book.parent
    book.parent = parent
    book.parentSinceMs = nowMs
    forgetOlderParents(book, isReturning)
  }
  const number = book.nextJob++
  const bits = headerBits(cleared)
  const { ordinal: template, firstJob: templateJob } = templateOf(book, cleared, number)
  const job: Job = {
    number,
    id: jobId(gateway, number),
    header: cleared,
    powAlgorithm,
    height: headerHeight(cleared),
    timestamp: headerTimestamp(cleared),
    target: targetBytes(compactToTarget(bits)),
    networkDifficulty: networkDifficulty(network, bits),
    ...{ template, templateJob },
    parent,
    reason,
    issuedAtMs: nowMs,
  }
  book.jobs.set(job.id, job)
  trim(book.jobs, JOBS_MAX)
  book.current = job
  return job
}

/**
 * Shares on anything but the tip and the block before it are refused, so which of them were taken need not be remembered. Should an
 * older block be the tip again, its jobs are dropped: nobody could say any more.
 */
function forgetOlderParents(book: JobBook, isReturning: boolean): void {
  const needed = new Set<number>()
  for (const [id, { parent, template }] of book.jobs)
    if (parent === book.previousParent || (parent === book.parent && isReturning)) needed.add(template)
    else if (parent === book.parent) book.jobs.delete(id)
  for (const [key, { ordinal }] of book.templates) if (!needed.has(ordinal)) book.templates.delete(key)
}

/** The current job's template once more with the time brought forward; null when there is none. */
export function refreshedHeader(book: JobBook, nowMs: number): Uint8Array | null {
  if (book.current === null) return null
  const header = book.current.header.slice()
  const timestamp = Math.max(book.current.timestamp, Math.floor(nowMs / 1000))
  new DataView(header.buffer).setUint32(TIMESTAMP_OFFSET, timestamp, true)
  return header
}

/** Oldest template that a job may still belong to. */
export const oldestTemplate = (book: JobBook): number => {
  for (const { ordinal } of book.templates.values()) return ordinal
  return book.nextTemplate
}

/** The first job of the oldest template that a job may still belong to. */
export const oldestTemplateJob = (book: JobBook): number => {
  for (const { firstJob } of book.templates.values()) return firstJob
  return book.nextJob
}

/** The same bytes but for time, nonce and extra data are the same template. */
function templateOf(book: JobBook, cleared: Uint8Array, job: number): Template {
  const key = toHex(cleared.subarray(0, TIMESTAMP_OFFSET)) + toHex(cleared.subarray(STAKE_VERSION_OFFSET))
  const known = book.templates.get(key)
  if (known !== undefined) return known
  const template = { ordinal: book.nextTemplate++, firstJob: job }
  book.templates.set(key, template)
  trim(book.templates, JOBS_MAX)
  return template
}

function trim(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

/** Compact bits of a job, for `WorkIssued`. */
export const jobBits = (job: Job): number => new DataView(job.header.buffer).getUint32(BITS_OFFSET, true)
