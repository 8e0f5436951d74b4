import { absoluteTime, counted, integer } from '../../../adapters/http/dashboard/format.ts'
import type { Scheme } from '../../../domain/events.ts'
import type { Difference } from '../../replay/difference.ts'
import { printable } from '../../store/printable.ts'
import { dcr, printTable } from '../money/table.ts'
import { paint, print } from '../terminal.ts'
import type { Figures, LineFigures, MinerFigures } from './figures.ts'

/** Differences that are printed; with --json there are more. */
const TOLD_MAX = 20

/** Prints what a replay came to. */
export function tellReplay(figures: Figures, isDiff: boolean): void {
  const { lines, scheme } = figures
  if (lines !== null) tellLines(lines)
  if (scheme === null) tellBalances(figures)
  else tellScheme(figures.miners, scheme)
  const { entry, at, height, shares, sharedBlocks, unknownEntries } = figures
  print('')
  print(
    `Replayed up to entry ${integer(entry)}, at ${absoluteTime(Date.parse(at))}${height === null ? '' : `, height ${integer(height)}`}: ${counted(shares, 'share')}, ${counted(sharedBlocks, 'block')} shared.`,
  )
  if (unknownEntries > 0)
    print(`${counted(unknownEntries, 'entry', 'entries')} of types that this version does not know.`)
  if (isDiff) tellDifferences(figures.published)
}

function tellBalances({ miners, pool }: Figures): void {
  printTable(['Miner', 'Immature', 'Available', 'In payout', 'Paid', 'Chain fees'].map(named), [
    ...miners.map(({ immature, available, inPayout, paid, chainFees, ...miner }) => [
      nameOf(miner),
      ...[immature, available, inPayout, paid, chainFees].map(dcr),
    ]),
    ["Pool's fees", ...[pool.fees.immature, pool.fees.available, pool.fees.inPayout].map(dcr)],
  ])
  print('')
  print(`Reserve    ${dcr(pool.reserve)} DCR`)
}

function tellScheme(miners: readonly MinerFigures[], scheme: Scheme): void {
  const sum = (of: (miner: MinerFigures) => string | null): bigint =>
    miners.reduce((all, miner) => all + BigInt(of(miner) ?? '0'), 0n)
  const row = (name: string, was: bigint, wouldBe: bigint): readonly string[] => [
    name,
    ...[was, wouldBe, wouldBe - was].map((atoms) => dcr(String(atoms))),
  ]
  printTable(['Miner', 'Earned', `Under ${schemeText(scheme)}`, 'Difference'].map(named), [
    ...miners.map((miner) => row(nameOf(miner), BigInt(miner.earned), BigInt(miner.imagined ?? '0'))),
    row(
      counted(miners.length, 'miner'),
      sum(({ earned }) => earned),
      sum(({ imagined }) => imagined),
    ),
  ])
}

function schemeText(scheme: Scheme): string {
  if (scheme.kind === 'pplns') return `pplns ${scheme.windowPpm}`
  return scheme.kind === 'pplns-time' ? `pplns-time ${scheme.periodMs}` : scheme.kind
}

function tellLines(lines: readonly LineFigures[]): void {
  printTable(
    ['Entry', 'Date', 'What', 'Of', 'Part', 'Immature', 'Available', 'In payout'].map((name, i) => ({
      name,
      isFigure: i === 0 || i > 3,
    })),
    lines.map((line) => [
      String(line.entry),
      absoluteTime(Date.parse(line.at)),
      line.type,
      aboutOf(line),
      partOf(line),
      ...[line.immature, line.available, line.inPayout].map(dcr),
    ]),
  )
  print('')
}

function aboutOf({ height, payout, repaid }: LineFigures): string {
  if (payout !== null) return `payout ${payout}`
  const block = height === null ? '' : `height ${height}`
  return repaid === '0' ? block : `${block}, ${dcr(repaid)} back to the reserve`
}

/** Of the window, in percent. */
function partOf({ units, windowUnits }: LineFigures): string {
  if (units === null || windowUnits === null || windowUnits === '0') return ''
  return `${(Number((BigInt(units) * 1_000_000n) / BigInt(windowUnits)) / 10_000).toFixed(4)} %`
}

function tellDifferences({ agrees, differencesFound, differences, accounts }: Figures['published']): void {
  if (agrees) {
    print(paint('green', 'Every reward and every balance is as it was published.'))
    return
  }
  print(paint('red', `${counted(differencesFound, 'difference')} to what was published. The first:`))
  for (const difference of differences.slice(0, TOLD_MAX)) print(`  ${printable(differenceText(difference))}`)
  if (differencesFound > TOLD_MAX) print(`  and ${integer(differencesFound - TOLD_MAX)} more`)
  for (const { account, entry, published, recomputed } of accounts.slice(0, TOLD_MAX))
    print(
      `  account ${account} from entry ${entry} on: earned ${dcr(published)} DCR as published, ${dcr(recomputed)} DCR by the rules`,
    )
  if (accounts.length > TOLD_MAX) print(`  and ${integer(accounts.length - TOLD_MAX)} accounts more`)
}

const differenceText = ({ entry, kind, what, account, block, published, recomputed }: Difference): string =>
  `entry ${entry}: ${kind === 'not-due' ? '' : `${what} `}${account === null ? '' : `of account ${account} `}${block === null ? '' : `for block ${block} `}${published}, by the rules ${recomputed}`

const named = (name: string, i: number) => ({ name, isFigure: i > 0 })

const nameOf = ({ address, account }: Pick<MinerFigures, 'address' | 'account'>): string => address ?? account
