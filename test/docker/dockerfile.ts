/** One instruction of a Dockerfile, its lines joined. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string
  readonly words: string
}

/** A stage: from one FROM to the next. */
export interface Stage {
  readonly image: string
  readonly name: string | null
  readonly instructions: readonly Instruction[]
}

/** Reads a Dockerfile as Docker does: comments out first, then lines that end in a backslash joined. */
export function stagesOf(dockerfile: string): readonly Stage[] {
  const instructions = dockerfile
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): Instruction => {
      const [, keyword = '', words = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? []
      return { keyword: keyword.toUpperCase(), words: words.trim() }
    })
  const starts = instructions.flatMap(({ keyword }, i) => (keyword === 'FROM' ? [i] : []))
  return starts.map((start, n) => {
    const [, image = '', name = null] = /^(\S+)(?: AS (\S+))?$/i.exec(instructions[start]?.words ?? '') ?? []
    return { image, name, instructions: instructions.slice(start + 1, starts[n + 1]) }
  })
}

/** The words of every instruction of a kind. */
export const all = (stage: Stage | undefined, keyword: string): readonly string[] =>
  (stage?.instructions ?? []).flatMap((each) => (each.keyword === keyword ? [each.words] : []))

/** Whether an image has a version in its tag, or is pinned by its digest; `latest` and `lts` are none. */
export const isPinned = (image: string): boolean =>
  /^[^:@\s]+(:v?\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/.test(image)
