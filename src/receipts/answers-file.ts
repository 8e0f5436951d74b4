import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/**
 * What a pool answered to a share: a line of JSON in an answers file. Texts are those of `mining.submit`, in the device's byte
 * order; `difficulty` is what `mining.set_difficulty` had said last before the job came. `docs/ledger-spec.md` has the format.
 */
export interface ShareAnswer {
  /** Unix ms, when the answer came. */
  readonly at: number
  /** User name that submitted. */
  readonly worker: string
  readonly job: string
  readonly extranonce2: string
  readonly ntime: string
  readonly nonce: string
  readonly difficulty: number
  /** The answer was `true`. */
  readonly accepted: boolean
}

const Answer = t.type({
  at: t.number,
  worker: t.string,
  job: t.string,
  extranonce2: t.string,
  ntime: t.string,
  nonce: t.string,
  difficulty: t.number,
  accepted: t.boolean,
})

/** The line of an answer, with its line feed. */
export const answerLine = (answer: ShareAnswer): string => `${JSON.stringify(answer)}\n`

/**
 * Reads a file of answers. A last line without a line feed is left out: the miner was ended while it wrote. Left: the line that is
 * none, a sentence.
 */
export function readAnswers(text: string): E.Either<string, readonly ShareAnswer[]> {
  const answers: ShareAnswer[] = []
  for (const [i, line] of text.split('\n').slice(0, -1).entries()) {
    const value = parse(line)
    if (!Answer.is(value))
      return E.left(
        `Line ${i + 1} is no answer to a share: it needs at, worker, job, extranonce2, ntime, nonce, difficulty and accepted.`,
      )
    answers.push(value)
  }
  return E.right(answers)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
