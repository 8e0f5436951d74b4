import * as E from 'fp-ts/lib/Either.js'
import type { Context } from 'hono'

/** Fields of a form as a browser sends them. */
export type Fields = ReadonlyMap<string, string>

/** Why a form was not read. */
export interface FormFault {
  readonly status: 400 | 408 | 413
  readonly message: string
}

/** Bytes of a form at most: the longest of ours has five short fields. */
export const FORM_BYTES_MAX = 8_192
/** A browser sends a form of that size at once. */
export const FORM_MS_MAX = 5_000

/** Reads a form that was sent whole, in time and as a form. The first of several fields of one name counts. */
export async function readForm(c: Context): Promise<E.Either<FormFault, Fields>> {
  const type = c.req.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return fault(400, 'Send the form of the page.')
  if (Number(c.req.header('Content-Length') ?? 0) > FORM_BYTES_MAX) return tooLarge
  const reader = c.req.raw.body?.getReader()
  if (reader === undefined) return E.right(new Map())
  let late: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<'late'>((resolve) => {
    late = setTimeout(() => resolve('late'), FORM_MS_MAX)
  })
  try {
    const parts: Uint8Array[] = []
    for (let bytes = 0; ; ) {
      const read = await Promise.race([reader.read(), deadline])
      if (read === 'late') return fault(408, 'The form took too long. Send it again.')
      if (read.done) return E.right(fieldsOf(Buffer.concat(parts).toString('utf8')))
      bytes += read.value.length
      if (bytes > FORM_BYTES_MAX) return tooLarge
      parts.push(read.value)
    }
  } finally {
    clearTimeout(late)
    void reader.cancel().catch(() => undefined)
  }
}

function fieldsOf(text: string): Fields {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) if (!fields.has(name)) fields.set(name, value)
  return fields
}

const fault = (status: FormFault['status'], message: string): E.Either<FormFault, never> =>
  E.left({ status, message })

const tooLarge = fault(413, 'No form of these pages is that large.')
