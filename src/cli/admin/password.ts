import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as E from 'fp-ts/lib/Either.js'
import { hashPassword, PASSWORD_CHARS_MIN } from '../../../adapters/http/admin/password.ts'
import { passwordIn } from '../../config/password-file.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { complain, print } from '../terminal.ts'
import { writeNew } from '../write-new.ts'

/** `lodebook admin password`: the hash of a password that is typed without being shown, or comes by standard input. */
export async function adminPassword(file: string | undefined): Promise<ExitCode> {
  const password = process.stdin.isTTY ? await typedTwice() : passwordIn(await text(process.stdin))
  if (E.isLeft(password)) {
    complain(
      process.stdin.isTTY ? password.left : `standard input ${password.left}: give it one line, the password`,
    )
    return EXIT.usage
  }
  if (password.right.length < PASSWORD_CHARS_MIN) {
    complain(`the password has ${password.right.length} characters; give it ${PASSWORD_CHARS_MIN} or more`)
    return EXIT.usage
  }
  const hash = await hashPassword(password.right)
  return file === undefined ? show(hash) : write(file, hash)
}

function show(hash: string): ExitCode {
  print(hash)
  if (process.stdout.isTTY)
    print('Put it into the configuration: [admin] and below it password_hash = "…", then restart the pool.')
  return EXIT.ok
}

function write(file: string, hash: string): ExitCode {
  if (!writeNew(file, `${hash}\n`)) return EXIT.failed
  print(`Wrote ${file}. Name it in admin.password_hash_file, then restart the pool.`)
  return EXIT.ok
}

async function typedTwice(): Promise<E.Either<string, string>> {
  const first = await typed('New password: ')
  const second = await typed('Once more: ')
  return first === second ? E.right(first) : E.left('the two were not the same; nothing was done')
}

/** Asks on a terminal, and shows nothing of the answer. */
function typed(question: string): Promise<string> {
  process.stderr.write(question)
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silence, terminal: true })
  return new Promise((resolve) => {
    lines.on('SIGINT', () => process.exit(EXIT.interrupted))
    lines.once('line', (line) => {
      lines.close()
      process.stderr.write('\n')
      resolve(line)
    })
  })
}
