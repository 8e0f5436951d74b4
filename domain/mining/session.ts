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
  /** Oldest first. Empty until the first job is sent. */
  readonly difficulties: DifficultyStep[]
  /** Taken solutions of each template. Created with the first share: an idle connection costs nothing. */
  taken: Map<number, Set<string>> | null
  readonly speed: SpeedEstimate
}

/** A difficulty, in force from a job on. */
export interface DifficultyStep {
  readonly job: number
  readonly difficulty: number
  readonly atMs: number
  /** Whether it is in the log. A connection that ended too early to be there leaves its steps to the one that resumes. */
  isLogged: boolean
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
  taken: null,
  speed: newSpeedEstimate(nowMs),
})

/** Assigns a difficulty from a job on; instead of another that was assigned from the same one. */
export function assignDifficulty(
  session: Session,
  job: number,
  difficulty: number,
  atMs: number,
): DifficultyStep {
  const step = { job, difficulty, atMs, isLogged: false }
  if (session.difficulties.at(-1)?.job === job) session.difficulties.pop()
  session.difficulties.push(step)
  if (session.difficulties.length > STEPS_MAX) session.difficulties.shift()
  return step
}

/**
 * Difficulty at which shares of a job are judged: the one in force when it was sent, but never harder than the network's.
 * Null when the job was sent before this session began.
 */
export function difficultyOf(session: Session, job: Job): number | null {
  for (let i = session.difficulties.length - 1; i >= 0; i--) {
    const step = session.difficulties[i]
    if (step !== undefined && step.job <= job.number) return Math.min(step.difficulty, job.networkDifficulty)
  }
  return null
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
