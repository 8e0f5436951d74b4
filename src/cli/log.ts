import { type DestinationStream, destination, type Logger, pino } from 'pino'
import type { Config } from '../config/config.ts'
import { paint, type Style } from './terminal.ts'

/** Fields that never appear in a log, wherever they come from. */
const SECRETS = ['password', '*.password', '*.*.password', 'certificate', '*.certificate']

/** The program's logger, on standard output. Each line is written before the call returns, so that a crash hides none. */
export function openLog({ level, format }: Config['log']): Logger {
  const asText = format === 'text' || (format === 'auto' && process.stdout.isTTY)
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '(hidden)' },
    },
    asText ? textStream : destination({ fd: 1, sync: true }),
  )
}

const textStream: DestinationStream = {
  write: (line) => void process.stdout.write(`${textLine(line)}\n`),
}

const STYLES: { readonly [level: string]: Style } = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
}

/** One line of the log for people: time of day, level, message, and what else it says as `name=value`. */
export function textLine(json: string): string {
  const { level, time, msg, err, ...rest }: { [name: string]: unknown } = JSON.parse(json)
  const clock = new Date(String(time)).toLocaleTimeString('en-GB')
  const label = String(level).padEnd(5)
  const fields = Object.entries(rest).map(
    ([name, value]) =>
      ` ${paint('dim', `${name}=`)}${harmless(typeof value === 'string' ? value : JSON.stringify(value))}`,
  )
  const says = harmless(String(msg ?? ''))
  return `${paint('dim', clock)} ${paint(STYLES[String(level)] ?? 'bold', label)} ${says}${fields.join('')}${errorText(err)}`
}

/** Others may have chosen a word of it: nothing moves the cursor or turns text around. */
const harmless = (text: string): string => text.replace(/\p{C}/gu, '?')

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const fields = new Map<string, unknown>(Object.entries(error))
  const lines = String(fields.get('stack') ?? fields.get('message') ?? '').split('\n')
  return `\n${lines.map(harmless).join('\n')}`
}
