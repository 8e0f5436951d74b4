import { newSpeedEstimate, type SpeedEstimate } from './difficulty.ts'
import type { Job } from './job.ts'

/**
 * What the pool remembers of a miner between its lines, and gives back when it subscribes again with its session id within the
 * grace time: extranonce1, the difficulty of each job, and which solutions were already taken.
 *
 * Mutable and owned by one connection at a time.
 */
export interface Session {
  /** Unguessable; given to the miner in the answer to subscribe. */
  readonly id: string
  /** 8 hex characters; unique among the live and lately closed sessions of the pool. */
  readonly extranonce1: string
  /** Oldest first; all but the first from the first job of a template on. Empty until a job is sent. */
  readonly difficulties: DifficultyStep[]
  /** The first of them was forgotten, and with it what older jobs are judged at. */
  isForgetful: boolean
  /** Taken solutions of each template. Created with the first share: an idle connection costs nothing. */
  taken: Map<number, Set<string>> | null
  readonly speed: SpeedEstimate
}

/** A difficulty, in force for templates from a job on. */
export interface DifficultyStep {
  readonly job: number
  readonly difficulty: number
  readonly atMs: number
}

/** Steps of difficulty remembered for a connection: more than it can have changed while its oldest job was alive. */
const STEPS_MAX = 64

/** Solutions remembered for one template on one connection. At 15 shares a minute that is three days of one block. */
export const TAKEN_MAX = 65_536

/** A session that has been sent nothing yet. */
export const newSession = (id: string, extranonce1: string, nowMs: number): Session => ({
  id,
  extranonce1,
  difficulties: [],
  isForgetful: false,
  taken: null,
  speed: newSpeedEstimate(nowMs),
})

/** Begins a session's difficulties with the job that it is sent first. Null when it has some: those stay, whoever resumes it. */
export function beginDifficulty(
  session: Session,
  { number: job }: Pick<Job, 'number'>,
  difficulty: number,
  atMs: number,
): DifficultyStep | null {
  return session.difficulties.length > 0 ? null : added(session, { job, difficulty, atMs })
}

/**
 * Assigns another difficulty, from a job on that is issued at this moment. Null where its template was issued before: who may have
 * searched its headers knows which of their hashes are good, and could choose the difficulty to fit.
 */
export function changeDifficulty(
  session: Session,
  { number: job, templateJob }: Pick<Job, 'number' | 'templateJob'>,
  difficulty: number,
  atMs: number,
): DifficultyStep | null {
  return job === templateJob ? added(session, { job, difficulty, atMs }) : null
}

function added(session: Session, step: DifficultyStep): DifficultyStep {
  session.difficulties.push(step)
  if (session.difficulties.length > STEPS_MAX) {
    session.difficulties.shift()
    session.isForgetful = true
  }
  return step
}

/** Forgets the steps that no job from one on is judged by. */
export function forgetSteps(session: Session, oldestJob: number): void {
  const { difficulties } = session
  const needed = difficulties.findLastIndex(({ job }) => job <= oldestJob)
  if (needed <= 0) return
  difficulties.splice(0, needed)
  session.isForgetful = true
}

/**
 * Difficulty at which shares of a job are judged: that of its template, which is the one in force when the first job of it was sent,
 * but never harder than the network's. Null when the job was sent before this session began.
 */
export function difficultyOf(session: Session, job: Job): number | null {
  const { difficulties } = session
  const inForce = difficulties.findLast((step) => step.job <= job.templateJob)
  const [first] = difficulties
  // A session that began in the middle of a template.
  const step =
    inForce ?? (session.isForgetful || first === undefined || first.job > job.number ? null : first)
  return step === null ? null : Math.min(step.difficulty, job.networkDifficulty)
}

/** Whether a solution was already taken, or there is no room to remember one more. */
export function lookUpSolution(session: Session, template: number, key: string): 'new' | 'taken' | 'full' {
  const solutions = session.taken?.get(template)
  if (solutions === undefined) return 'new'
  if (solutions.has(key)) return 'taken'
  return solutions.size < TAKEN_MAX ? 'new' : 'full'
}

/** Remembers a solution as taken. */
export function takeSolution(session: Session, template: number, key: string): void {
  session.taken ??= new Map()
  const solutions = session.taken.get(template)
  if (solutions === undefined) session.taken.set(template, new Set([key]))
  else solutions.add(key)
}

/** Forgets the solutions of templates that no job can refer to any more. */
export function forgetTemplates(session: Session, oldest: number): void {
  if (session.taken === null) return
  for (const template of session.taken.keys()) if (template < oldest) session.taken.delete(template)
  if (session.taken.size === 0) session.taken = null
}
