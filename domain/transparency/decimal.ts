/**
 * Reads a count or an index as C2SP writes them: ASCII digits without sign or leading zero. Undefined for anything else, and from
 * 2^53 on, which no ledger reaches.
 */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}
