import type { DatabaseSync } from 'node:sqlite'
import { FOUND_MAX, type Found } from './port.ts'
import { number, type Row, text, textOrNull } from './values.ts'

/** Longer than an address with a worker's name: nothing is called so. */
const TEXT_MAX = 128

/** An address is known by its beginning from this many characters on: two of the network, and enough to be few. */
const ADDRESS_PART_MIN = 6

/** Prepares the search. It throws what SQLite throws. */
export function openFindQueries(db: DatabaseSync): (text: string) => readonly Found[] {
  const byId = db.prepare('SELECT account, address FROM accounts WHERE account = ?')
  const byAddress = db.prepare(
    `SELECT account, address FROM accounts WHERE address >= ? AND address < ? ORDER BY address LIMIT ${FOUND_MAX}`,
  )
  const byName = db.prepare(`SELECT a.account, a.address, w.name FROM workers w
    JOIN accounts a ON a.meter = w.account WHERE w.name = ? COLLATE NOCASE
    ORDER BY w.connections = 0, w.meter LIMIT ${FOUND_MAX}`)
  const ofAccount = db.prepare(`SELECT a.account, a.address, w.name FROM accounts a
    JOIN workers w ON w.account = a.meter WHERE a.address = ? AND w.name = ?`)
  const byHeight = db.prepare(
    `SELECT hash, height FROM blocks WHERE height = ? ORDER BY number LIMIT ${FOUND_MAX}`,
  )
  const byHash = db.prepare('SELECT hash, height FROM blocks WHERE hash = ? OR reward_transaction = ?')
  const byNumber = db.prepare('SELECT number FROM payouts WHERE number = ?')
  const byTransaction = db.prepare('SELECT number FROM payouts WHERE transaction_id = ?')

  const ofHash = (hash: string): readonly Found[] => [
    ...byHash.all(hash, hash).map(block),
    ...byTransaction.all(hash).map(payment),
    ...byId.all(hash).map(account),
  ]

  const ofNumber = (value: number): readonly Found[] => [
    ...byHeight.all(value).map(block),
    ...byNumber.all(value).map(payment),
  ]

  return (asked) => {
    if (asked === '' || asked.length > TEXT_MAX) return []
    const dot = asked.indexOf('.')
    return [
      ...(/^[0-9a-f]{64}$/i.test(asked) ? ofHash(asked.toLowerCase()) : []),
      ...(/^\d{1,15}$/.test(asked) ? ofNumber(Number(asked)) : []),
      // `{` follows the letters: a range of the index holds all that begin so.
      ...(asked.length >= ADDRESS_PART_MIN && /^[A-Za-z0-9]+$/.test(asked)
        ? byAddress.all(asked, `${asked}{`).map(account)
        : []),
      ...(dot > 0 ? ofAccount.all(asked.slice(0, dot), asked.slice(dot + 1)).map(worker) : []),
      ...byName.all(asked).map(worker),
    ]
  }
}

const account = (row: Row): Found => ({
  kind: 'account',
  account: text(row, 'account'),
  address: textOrNull(row, 'address'),
})

const worker = (row: Row): Found => ({
  kind: 'worker',
  account: text(row, 'account'),
  address: textOrNull(row, 'address'),
  name: text(row, 'name'),
})

const block = (row: Row): Found => ({
  kind: 'block',
  hash: text(row, 'hash'),
  height: number(row, 'height'),
})

const payment = (row: Row): Found => ({ kind: 'payment', number: number(row, 'number') })
