import { styleText } from 'node:util'

/** Writes a line of the command's result to standard output. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Writes a result as JSON, indented, to standard output. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

/** Writes a line to standard error: what went wrong, in a sentence. */
export const complain = (line: string): void => void process.stderr.write(`lodebook: ${line}\n`)

/** Colours of the command line and the one thing each is for. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

/** Text in a style on a terminal, plain text elsewhere and with `NO_COLOR`. */
export const paint = (style: Style, text: string): string =>
  styleText(style, text, { stream: process.stdout, validateStream: true })

/** The same JSON with everything escaped that would move the cursor of a terminal or turn text around. */
export const jsonForTerminal = (json: string): string =>
  json.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => unitText(character.charCodeAt(i))).join(''),
  )

const unitText = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`
