import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { LogRecord } from './log-record.ts'

/** Which records a reader of `$all` wants. */
export type EventFilter = (record: LogRecord) => boolean

/** A filter with its window: how many records one page looks at, and after how many a checkpoint is due. */
export interface FilterOptions {
  readonly allows: EventFilter
  readonly windowMax: number
  readonly checkpointInterval: number
}

/** Records in a page, when the reader does not say how many: `ReadBatchSize`. */
export const PAGE_RECORDS_MAX = 32

/** The filter of a request; a sentence when there is none in it. */
export function filterOf(options: ReadReq.Options.FilterOptions): FilterOptions | string {
  const { FilterCase, WindowCase } = streamsPb.ReadReq.Options.FilterOptions
  const windowMax =
    options.getWindowCase() === WindowCase.MAX
      ? options.getMax()
      : options.getWindowCase() === WindowCase.COUNT
        ? PAGE_RECORDS_MAX
        : 0
  if (windowMax === 0) return `'None' is not a valid WindowOneofCase`
  const multiplier = options.getCheckpointintervalmultiplier()
  if (multiplier === 0) return 'checkpointIntervalMultiplier must be non-zero'
  const byType = options.getFilterCase() === FilterCase.EVENT_TYPE
  const expression = byType ? options.getEventType() : options.getStreamIdentifier()
  if (expression === undefined) return `'None' is not a valid FilterOneofCase`
  const matches = matcher(expression)
  return {
    allows: (record) => matches(byType ? record.type : record.stream),
    windowMax,
    checkpointInterval: multiplier * windowMax,
  }
}

function matcher(expression: ReadReq.Options.FilterOptions.Expression): (name: string) => boolean {
  if (expression.getRegex() !== '') {
    const regex = new RegExp(expression.getRegex())
    return (name) => regex.test(name)
  }
  const prefixes = expression.getPrefixList()
  return (name) => prefixes.some((prefix) => name.startsWith(prefix))
}
