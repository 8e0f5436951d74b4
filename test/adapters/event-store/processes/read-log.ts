import { writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** What an auditor does: opens the file for reading only and prints each row of `event_log`, then keeps it open. */
const db = new DatabaseSync(process.argv[2] ?? '', { readOnly: true })
for (const row of db.prepare('SELECT * FROM event_log ORDER BY position').all())
  writeSync(1, `${JSON.stringify(row)}\n`)
writeSync(1, 'done\n')
setInterval(() => {}, 60_000)
