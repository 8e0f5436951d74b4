import type { LoggedEvent } from '../support/house.ts'

/** A share of the log with the header that was hashed for it, put together from the log alone. */
export interface LoggedShare {
  /** Its reference: `<stream>@<revision>.<index>`. */
  readonly place: string
  /** 180 bytes in hex. */
  readonly header: string
  /** Hash of the block that the log says it solved. */
  readonly hash: string | null
}

/**
 * Every share of a log whose devices take header fields as they are serialized. Throws when one comes before the work or the
 * connection that it names: nobody who reads the log once from the start could know whom it pays.
 */
export function sharesIn(log: readonly LoggedEvent[]): readonly LoggedShare[] {
  const jobs = new Map<string, Buffer>()
  const extranonces = new Map<string, string>()
  const shares: LoggedShare[] = []
  for (const each of log) {
    const [kind, gateway = '', rest] = each.stream.split(/[-.]/)
    if (each.type === 'WorkIssued')
      jobs.set(`${gateway}.${each.data.job}`, Buffer.from(each.data.header, 'hex'))
    if (each.type === 'MinerConnected') extranonces.set(`${gateway}.${rest}`, each.data.extranonce1)
    if (each.type !== 'SharesAccepted') continue
    const { connection, job, ntime, nonce, extranonce2, solved } = each.data
    const hashes = new Map(solved.map(({ share, hash }) => [share, hash]))
    connection.forEach((n, i) => {
      const place = `${each.stream}@${each.revision}.${i}`
      const work = jobs.get(`${gateway}.${job[i]}`)
      const extranonce1 = extranonces.get(`${gateway}.${n}`)
      if (kind !== 'shares' || work === undefined || extranonce1 === undefined)
        throw new Error(`${place} names work or a connection that is not before it in the log`)
      const header = Buffer.from(work)
      header.writeUInt32LE(work.readUInt32LE(136) + (ntime[i] ?? 0), 136)
      header.writeUInt32LE(nonce[i] ?? 0, 140)
      header.write(`${extranonce1}${extranonce2[i]}`, 144, 'hex')
      shares.push({ place, header: header.toString('hex'), hash: hashes.get(i) ?? null })
    })
  }
  return shares
}
