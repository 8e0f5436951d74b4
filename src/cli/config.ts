import * as E from 'fp-ts/lib/Either.js'
import type { Setting } from '../config/load.ts'
import { initialFile } from '../config/manual.ts'
import { originText } from '../config/problem.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { type ConfigRequest, DEFAULT_FILE, readConfig, tellProblems } from './read-config.ts'
import { complain, paint, print, printJson } from './terminal.ts'
import { writeNew } from './write-new.ts'

/** `lodebook config`: the configuration in force, and where each value came from. */
export function showConfig(request: ConfigRequest & { readonly json: boolean }): ExitCode {
  const read = readConfig(request)
  if (E.isLeft(read)) {
    tellProblems(read.left, request.json)
    return EXIT.usage
  }
  const { file, settings, ignored, config } = read.right
  if (request.json) {
    printJson({ file, settings: settings.map(settingJson), ignored })
    return EXIT.ok
  }
  print(
    paint(
      'dim',
      file === null ? `# no file: there is no ${DEFAULT_FILE} here and none was named` : `# ${file}`,
    ),
  )
  const lines = settings.map((setting) => ({ left: `${setting.key} = ${valueText(setting)}`, setting }))
  const width = Math.min(70, Math.max(...lines.map(({ left }) => left.length)))
  for (const { left, setting } of lines) {
    const from = originText(setting.origin)
    print(`${left.padEnd(width)}  ${setting.origin.kind === 'default' ? paint('dim', from) : from}`)
  }
  if (config.nodes.length === 0) print(paint('dim', '# no nodes: "lodebook run" needs at least one'))
  for (const variable of ignored)
    complain(`environment variable ${variable} is no key of the configuration and is ignored`)
  return EXIT.ok
}

/** A setting as it is shown: no secret is in it. */
export const settingText = (setting: Setting) => ({
  key: setting.key,
  value: valueText(setting),
  from: originText(setting.origin),
})

function valueText({ value }: Setting): string {
  if (value === null) return '(not set)'
  return typeof value === 'object' ? '(hidden)' : JSON.stringify(value)
}

function settingJson({ key, value, origin }: Setting) {
  const hidden = typeof value === 'object' && value !== null
  return { key, value: hidden ? null : value, hidden, from: origin }
}

/** `lodebook config init`: writes the commented file, never over another. Readable by its owner only: it may hold secrets. */
export function initConfig(file: string = DEFAULT_FILE): ExitCode {
  if (!writeNew(file, initialFile())) return EXIT.failed
  print(`Wrote ${file}. Give it a node under [[nodes]], then try "lodebook doctor".`)
  return EXIT.ok
}
