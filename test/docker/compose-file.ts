import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** Root of the repository, with a slash at the end. */
export const root = new URL('../../', import.meta.url).pathname

/** A file of the repository. */
export const read = (file: string): string => readFileSync(root + file, 'utf8')

/** What of a service these tests look at; everything that is merged in is there. */
export interface Service {
  readonly image: string
  readonly build?: string | { readonly dockerfile_inline: string }
  readonly profiles?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly (string | { readonly source: string; readonly read_only?: boolean })[]
  readonly secrets?: readonly string[]
  readonly configs?: readonly { readonly source: string; readonly target: string }[]
  readonly networks?: readonly string[]
  readonly network_mode?: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly restart?: string
  readonly read_only?: boolean
  readonly user?: string
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly configs: Readonly<Record<string, { readonly file: string }>>
}

/** docker-compose.yml as it stands, variables unreplaced. */
export const composeText: string = read('docker-compose.yml')

/** docker-compose.yml, its anchors and merges resolved. */
export const compose: ComposeFile = parse(composeText, { merge: true })

/** A variable of the file: `${NAME}`, `${NAME:-default}` or `${NAME:?what to do}`. */
export interface Variable {
  readonly name: string
  readonly fallback: string | null
}

/** Every variable that Compose replaces. `$$` is a dollar for the shell in the container. */
export const variables: readonly Variable[] = [
  ...composeText
    .replace(/^\s*#.*$/gm, '')
    .replaceAll('$$', '')
    .matchAll(/\$\{(\w+)(?::([-?])([^}]*))?\}|\$(\w+)/g),
].map(([, name, kind, text, bare]) => ({
  name: name ?? bare ?? '',
  fallback: kind === '-' ? (text ?? '') : null,
}))

/** Text with the variables of `given`, else with their defaults. */
export const interpolated = (text: string, given: Readonly<Record<string, string>> = {}): string =>
  text.replace(/\$\{(\w+)(?::[-?]([^}]*))?\}/g, (_, name: string, rest = '') => given[name] ?? rest)
