import type { EventData } from '../../domain/events.ts'

/** Whose a share is. */
export interface Worker {
  readonly account: string
  readonly worker: string
}

/** What a share was worked on. */
export interface Job {
  readonly height: number
  readonly bits: number
}

/** Heights for which jobs are remembered: shares are of the tip or of the block before. */
const HEIGHTS_KEPT = 300
/** Gateways that are remembered, counted back from the newest: one that was killed ends none of its connections. */
const GATEWAYS_KEPT = 16

/** Workers and jobs of the log, by which its shares get their names. A fold in the order of the log; mutable, one owner. */
export class ShareNames {
  readonly #workers = new Map<number, Map<number, Worker[]>>()
  readonly #jobs = new Map<number, Map<number, Job>>()
  #height = 0

  gatewayJoined(gateway: number): void {
    for (const known of [...this.#workers.keys(), ...this.#jobs.keys()]) {
      if (known > gateway - GATEWAYS_KEPT) continue
      this.#workers.delete(known)
      this.#jobs.delete(known)
    }
  }

  /** Says which worker of the connection it is, from 0. */
  workerAuthorized(gateway: number, connection: number, worker: Worker): number {
    const ofGateway = this.#workers.get(gateway) ?? new Map<number, Worker[]>()
    this.#workers.set(gateway, ofGateway)
    const workers = ofGateway.get(connection) ?? []
    ofGateway.set(connection, workers)
    return workers.push(worker) - 1
  }

  minerDisconnected(gateway: number, connection: number): void {
    this.#workers.get(gateway)?.delete(connection)
  }

  workIssued(gateway: number, { job, height, bits }: EventData<'WorkIssued'>): void {
    const ofGateway = this.#jobs.get(gateway) ?? new Map<number, Job>()
    this.#jobs.set(gateway, ofGateway)
    ofGateway.set(job, { height, bits })
    if (height <= this.#height) return
    this.#height = height
    for (const [number, known] of ofGateway) {
      if (known.height > height - HEIGHTS_KEPT) break
      ofGateway.delete(number)
    }
  }

  /** Undefined where the log does not hold it before. */
  worker(gateway: number, connection: number, ordinal: number): Worker | undefined {
    return this.#workers.get(gateway)?.get(connection)?.[ordinal]
  }

  /** Undefined where the log does not hold it before. */
  job(gateway: number, job: number): Job | undefined {
    return this.#jobs.get(gateway)?.get(job)
  }
}
