import * as E from 'fp-ts/lib/Either.js'

/** The password in the text of a password file: its one line. Left: what is there in place of it, completing "the file …". */
export function passwordIn(text: string): E.Either<string, string> {
  const line = text.replace(/\r?\n$/, '')
  if (line === '') return E.left('holds nothing')
  return /[\r\n]/.test(line) ? E.left('holds more than one line') : E.right(line)
}
