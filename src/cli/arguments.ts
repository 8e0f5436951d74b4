import { InvalidArgumentError, Option } from 'commander'

/** `--config`: where the configuration is. */
export const configOption = (): Option =>
  new Option('-c, --config <file>', 'TOML file; default: $LODEBOOK_CONFIG, else ./lodebook.toml')

/** `--store` of a command that writes the log; `withStoreFlag` makes of it the key that it is short for. */
export const storeOption = (): Option =>
  new Option('--store <url>', 'where the log is; short for --store.url')

/** `--json`: the result for a program. */
export const jsonOption = (): Option => new Option('--json', 'print the result as JSON')

/** `--until-stdin-ends`, for programs that start this one. */
export const untilStdinEndsOption = (): Option => new Option('--until-stdin-ends').hideHelp()

/** Reads a whole number between two others. @throws InvalidArgumentError */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^[0-9]+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`)
    return value
  }

/** Reads `127.0.0.1:5550`, or an IPv6 address in brackets with its port. @throws InvalidArgumentError */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Allowed: host:port, an IPv6 address in brackets.')
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}
