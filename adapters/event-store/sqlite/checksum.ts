import { crc32 } from 'node:zlib'
import type { RecordedEvent } from '../port.ts'

/**
 * Detects an event that is not as it was written, however it came to be: CRC-32 over its position, stream, revision, id, type and
 * data, UTF-8, with a line feed between each two.
 */
export const checksum = (event: RecordedEvent): number =>
  crc32(`${event.position}\n${event.stream}\n${event.revision}\n${event.id}\n${event.type}\n${event.data}`)
