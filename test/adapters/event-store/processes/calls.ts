import { NO_STREAM, type StreamAppend } from '../../../../adapters/event-store/port.ts'
import { eventId } from '../../../../domain/event-id.ts'

/** Holds one event for each call. */
export const CALL_STREAM = 'calls'

/** Call number n: one event in `CALL_STREAM`, and a stream of its own with 1 to 40 events. */
export const callOf = (call: number): readonly StreamAppend[] => [
  {
    stream: CALL_STREAM,
    expected: call - 1,
    events: [{ id: eventId(CALL_STREAM, call, '', ''), type: 'Call', data: `{"call":${call}}` }],
  },
  {
    stream: `batch-${call}`,
    expected: NO_STREAM,
    events: Array.from({ length: eventsOf(call) }, (_, i) => ({
      id: eventId(`batch-${call}`, i, '', ''),
      type: 'Part',
      data: JSON.stringify({ part: i, pad: 'x'.repeat(400) }),
    })),
  },
]

/** How many events the stream of its own has. */
export const eventsOf = (call: number): number => 1 + ((call * 7) % 40)
