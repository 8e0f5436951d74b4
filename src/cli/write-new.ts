import { writeFileSync } from 'node:fs'
import { absolute, whyNot } from './read-config.ts'
import { complain } from './terminal.ts'

/** Writes a file that may hold secrets, so for its owner alone, and never over another. False when that was not possible, of which a sentence tells. */
export function writeNew(file: string, content: string): boolean {
  try {
    writeFileSync(absolute(file), content, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    complain(
      exists
        ? `${file} is there already and is not overwritten; name another file, or remove it first`
        : `${file} can't be written (${whyNot(error)}); name another file`,
    )
    return false
  }
}
